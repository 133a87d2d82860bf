/**
 * Expressions over a stopped guest: registers, variables and memory with C's operators and precedence.
 *
 *     expression  := operands joined by  || && | ^ & == != < <= > >= << >> + - * / %   (as in C)
 *     operand     := ('-' | '~' | '!') operand
 *                  | '*' operand                  what a pointer points to: `*ptr`, `*(u32 *)(a0 + 8)`
 *                  | '&' NAME                     the address of a variable or function
 *                  | '(' TYPE ')' operand         cut to a type: `(i32)a0`
 *                  | '(' TYPE '*' ')' operand     an address of such values
 *                  | primary ('[' expression ']')*
 *     primary     := NUMBER | 'c' | REGISTER | NAME | TYPE '[' expression ']' | '(' expression ')'
 *     TYPE        := u8 u16 u32 u64 i8 i16 i32 i64 (also s8 .. s64, uint8_t .., and C's names such as `unsigned int`)
 *
 * A bare name is a register if the guest has one of that name (`a0`, `x10`, `pc`), and a variable otherwise; `$a0` is always a register.
 * `u32[a0]` is the memory at the address a0; `array[3]` and `pointer[3]` count elements. Adding to a pointer counts bytes. An array or a
 * function is its address. Arithmetic is done in 64 bits and is unsigned if an operand is an unsigned one of 64 bits, else signed.
 */
import { errorAt, type Token, tokenize } from './lexer.js';
import type { Symbols, ValueType } from './symbols.js';

/** What an expression may refer to; asked when it is compiled. */
export interface Scope {
  readonly symbols: Symbols;
  /** Whether the guest has a register of that name. */
  isRegister(name: string): boolean;
}

/** A guest that stands still. */
export interface GuestState {
  /** The register's 64 bits. */
  register(name: string): bigint;
  /** `size` (1, 2, 4, 8) bytes at a virtual address, as an unsigned little-endian number; nothing if they cannot be read. */
  read(vaddr: bigint, size: number): bigint | undefined;
}

/** Why an expression has no value now. */
export class Unavailable extends Error {
  override name = 'Unavailable';
}

/** A compiled expression. */
export interface Expression {
  readonly type: ValueType;
  /** The value, sign-extended where the type is signed. Throws `Unavailable`. */
  evaluate(guest: GuestState): bigint;
}

const scalar = (sizeBytes: number, encoding: 'signed' | 'unsigned'): ValueType => ({ sizeBytes, encoding });
const [I64, U64, I32] = [scalar(8, 'signed'), scalar(8, 'unsigned'), scalar(4, 'signed')];
const BOOLEAN: ValueType = I32;
const MASK = 2n ** 64n - 1n;

/** Types by name; C's integer types of several words are made of single ones in `typeNamed`. */
const TYPES: ReadonlyMap<string, ValueType> = new Map(
  [1, 2, 4, 8].flatMap((size): [string, ValueType][] => {
    const [signed, unsigned] = [scalar(size, 'signed'), scalar(size, 'unsigned')];
    const bits = 8 * size;
    const signedNames = [`i${bits}`, `s${bits}`, `int${bits}_t`].map((name): [string, ValueType] => [name, signed]);
    return [...signedNames, ...[`u${bits}`, `uint${bits}_t`].map((name): [string, ValueType] => [name, unsigned])];
  }),
);
const C_WORDS: readonly string[] = ['char', 'short', 'int', 'long', 'signed', 'unsigned'];
const NESTING_MAX = 100;

type Apply = (a: bigint, b: bigint) => bigint;
const truth = (value: boolean): bigint => (value ? 1n : 0n);

interface OperatorRow {
  readonly level: number;
  readonly apply: Apply;
  readonly isBoolean?: boolean;
}

