/**
 * Instruction tables: an instruction is a row with its encoding, operands, semantics and syntax. From the rows follow the decoder, the
 * encoder, the disassembler, and checks at load: every bit of a pattern is fixed or filled by exactly one field, and no two rows overlap
 * unless the narrower one says so.
 *
 * For architectures whose instructions are one or a few units of fixed width (16 or 32 bits).
 */
import { assert } from '../util/errors.js';
import { DecisionTree } from './decision-tree.js';
import type { Field, PrintContext } from './field.js';

export { type Field, type FieldOptions, field, type PrintContext, type Printer } from './field.js';

export type Width = 16 | 32;
export type Fields = Readonly<Record<string, Field>>;
/** What the fields of a format extract from an instruction. */
export type Values<F extends Fields> = { readonly [K in keyof F]: number };
/** Semantics of an instruction: emits its IR through the architecture's builder. */
export type Emit<B, F extends Fields> = (b: B, o: Values<F>) => void;

/** A row of which the operand types are forgotten. */
export interface Row<B> {
  readonly name: string;
  readonly width: Width;
  readonly pattern: string;
  /** Which bits are fixed, and their values (both unsigned). */
  readonly mask: number;
  readonly match: number;
  readonly fields: Fields;
  /** Names of the wider rows that this row takes encodings from. */
  readonly within: readonly string[];
  /** Only a way to print an instruction: it is not decoded or encoded. */
  readonly isAlias: boolean;
  /** Whether the operands in `bits` make a reserved encoding, which is illegal (or the alias does not apply). */
  readonly isReserved: ((bits: number) => boolean) | undefined;
  /** Emits the IR of the instruction `bits`. */
  readonly translate: (b: B, bits: number) => void;
  /** Its text. */
  readonly print: (bits: number, context: PrintContext) => string;
}

/** A row that knows its name and its operands. */
export interface Instruction<B, N extends string, F extends Fields> extends Row<B> {
  readonly name: N;
  readonly emit: Emit<B, F>;
}

export interface RowOptions<F extends Fields> {
  /** The row is a special case of these. */
  readonly within?: readonly string[];
  /** Operands that make the encoding a reserved one. */
  readonly reserved?: (o: Values<F>) => boolean;
}

export interface FormatOptions<B, F extends Fields> {
  /** A field that is printed right behind the name. */
  readonly suffix?: keyof F & string;
  /** Operands that make the encoding a reserved one, in every row. */
  readonly reserved?: (o: Values<F>) => boolean;
  /** The semantics are only emitted if this returns true; else it has emitted what happens instead. */
  readonly guard?: (b: B) => boolean;
}

/** Makes rows: a name, the pattern (`0`, `1`, `.`: filled by a field; spaces only structure it) and the semantics. */
export interface Format<B, F extends Fields> {
  <N extends string>(name: N, pattern: string, emit: Emit<B, F>, options?: RowOptions<F>): Instruction<B, N, F>;
  /** A row for the disassembler only, that is preferred to the instruction's own (`when` its operands are such) and to later aliases. */
  alias(name: string, pattern: string, options?: { readonly when: (o: Values<F>) => boolean }): Row<B>;
}

export interface Extension<B, R extends readonly Row<B>[] = readonly Row<B>[]> {
  readonly name: string;
  /** The manual's chapter. */
  readonly source: string;
  readonly rows: R;
  /** Semantics by name, for instructions that are defined by others. */
  readonly emit: Emitters<R[number]>;
}

type Emitters<R> = { readonly [T in Extract<R, { readonly name: string; readonly emit: unknown }> as T['name']]: T['emit'] };

/** `format` and `extension` for the architecture whose semantics are written to a `B`. */
export function instructionSet<B>(): {
  format<F extends Fields>(fields: F, syntax: string, options?: FormatOptions<B, F>): Format<B, F>;
  extension<const R extends readonly Row<B>[]>(name: string, source: string, rows: R): Extension<B, R>;
} {
  return {
    format: (fields, syntax, options = {}) => makeFormat(fields, syntax, options),
    extension: (name, source, rows) => {
      const emit = Object.fromEntries(rows.flatMap((row) => ('emit' in row ? [[row.name, row.emit]] : [])));
      return { name, source, rows, emit: emit as Emitters<(typeof rows)[number]> };
    },
  };
}

