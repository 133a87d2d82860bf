/**
 * Assembles toy programs:
 *
 *     start:  ldi r1, data+8      ; a comment
 *             st [r1-8], r2
 *             jnz start
 *     .org 0x1000
 *     data:   .quad 1, start      ; also .byte
 *     .narrow                     ; `ldi` has 4-byte immediates from here on; .wide: 8 again
 */
import { operandBytes, TOY, type ToyName, type ToyRow } from './instructions.js';

export interface ToyProgram {
  readonly bytes: Uint8Array;
  readonly symbols: ReadonlyMap<string, number>;
  /** Address of a label. Throws RangeError. */
  at(label: string): number;
}

type Evaluate = (expression: string) => bigint;

interface Piece {
  readonly address: number;
  readonly size: number;
  readonly write: (evaluate: Evaluate) => bigint[];
  /** Bytes of each value that `write` gives. */
  readonly sizes: readonly number[];
}

const commaList = (text: string): string[] => (text.trim() === '' ? [] : text.split(',').map((part) => part.trim()));

/** Operands in the order of their registers and immediates: `[r2-8], r1` gives registers 2, 1 and the immediate -8. */
function parseOperands(text: string): { registers: number[]; immediates: string[] } {
  const registers: number[] = [];
  const immediates: string[] = [];
  for (const part of commaList(text)) {
    const inner = /^\[\s*r(\d)\s*(.*)\]$/.exec(part);
    const register = /^r(\d)$/.exec(part) ?? inner;
    if (register) registers.push(Number(register[1]));
    if (inner) immediates.push(inner[2].replaceAll(/[+\s]/g, '') || '0');
    else if (!register) immediates.push(part);
  }
  return { registers, immediates };
}

function instruction(name: string, text: string, address: number, narrow: boolean): Piece {
  if (!Object.hasOwn(TOY, name)) throw new RangeError(`toy: no instruction ${name}`);
  const row: ToyRow = TOY[name as ToyName];
  const { registers, immediates } = parseOperands(text);
  const sizes = [1, ...row.operands.map((kind) => operandBytes(kind, narrow))];
  const size = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const values = row.operands.map((kind): ((evaluate: Evaluate) => bigint) => {
    if (kind === 'reg') return constant(BigInt(registers.shift() ?? fail(text)));
    if (kind === 'pair') return constant(BigInt(((registers.shift() ?? fail(text)) << 4) | (registers.shift() ?? fail(text))));
    const expression = immediates.shift() ?? fail(text);
    return (evaluate) => evaluate(expression) - (kind === 'rel' ? BigInt(address + size) : 0n);
  });
  if (registers.length + immediates.length > 0) fail(text);
  return { address, size, sizes, write: (evaluate) => [BigInt(row.opcode), ...values.map((value) => value(evaluate))] };
}

const constant = (value: bigint) => (): bigint => value;
const fail = (text: string): never => {
  throw new RangeError(`toy: bad operands: ${text}`);
};

function data(list: string, address: number, bytes: number): Piece {
  const items = commaList(list);
  return { address, size: items.length * bytes, sizes: items.map(() => bytes), write: (evaluate) => items.map(evaluate) };
}

/** The program's bytes from address 0 on. Throws RangeError on anything it does not understand. */
export function assembleToy(source: string): ToyProgram {
  const symbols = new Map<string, number>();
  const pieces: Piece[] = [];
  let address = 0;
  let narrow = false;
  const statement = (name: string, rest: string): void => {
    if (name === '.org') address = Number(rest);
    else if (name === '.narrow' || name === '.wide') narrow = name === '.narrow';
    else {
      const bytes = { '.byte': 1, '.quad': 8 }[name];
      const piece = bytes ? data(rest, address, bytes) : instruction(name, rest, address, narrow);
      pieces.push(piece);
      address += piece.size;
    }
  };
  for (const line of source.split('\n')) {
    const [, label, name, rest] = /^\s*(?:(\w+):)?\s*(?:([.\w]+)\s*([^;]*))?/.exec(line) as RegExpExecArray;
    if (label) symbols.set(label, address);
    if (name) statement(name, (rest ?? '').trim());
  }
  const at = (label: string): number => symbols.get(label) ?? fail(`no label ${label}`);
  return { bytes: layOut(pieces, evaluator(at)), symbols, at };
}

/** Sums of numbers and labels. */
function evaluator(at: (label: string) => number): Evaluate {
  return (expression) => {
    let sum = 0n;
    for (const [, sign, term] of expression.replaceAll(' ', '').matchAll(/([+-]?)([^+-]+)/g)) {
      const value = /^\d/.test(term) ? BigInt(term) : BigInt(at(term));
      sum += sign === '-' ? -value : value;
    }
    return sum;
  };
}

function layOut(pieces: readonly Piece[], evaluate: Evaluate): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, ...pieces.map((piece) => piece.address + piece.size)));
  for (const piece of pieces) {
    let at = piece.address;
    for (const [i, value] of piece.write(evaluate).entries()) {
      const bits = BigInt(8 * piece.sizes[i]);
      if (value < -(1n << (bits - 1n)) || value >= 1n << bits) throw new RangeError(`toy: ${value} does not fit ${bits} bits`);
      for (let j = 0; j < piece.sizes[i]; j++) bytes[at++] = Number((value >> BigInt(8 * j)) & 0xffn);
    }
  }
  return bytes;
}
