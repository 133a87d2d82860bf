/** The options of `hindsight run`: one table, from which the parser, the help text and the checks derive. */
import type { EngineMode } from '../exec/machine-engine.js';
import type { MachineDescription } from '../machines/machine.js';
import { RISCV_VIRT } from '../machines/riscv-virt.js';
import { ConfigError } from '../util/errors.js';
import { suggest } from '../util/suggest.js';

export type ConsoleTarget = { readonly kind: 'stdio' } | { readonly kind: 'none' } | { readonly kind: 'file'; readonly path: string };

/** What runs before the kernel: the built-in SBI, nothing, or firmware from a file. */
export type Bios = { readonly kind: 'default' | 'none' } | { readonly kind: 'file'; readonly path: string };

export interface DriveOption {
  readonly path: string;
  /** The guest's writes go to the file; else they are gone when the run ends. */
  readonly write: boolean;
}

export interface RunOptions {
  readonly kernel: string;
  readonly machine: MachineDescription;
  readonly memoryBytes: number;
  readonly harts: number;
  readonly bios: Bios;
  readonly initrd: string | undefined;
  readonly bootArgs: string;
  /** Hardware may update the A and D bits of page-table entries. */
  readonly svadu: boolean;
  readonly dumpDtb: string | undefined;
  readonly console: ConsoleTarget;
  readonly mode: EngineMode;
  readonly chain: boolean;
  /** Executions after which code is translated; absent: what is fastest. */
  readonly hotThreshold: number | undefined;
  readonly maxTicks: number;
  /** A file, or `-` for standard output. */
  readonly stats: string | undefined;
  readonly quiet: boolean;
  readonly seed: bigint;
  readonly drives: readonly DriveOption[];
  /** What the guest's clock shows at the start: milliseconds since 1970. */
  readonly startTimeMs: number;
  /** Absent: real as long as host input can still arrive, fast otherwise. */
  readonly pace: 'real' | 'fast' | undefined;
}

interface OptionRow {
  readonly name: string;
  /** What the help text calls its value; absent for a switch. */
  readonly value?: string;
  readonly text: string;
  readonly default?: string;
}

/** Not the host's time: runs with the same options are the same. Later than the files of guests of its day, which would be from the future else. */
const START_TIME = '2027-01-01';

export const RUN_OPTIONS = [
  { name: 'machine', value: 'NAME', text: 'the machine to build', default: 'riscv-virt' },
  { name: 'memory', value: 'SIZE', text: 'RAM, with K, M or G (M if none)', default: '256M' },
  { name: 'smp', value: 'N', text: 'number of harts', default: '1' },
  {
    name: 'bios',
    value: 'WHICH',
    text: 'default: built-in SBI; none: the kernel itself starts in M-mode; FILE: firmware',
    default: 'default',
  },
  { name: 'initrd', value: 'FILE', text: 'initial RAM disk' },
  { name: 'append', value: 'STRING', text: "the kernel's command line" },
  { name: 'dump-dtb', value: 'FILE', text: 'write the device tree to FILE and end' },
  { name: 'drive', value: 'FILE[,write]', text: 'a disk (repeatable); without ,write the file stays as it is' },
  {
    name: 'rtc',
    value: 'TIME',
    text: "the guest's clock at the start: now, or a date such as 2027-01-31T12:00 (UTC)",
    default: START_TIME,
  },
  { name: 'seed', value: 'N', text: 'where all entropy of the guest comes from', default: '0' },
  { name: 'svadu', text: 'hardware updates the A and D bits of page tables where the guest asks for it' },
  { name: 'console', value: 'WHERE', text: 'stdio, none, or file:PATH (output only)', default: 'stdio' },
  { name: 'engine', value: 'NAME', text: 'auto, interpret or translate', default: 'auto' },
  { name: 'hot-threshold', value: 'N', text: 'executions after which code is translated (for tests)' },
  { name: 'no-chain', text: 'do not chain translated code (for tests)' },
  { name: 'pace', value: 'real|fast', text: 'whether idle time passes as on the host (default: real while input can arrive)' },
  { name: 'max-ticks', value: 'N', text: 'stop there, with exit code 4' },
  { name: 'stats', value: 'FILE', text: 'write statistics as JSON when the run ends (- for standard output)' },
  { name: 'quiet', text: 'no messages but errors' },
] as const satisfies readonly OptionRow[];

type OptionName = (typeof RUN_OPTIONS)[number]['name'];

const MACHINES: readonly MachineDescription[] = [RISCV_VIRT];
const SIZE_UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** How the command-line parser is to read the table. */
export function parserSettings(): {
  string: string[];
  boolean: string[];
  alias: Record<string, string[]>;
  unknown: (flag: string) => never;
} {
  const rows: readonly OptionRow[] = RUN_OPTIONS;
  // The parser turns `--no-x` into x = false by itself, so it has to know x.
  const negated = rows.filter((row) => row.name.startsWith('no-')).map((row) => row.name.slice(3));
  return {
    string: rows.filter((row) => row.value).map((row) => row.name),
    boolean: [...rows.filter((row) => !row.value).map((row) => row.name), ...negated],
    alias: Object.fromEntries(negated.map((name) => [name, []])),
    unknown: (flag) => {
      throw unknownOption(flag, [...rows.map((row) => row.name), 'help', 'version']);
    },
  };
}

/**
 * Ties each option of `args` to its value (`--stats -` becomes `--stats=-`): by itself the parser takes nothing for a value that
 * begins with a dash. A known option is no value, except of `--append`, which may be anything.
 */
