/**
 * Formats for printing values of a guest, in two styles:
 *
 *     "x=%d y=%#lx s=%s", a0, $sp, name      as printf(3) in C: a string, then an expression for each directive
 *     x={a0} y={sp:#x} s={name:s}            expressions in place, with a directive (without `%`) behind a colon
 *
 * Directives: flags `-+ #0`, width, precision, length `hh h l ll z t j`, and one of `d i u x X o b c s p %`. In the first style a number
 * without a length is cut to 32 bits, as in C. In the second it has as many bits as its expression, and without a directive it is
 * decimal, or hexadecimal if it is a pointer. `%s` prints the string that an address leads to. What cannot be read is printed in angle
 * brackets: `<no memory at 0x0>`.
 */
import { ExpressionParser, type Scope } from './expression.js';
import { errorAt, tokenize, unescaped } from './lexer.js';
import { type Expression, type GuestState, Unavailable } from './values.js';

/** A compiled format. */
export interface Format {
  /** The text for a guest's state. What the guest's memory holds comes out without control characters. */
  print(guest: GuestState): string;
}

interface Directive {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  /** Bits that the value is cut to; nothing: all that it has. */
  readonly bits: number | undefined;
  readonly conversion: string;
}

type Part = string | { readonly directive: Directive; readonly expression: Expression };

const DIRECTIVE = /([-+ #0]*)(\d{0,4})(?:\.(\d{0,4}))?(hh|h|ll|l|z|t|j|q)?([A-Za-z])/y;
const LENGTH_BITS: Readonly<Record<string, number>> = { hh: 8, h: 16, l: 64, ll: 64, z: 64, t: 64, j: 64, q: 64 };
const CONVERSIONS = 'diuxXobcsp';
const INT_BITS = 32;
/** Longer strings are cut off. */
const STRING_MAX = 256;

/** Compiles a format. Throws `ConfigError` that names the position. */
export function parseFormat(text: string, scope: Scope): Format {
  const parts = /^\s*"/.test(text) ? parsePrintf(text, scope) : parseBraces(text, scope);
  return { print: (guest) => parts.map((part) => (typeof part === 'string' ? part : printPart(part, guest))).join('') };
}

function parsePrintf(text: string, scope: Scope): Part[] {
  const tokens = tokenize(text);
  const string = tokens[0]!;
  const parts = splitDirectives(text, string.at + 1, string.end - 1);
  const parser = new ExpressionParser(text, tokens.slice(1), scope);
  const compiled = parts.map((part): Part => {
    if (typeof part === 'string') return part;
    if (!parser.accept(',')) throw errorAt(text, parser.token.at, `there is no expression for the directive '%${part.conversion}'`);
    return { directive: part, expression: parser.expression() };
  });
  if (parser.token.text === ',') throw errorAt(text, parser.token.at, 'more expressions than directives');
  parser.expectEnd();
  return compiled;
}

/** The pieces between the quotes of `text`: plain text and directives. */
function splitDirectives(text: string, from: number, to: number): (string | Directive)[] {
  const parts: (string | Directive)[] = [];
  for (let at = from; at < to; ) {
    const percent = text.indexOf('%', at);
    const end = percent < 0 || percent > to ? to : percent;
    if (end > at) parts.push(unescaped(text, at, text.slice(at, end)));
    at = end;
    if (at >= to) break;
    if (text[at + 1] === '%') {
      parts.push('%');
      at += 2;
      continue;
    }
    const { directive, end: next } = readDirective(text, at + 1, INT_BITS);
    parts.push(directive);
    at = next;
  }
  return parts;
}

function readDirective(text: string, at: number, defaultBits: number | undefined): { directive: Directive; end: number } {
  DIRECTIVE.lastIndex = at;
  const match = DIRECTIVE.exec(text);
  const conversion = match?.[5] ?? '';
  if (!match || !CONVERSIONS.includes(conversion))
    throw errorAt(text, at, `no directive of printf that is known here (${[...CONVERSIONS].join(' ')})`);
  const [whole, flags = '', width, precision, length] = match;
  const bits = conversion === 'p' ? 64 : length === undefined ? defaultBits : LENGTH_BITS[length];
  const directive = { flags, width: Number(width), precision: precision === undefined ? undefined : Number(precision), bits, conversion };
  return { directive, end: at + whole.length };
}

function parseBraces(text: string, scope: Scope): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < text.length; ) {
    const character = text[at] as string;
    if ((character === '{' || character === '}') && text[at + 1] === character) {
      parts.push(character);
      at += 2;
    } else if (character === '}') throw errorAt(text, at, "'}' without '{'; a brace itself is written twice");
    else if (character === '{') {
      const end = text.indexOf('}', at);
      if (end < 0) throw errorAt(text, at, "'{' without '}'; a brace itself is written twice");
      parts.push(parseField(text, at + 1, end, scope));
      at = end + 1;
    } else {
      const end = /[{}]/.exec(text.slice(at))?.index ?? text.length - at;
      parts.push(unescaped(text, at, text.slice(at, at + end)));
      at += end;
    }
  }
  return parts;
}

