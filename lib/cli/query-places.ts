/** What the places in a query mean: symbols of the guest, and addresses of its memory. */
import type { Recording } from '../../replay/log.js';
import type { EngineDebug } from '../exec/debug.js';
import type { RecordingInputs } from '../host/recording-inputs.js';
import { PAGE_SIZE } from '../mem/layout.js';
import { findLocation } from '../symbols/location.js';
import { openSymbols, type Symbols, SymbolTable, symbolsOf } from '../symbols/symbols.js';
import { ConfigError } from '../util/errors.js';
import { integer } from './option-table.js';

const ELF_MAGIC = 0x7f454c46;
const LENGTH_MAX = 2 ** 20;
const NUMBER = /^(0x[0-9a-f]+|\d+)$/i;
/** What of a recording may be an ELF file with symbols, the kernel first. */
const CODE_ROLES = ['kernel', 'firmware'] as const;

/** A range of the guest's memory, as the user named it. */
export interface NamedRange {
  /** Virtual, or physical where it is no virtual one. */
  readonly address: bigint;
  readonly length: number;
}

/** What of a machine says where its virtual memory is. */
export interface Translating {
  readonly tick: number;
  readonly debug: Pick<EngineDebug, 'harts' | 'currentHart' | 'translate'>;
  /** Undefined where no memory is. */
  readonly space: { memoryAt(paddr: number, bytes: number): object | undefined };
}

/** The symbols in `files`; without any, those of the recorded kernel and firmware, where they are ELF files. Throws `ImageError`. */
export function querySymbols(recording: Recording, inputs: RecordingInputs, files: readonly string[]): SymbolTable | undefined {
  if (files.length > 0) return new SymbolTable(files.map((path) => openSymbols(path)));
  const recorded = CODE_ROLES.flatMap((role): Symbols[] => {
    const file = recording.header.files.find((candidate) => candidate.role === role);
    if (!file) return [];
    const bytes = inputs.readFile(role);
    return bytes.length > 4 && Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32BE(0) === ELF_MAGIC
      ? [symbolsOf(file.name, bytes)]
      : [];
  });
  return recorded.length > 0 ? new SymbolTable(recorded) : undefined;
}

/** The symbols, for a question that needs them. Throws `ConfigError`. */
export function neededSymbols(symbols: SymbolTable | undefined, place: string): SymbolTable {
  if (symbols) return symbols;
  throw new ConfigError(
    `'${place}': no symbols: the recorded kernel is no ELF file; --symbols FILE names one that has them (vmlinux, System.map)`,
  );
}

/** The addresses of the instructions at `place`; numbers need no symbols. Throws `ConfigError`. */
export function codeAddresses(place: string, symbols: SymbolTable | undefined): readonly bigint[] {
  const known = /^\*?\s*0x[0-9a-f]+$/i.test(place.trim()) ? (symbols ?? new SymbolTable([])) : neededSymbols(symbols, place);
  return findLocation(place, known).addresses;
}

/** The memory at `place`, a number or a variable; `length` overrides the variable's size (a number's is 1). Throws `ConfigError`. */
export function namedRange(place: string, symbols: SymbolTable | undefined, length: string | undefined): NamedRange {
  const given = length === undefined ? undefined : integer('length', length);
  if (given !== undefined && (given < 1 || given > LENGTH_MAX))
    throw new ConfigError(`--length ${length}: must be from 1 to ${LENGTH_MAX}`);
  if (NUMBER.test(place)) {
    const address = BigInt(place);
    if (address >= 2n ** 64n) throw new ConfigError(`${place}: has more than 64 bits`);
    return { address, length: given ?? 1 };
  }
  const known = neededSymbols(symbols, place);
  const location = findLocation(place, known);
  if (location.line) throw new ConfigError(`'${place}' is a line of code: a variable or an address is wanted`);
  const { symbol } = location;
  const size = symbol && (known.variable(symbol.name)?.type?.sizeBytes || symbol.sizeBytes);
  return { address: location.addresses[0] as bigint, length: given ?? Math.min(size || 1, LENGTH_MAX) };
}

/** The physical address of a range where the machine stands now: through the page tables of the hart whose turn it is, or of another one; or as it is. Throws `ConfigError`. */
export function physicalAddress(machine: Translating, place: string, { address, length }: NamedRange): number {
  const { debug, space, tick } = machine;
  const harts = [debug.currentHart, ...Array.from({ length: debug.harts }, (_, hart) => hart).filter((hart) => hart !== debug.currentHart)];
  for (const hart of harts) {
    const paddr = debug.translate(hart, address);
    if (paddr === undefined || !space.memoryAt(paddr, 1)) continue;
    const pages = Math.floor(((paddr % PAGE_SIZE) + length - 1) / PAGE_SIZE);
    const isOnePiece = Array.from({ length: pages }, (_, i) => (i + 1) * PAGE_SIZE - (paddr % PAGE_SIZE)).every(
      (offset) => debug.translate(hart, address + BigInt(offset)) === paddr + offset,
    );
    if (isOnePiece && space.memoryAt(paddr, length)) return paddr;
    throw new ConfigError(`${place}: its ${length} bytes are not in one piece of memory; ask for fewer with --length`);
  }
  if (address < 2n ** 53n && space.memoryAt(Number(address), length)) return Number(address);
  const hint = 'another --before or --to may be a place where it is';
  throw new ConfigError(
    `${place}: 0x${address.toString(16)} is not mapped to memory at tick ${tick}, and is no physical address of memory; ${hint}`,
  );
}
