/** `hindsight query`: questions about a whole recorded run, answered line by line. */
import type { Recording } from '../../replay/log.js';
import { type Stretch, type Visit, type Visitor, visitInstructions, visitWrites, writeAt } from '../../replay/query.js';
import type { RecordedMachine } from '../host/recorded-machine.js';
import { openRecordedMachine } from '../host/recorded-machine.js';
import { openRecording } from '../host/recording-inputs.js';
import { parseFormat } from '../symbols/printf.js';
import { SymbolTable } from '../symbols/symbols.js';
import type { GuestState } from '../symbols/values.js';
import { readGuest } from '../system/guest-memory.js';
import { comparePositions } from '../system/input-event.js';
import type { Machine } from '../system/machine.js';
import { ConfigError } from '../util/errors.js';
import { suggest } from '../util/suggest.js';
import { LineOutput } from './line-output.js';
import { complain, sayUnless } from './messages.js';
import { integer, type OptionRow, type ParsedOptions, textOf, textsOf } from './option-table.js';
import { type Progress, progressOnStderr } from './progress.js';
import { codeAddresses, namedRange, physicalAddress, querySymbols } from './query-places.js';
import { type Answer, answerRow } from './query-rows.js';

export const QUERY_OPTIONS = [
  { name: 'before', value: 'TICK', text: 'last-write: the last one before that tick (default: the end)' },
  { name: 'from', value: 'TICK', text: 'begin there' },
  { name: 'to', value: 'TICK', text: 'end in front of that tick' },
  { name: 'limit', value: 'N', text: 'end after so many answers' },
  { name: 'length', value: 'BYTES', text: "how many bytes are meant (default: the variable's size; 1 for a number)" },
  { name: 'symbols', value: 'FILE', text: 'an ELF file or a System.map (repeatable; default: the recorded kernel, if it is an ELF file)' },
  { name: 'json', text: 'one JSON object per line' },
  { name: 'quiet', text: 'no messages but errors' },
] as const satisfies readonly OptionRow[];

type OptionName = (typeof QUERY_OPTIONS)[number]['name'];

/** A question that can be asked, and which of the options that not all have it heeds. */
interface Question {
  readonly options: readonly OptionName[];
  /** It wants a format behind the place. */
  readonly format?: boolean;
  ask(query: Query): Promise<void>;
}

const STRETCH = ['from', 'to', 'limit'] as const;
const COMMON: readonly OptionName[] = ['symbols', 'json', 'quiet'];
const QUESTIONS: Readonly<Record<string, Question>> = {
  'last-write': { options: ['before', 'length'], ask: askLastWrite },
  writes: { options: [...STRETCH, 'length'], ask: askWrites },
  calls: { options: STRETCH, ask: askCalls },
  print: { options: STRETCH, format: true, ask: askPrint },
};

/** Where functions return to, by the calling convention. */
const RETURN_REGISTER = 'ra';

interface Query extends RecordedMachine {
  readonly recording: Recording;
  readonly place: string;
  readonly format: string;
  readonly symbols: SymbolTable | undefined;
  readonly progress: Progress;
  number(name: 'before' | 'from' | 'to' | 'limit'): number | undefined;
  readonly length: string | undefined;
  say(message: string): void;
  /** Puts out a line. */
  answer(answer: Answer): void;
  /** Lets what was put out go; false: nobody wants more. */
  flush(): Promise<boolean>;
}

