/** What the tools that are run by hand have in common as commands. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

type Values = Readonly<Record<string, string | boolean | undefined>>;

export interface ToolOptions {
  /** What `--help` prints. */
  readonly usage: string;
  /** Each is a string with a default, or a switch. `--help` is there anyway. */
  readonly options: Readonly<Record<string, string | false>>;
  /** What may be named behind the options; undefined: nothing. */
  readonly names?: readonly string[];
}

export interface Arguments {
  readonly text: (option: string) => string;
  readonly has: (option: string) => boolean;
  /** A number of at least `least`; throws otherwise. */
  readonly number: (option: string, least?: number) => number;
  /** All names if none was given. */
  readonly names: readonly string[];
}

function parse(tool: ToolOptions, args: readonly string[]): Arguments {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', default: false } };
  for (const [name, value] of Object.entries(tool.options)) {
    options[name] = typeof value === 'string' ? { type: 'string', default: value } : { type: 'boolean', default: value };
  }
  const parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  const values = parsed.values as Values;
  const unknown = parsed.positionals.filter((name) => !tool.names?.includes(name));
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}${tool.names ? `; there are ${tool.names.join(', ')}` : ''}`);
  return {
    text: (option) => String(values[option]),
    has: (option) => values[option] === true,
    number: (option, least = 1) => {
      const value = Number(values[option]);
      if (!(value >= least)) throw new Error(`--${option} takes a number of at least ${least}`);
      return value;
    },
    names: parsed.positionals.length > 0 ? parsed.positionals : (tool.names ?? []),
  };
}

/** Runs a tool: `--help` prints its usage; what goes wrong is one line on standard error and status 2. */
export async function runTool(tool: ToolOptions, main: (args: Arguments) => void | Promise<void>): Promise<void> {
  try {
    const args = parse(tool, process.argv.slice(2));
    if (args.has('help')) console.log(tool.usage);
    else await main(args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