/** What is between braces. */
function parseField(text: string, from: number, to: number, scope: Scope): Part {
  const colon = text.indexOf(':', from);
  const hasDirective = colon >= 0 && colon < to;
  const parser = new ExpressionParser(text, tokenize(text, from, hasDirective ? colon : to), scope);
  const expression = parser.expression();
  parser.expectEnd();
  if (!hasDirective) {
    const { encoding } = expression.type;
    const conversion = encoding === 'address' ? 'p' : encoding === 'signed' ? 'd' : 'u';
    return { expression, directive: { flags: '', width: 0, precision: undefined, bits: undefined, conversion } };
  }
  const { directive, end } = readDirective(text, colon + 1, undefined);
  if (end !== to) throw errorAt(text, end, `unexpected '${text.slice(end, to)}' behind a directive`);
  return { expression, directive };
}

function printPart({ directive, expression }: Exclude<Part, string>, guest: GuestState): string {
  try {
    const value = expression.evaluate(guest);
    const bits = directive.bits ?? 8 * expression.type.sizeBytes;
    return pad(directive, convert(directive, value, bits, guest));
  } catch (error) {
    if (error instanceof Unavailable) return `<${error.message}>`;
    throw error;
  }
}

interface Converted {
  /** Sign or base, which zeros go behind. */
  readonly prefix: string;
  readonly body: string;
  readonly isNumber: boolean;
}

const BASES: Readonly<Record<string, readonly [base: number, prefix: string]>> = {
  u: [10, ''],
  x: [16, '0x'],
  X: [16, '0X'],
  o: [8, '0'],
  b: [2, '0b'],
};

function convert({ conversion, flags, precision }: Directive, value: bigint, bits: number, guest: GuestState): Converted {
  const number = (prefix: string, digits: string): Converted => {
    const body = digits.padStart(precision ?? 1, '0');
    return { prefix, body: precision === 0 && value === 0n ? '' : body, isNumber: true };
  };
  if (conversion === 's')
    return { prefix: '', body: readString(BigInt.asUintN(64, value), precision ?? STRING_MAX, guest), isNumber: false };
  if (conversion === 'c') return { prefix: '', body: printable([Number(value & 0xffn)]), isNumber: false };
  if (conversion === 'p') return number('0x', BigInt.asUintN(64, value).toString(16));
  if (conversion === 'd' || conversion === 'i') {
    const signed = BigInt.asIntN(bits, value);
    const sign = signed < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
    return number(sign, String(signed < 0n ? -signed : signed));
  }
  const [base, prefix] = BASES[conversion] as readonly [number, string];
  const unsigned = BigInt.asUintN(bits, value);
  const digits = unsigned.toString(base);
  return number(flags.includes('#') && unsigned !== 0n ? prefix : '', conversion === 'X' ? digits.toUpperCase() : digits);
}

function pad({ flags, width, precision }: Directive, { prefix, body, isNumber }: Converted): string {
  const text = prefix + body;
  if (flags.includes('-')) return text.padEnd(width);
  if (flags.includes('0') && isNumber && precision === undefined) return prefix + body.padStart(width - prefix.length, '0');
  return text.padStart(width);
}

function readString(address: bigint, limit: number, guest: GuestState): string {
  const bytes: number[] = [];
  while (bytes.length < limit) {
    const at = BigInt.asUintN(64, address + BigInt(bytes.length));
    const byte = guest.read(at, 1);
    if (byte === undefined && bytes.length === 0) throw new Unavailable(`no memory at 0x${at.toString(16)}`);
    if (byte === undefined || byte === 0n) break;
    bytes.push(Number(byte));
  }
  return printable(bytes);
}

/** Text from the guest: control characters, which could steer the terminal, as `\xNN`. */
function printable(bytes: readonly number[]): string {
  const text = Buffer.from(bytes).toString('utf8');
  return text.replaceAll(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
