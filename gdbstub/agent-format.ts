/**
 * The format strings of agent `printf`, after the GDB manual, "Bytecode Descriptions": those of C, with the escapes still as in the source, and with
 * integers, characters, pointers and strings in guest memory. No floating point, no `*`, no `%n`.
 */
import { EINVAL, ProtocolError } from './arguments.js';

type ArgumentKind = 'signed' | 'unsigned' | 'char' | 'string' | 'pointer';
type ReadMemory = (address: bigint, length: number) => Uint8Array;

export interface AgentFormat {
  readonly argumentKinds: readonly ArgumentKind[];
  print(values: readonly bigint[], readMemory: ReadMemory): string;
}

interface Conversion {
  readonly kind: ArgumentKind;
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly bits: number;
  readonly letter: string;
}

const WIDTH_MAX = 1000;
const STRING_MAX = 4096;
const CONVERSION = /%(?:%|([-+ #0]*)(\d{0,4})(?:\.(\d{0,4}))?(hh|h|ll|l|j|z|t)?([a-zA-Z]?))/g;
const BITS: Readonly<Record<string, number>> = { hh: 8, h: 16, l: 64, ll: 64, j: 64, z: 64, t: 64 };
const KINDS: Readonly<Record<string, ArgumentKind>> = {
  d: 'signed',
  i: 'signed',
  u: 'unsigned',
  x: 'unsigned',
  X: 'unsigned',
  o: 'unsigned',
  c: 'char',
  s: 'string',
  p: 'pointer',
};
const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', e: '\x1b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Takes `text` apart; throws `ProtocolError` unless it converts `count` arguments. */
export function parseFormat(text: string, count: number): AgentFormat {
  const parts: (string | Conversion)[] = [];
  let end = 0;
  for (const match of text.matchAll(CONVERSION)) {
    parts.push(unescapeText(text.slice(end, match.index)));
    end = match.index + match[0].length;
    parts.push(match[0] === '%%' ? '%' : conversion(match));
  }
  parts.push(unescapeText(text.slice(end)));
  const argumentKinds = parts.flatMap((part) => (typeof part === 'string' ? [] : [part.kind]));
  if (argumentKinds.length !== count)
    throw new ProtocolError(EINVAL, `the format has ${argumentKinds.length} conversions for ${count} arguments`);
  const print = (values: readonly bigint[], readMemory: ReadMemory): string => {
    let used = 0;
    return parts.map((part) => (typeof part === 'string' ? part : convert(part, values[used++], readMemory))).join('');
  };
  return { argumentKinds, print };
}

function conversion([all, flags, width, precision, size, letter]: RegExpMatchArray): Conversion {
  const kind = KINDS[letter ?? ''];
  if (!kind) throw new ProtocolError(EINVAL, `the format has ${all}`);
  return {
    kind,
    flags: flags ?? '',
    width: Math.min(Number(width), WIDTH_MAX),
    precision: precision === undefined ? undefined : Math.min(Number(precision), WIDTH_MAX),
    bits: BITS[size ?? ''] ?? 32,
    letter: letter ?? '',
  };
}

const unescapeText = (text: string): string =>
  text.replaceAll(/\\([0-7]{1,3}|.)/gs, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8) & 0xff) : (ESCAPES[code] ?? code),
  );

function convert(c: Conversion, value: bigint, readMemory: ReadMemory): string {
  switch (c.kind) {
    case 'signed': {
      const number = BigInt.asIntN(c.bits, value);
      const sign = number < 0n ? '-' : (/[+ ]/.exec(c.flags)?.[0] ?? '');
      return padNumber(c, sign, (number < 0n ? -number : number).toString());
    }
    case 'unsigned':
      return unsigned(c, BigInt.asUintN(c.bits, value));
    case 'pointer':
      return padNumber(c, '0x', BigInt.asUintN(64, value).toString(16));
    case 'char':
      return pad(c, String.fromCharCode(Number(BigInt.asUintN(8, value))));
    case 'string':
      return pad(c, stringAt(BigInt.asUintN(64, value), c.precision ?? STRING_MAX, readMemory));
  }
}

function unsigned(c: Conversion, value: bigint): string {
  const [base, mark] = c.letter === 'o' ? [8, '0'] : c.letter === 'u' ? [10, ''] : [16, '0x'];
  const digits = value.toString(base);
  const text = padNumber(c, c.flags.includes('#') && value !== 0n ? mark : '', digits);
  return c.letter === 'X' ? text.toUpperCase() : text;
}

function padNumber(c: Conversion, prefix: string, digits: string): string {
  const zeros = c.precision ?? (c.flags.includes('0') && !c.flags.includes('-') ? c.width - prefix.length : 0);
  return pad(c, prefix + digits.padStart(zeros, '0'));
}

const pad = ({ flags, width }: Conversion, text: string): string => (flags.includes('-') ? text.padEnd(width) : text.padStart(width));

/** The zero-terminated string at `address`, as much of it as can be read. */
function stringAt(address: bigint, max: number, readMemory: ReadMemory): string {
  const bytes = readMemory(address, Math.min(max, STRING_MAX));
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}