/** Binary operators: how tightly they bind, and what they do with operands of a common type. `&&` and `||` do not skip their right side. */
const OPERATORS: Readonly<Record<string, OperatorRow>> = {
  '||': { level: 1, apply: (a, b) => truth(a !== 0n || b !== 0n), isBoolean: true },
  '&&': { level: 2, apply: (a, b) => truth(a !== 0n && b !== 0n), isBoolean: true },
  '|': { level: 3, apply: (a, b) => a | b },
  '^': { level: 4, apply: (a, b) => a ^ b },
  '&': { level: 5, apply: (a, b) => a & b },
  '==': { level: 6, apply: (a, b) => truth(a === b), isBoolean: true },
  '!=': { level: 6, apply: (a, b) => truth(a !== b), isBoolean: true },
  '<': { level: 7, apply: (a, b) => truth(a < b), isBoolean: true },
  '<=': { level: 7, apply: (a, b) => truth(a <= b), isBoolean: true },
  '>': { level: 7, apply: (a, b) => truth(a > b), isBoolean: true },
  '>=': { level: 7, apply: (a, b) => truth(a >= b), isBoolean: true },
  '<<': { level: 8, apply: (a, b) => shift(a, b, (by) => a << by) },
  '>>': { level: 8, apply: (a, b) => shift(a, b, (by) => a >> by) },
  '+': { level: 9, apply: (a, b) => a + b },
  '-': { level: 9, apply: (a, b) => a - b },
  '*': { level: 10, apply: (a, b) => a * b },
  '/': { level: 10, apply: (a, b) => a / nonZero(b) },
  '%': { level: 10, apply: (a, b) => a % nonZero(b) },
};

function nonZero(b: bigint): bigint {
  if (b === 0n) throw new Unavailable('division by zero');
  return b;
}

/** Shifts by 64 or more, which C leaves open, shift everything out. */
function shift(a: bigint, by: bigint, apply: (by: bigint) => bigint): bigint {
  const count = by & MASK;
  return count < 64n ? apply(count) : a < 0n ? -1n : 0n;
}

/** Cuts a value to a type. */
function cut(value: bigint, { sizeBytes, encoding }: ValueType): bigint {
  return encoding === 'signed' ? BigInt.asIntN(8 * sizeBytes, value) : BigInt.asUintN(8 * sizeBytes, value);
}

/** Compiles a text that is one expression. Throws `ConfigError` that names the position. */
export function parseExpression(text: string, scope: Scope): Expression {
  const parser = new ExpressionParser(text, tokenize(text), scope);
  const expression = parser.expression();
  parser.expectEnd();
  return expression;
}

/** A parser over tokens, which the parser of formats shares. */
export class ExpressionParser {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private readonly scope: Scope;
  private position = 0;
  private nesting = 0;

  constructor(text: string, tokens: readonly Token[], scope: Scope) {
    this.text = text;
    this.tokens = tokens;
    this.scope = scope;
  }

  get token(): Token {
    return this.tokens[this.position] as Token;
  }

  /** Takes the next token if it is that operator. */
  accept(operator: string): boolean {
    const isThere = this.token.kind === 'operator' && this.token.text === operator;
    if (isThere) this.position++;
    return isThere;
  }

  expectEnd(): void {
    if (this.token.kind !== 'end') throw this.unexpected('an operator or the end');
  }

  private expect(operator: string): void {
    if (!this.accept(operator)) throw this.unexpected(`'${operator}'`);
  }

  private unexpected(wanted: string): Error {
    const { kind, at, end } = this.token;
    const found = kind === 'end' ? 'the end' : `'${this.text.slice(at, end)}'`;
    return errorAt(this.text, at, `expected ${wanted}, found ${found}`);
  }

  /** Operators of at least `level`, all of them binding to the left. */
  expression(level = 1): Expression {
    let left = this.operand();
    for (;;) {
      const { text, kind } = this.token;
      const row = kind === 'operator' && Object.hasOwn(OPERATORS, text) ? OPERATORS[text] : undefined;
      if (!row || row.level < level) return left;
      this.position++;
      left = binary(row, left, this.expression(row.level + 1));
    }
  }

  private operand(): Expression {
    if (++this.nesting > NESTING_MAX) throw errorAt(this.text, this.token.at, 'nested too deeply');
    const operand = this.unary() ?? this.indexed(this.primary());
    this.nesting--;
    return operand;
  }

