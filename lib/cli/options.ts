/** The options of the commands that run a machine: tables, and what is made of them. */
import {
  type Bios,
  commandLine,
  type DriveOption,
  type EngineSettings,
  hartCount,
  type MachineOptions,
  machineNamed,
  START_TIME,
} from '../host/machine-options.js';
import type { RecordOption } from '../host/recording.js';
import { netOption } from '../net/options.js';
import { ConfigError } from '../util/errors.js';
import { choice, integer, type OptionRow, type ParsedOptions, size, textOf, textsOf, wideInteger } from './option-table.js';
import { recordOption } from './record-option.js';

export type ConsoleTarget = { readonly kind: 'stdio' } | { readonly kind: 'none' } | { readonly kind: 'file'; readonly path: string };

/** How the machine is run on the host: the guest cannot tell. */
export interface HostOptions extends EngineSettings {
  readonly console: ConsoleTarget;
  readonly maxTicks: number;
  /** A file, or `-` for standard output. */
  readonly stats: string | undefined;
  readonly quiet: boolean;
  /** Where a debugger may connect: [HOST:]PORT, or the path of a Unix socket. */
  readonly gdb: string | undefined;
  /** Start stopped. */
  readonly wait: boolean;
  /** Memory for going back in time, in bytes. */
  readonly historyBytes: number;
}

export interface RunOptions extends MachineOptions, HostOptions {
  readonly record: RecordOption | undefined;
  readonly dumpDtb: string | undefined;
  /** Absent: real as long as host input can still arrive, fast otherwise. */
  readonly pace: 'real' | 'fast' | undefined;
}

const GDB_ADDRESS = '127.0.0.1:1234';

const MACHINE_ROWS = [
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
  { name: 'dtb', value: 'FILE', text: "a device tree in place of the machine's own; --append and --initrd go into it" },
  { name: 'dump-dtb', value: 'FILE', text: 'write the device tree to FILE and end' },
  { name: 'drive', value: 'FILE[,write]', text: 'a disk (repeatable); without ,write the file stays as it is' },
  {
    name: 'rtc',
    value: 'TIME',
    text: "the guest's clock at the start: now, or a date such as 2027-01-31T12:00 (UTC)",
    default: START_TIME,
  },
  { name: 'seed', value: 'N', text: 'where all entropy of the guest comes from', default: '0' },
  {
    name: 'net',
    value: 'WHICH',
    text: 'user: network through the host; user,hostfwd=tcp:127.0.0.1:2222-:22 forwards a port (repeatable); none',
    default: 'none',
  },
  { name: 'svadu', text: 'hardware updates the A and D bits of page tables where the guest asks for it' },
  {
    name: 'record',
    value: 'FILE[,ref]',
    text: 'write the run down; ,ref: without copies of its files; ,digest=N: a state digest every N ticks; ,checkpoints[=N]: states to seek to at once',
  },
  { name: 'pace', value: 'real|fast', text: 'whether idle time passes as on the host (default: real while input can arrive)' },
] as const satisfies readonly OptionRow[];

/** What a run and a replay have in common. */
export const HOST_ROWS = [
  {
    name: 'console',
    value: 'WHERE',
    text: 'stdio, none, or file:PATH (output only); virtio[:WHERE]: a virtio console (hvc0) gets the input',
    default: 'stdio',
  },
  {
    name: 'gdb',
    value: '[HOST:]PORT',
    text: 'serve GDB there (port 0: a free one; or the path of a Unix socket)',
    bare: GDB_ADDRESS,
    looksLike: /^(.*:)?\d+$|\//,
    short: 's',
  },
  { name: 'wait', text: 'start stopped, for a debugger', short: 'S' },
  { name: 'history', value: 'SIZE', text: 'memory for going back in time, with --gdb', default: '512M' },
  { name: 'engine', value: 'NAME', text: 'auto, interpret or translate', default: 'auto' },
  { name: 'hot-threshold', value: 'N', text: 'executions after which code is translated (for tests)' },
  { name: 'no-chain', text: 'do not chain translated code (for tests)' },
  { name: 'max-ticks', value: 'N', text: 'stop there, with exit code 4' },
  { name: 'stats', value: 'FILE', text: 'write statistics as JSON when the run ends (- for standard output)' },
  { name: 'quiet', text: 'no messages but errors' },
] as const satisfies readonly OptionRow[];

export const RUN_OPTIONS = [...MACHINE_ROWS, ...HOST_ROWS] as const;

type OptionName = (typeof RUN_OPTIONS)[number]['name'];
type HostOptionName = (typeof HOST_ROWS)[number]['name'];

/** Checks what the parser made of the command line. Throws `ConfigError` for the first thing that is wrong. */
export function runOptions(kernel: string, parsed: ParsedOptions): RunOptions {
  const text = (name: OptionName): string | undefined => textOf(name, parsed[name]);
  const required = (name: OptionName): string => text(name) ?? '';
  const machine = machineNamed(required('machine'));
  const pace = text('pace');
  const record = text('record');
  return {
    kernel,
    machine,
    memoryBytes: size('memory', required('memory')),
    harts: hartCount(integer('smp', required('smp')), machine),
    bios: biosOf(required('bios')),
    initrd: text('initrd'),
    svadu: parsed.svadu === true,
    bootArgs: commandLine(text('append') ?? ''),
    dtb: text('dtb'),
    dumpDtb: text('dump-dtb'),
    record: record === undefined ? undefined : recordOption(record),
    net: netOption(required('net')),
    virtioConsole: isVirtioConsole(required('console')),
    seed: wideInteger('seed', required('seed')),
    drives: textsOf('drive', parsed.drive).map(driveOption),
    startTimeMs: startTime(required('rtc')),
    pace: pace === undefined ? undefined : choice<'real' | 'fast'>('pace', pace, ['real', 'fast']),
    ...hostOptions(parsed),
  };
}

/** Checks the options of HOST_ROWS. Throws `ConfigError` for the first thing that is wrong. */
export function hostOptions(parsed: ParsedOptions): HostOptions {
  const text = (name: HostOptionName): string | undefined => textOf(name, parsed[name]);
  const maxTicks = text('max-ticks');
  const hotThreshold = text('hot-threshold');
  return {
    console: consoleTarget(text('console') ?? ''),
    mode: choice('engine', text('engine') ?? '', ['auto', 'interpret', 'translate']),
    chain: parsed.chain !== false,
    hotThreshold: hotThreshold === undefined ? undefined : Math.max(1, Math.min(integer('hot-threshold', hotThreshold), 2 ** 30)),
    maxTicks: maxTicks === undefined ? Number.POSITIVE_INFINITY : integer('max-ticks', maxTicks),
    stats: text('stats'),
    quiet: parsed.quiet === true,
    gdb: text('gdb'),
    wait: parsed.wait === true,
    historyBytes: size('history', text('history') ?? ''),
  };
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

function biosOf(value: string): Bios {
  return value === 'default' || value === 'none' ? { kind: value } : { kind: 'file', path: value };
}

const isVirtioConsole = (value: string): boolean => value === 'virtio' || value.startsWith('virtio:');

/** Where the console leads; `virtio:` in front of it says which of the machine's consoles it is. */
function consoleTarget(given: string): ConsoleTarget {
  const value = given === 'virtio' ? 'stdio' : given.replace(/^virtio:/, '');
  if (value === 'stdio' || value === 'none') return { kind: value };
  if (value.startsWith('file:') && value.length > 5) return { kind: 'file', path: value.slice(5) };
  throw new ConfigError(`--console ${given}: must be stdio, none or file:PATH, or virtio:WHERE`);
}