export function joinValues(args: readonly string[]): string[] {
  const rows: readonly OptionRow[] = RUN_OPTIONS;
  const joined: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string;
    if (arg === '--') return [...joined, ...args.slice(index)];
    const [flag, value] = arg.endsWith('=') ? [arg.slice(0, -1), ''] : [arg, args[index + 1]];
    const takesValue = rows.some((row) => row.value && flag === `--${row.name}`);
    const isValue = value !== undefined && (flag === '--append' || !rows.some((row) => value.split('=')[0] === `--${row.name}`));
    if (!takesValue || !isValue) joined.push(arg);
    else {
      joined.push(...(value === '' ? [flag, ''] : [`${flag}=${value}`]));
      if (flag === arg) index++;
    }
  }
  return joined;
}

function unknownOption(flag: string, known: readonly string[]): ConfigError {
  const nearest = suggest(flag.replace(/^-+/, ''), known);
  return new ConfigError(`unknown option ${flag}${nearest ? `; did you mean --${nearest}?` : '; see hindsight run --help'}`);
}

/** Checks what the parser made of the command line. Throws `ConfigError` for the first thing that is wrong. */
export function runOptions(kernel: string, parsed: Readonly<Record<string, unknown>>): RunOptions {
  const text = (name: OptionName): string | undefined => textOf(name, parsed[name]);
  const required = (name: OptionName): string => text(name) ?? '';
  const machineName = choice(
    'machine',
    required('machine'),
    MACHINES.map((candidate) => candidate.name),
  );
  const machine = MACHINES.find((candidate) => candidate.name === machineName) as MachineDescription;
  const pace = text('pace');
  const maxTicks = text('max-ticks');
  const hotThreshold = text('hot-threshold');
  return {
    kernel,
    machine,
    memoryBytes: size('memory', required('memory')),
    harts: harts(required('smp'), machine),
    bios: biosOf(required('bios')),
    initrd: text('initrd'),
    svadu: parsed.svadu === true,
    bootArgs: bootArgs(text('append') ?? ''),
    dumpDtb: text('dump-dtb'),
    console: consoleTarget(required('console')),
    mode: choice('engine', required('engine'), ['auto', 'interpret', 'translate']),
    chain: parsed.chain !== false,
    hotThreshold: hotThreshold === undefined ? undefined : Math.max(1, Math.min(integer('hot-threshold', hotThreshold), 2 ** 30)),
    maxTicks: maxTicks === undefined ? Number.POSITIVE_INFINITY : integer('max-ticks', maxTicks),
    stats: text('stats'),
    quiet: parsed.quiet === true,
    seed: wideInteger('seed', required('seed')),
    drives: textsOf('drive', parsed.drive).map(driveOption),
    startTimeMs: startTime(required('rtc')),
    pace: pace === undefined ? undefined : choice<'real' | 'fast'>('pace', pace, ['real', 'fast']),
  };
}

function textOf(name: OptionName, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) throw new ConfigError(`--${name} is given more than once`);
  if (typeof value !== 'string' || (value === '' && name !== 'append')) throw new ConfigError(`--${name} needs a value`);
  return value;
}

function textsOf(name: OptionName, value: unknown): string[] {
  const values: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return values.map((one) => textOf(name, one) as string);
}

function driveOption(value: string): DriveOption {
  const path = value.replace(/,write$/, '');
  if (path === '') throw new ConfigError(`--drive ${value}: must be FILE or FILE,write`);
  return { path, write: path !== value };
}

/** The host's clock is read here and never again. */
function startTime(value: string): number {
  if (value === 'now') return Date.now();
  const wellFormed = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z?)?$/.test(value);
  const time = wellFormed ? Date.parse(value.includes('T') && !value.endsWith('Z') ? `${value}Z` : value) : Number.NaN;
  if (Number.isNaN(time) || time < 0) throw new ConfigError(`--rtc ${value}: must be now or a date such as 2027-01-31T12:00 (UTC)`);
  return time;
}

function choice<T extends string>(name: OptionName, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  const nearest = suggest(value, allowed);
  throw new ConfigError(`--${name} ${value}: ${nearest ? `did you mean ${nearest}?` : `must be ${allowed.join(' or ')}`}`);
}

function size(name: OptionName, value: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(value);
  if (!match) throw new ConfigError(`--${name} ${value}: must be a size such as 256M`);
  return Number(match[1]) * (SIZE_UNITS[(match[2] || 'M').toUpperCase()] as number);
}

function wideInteger(name: OptionName, value: string): bigint {
  if (!/^(\d+|0x[0-9a-f]+)$/i.test(value)) throw new ConfigError(`--${name} ${value}: must be a whole number`);
  const number = BigInt(value);
  if (number >= 1n << 64n) throw new ConfigError(`--${name} ${value}: must be below 2^64`);
  return number;
}

function integer(name: OptionName, value: string): number {
  const number = wideInteger(name, value);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw new ConfigError(`--${name} ${value}: must be below 2^53`);
  return Number(number);
}

function harts(value: string, machine: MachineDescription): number {
  const count = integer('smp', value);
  const { name, hartsMax } = machine;
  const allowed = hartsMax === 1 ? '1 hart' : `1 to ${hartsMax} harts`;
  if (count < 1 || count > hartsMax) throw new ConfigError(`--smp ${value}: ${name} takes ${allowed}`);
  return count;
}

function biosOf(value: string): Bios {
  return value === 'default' || value === 'none' ? { kind: value } : { kind: 'file', path: value };
}

function bootArgs(value: string): string {
  if (value.includes('\0') || value.length > 4096) throw new ConfigError('--append: must be at most 4096 characters of text');
  return value;
}

function consoleTarget(value: string): ConsoleTarget {
  if (value === 'stdio' || value === 'none') return { kind: value };
  if (value.startsWith('file:') && value.length > 5) return { kind: 'file', path: value.slice(5) };
  throw new ConfigError(`--console ${value}: must be stdio, none or file:PATH`);
}