  private unary(): Expression | undefined {
    const { at } = this.token;
    if (this.accept('-')) return mapped(this.operand(), (value) => -value);
    if (this.accept('~')) return mapped(this.operand(), (value) => ~value);
    if (this.accept('!')) {
      const operand = this.operand();
      return { type: BOOLEAN, evaluate: (guest) => truth(operand.evaluate(guest) === 0n) };
    }
    if (this.accept('*')) {
      const pointer = this.operand();
      return memory(this.targetOf(pointer, at), pointer);
    }
    if (this.accept('&')) return this.addressOf();
    return this.cast();
  }

  private addressOf(): Expression {
    const { kind, text, at } = this.token;
    if (kind !== 'name') throw this.unexpected('the name of a variable or function');
    this.position++;
    const found = this.scope.symbols.variable(text);
    if (!found) throw this.unknown(text, at);
    const { type } = found;
    const target = (): ValueType | undefined => type;
    return { type: { sizeBytes: 8, encoding: 'address', target }, evaluate: () => found.address };
  }

  /** `(type) operand` or `(type *) operand`, if a type follows the parenthesis. */
  private cast(): Expression | undefined {
    const start = this.position;
    if (!this.accept('(')) return undefined;
    const type = this.typeName();
    if (!type) {
      this.position = start;
      return undefined;
    }
    const isPointer = this.accept('*');
    this.expect(')');
    const operand = this.operand();
    if (isPointer) return { ...operand, type: { sizeBytes: 8, encoding: 'address', target: () => type } };
    return { type, evaluate: (guest) => cut(operand.evaluate(guest), type) };
  }

  /** Takes the words of a type. */
  private typeName(): ValueType | undefined {
    if (this.token.kind !== 'name') return undefined;
    const simple = TYPES.get(this.token.text);
    if (simple) {
      this.position++;
      return simple;
    }
    const { at } = this.token;
    const words: string[] = [];
    for (; this.token.kind === 'name' && C_WORDS.includes(this.token.text); this.position++) words.push(this.token.text);
    if (words.length === 0) return undefined;
    const type = typeOfWords(words);
    if (!type) throw errorAt(this.text, at, `there is no type '${words.join(' ')}'`);
    return type;
  }

  private indexed(base: Expression): Expression {
    let value = base;
    for (let { at } = this.token; this.accept('['); at = this.token.at) {
      const target = this.targetOf(value, at);
      const [array, index] = [value, this.expression()];
      this.expect(']');
      const evaluate = (guest: GuestState): bigint => array.evaluate(guest) + index.evaluate(guest) * BigInt(target.sizeBytes);
      value = memory(target, { type: U64, evaluate });
    }
    return value;
  }

  /** What a pointer or array leads to. */
  private targetOf(pointer: Expression, at: number): ValueType {
    const target = pointer.type.target?.();
    if (!target) throw errorAt(this.text, at, 'not a pointer to a known type; say for instance *(u32 *)(...) or u32[...]');
    if (target.encoding === 'float' || (target.encoding === 'aggregate' && !target.target))
      throw errorAt(this.text, at, `leads to ${target.sizeBytes} bytes that are no integer`);
    return target;
  }

  private primary(): Expression {
    const { kind, text, at } = this.token;
    if (this.accept('(')) {
      const inner = this.expression();
      this.expect(')');
      return inner;
    }
    const type = this.typeName();
    if (type) {
      this.expect('[');
      const address = this.expression();
      this.expect(']');
      return memory(type, address);
    }
    if (kind === 'end' || kind === 'operator' || kind === 'string') throw this.unexpected('a number, register or name');
    this.position++;
    if (kind === 'number') return this.number(text, at);
    if (kind === 'register') {
      if (!this.scope.isRegister(text)) throw errorAt(this.text, at, `the guest has no register '${text}'`);
      return register(text);
    }
    return this.scope.isRegister(text) ? register(text) : this.variable(text, at);
  }

