/** The instruction table as tests see it: rows by name, classified register fields, encode, disassemble. */
import { encode, decode as find, disassemble as print, TABLE } from '../../lib/isa/riscv/index.js';
import type { Field, Row } from '../../lib/isa/table.js';

/** A row of which the semantics are forgotten. */
export type InsnRow = Omit<Row<unknown>, 'translate'>;
export type RegisterClass = 'x' | 'f';

export { encode };

export const ROWS: readonly InsnRow[] = TABLE.rows;
const byName = new Map(ROWS.map((row) => [row.name, row]));

export function rowOf(name: string): InsnRow {
  const row = byName.get(name);
  if (!row) throw new RangeError(`no instruction ${name}`);
  return row;
}

export const hasRow = (name: string): boolean => byName.has(name);
export const decode = (bits: number): InsnRow | undefined => find(bits);
export const disassemble = (bits: number, pc: number): string => print(bits, BigInt(pc), { aliases: false });

/** Which register file a field of a row names, undefined if it names none. */
export function registerClass(name: string, field: Field): RegisterClass | undefined {
  if (!/^r(d|s[1-3])$/.test(name)) return undefined;
  const text = field.print(field.extract(0), { pc: 0n });
  if (text === '') return undefined;
  return /^f[ts]\d/.test(text) ? 'f' : 'x';
}
