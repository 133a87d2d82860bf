/**
 * Places that people name:
 *
 *     SYMBOL   SYMBOL+OFFSET   SYMBOL-OFFSET     a function's first instruction, or a variable
 *     FILE:LINE                                  FILE is a path or its last components
 *     0xADDRESS   *0xADDRESS   *SYMBOL+OFFSET
 */
import { ConfigError } from '../util/errors.js';
import { describeAddress, type GuestSymbol, type SourceLine, type Symbols } from './symbols.js';

export interface Location {
  /** All that the name may mean, at least one, without repetitions: a static function of many files, an inlined line. */
  readonly addresses: readonly bigint[];
  /** What a symbol without an offset named first: for its size. */
  readonly symbol?: GuestSymbol;
  /** The line that was found, if a line was wanted: a later one where that has no code. */
  readonly line?: SourceLine;
}

const NUMBER = /^\*?\s*(0x[0-9a-f]+)$|^\*\s*([0-9]+)$/i;
const LINE = /^(.+):([0-9]+)$/;
const SYMBOL = /^\*?\s*([^\s*+-][^\s+]*?)\s*(?:([+-])\s*(0x[0-9a-f]+|[0-9]+))?$/i;
const LINE_MAX = 2 ** 31;

/** Finds a place. Throws `ConfigError` that says what is not known. */
export function findLocation(text: string, symbols: Symbols): Location {
  const place = text.trim();
  const number = NUMBER.exec(place);
  if (number) return { addresses: [addressOf(place, number[1] ?? number[2] ?? '')] };
  const line = LINE.exec(place);
  if (line) return lineLocation(place, line[1] as string, Number(line[2]), symbols);
  const symbol = SYMBOL.exec(place);
  if (!symbol) throw new ConfigError(`'${place}' is no place: SYMBOL, SYMBOL+OFFSET, FILE:LINE or 0xADDRESS`);
  return symbolLocation(symbol, symbols);
}

function addressOf(place: string, digits: string): bigint {
  const address = BigInt(digits);
  if (address >= 2n ** 64n) throw new ConfigError(`'${place}' has more than 64 bits`);
  return address;
}

function lineLocation(place: string, file: string, line: number, symbols: Symbols): Location {
  if (symbols.filesNamed(file).length === 0) throw new ConfigError(`'${place}': no source file is called '${file}'`);
  const found = line <= LINE_MAX ? symbols.addressesOf(file, line) : [];
  const first = found[0];
  if (!first) throw new ConfigError(`'${place}': there is no code at or behind that line`);
  return { addresses: [...new Set(found.map(({ address }) => address))], line: first };
}

function symbolLocation([whole, name, sign, digits]: RegExpExecArray, symbols: Symbols): Location {
  const all = symbols.symbolsNamed(name as string);
  const functions = all.filter(({ kind }) => kind === 'function');
  const meant = functions.length > 0 ? functions : all.slice(0, 1);
  if (meant.length === 0) {
    const near = symbols.nearestName(name as string);
    throw new ConfigError(`'${whole}': no symbol is called '${name}'${near ? `; did you mean '${near}'?` : ''}`);
  }
  const offset = digits === undefined ? 0n : addressOf(whole, digits) * (sign === '-' ? -1n : 1n);
  const addresses = [...new Set(meant.map(({ address }) => BigInt.asUintN(64, address + offset)))];
  return { addresses, ...(digits === undefined && { symbol: meant[0] as GuestSymbol }) };
}

/** A place as a line of text: `name+0x10` and, if it is known, ` (file:line)`. */
export function describePlace(symbols: Symbols, address: bigint): string {
  const line = symbols.lineAt(address);
  return `${describeAddress(symbols, address)}${line ? ` (${line.name}:${line.line})` : ''}`;
}
