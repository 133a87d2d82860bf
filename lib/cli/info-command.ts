/** `hindsight info`: what is in a recording; and where two recordings of what should be the same run part. */

import { findDifference, type Replay } from '../../replay/bisect.js';
import { FORMAT_VERSION } from '../../replay/codec.js';
import { compareDigests } from '../../replay/compare.js';
import { EVENT_KINDS } from '../../replay/event.js';
import type { Recording } from '../../replay/log.js';
import type { MachineOptions } from '../host/machine-options.js';
import { recordedOptions } from '../host/recorded-options.js';
import { openRecording } from '../host/recording-inputs.js';
import { replayMachine } from '../host/replay-machine.js';
import type { Position } from '../system/input-event.js';
import { ConfigError } from '../util/errors.js';
import { type OptionRow, type ParsedOptions, textOf } from './option-table.js';
import { timelineCommand } from './picture-command.js';

export const INFO_OPTIONS = [
  { name: 'json', text: 'as one JSON object' },
  { name: 'timeline', text: 'draw what happened when (replays the recording once)' },
  { name: 'compare', value: 'RECORDING', text: 'say where that one and this one part' },
] as const satisfies readonly OptionRow[];

const SECOND_NS = 1e9;
const EXIT_DIFFERENT = 3;

export async function infoCommand(path: string, parsed: ParsedOptions): Promise<number> {
  const other = textOf('compare', parsed.compare);
  const recording = openRecording(path);
  if (other !== undefined && parsed.timeline === true) throw new ConfigError('--timeline and --compare do not go together');
  if (other !== undefined) return compareCommand(openRecording(other), recording, parsed.json === true);
  if (parsed.timeline === true) return timelineCommand(recording, parsed.json === true);
  const info = infoOf(recording);
  print(parsed.json === true ? JSON.stringify(info) : textInfo(info));
  return 0;
}

type Info = ReturnType<typeof infoOf>;

/** What is in `recording`, as `--json` prints it. Throws `ImageError` when it is about a machine that this program does not know. */
export function infoOf(recording: Recording) {
  const { header, end, counts } = recording;
  const options = recordedOptions(recording);
  const place = (at: Position) => ({ ...at, virtualNs: at.tick * options.machine.nsPerTick + at.skippedNs });
  return {
    file: recording.name,
    bytes: recording.sizeBytes,
    formatVersion: FORMAT_VERSION,
    program: header.program,
    machine: machineInfo(options),
    inputs: header.files.map(({ role, name, sizeBytes, path }) => ({
      role,
      name,
      sizeBytes,
      sha256: recording.sha256(role),
      embedded: path === undefined,
    })),
    drives: recording.drives.map(({ sizeBytes, write, recordedBytes }) => ({ sizeBytes, write, recordedBytes })),
    startsWith: header.snapshot ? 'snapshot' : 'power-on',
    start: place(recording.start),
    end: place(recording.reached),
    finished: end !== undefined,
    ...(recording.damage === undefined ? {} : { damage: recording.damage }),
    ...(end ? { reason: end.reason, exitCode: end.exitCode, outputBytes: end.outputBytes, stateDigest: end.digest } : {}),
    events: Object.fromEntries(EVENT_KINDS.map((kind) => [kind, counts.get(kind) ?? 0])),
    diskFailures: counts.get('failure') ?? 0,
    digests: counts.get('digest') ?? 0,
    digestTicks: header.digestTicks,
    checkpoints: recording.checkpoints.length,
  };
}

function machineInfo({ machine, memoryBytes, harts, bios, bootArgs, svadu, seed, startTimeMs }: MachineOptions) {
  return { name: machine.name, memoryBytes, harts, bios: bios.kind, bootArgs, svadu, seed: String(seed), startTimeMs };
}

function textInfo(info: Info): string {
  const { machine } = info;
  const place = ({ tick, virtualNs }: Info['end']) => `tick ${tick}, ${(virtualNs / SECOND_NS).toFixed(6)} s of virtual time`;
  const events = Object.entries(info.events).filter(([, count]) => count > 0);
  const lines: Line[] = [
    ['recording', info.file],
    ['', `${info.bytes} bytes, format ${info.formatVersion}, by hindsight ${info.program}`],
    ['machine', `${machine.name}, ${machine.memoryBytes / 2 ** 20} MiB, harts: ${machine.harts}, bios: ${machine.bios}`],
    ['', `seed ${machine.seed}, clock from ${new Date(machine.startTimeMs).toISOString()}${machine.svadu ? ', svadu' : ''}`],
    ...(machine.bootArgs === '' ? [] : [['command line', machine.bootArgs] as const]),
    ...info.inputs.flatMap(inputLines),
    ...info.drives.map(
      ({ sizeBytes, write, recordedBytes }, index): Line => [
        `drive ${index}`,
        `${sizeBytes} bytes${write ? ', written to' : ''}, of which ${recordedBytes} are recorded`,
      ],
    ),
    ['from', `${place(info.start)} (${info.startsWith})`],
    ['to', place(info.end)],
    ...endLines(info),
    ['events', events.length === 0 ? 'none' : events.map(([kind, count]) => `${kind} ${count}`).join(', ')],
    ['disk failures', String(info.diskFailures)],
    ['digests', `${info.digests}, at multiples of ${info.digestTicks} ticks`],
    ['checkpoints', String(info.checkpoints)],
  ];
  return lines.map(([name, value]) => `${name.padEnd(14)}${value}`).join('\n');
}

/** A line is as wide as a terminal, where the names of files and the guest's command line let it be. */
type Line = readonly [name: string, value: string];

function inputLines({ role, name, sizeBytes, sha256, embedded }: Info['inputs'][number]): Line[] {
  return [
    [role, name],
    ['', `${sizeBytes} bytes${embedded ? '' : ', not embedded'}`],
    ['  sha256', String(sha256)],
  ];
}

function endLines(info: Info): Line[] {
  if (!info.finished) return [['end', `${info.damage}: complete up to the tick above`]];
  const code = info.exitCode === undefined ? '' : ` with exit code ${info.exitCode}`;
  return [
    ['end', `${info.reason}${code}, ${info.outputBytes} bytes of output`],
    ['', `state digest ${info.stateDigest}`],
  ];
}

function compareCommand(a: Recording, b: Recording, json: boolean): number {
  const result = compareDigests(a, b);
  if (result.kind === 'same') {
    print(json ? JSON.stringify(result) : `the same run: ${result.digests} state digests agree, up to tick ${result.tick}`);
    return 0;
  }
  const first = result.agreed && findDifference(replayOf(a), replayOf(b), { agreed: result.agreed, tick: result.tick });
  if (json) print(JSON.stringify({ ...result, ...(first ? { first } : {}) }));
  else {
    const since = result.agreed === undefined ? 'from the start' : `after tick ${result.agreed.tick}`;
    const sides = [a, b].map(({ name }, index) => `\n  ${name}: ${result.sides?.[index]}`).join('');
    print(`the runs part ${since}, at the latest at tick ${result.tick}: ${result.what}${result.sides ? sides : ''}`);
    if (first) print(`first different at tick ${first.tick}:${first.what.map((item) => `\n  ${item}`).join('')}`);
  }
  return EXIT_DIFFERENT;
}

const replayOf = (recording: Recording): Replay =>
  replayMachine(recording, { mode: 'auto', chain: true, hotThreshold: undefined }, { verify: false });

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
