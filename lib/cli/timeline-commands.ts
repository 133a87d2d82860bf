/** The monitor's commands that need a timeline. */
import type { Move, Timeline } from '../../replay/timeline.js';
import type { ConsoleLog } from '../host/console-log.js';
import type { RecordOption } from '../host/recording.js';
import type { Position } from '../system/input-event.js';
import { ConfigError, unreachable } from '../util/errors.js';
import { type MonitorCommand, type MonitorContext, moment } from './monitor.js';
import { recordOption } from './record-option.js';

const EVENTS_SHOWN = 100;
const CONSOLE_SHOWN = 4000;

/** What some commands need beside the timeline. */
export interface TravelParts {
  readonly timeline: Timeline;
  readonly log: ConsoleLog;
  /** Writes history out as a recording; absent where there is one already. */
  readonly save?: (record: RecordOption) => Promise<void>;
}

export function timelineCommands({ timeline, log, save }: TravelParts): MonitorCommand[] {
  return [
    {
      name: 'when',
      usage: '',
      help: 'where the machine is in its history',
      run: () => `${describe(timeline)}\n`,
    },
    {
      name: 'seek',
      usage: 'TICK|start|end|PERCENT%',
      help: 'go there (GDB: then `maintenance flush register-cache`)',
      run: ([place]) => seek(timeline, placeOf(timeline, place)),
    },
    { name: 'checkpoint', usage: '[NAME]', help: 'name this place', run: ([name]) => mark(timeline, name) },
    { name: 'checkpoints', usage: '', help: 'the named places, and how much memory history takes', run: () => places(timeline) },
    { name: 'goto', usage: 'NAME', help: 'go to a named place', run: ([name]) => seek(timeline, markNamed(timeline, name)) },
    {
      name: 'last-write',
      usage: 'ADDR [LEN]',
      help: 'who wrote there last: a virtual address of the hart, or else a physical one',
      run: (args, context) => lastWrite(timeline, args, context),
    },
    { name: 'console', usage: '[BYTES]', help: 'what the guest had printed by now', run: ([bytes]) => printed(log, bytes) },
    ...(save
      ? [
          {
            name: 'save',
            usage: 'FILE[,ref][,digest=N][,checkpoints[=N]]',
            help: 'write the history so far as a recording',
            run: (args: readonly string[]) => saved(save, args[0]),
          },
        ]
      : []),
    { name: 'events', usage: '', help: 'what came in from outside so far', run: () => events(timeline) },
  ];
}

function describe(timeline: Timeline): string {
  const { machine, present } = timeline;
  const where = timeline.isBranch
    ? 'on a branch of the past'
    : timeline.isAtPresent
      ? 'at the end of history'
      : `history ends at tick ${present.tick}`;
  return `${moment(machine)}, ${where}`;
}

async function seek(timeline: Timeline, place: number | Position): Promise<string> {
  return `${reached(await timeline.seek(place))}${describe(timeline)}\n`;
}

function reached(move: Move): string {
  switch (move.kind) {
    case 'done':
    case 'stop':
      return '';
    case 'begin':
      return 'history begins here: ';
    case 'interrupted':
      return 'interrupted on the way: ';
    default:
      return unreachable(move);
  }
}

function placeOf(timeline: Timeline, text: string | undefined): number | Position {
  const { beginning, recordedEnd } = timeline;
  if (text === 'start') return beginning;
  if (text === 'end') return recordedEnd;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text ?? '');
  if (percent) return Math.round(beginning.tick + ((recordedEnd.tick - beginning.tick) * Math.min(100, Number(percent[1]))) / 100);
  const tick = /^\d+$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(tick)) throw new ConfigError(`${text ?? 'no place'}: must be a tick, start, end, or a percentage such as 50%`);
  return tick;
}

function printed(log: ConsoleLog, bytes = String(CONSOLE_SHOWN)): string {
  const text = Buffer.from(log.tail(Number(number(bytes, 'BYTES')))).toString('latin1');
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

async function saved(save: (record: RecordOption) => Promise<void>, file: string | undefined): Promise<string> {
  if (file === undefined) throw new ConfigError('needs the name of a file');
  const record = recordOption(file);
  await save(record);
  return `saved: hindsight replay ${record.path}\n`;
}

function mark(timeline: Timeline, name = `${timeline.marks.size + 1}`): string {
  timeline.mark(name);
  return `${name}: ${describe(timeline)}\n`;
}

function markNamed({ marks }: Timeline, name: string | undefined): Position {
  const place = marks.get(name ?? '');
  if (!place) throw new ConfigError(`${name ?? 'no name'}: there is no such place; see checkpoints`);
  return place;
}

function places({ marks, checkpointPositions, historyBytes, beginning, recordedEnd }: Timeline): string {
  const named = [...marks].map(([name, { tick }]) => `${name}: tick ${tick}\n`).join('');
  const megabytes = (historyBytes / 2 ** 20).toFixed(1);
  return `${named}history from tick ${beginning.tick} to ${recordedEnd.tick}, ${checkpointPositions.length} checkpoints, ${megabytes} MiB\n`;
}

async function lastWrite(timeline: Timeline, [text, size = '1']: readonly string[], { machine, hart }: MonitorContext): Promise<string> {
  const address = number(text, 'ADDR');
  const length = Number(number(size, 'LEN'));
  if (length < 1 || length > 2 ** 20) throw new ConfigError(`${size}: LEN must be from 1 to 1048576`);
  const paddr = machine.debug.translate(hart, address) ?? Number(address);
  if (!machine.space.memoryAt(paddr, length)) throw new ConfigError(`${text}: there is no memory`);
  const hit = await timeline.lastWrite(paddr, length);
  if (!hit) return 'not written since history begins\n';
  const { stop, at } = hit;
  const who = stop.hart < 0 ? 'a device' : `hart ${stop.hart}, pc 0x${(stop.kind === 'watchpoint' ? stop.pc : 0n).toString(16)}`;
  return `written by ${who}; seek ${at.tick} stands in front of it\n`;
}

function number(text: string | undefined, what: string): bigint {
  if (text === undefined || !/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw new ConfigError(`${text ?? 'nothing'}: ${what} must be a number`);
  return BigInt.asUintN(64, BigInt(text));
}

function events({ events: all }: Timeline): string {
  const shown = all.slice(-EVENTS_SHOWN).map(({ at, event }) => {
    const text =
      event.kind === 'console'
        ? ` ${JSON.stringify(Buffer.from(event.bytes).toString('latin1'))}`
        : 'bytes' in event
          ? ` ${event.bytes.length} bytes`
          : '';
    return `tick ${at.tick}: ${event.kind}${text}\n`;
  });
  const left = all.length - shown.length;
  return `${left > 0 ? `${left} before these\n` : ''}${shown.join('')}${all.length} events\n`;
}
