/** The commands: one row each, from which the parser, the help and the checks of arguments derive. */
import sade from 'sade';
import { ConfigError } from '../util/errors.js';
import { suggest } from '../util/suggest.js';
import { joinValues, type OptionRow, type ParsedOptions, parserSettings } from './option-table.js';

interface Command {
  readonly name: string;
  /** Its arguments, each of them needed. */
  readonly arguments: readonly string[];
  /** One more, which may be absent. */
  readonly optional?: string;
  readonly text: string;
  readonly examples: readonly string[];
  /** The rest is loaded when it is this command's turn: what a run does not need would cost it time at its start. */
  load(): Promise<Work>;
}

interface Work {
  readonly options: readonly OptionRow[];
  /** Does it, and gives the exit code. */
  action(args: readonly string[], options: ParsedOptions): Promise<number>;
}

const COMMANDS: readonly Command[] = [
  {
    name: 'run',
    arguments: ['kernel'],
    text: 'Boot a machine. The kernel: an ELF file, a RISC-V Linux Image (plain or gzip), or a flat binary.',
    examples: [
      'hello.elf --bios none',
      'kernel.elf --memory 1G --append "console=ttyS0"',
      'vmlinux --gdb --wait',
      'test.elf --console none --stats -',
    ],
    load: async () => {
      const [{ RUN_OPTIONS, runOptions }, { runCommand }] = await Promise.all([import('./options.js'), import('./run-command.js')]);
      return { options: RUN_OPTIONS, action: ([kernel], options) => runCommand(runOptions(kernel, options)) };
    },
  },
  {
    name: 'replay',
    arguments: ['recording'],
    text: 'Run a recording again. It knows its machine: no options are needed.',
    examples: ['run.rec', 'run.rec --to 5000000', 'run.rec --engine interpret --console none --stats -'],
    load: async () => {
      const { REPLAY_OPTIONS, replayCommand, replayOptions } = await import('./replay-command.js');
      return { options: REPLAY_OPTIONS, action: ([recording], options) => replayCommand(recording, replayOptions(options)) };
    },
  },
  {
    name: 'info',
    arguments: ['recording'],
    text: 'Say what is in a recording, or where two of them part.',
    examples: ['run.rec', 'run.rec --json', 'run.rec --timeline', 'run.rec --compare other.rec'],
    load: async () => {
      const { INFO_OPTIONS, infoCommand } = await import('./info-command.js');
      return { options: INFO_OPTIONS, action: ([recording], options) => infoCommand(recording, options) };
    },
  },
  {
    name: 'query',
    arguments: ['recording', 'question', 'place'],
    optional: 'format',
    text: 'Ask about a whole recorded run: last-write VARIABLE, writes VARIABLE, calls FUNCTION, print PLACE FORMAT.',
    examples: [
      'run.rec last-write jiffies',
      'run.rec writes 0x80012340 --length 8 --from 1000000',
      'run.rec calls panic --symbols vmlinux --json',
      "run.rec print task_done 'flags={u32[a0]:#x}'",
    ],
    load: async () => {
      const { QUERY_OPTIONS, queryCommand } = await import('./query-command.js');
      return { options: QUERY_OPTIONS, action: queryCommand };
    },
  },
  {
    name: 'demo',
    arguments: [],
    optional: 'name',
    text: 'A guided tour that really runs: tour (all of it), linux or heisenbug.',
    examples: ['', 'heisenbug'],
    load: async () => {
      const { demoCommand } = await import('./demo/demo-command.js');
      return { options: [], action: ([name]) => demoCommand(name) };
    },
  },
];

const NAMES = COMMANDS.map((command) => command.name);
/** Stands for a missing argument: no argument of a process can have a NUL in it. */
const NO_ARGUMENT = '\0';

/** Does what the command line `args` (without interpreter and script) says, and gives the exit code. Throws `ConfigError` and `ImageError`. */
export async function runCommandLine(args: readonly string[], version: string): Promise<number> {
  checkCommand(args[0]);
  let result = Promise.resolve(0);
  const program = sade('hindsight').version(version).describe('A full-system emulator that can be debugged backwards.');
  const chosen = COMMANDS.find((command) => command.name === args[0]);
  const work = await chosen?.load();
  for (const command of COMMANDS) {
    addCommand(program, command, command === chosen ? work : undefined, (given, parsed) => {
      if (work) result = work.action(given, parsed);
    });
  }
  if (!chosen || !work) program.parse([...process.argv.slice(0, 2), ...args]);
  else {
    // One more than the arguments, as an option without its value takes one.
    const missing = Array.from({ length: chosen.arguments.length + 1 }, () => NO_ARGUMENT);
    program.parse([...process.argv.slice(0, 2), ...joinValues(work.options, args), ...missing], parserSettings(work.options, chosen.name));
  }
  return result;
}

/** Tells the parser of a command; of its options only where its `work` is loaded. */
function addCommand(
  program: sade.Sade,
  command: Command,
  work: Work | undefined,
  act: (args: readonly string[], parsed: ParsedOptions) => void,
): void {
  const { name, examples } = command;
  const names = [...command.arguments.map((argument) => `<${argument}>`), ...(command.optional ? [`[${command.optional}]`] : [])];
  program.command([name, ...names].join(' '), command.text);
  for (const row of work?.options ?? []) {
    const flags = row.short ? `-${row.short}, --${row.name}` : `--${row.name}`;
    program.option(flags, row.value ? `${row.value}: ${row.text}` : row.text, row.default);
  }
  for (const example of examples) program.example(`${name} ${example}`);
  program.action((...given: unknown[]) => {
    const parsed = given.pop() as Record<string, unknown>;
    act(checkedArguments(command, given, parsed), parsed);
  });
}

function checkCommand(word: string | undefined): void {
  if (word === undefined) throw new ConfigError('no command; see hindsight --help');
  if (/^(-h|-v|--help|--version)$/.test(word) || NAMES.includes(word)) return;
  if (word.startsWith('-')) throw new ConfigError(`${word}: options go behind the command; see hindsight --help`);
  const nearest = suggest(word, NAMES);
  throw new ConfigError(`unknown command ${word}; ${nearest ? `did you mean ${nearest}?` : 'see hindsight --help'}`);
}

/** The arguments, after a check of what is missing and what is too much. */
function checkedArguments({ name, ...command }: Command, given: readonly unknown[], parsed: Record<string, unknown>): string[] {
  const valueless = Object.entries(parsed).find(([, value]) => value === NO_ARGUMENT);
  if (valueless) throw new ConfigError(`--${valueless[0]} needs a value`);
  const missing = given.indexOf(NO_ARGUMENT);
  if (missing >= 0 && missing < command.arguments.length)
    throw new ConfigError(`${name}: no ${command.arguments[missing]} given; see hindsight ${name} --help`);
  const extra = (parsed._ as readonly unknown[]).find((argument) => argument !== NO_ARGUMENT);
  if (extra !== undefined) throw new ConfigError(`${name}: unexpected argument ${extra}`);
  return given.filter((argument) => argument !== NO_ARGUMENT && argument !== undefined).map(String);
}
