/**
 * The monitor's commands: one row each, for the prompt on the terminal (Ctrl-A c) and for GDB's `monitor` alike. They look at the machine
 * between two slices, and change nothing.
 */
import { type Mapping, mappings } from '../isa/riscv/mappings.js';
import type { Machine } from '../system/machine.js';
import { ConfigError } from '../util/errors.js';
import { suggest } from '../util/suggest.js';

/** What the commands see. */
export interface MonitorContext {
  readonly machine: Machine;
  /** The hart that is meant where none is named. */
  readonly hart: number;
  /** Ends the run. */
  quit(): void;
}

export interface MonitorCommand {
  /** One word or two. */
  readonly name: string;
  /** Its arguments, as the help shows them; empty for none. */
  readonly usage: string;
  readonly help: string;
  /** Gives what is to be shown, with a newline at the end of each line. Throws `ConfigError` for bad arguments. */
  run(args: readonly string[], context: MonitorContext): string | Promise<string>;
}

const NS_PER_S = 1e9;
const COLUMNS = 4;
const STATE_SHOWN = 2000;

/** What works on every machine. Others add rows of their own. */
export const MONITOR_COMMANDS: readonly MonitorCommand[] = [
  {
    name: 'info registers',
    usage: '[HART] [all]',
    help: "a hart's registers; all: floating point and control registers too",
    run: registers,
  },
  { name: 'info mem', usage: '[HART]', help: 'what the page tables map', run: pageTables },
  { name: 'info tlb', usage: '', help: 'how often translations were looked up', run: (_, { machine }) => table(machine.stats().tlb) },
  { name: 'info devices', usage: '[NAME]', help: 'the memory map; or the state of one device', run: devices },
  { name: 'info translation', usage: '', help: 'what the translator did', run: (_, { machine }) => table(machine.stats().engine) },
  {
    name: 'when',
    usage: '',
    help: 'the tick, virtual time, and whose turn it is',
    run: (_, { machine }) => `${moment(machine)}\n`,
  },
  { name: 'stats', usage: '', help: 'instructions, translations and look-ups so far', run: statistics },
  { name: 'quit', usage: '', help: 'end the run', run: quit },
];

/** Where the machine is: tick, virtual time and, where there are several harts, whose turn it is. */
export function moment({ tick, nowNs, debug }: Pick<Machine, 'tick' | 'nowNs' | 'debug'>): string {
  const seconds = (nowNs / NS_PER_S).toFixed(9);
  return `tick ${tick}, ${seconds} s${debug.harts > 1 ? `, hart ${debug.currentHart}'s turn` : ''}`;
}

/** What the commands see of `machine`; `quit` ends the run. */
export function monitorContext(machine: Machine, quit: () => void): MonitorContext {
  return { machine, hart: machine.debug.currentHart, quit };
}

/** Does what `line` says. What is wrong with it is the answer too: this never throws because of the line. */
export async function runMonitorLine(commands: readonly MonitorCommand[], line: string, context: MonitorContext): Promise<string> {
  const words = line.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return '';
  if (matches('help', words[0] as string)) return helpText(commands, words.slice(1));
  const found = findCommand(commands, words);
  if (typeof found === 'string') return `${found}\n`;
  try {
    return await found.run(words.slice(found.name.split(' ').length), context);
  } catch (error) {
    if (error instanceof ConfigError) return `${found.name}: ${error.message}\n`;
    throw error;
  }
}

/** The names that continue `line`, for completion. */
export function completeMonitorLine(commands: readonly MonitorCommand[], line: string): string[] {
  const start = line.trimStart();
  return ['help', ...commands.map(({ name }) => name)].filter((name) => name.startsWith(start)).sort();
}

/** Every word may be shortened as long as it is clear which command is meant. Gives what is wrong as text. */
function findCommand(commands: readonly MonitorCommand[], words: readonly string[]): MonitorCommand | string {
  const candidates = commands.filter(({ name }) => name.split(' ').every((part, index) => matches(part, words[index] ?? '')));
  const exact = candidates.filter(({ name }) => name.split(' ').every((part, index) => part === words[index]));
  const found = exact[0] ?? (candidates.length === 1 ? candidates[0] : undefined);
  if (found) return found;
  if (candidates.length > 1) return `${words.join(' ')}: could be ${candidates.map(({ name }) => name).join(' or ')}`;
  const family = commands.filter(({ name }) => name.startsWith(`${words[0]} `));
  if (family.length > 0) return `${words[0]} needs one of: ${family.map(({ name }) => name.split(' ')[1]).join(', ')}`;
  const nearest = suggest(words.join(' '), [...commands.map(({ name }) => name), 'help']);
  return `unknown command ${words[0]}; ${nearest ? `did you mean ${nearest}?` : 'see help'}`;
}