function makeFormat<B, F extends Fields>(fields: F, syntax: string, options: FormatOptions<B, F>): Format<B, F> {
  const view = operandView(fields);
  const print = printer(fields, syntax, options.suffix);
  const { guard } = options;
  const row = (name: string, pattern: string, rowOptions: RowOptions<F>, isAlias: boolean): Omit<Row<B>, 'translate'> => {
    const tests = [options.reserved, rowOptions.reserved].filter((test) => test !== undefined);
    return {
      ...parsePattern(name, pattern, fields),
      name,
      pattern,
      fields,
      within: rowOptions.within ?? [],
      isAlias,
      isReserved: tests.length === 0 ? undefined : (bits) => tests.some((test) => test(view.of(bits))),
      print: (bits, context) => name + print(bits, context),
    };
  };
  const instruction = <N extends string>(name: N, pattern: string, emit: Emit<B, F>, rowOptions: RowOptions<F> = {}) => ({
    ...row(name, pattern, rowOptions, false),
    name,
    emit,
    translate: (b: B, bits: number) => {
      if (guard === undefined || guard(b)) emit(b, view.of(bits));
    },
  });
  const alias: Format<B, F>['alias'] = (name, pattern, { when } = { when: () => true }) => ({
    ...row(name, pattern, { reserved: (o) => !when(o) }, true),
    translate: () => assert(false, `isa: ${name} is an alias`),
  });
  return Object.assign(instruction, { alias });
}

/** One object whose properties extract the fields from the instruction it was last given: decoding allocates nothing. */
function operandView<F extends Fields>(fields: F): { of(bits: number): Values<F> } {
  let current = 0;
  const values: object = {};
  for (const [name, { extract }] of Object.entries(fields)) {
    Object.defineProperty(values, name, { enumerable: true, get: () => extract(current) });
  }
  return {
    of: (bits) => {
      current = bits;
      return values as Values<F>;
    },
  };
}

/** Words of `syntax` that name a field become its operand, everything else stays. */
function printer(fields: Fields, syntax: string, suffix: string | undefined): (bits: number, context: PrintContext) => string {
  const words = syntax.split(/(\b[a-z]\w*\b)/);
  const pieces: { separator: string; field: Field | undefined }[] = [];
  let separator = '';
  for (const word of words) {
    const operand = Object.hasOwn(fields, word) ? fields[word] : undefined;
    if (operand) {
      pieces.push({ separator, field: operand });
      separator = '';
    } else separator += word;
  }
  if (separator) pieces.push({ separator, field: undefined });
  return (bits, context) => {
    const show = (operand: Field): string => operand.print(operand.extract(bits), context);
    let text = '';
    for (const piece of pieces) {
      const operand = piece.field ? show(piece.field) : '';
      if (operand || !piece.field) text += piece.separator + operand;
    }
    const name = suffix ? show(fields[suffix]!) : '';
    return text ? `${name} ${text}` : name;
  };
}

function parsePattern(name: string, pattern: string, fields: Fields): { width: Width; mask: number; match: number } {
  const digits = pattern.replaceAll(' ', '');
  const width = digits.length;
  assert((width === 16 || width === 32) && /^[01.]*$/.test(digits), `isa: ${name}: the pattern must have 16 or 32 bits`);
  const number = (of: (digit: string) => boolean): number => Number.parseInt([...digits].map((d) => (of(d) ? '1' : '0')).join(''), 2);
  let free = number((d) => d === '.');
  for (const [operand, { mask }] of Object.entries(fields)) {
    assert((free & mask) >>> 0 === mask, `isa: ${name}: the field ${operand} covers bits that are fixed or another field's`);
    free = (free & ~mask) >>> 0;
  }
  assert(free === 0, `isa: ${name}: no field fills the bits 0x${free.toString(16)}`);
  return { width, mask: number((d) => d !== '.'), match: number((d) => d === '1') };
}

