/**
 * Names of places in a guest: what `openSymbols` reads from ELF files with symbol tables and DWARF 2 to 5, and from Linux' System.map.
 * Not read: split DWARF (.dwo), type units, location lists (local variables), big-endian files, object files that are not linked.
 */
import { suggest } from '../util/suggest.js';
import type { GuestSymbol, LineAddress, SourceLine, SymbolPlace, ValueType, Variable } from './answers.js';
import { LineTable } from './dwarf/lines.js';
import { DwarfSections } from './dwarf/sections.js';
import { DebugInfo } from './dwarf/units.js';
import { type DwarfFunction, findFunctions, findVariables, functionsOf } from './dwarf/variables.js';
import { ElfFile, isElfFile, RangeFile } from './elf-file.js';
import { readElfSymbols } from './elf-symbols.js';
import { IntervalIndex } from './interval-index.js';
import { SymbolIndex } from './symbol-index.js';
import { readSystemMap } from './system-map.js';

export type { GuestSymbol, LineAddress, SourceLine, SymbolKind, SymbolPlace, ValueType, Variable } from './answers.js';

/** All that can be asked. Addresses are virtual, unsigned; every method throws `ImageError` where the file turns out to be damaged. */
export interface Symbols {
  /** The symbol that `address` belongs to, and how far behind its beginning it is. */
  symbolAt(address: bigint): SymbolPlace | undefined;
  /** All symbols of exactly that name: the one that is global, or has a type, first. */
  symbolsNamed(name: string): readonly GuestSymbol[];
  /** The line that the instruction at `address` comes from. */
  lineAt(address: bigint): SourceLine | undefined;
  /**
   * Where the code of a line begins, by address: once per function, at its lowest statement. `file` is a path or its last components. A
   * line without code stands for the next one that has some, which the result tells.
   */
  addressesOf(file: string, line: number): readonly LineAddress[];
  /** The full paths of the source files that `file` is the end of. */
  filesNamed(file: string): readonly string[];
  /** The variable of that name outside of functions, the global one first; from the symbol table, without a type, if DWARF has none. */
  variable(name: string): Variable | undefined;
  /** The known name that is nearest to a mistyped one. */
  nearestName(name: string): string | undefined;
  /** Closes the files. What was read before can still be asked for. */
  close(): void;
}

export interface OpenOptions {
  /** Where the program runs minus where it was linked to (modulo 2^64): for firmware that moves itself, or code before paging is on. */
  readonly bias?: bigint;
}

/**
 * Opens an ELF file or a System.map. Only headers are read now. Throws `ImageError` that says what is wrong with the file and, for damage,
 * where.
 */
export function openSymbols(path: string, options: OpenOptions = {}): Symbols {
  return symbolsIn(new RangeFile(path), options);
}

/** The same for a file whose `contents` are at hand, as in a recording; `name` is for messages. */
export function symbolsOf(name: string, contents: Uint8Array, options: OpenOptions = {}): Symbols {
  return symbolsIn(new RangeFile(name, contents), options);
}