const matches = (word: string, given: string): boolean => given !== '' && word.startsWith(given);

function helpText(commands: readonly MonitorCommand[], words: readonly string[]): string {
  const rows = [{ name: 'help', usage: '[COMMAND]', help: 'this text' }, ...commands];
  const shown = words.length === 0 ? rows : rows.filter(({ name }) => name.startsWith(words.join(' ')));
  const left = shown.map(({ name, usage }) => `${name} ${usage}`.trim());
  const width = Math.max(0, ...left.map(({ length }) => length));
  return shown.length === 0
    ? `no command ${words.join(' ')}\n`
    : shown.map(({ help }, i) => `${left[i]?.padEnd(width)}  ${help}\n`).join('');
}

/** Takes the number of a hart off `args`. */
function hartOf(args: readonly string[], { machine, hart }: MonitorContext): number {
  const [word] = args;
  if (word === undefined) return hart;
  const number = /^\d+$/.test(word) ? Number(word) : Number.NaN;
  if (!(number < machine.debug.harts)) throw new ConfigError(`${word}: must be a hart from 0 to ${machine.debug.harts - 1}`);
  return number;
}

function registers(args: readonly string[], context: MonitorContext): string {
  const { debug } = context.machine;
  const all = args.at(-1) === 'all';
  const hart = hartOf(all ? args.slice(0, -1) : args, context);
  const cells = debug.registers.flatMap(({ name, bits, group }, index) => {
    if (group !== 'general' && !all) return [];
    const value = BigInt.asUintN(bits, debug.readRegister(hart, index));
    return [`${name.padEnd(14).slice(0, Math.max(6, name.length + 1))}${value.toString(16).padStart(bits / 4, '0')}`];
  });
  const width = Math.max(...cells.map(({ length }) => length));
  const lines = [`hart ${hart}${debug.isWaiting(hart) ? ', waits' : ''}, ${debug.hartTicks(hart)} ticks`];
  for (let at = 0; at < cells.length; at += COLUMNS) {
    const row = cells.slice(at, at + COLUMNS).map((cell) => cell.padEnd(width));
    lines.push(row.join('  ').trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

function pageTables(args: readonly string[], context: MonitorContext): string {
  const { debug, memory } = context.machine;
  const hart = hartOf(args, context);
  const index = debug.registers.findIndex(({ name }) => name === 'satp');
  const ranges = index < 0 ? undefined : mappings(debug.readRegister(hart, index), (paddr, bytes) => memory.read(paddr, bytes));
  if (!ranges) return `hart ${hart}: addresses are not translated\n`;
  const hex = (value: bigint | number): string => value.toString(16).padStart(16, '0');
  const line = ({ vaddr, paddr, bytes, attributes }: Mapping): string => `${hex(vaddr)} ${hex(paddr)} ${hex(bytes)} ${attributes}\n`;
  const title = `${'vaddr'.padEnd(16)} ${'paddr'.padEnd(16)} ${'size'.padEnd(16)} attr\n`;
  return `${title}${ranges.map(line).join('')}`;
}

function devices([name]: readonly string[], { machine }: MonitorContext): string {
  const { regions } = machine.space;
  if (name === undefined) {
    const range = (base: number, size: number): string => `${base.toString(16).padStart(10, '0')} ${size.toString(16).padStart(10, '0')}`;
    const kindOf = (kind: (typeof regions)[number]['kind']): string => (typeof kind === 'string' ? kind : kind.name);
    return regions.map((region) => `${range(region.base, region.size)} ${region.name.padEnd(10)} ${kindOf(region.kind)}\n`).join('');
  }
  const region = regions.find((candidate) => candidate.name === name);
  const device = machine.devices.find((candidate) => candidate === region?.kind || candidate.name === name);
  if (!device) throw new ConfigError(`no device ${name}; info devices lists them`);
  const text = JSON.stringify(device.save(), undefined, 1);
  return text.length > STATE_SHOWN ? `${text.slice(0, STATE_SHOWN)}\n(${text.length - STATE_SHOWN} more characters)\n` : `${text}\n`;
}

function statistics(_args: readonly string[], { machine }: MonitorContext): string {
  const { instructions, engine, tlb } = machine.stats();
  return table({ ticks: machine.tick, instructions, virtualSeconds: Number((machine.nowNs / NS_PER_S).toFixed(6)), ...engine, ...tlb });
}

function quit(_args: readonly string[], context: MonitorContext): string {
  context.quit();
  return '';
}

function table(values: Readonly<Record<string, number>>): string {
  const width = Math.max(...Object.keys(values).map(({ length }) => length));
  return Object.entries(values)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}\n`)
    .join('');
}