  private number(text: string, at: number): Expression {
    // A leading zero means octal in C.
    if (/^0[0-9]*[89]/.test(text)) throw errorAt(this.text, at, 'bad octal number');
    const value = BigInt(/^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text);
    if (value > MASK) throw errorAt(this.text, at, 'number of more than 64 bits');
    return { type: value >> 63n ? U64 : I64, evaluate: () => value };
  }

  private variable(name: string, at: number): Expression {
    const found = this.scope.symbols.variable(name);
    if (!found) throw this.unknown(name, at);
    const { type, address } = found;
    if (!type) throw errorAt(this.text, at, `the size of '${name}' is not known; say for instance u32[&${name}]`);
    if (type.encoding === 'float')
      throw errorAt(this.text, at, `'${name}' is a floating-point number; its bits are u${8 * type.sizeBytes}[&${name}]`);
    return memory(type, { type: U64, evaluate: () => address });
  }

  private unknown(name: string, at: number): Error {
    const near = this.scope.symbols.nearestName(name);
    return errorAt(this.text, at, `no register or symbol is called '${name}'${near ? `; did you mean '${near}'?` : ''}`);
  }
}

/** C's integer types, whose words may come in any order. */
function typeOfWords(words: readonly string[]): ValueType | undefined {
  const count = (wanted: readonly string[]): number => words.filter((word) => wanted.includes(word)).length;
  const length = words
    .filter((word) => !['int', 'signed', 'unsigned'].includes(word))
    .sort()
    .join(' ');
  const size = C_SIZES.get(length);
  const isTwice = count(['signed', 'unsigned']) > 1 || count(['int']) > (length === 'char' ? 0 : 1);
  return size === undefined || isTwice ? undefined : scalar(size, words.includes('unsigned') ? 'unsigned' : 'signed');
}

const C_SIZES: ReadonlyMap<string, number> = new Map([
  ['char', 1],
  ['short', 2],
  ['', 4],
  ['long', 8],
  ['long long', 8],
]);

function register(name: string): Expression {
  return { type: I64, evaluate: (guest) => BigInt.asIntN(64, guest.register(name)) };
}

/** The value of a type at an address; of arrays, structures and functions the address itself. */
function memory(type: ValueType, address: Expression): Expression {
  const { sizeBytes } = type;
  const at = (guest: GuestState): bigint => BigInt.asUintN(64, address.evaluate(guest));
  if (type.encoding === 'aggregate' || ![1, 2, 4, 8].includes(sizeBytes)) {
    const pointer: ValueType = { sizeBytes: 8, encoding: 'address', ...(type.target && { target: type.target }) };
    return { type: pointer, evaluate: at };
  }
  const evaluate = (guest: GuestState): bigint => {
    const vaddr = at(guest);
    const value = guest.read(vaddr, sizeBytes);
    if (value === undefined) throw new Unavailable(`no memory at 0x${vaddr.toString(16)}`);
    return cut(value, type);
  };
  return { type, evaluate };
}

/** The type that an operator's result has, and its operands are brought to. */
function commonType(...types: readonly ValueType[]): ValueType {
  return types.some(({ sizeBytes, encoding }) => sizeBytes === 8 && encoding !== 'signed') ? U64 : I64;
}

function mapped(operand: Expression, apply: (value: bigint) => bigint): Expression {
  const type = commonType(operand.type);
  return { type, evaluate: (guest) => cut(apply(cut(operand.evaluate(guest), type)), type) };
}

function binary({ apply, isBoolean, level }: OperatorRow, left: Expression, right: Expression): Expression {
  // A shift is of its left operand's kind.
  const type = level === SHIFT_LEVEL ? commonType(left.type) : commonType(left.type, right.type);
  const evaluate = (guest: GuestState): bigint => {
    const value = apply(cut(left.evaluate(guest), type), cut(right.evaluate(guest), type));
    return isBoolean ? value : cut(value, type);
  };
  return { type: isBoolean ? BOOLEAN : type, evaluate };
}

const SHIFT_LEVEL = 8;