function symbolsIn(file: RangeFile, options: OpenOptions): Symbols {
  try {
    return new SymbolFile(file, options.bias ?? 0n);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** How many letters a mistyped name has too many or too few. */
const TYPO_LETTERS = 2;

class SymbolFile implements Symbols {
  private readonly file: RangeFile;
  private readonly bias: bigint;
  private readonly elf: ElfFile | undefined;
  private readonly info: DebugInfo | undefined;
  private readonly lines: LineTable | undefined;
  private cachedIndex: SymbolIndex | undefined;
  private cachedFunctions: IntervalIndex<DwarfFunction> | undefined;

  constructor(file: RangeFile, bias: bigint) {
    this.file = file;
    this.bias = bias;
    if (isElfFile(file)) {
      this.elf = new ElfFile(file);
      this.info = new DebugInfo(new DwarfSections(this.elf));
      this.lines = new LineTable(this.info);
    } else {
      this.cachedIndex = new SymbolIndex(readSystemMap(file.path, file.read(0, file.sizeBytes, 'text').toString('utf8')));
    }
  }

  /** The symbol table; nothing if the file has none. */
  private get index(): SymbolIndex | undefined {
    if (!this.cachedIndex && this.elf) {
      const columns = readElfSymbols(this.elf);
      if (columns) this.cachedIndex = new SymbolIndex(columns);
    }
    return this.cachedIndex;
  }

  /** The functions that DWARF knows, for files without a symbol table. */
  private get functions(): IntervalIndex<DwarfFunction> {
    if (this.cachedFunctions) return this.cachedFunctions;
    const { info } = this;
    const all = info?.units.flatMap((unit) => functionsOf(info, unit)) ?? [];
    this.cachedFunctions = new IntervalIndex(all.map((value) => ({ start: value.start, end: value.end, value })));
    return this.cachedFunctions;
  }

  private inFile(address: bigint): bigint {
    return BigInt.asUintN(64, address - this.bias);
  }

  private moved<T extends { readonly address: bigint }>(place: T): T {
    return this.bias === 0n ? place : { ...place, address: BigInt.asUintN(64, place.address + this.bias) };
  }

  symbolAt(address: bigint): SymbolPlace | undefined {
    const wanted = this.inFile(address);
    if (this.index) {
      const place = this.index.at(wanted);
      return place && { symbol: this.moved(place.symbol), offset: place.offset };
    }
    for (const { value } of this.functions.containing(wanted)) {
      return { symbol: this.moved(symbolOf(value)), offset: wanted - value.start };
    }
    return undefined;
  }

  symbolsNamed(name: string): GuestSymbol[] {
    const symbols = this.index ? this.index.named(name) : this.info ? findFunctions(this.info, name).map(symbolOf) : [];
    return symbols.map((symbol) => this.moved(symbol));
  }

  lineAt(address: bigint): SourceLine | undefined {
    return this.lines?.at(this.inFile(address));
  }

  addressesOf(file: string, line: number): LineAddress[] {
    const seen = new Set<bigint>();
    const places = (this.lines?.addresses(file, line) ?? []).map((place) => this.moved(place));
    return places.filter(({ address }) => {
      const home = this.symbolAt(address)?.symbol.address ?? address;
      return !seen.has(home) && seen.add(home);
    });
  }

  filesNamed(file: string): string[] {
    return this.lines?.filesNamed(file) ?? [];
  }

  variable(name: string): Variable | undefined {
    const known = this.info ? findVariables(this.info, name) : [];
    const variable = known.find(({ isGlobal }) => isGlobal) ?? known[0];
    if (variable) return this.moved(variable);
    const symbol = this.index?.named(name)[0];
    if (!symbol) return undefined;
    return this.moved({ name, address: symbol.address, type: typeOfSymbol(symbol), isGlobal: symbol.isGlobal });
  }

  nearestName(name: string): string | undefined {
    // Comparing with all names of a kernel would take seconds.
    const near = (this.index?.names() ?? []).filter(
      (known) => known[0] === name[0] && (known.startsWith(name) || Math.abs(known.length - name.length) <= TYPO_LETTERS),
    );
    return suggest(name, near);
  }

  close(): void {
    this.file.close();
  }
}

function symbolOf({ name, start, end, isGlobal }: DwarfFunction): GuestSymbol {
  return { name, address: start, sizeBytes: Number(end - start), kind: 'function', isGlobal };
}

/** What the symbol table tells of a variable: an object of 1, 2, 4 or 8 bytes is taken for an unsigned number. */
function typeOfSymbol({ kind, sizeBytes }: GuestSymbol): ValueType | undefined {
  if (kind === 'function') return { sizeBytes: 0, encoding: 'aggregate' };
  if (kind !== 'object' || sizeBytes === 0) return undefined;
  return { sizeBytes, encoding: [1, 2, 4, 8].includes(sizeBytes) ? 'unsigned' : 'aggregate' };
}

/** Several files as one, for instance a kernel and its firmware: the first that knows an answer gives it. */
export class SymbolTable implements Symbols {
  private readonly files: readonly Symbols[];

  constructor(files: readonly Symbols[]) {
    this.files = files;
  }

  symbolAt(address: bigint): SymbolPlace | undefined {
    return firstOf(this.files, (file) => file.symbolAt(address));
  }

  symbolsNamed(name: string): readonly GuestSymbol[] {
    return this.files.flatMap((file) => file.symbolsNamed(name));
  }

  lineAt(address: bigint): SourceLine | undefined {
    return firstOf(this.files, (file) => file.lineAt(address));
  }

  addressesOf(file: string, line: number): readonly LineAddress[] {
    const places = this.files.flatMap((symbols) => symbols.addressesOf(file, line));
    const nearest = places.reduce((least, place) => Math.min(least, place.line), Number.POSITIVE_INFINITY);
    return places.filter((place) => place.line === nearest).sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  }

  filesNamed(file: string): readonly string[] {
    return this.files.flatMap((symbols) => symbols.filesNamed(file));
  }

  variable(name: string): Variable | undefined {
    return firstOf(this.files, (file) => file.variable(name));
  }

  nearestName(name: string): string | undefined {
    return firstOf(this.files, (file) => file.nearestName(name));
  }

  close(): void {
    for (const file of this.files) file.close();
  }
}

function firstOf<T>(files: readonly Symbols[], ask: (file: Symbols) => T | undefined): T | undefined {
  for (const file of files) {
    const answer = ask(file);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** An address as people read it: `name+0x10`, or hexadecimal where no symbol is known. */
export function describeAddress(symbols: Symbols, address: bigint): string {
  const place = symbols.symbolAt(address);
  if (!place) return `0x${address.toString(16)}`;
  return place.offset === 0n ? place.symbol.name : `${place.symbol.name}+0x${place.offset.toString(16)}`;
}