/** All instructions of an architecture: decoder, encoder and disassembler. */
export class InstructionTable<B> {
  readonly rows: readonly Row<B>[];
  readonly aliases: readonly Row<B>[];
  private readonly trees: Record<Width, DecisionTree<Row<B>>>;
  private readonly aliasTrees: Record<Width, DecisionTree<Row<B>>>;
  private readonly byName: ReadonlyMap<string, Row<B>>;

  constructor(extensions: readonly Extension<B>[]) {
    const all = extensions.flatMap((extension) => extension.rows);
    this.rows = all.filter((row) => !row.isAlias);
    this.aliases = all.filter((row) => row.isAlias);
    this.byName = new Map(this.rows.map((row) => [row.name, row]));
    assert(this.byName.size === this.rows.length, 'isa: two rows have the same name');
    for (const row of this.rows) this.checkDeclared(row);
    for (const row of this.rows) this.checkOverlaps(row);
    const trees = (rows: readonly Row<B>[]) => ({
      16: new DecisionTree(rows.filter((row) => row.width === 16)),
      32: new DecisionTree(rows.filter((row) => row.width === 32)),
    });
    this.trees = trees([...this.rows].sort((a, b) => popcount(b.mask) - popcount(a.mask)));
    this.aliasTrees = trees(this.aliases);
  }

  /** The row of the instruction `bits`, or undefined if it is illegal. */
  decode(width: Width, bits: number): Row<B> | undefined {
    const row = this.trees[width].find(bits);
    return row?.isReserved?.(bits) ? undefined : row;
  }

  /** The bits of an instruction; throws RangeError for an unknown name, a missing or unknown operand, and values that do not fit. */
  encode(name: string, operands: Readonly<Record<string, number>> = {}): number {
    const row = this.byName.get(name);
    if (!row) throw new RangeError(`no instruction ${name}`);
    const unknown = Object.keys(operands).find((operand) => !Object.hasOwn(row.fields, operand));
    if (unknown) throw new RangeError(`${name} has no operand ${unknown}`);
    let bits = row.match;
    for (const [operand, { insert, default: otherwise }] of Object.entries(row.fields)) {
      const value = operands[operand] ?? otherwise;
      if (value === undefined) throw new RangeError(`${name} needs the operand ${operand}`);
      bits |= insert(value);
    }
    return bits >>> 0;
  }

  /** The text of the instruction, undefined if it is illegal. */
  disassemble(width: Width, bits: number, context: PrintContext, options: { aliases?: boolean } = {}): string | undefined {
    const row = this.decode(width, bits);
    const alias = row && options.aliases !== false ? this.aliasTrees[width].find(bits) : undefined;
    return (alias?.isReserved?.(bits) === false ? alias : row)?.print(bits, context);
  }

  private checkDeclared(row: Row<B>): void {
    for (const name of row.within) {
      const wider = this.byName.get(name);
      const isPart = wider && wider !== row && wider.width === row.width && isWithin(row, wider);
      assert(isPart, `isa: ${row.name} is no special case of ${name}`);
    }
  }

  private checkOverlaps(row: Row<B>): void {
    for (const other of this.rows) {
      if (other === row || other.width !== row.width || !overlap(row, other)) continue;
      assert(row.within.includes(other.name) || other.within.includes(row.name), `isa: ${row.name} overlaps ${other.name}`);
    }
  }
}

const popcount = (value: number): number => value.toString(2).replaceAll('0', '').length;
const overlap = <B>(a: Row<B>, b: Row<B>): boolean => ((a.match ^ b.match) & a.mask & b.mask) === 0;
const isWithin = <B>(a: Row<B>, b: Row<B>): boolean => overlap(a, b) && (a.mask & b.mask) >>> 0 === b.mask && a.mask !== b.mask;
