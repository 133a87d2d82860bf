/** The answers to a query: one line each, for people or as a JSON object. */
import type { Visit } from '../../replay/query.js';
import type { Symbols } from '../symbols/symbols.js';

export interface Answer {
  readonly visit: Visit;
  /** What a write changed: all bytes of the range, after and, where that is known, before. */
  readonly change?: Change;
  /** The address that a function returns to. */
  readonly caller?: bigint;
  /** What was to be printed. */
  readonly text?: string;
}

export interface Change {
  readonly before?: Uint8Array;
  readonly after: Uint8Array;
}

export interface RowOptions {
  readonly symbols: Symbols;
  readonly json: boolean;
  /** Width of the column of ticks. */
  readonly tickWidth: number;
}

/** Ranges of these sizes are shown as numbers. */
const NUMBER_SIZES = [1, 2, 4, 8];
/** Changed bytes that are shown of a longer one. */
const BYTES_SHOWN = 16;

/** The line for `answer`, without its end. */
export function answerRow(answer: Answer, options: RowOptions): string {
  return options.json ? JSON.stringify(jsonRow(answer, options.symbols)) : textRow(answer, options);
}

function textRow({ visit, change, caller, text }: Answer, { symbols, tickWidth }: RowOptions): string {
  const { tick, hart, pc } = visit;
  const columns = [
    String(tick).padStart(tickWidth),
    hart < 0 ? 'device' : `hart ${hart}`,
    ...(pc === 0n ? [] : pcColumns(placeOf(pc, symbols))),
    ...(change ? [changeText(change)] : []),
    ...(caller === undefined ? [] : [`from ${placeText(placeOf(caller, symbols, RETURN))}`]),
  ];
  return `${columns.join('  ')}${text === undefined ? '' : `: ${text}`}`;
}

function jsonRow({ visit, change, caller, text }: Answer, symbols: Symbols): unknown {
  const { tick, hart, pc } = visit;
  return {
    tick,
    // Null: a device.
    hart: hart < 0 ? null : hart,
    ...(pc === 0n ? { pc: null } : placeOf(pc, symbols)),
    ...(change?.before ? { old: valueText(change.before) } : {}),
    ...(change ? { new: valueText(change.after) } : {}),
    ...(caller === undefined ? {} : { caller: placeOf(caller, symbols, RETURN) }),
    ...(text === undefined ? {} : { text }),
  };
}

interface Place {
  readonly pc: string;
  readonly symbol?: string;
  readonly offset?: number;
  readonly file?: string;
  readonly line?: number;
}

/** A return address belongs to the call in front of it, which may be the last thing of its line, and of its function. */
const RETURN = 1n;

function placeOf(pc: bigint, symbols: Symbols, behind = 0n): Place {
  const place = symbols.symbolAt(pc - behind);
  const line = symbols.lineAt(pc - behind);
  return {
    pc: `0x${pc.toString(16)}`,
    ...(place ? { symbol: place.symbol.name, offset: Number(place.offset + behind) } : {}),
    ...(line ? { file: line.name, line: line.line } : {}),
  };
}

/** The number, and what it means if that is known. */
function pcColumns(place: Place): string[] {
  const text = placeText(place);
  return text === place.pc ? [text] : [place.pc, text];
}

/** `name+0x10 (file:line)`, as far as it is known. */
function placeText({ pc, symbol, offset = 0, file, line }: Place): string {
  const name = symbol === undefined ? pc : `${symbol}${offset === 0 ? '' : `+0x${offset.toString(16)}`}`;
  return file === undefined ? name : `${name} (${file}:${line})`;
}

/** A number in hexadecimal with all its digits; or else the bytes, in the order of their addresses. */
export function valueText(bytes: Uint8Array): string {
  const hex = (ordered: Uint8Array): string => Buffer.from(ordered).toString('hex');
  return NUMBER_SIZES.includes(bytes.length) ? `0x${hex(bytes.slice().reverse())}` : hex(bytes);
}

/** `OLD -> NEW`; of a longer range only the bytes that are different, with their offset. */
function changeText({ before, after }: Change): string {
  if (!before) return `now ${valueText(after)}`;
  if (NUMBER_SIZES.includes(after.length)) return `${valueText(before)} -> ${valueText(after)}`;
  const first = after.findIndex((byte, index) => byte !== before[index]);
  if (first < 0) return 'written as it was';
  const last = after.findLastIndex((byte, index) => byte !== before[index]);
  const part = (bytes: Uint8Array): string => valueText(bytes.subarray(first, Math.min(last + 1, first + BYTES_SHOWN)));
  const more = last - first >= BYTES_SHOWN ? `, and up to +0x${last.toString(16)}` : '';
  return `+0x${first.toString(16)}: ${part(before)} -> ${part(after)}${more}`;
}
