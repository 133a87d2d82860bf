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
import {
  binary,
  converted,
  type Expression,
  type GuestState,
  I64,
  MASK,
  mapped,
  memory,
  negation,
  OPERATORS,
  register,
  scalar,
  U64,
} from './values.js';

/** What an expression may refer to; asked when it is compiled. */
export interface Scope {
  readonly symbols: Symbols;
  /** Whether the guest has a register of that name. */
  isRegister(name: string): boolean;
}

/** Types by name; C's integer types of several words are made of single ones in `typeOfWords`. */
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
    if (this.accept('!')) return negation(this.operand());
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
    return converted(operand, type);
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