/** `args`: the recording, the question, the place, and perhaps a format. Throws `ConfigError` and `ImageError`. */
export async function queryCommand([path, name, place, format]: readonly string[], parsed: ParsedOptions): Promise<number> {
  const question = questionNamed(name as string);
  checkUse(name as string, question, { ...parsed, ...(format === undefined ? {} : { format }) });
  const number = (option: 'before' | 'from' | 'to' | 'limit') => {
    const text = textOf(option, parsed[option]);
    return text === undefined ? undefined : integer(option, text);
  };
  if (number('limit') === 0) throw new ConfigError('--limit 0: must be at least 1');
  const quiet = parsed.quiet === true;
  const recording = openRecording(path as string);
  const recorded = openRecordedMachine(recording, { warn: complain });
  const symbols = querySymbols(recording, recorded.inputs, textsOf('symbols', parsed.symbols));
  const output = new LineOutput(process.stdout);
  const progress = progressOnStderr(quiet);
  const row = { symbols: symbols ?? new SymbolTable([]), json: parsed.json === true, tickWidth: String(recording.reached.tick).length };
  const say = sayUnless(quiet);
  if (!recording.end) say(`${path}: ${recording.damage}: complete up to tick ${recording.reached.tick}`);
  try {
    await question.ask({
      ...recorded,
      recording,
      place: place as string,
      format: format ?? '',
      symbols,
      progress,
      number,
      length: textOf('length', parsed.length),
      say: (message) => {
        progress.clear();
        say(message);
      },
      answer: (answer) => output.line(answerRow(answer, row)),
      flush: () => {
        if (output.hasLines) progress.clear();
        return output.flush();
      },
    });
    progress.clear();
    await output.flush();
  } finally {
    progress.clear();
    symbols?.close();
  }
  return 0;
}

function questionNamed(name: string): Question {
  const question = Object.hasOwn(QUESTIONS, name) ? QUESTIONS[name] : undefined;
  if (question) return question;
  const names = Object.keys(QUESTIONS);
  const nearest = suggest(name, names);
  throw new ConfigError(`query: ${name}: ${nearest ? `did you mean ${nearest}?` : `must be ${names.join(', ')}`}`);
}

/** Throws `ConfigError` for what the question does not take, and for what it needs. */
function checkUse(name: string, question: Question, given: ParsedOptions): void {
  if (question.format && given.format === undefined)
    throw new ConfigError(`query: ${name} needs a format behind the place, such as 'x={a0}'`);
  if (!question.format && given.format !== undefined) throw new ConfigError(`query: unexpected argument ${given.format}`);
  const wrong = QUERY_OPTIONS.find(
    (row) => given[row.name] !== undefined && given[row.name] !== false && ![...COMMON, ...question.options].includes(row.name),
  );
  if (wrong) throw new ConfigError(`query: ${name} has no --${wrong.name}`);
}

// --- the questions -------------------------------------------------------------------------------------------------------

async function askLastWrite(query: Query): Promise<void> {
  const { timeline, machine, place, symbols, progress, recording } = query;
  const range = namedRange(place, symbols, query.length);
  const before = query.number('before') ?? recording.reached;
  await goTo(query, before);
  const paddr = physicalAddress(machine, place, range);
  const { tick } = timeline;
  const { start } = recording;
  const onProgress = (at: { tick: number }) => progress.at('looking back', tick - at.tick, tick - start.tick);
  const hit = await timeline.lastWrite(paddr, range.length, { onProgress });
  if (!hit) {
    query.say(`${place}: not written between ticks ${start.tick} and ${tick}`);
    return;
  }
  const bytes = () => readGuest(machine, BigInt(paddr), range.length, { hart: 0, physical: true });
  await timeline.seek(hit.at);
  // What a device did between two instructions has happened at that position already.
  const old = comparePositions(hit.at, hit.behind) < 0 ? { before: bytes() } : {};
  await timeline.seek(hit.behind);
  query.answer({ visit: writeAt(hit.behind.tick, hit.stop), change: { ...old, after: bytes() } });
}

async function askWrites(query: Query): Promise<void> {
  const { timeline, machine, place, symbols } = query;
  const range = namedRange(place, symbols, query.length);
  const stretch = stretchOf(query);
  await goTo(query, stretch.to);
  const paddr = physicalAddress(machine, place, range);
  const bytes = () => readGuest(machine, BigInt(paddr), range.length, { hart: 0, physical: true });
  let old: Uint8Array | undefined;
  await goTo(query, stretch.from);
  old = bytes();
  await scan(
    query,
    stretch,
    'no writes',
    (visitor) => visitWrites(timeline, { paddr, length: range.length }, stretch, visitor),
    (visit) => {
      const after = bytes();
      const change = { ...(old ? { before: old } : {}), after };
      old = after;
      return { visit, change };
    },
  );
}

async function askCalls(query: Query): Promise<void> {
  const { machine, place, symbols } = query;
  const pcs = codeAddresses(place, symbols);
  const register = registerReader(machine);
  await scanCode(query, pcs, (visit) => {
    const caller = register(visit.hart, RETURN_REGISTER);
    return { visit, ...(caller === undefined ? {} : { caller }) };
  });
}

async function askPrint(query: Query): Promise<void> {
  const { machine, place, symbols } = query;
  const pcs = codeAddresses(place, symbols);
  const register = registerReader(machine);
  const isRegister = (name: string): boolean => register(0, name) !== undefined;
  const format = parseFormat(query.format, { symbols: symbols ?? new SymbolTable([]), isRegister });
  await scanCode(query, pcs, (visit) => ({ visit, text: format.print(guestState(machine, register, visit.hart)) }));
}

// --- how they are answered -----------------------------------------------------------------------------------------------

async function scanCode(query: Query, pcs: readonly bigint[], answerTo: (visit: Visit) => Answer): Promise<void> {
  const stretch = stretchOf(query);
  await goTo(query, stretch.from);
  await scan(query, stretch, 'never executed', (visitor) => visitInstructions(query.timeline, pcs, stretch, visitor), answerTo);
}

/** Answers with each visit that `visit` makes, up to the limit; says `nothing` where there is none. */
async function scan(
  query: Query,
  stretch: Stretch,
  nothing: string,
  visit: (visitor: Visitor) => Promise<boolean>,
  answerTo: (visit: Visit) => Answer,
): Promise<void> {
  const { progress, place, say } = query;
  const limit = query.number('limit') ?? Number.POSITIVE_INFINITY;
  let count = 0;
  const isComplete = await visit({
    visit: (at) => {
      query.answer(answerTo(at));
      return ++count < limit;
    },
    breathe: (tick) => {
      progress.at('looking', tick - stretch.from, stretch.to - stretch.from);
      return query.flush();
    },
  });
  if (!(await query.flush())) return;
  if (count === 0) say(`${place}: ${nothing} between ticks ${stretch.from} and ${stretch.to}`);
  else if (!isComplete) say(`ended after ${count} answers (--limit)`);
}

async function goTo({ timeline, progress }: Query, place: Parameters<RecordedMachine['timeline']['seek']>[0]): Promise<void> {
  const from = timeline.tick;
  const to = typeof place === 'number' ? place : place.tick;
  await timeline.seek(place, { onProgress: ({ tick }) => progress.at('replaying', tick - from, to - from) });
}

/** Which part of the recording is asked about. Throws `ConfigError`. */
function stretchOf({ recording, number }: Query): Stretch {
  const from = Math.max(number('from') ?? 0, recording.start.tick);
  const to = Math.min(number('to') ?? Number.POSITIVE_INFINITY, recording.reached.tick);
  if (from > to) throw new ConfigError(`--from ${from}: nothing is left in front of tick ${to}`);
  return { from, to };
}

/** Reads registers by any of their names; undefined for a name that no register has. */
function registerReader({ debug }: Machine): (hart: number, name: string) => bigint | undefined {
  const indices = new Map(debug.registers.flatMap(({ name, aliases }, index) => [name, ...aliases].map((each) => [each, index] as const)));
  return (hart, name) => {
    const index = indices.get(name);
    return index === undefined ? undefined : debug.readRegister(hart, index);
  };
}

function guestState(machine: Machine, register: ReturnType<typeof registerReader>, hart: number): GuestState {
  return {
    register: (name) => register(hart, name) ?? 0n,
    read: (vaddr, size) => {
      const bytes = readGuest(machine, vaddr, size, { hart, physical: false });
      return bytes.length < size ? undefined : bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    },
  };
}
