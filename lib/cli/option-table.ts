/** Option tables: what the parser, the help text and the checks of a command derive from. */
import { ConfigError } from '../util/errors.js';
import { suggest } from '../util/suggest.js';

export { choice, integer, size, wideInteger } from '../util/option-values.js';

export interface OptionRow {
  readonly name: string;
  /** What the help text calls its value; absent for a switch. */
  readonly value?: string;
  readonly text: string;
  readonly default?: string;
  /** What it means when it is given without a value; absent where it needs one. */
  readonly bare?: string;
  /** How a value looks, where it may be absent: what does not look like one belongs to somebody else. */
  readonly looksLike?: RegExp;
  /** One letter with a single dash that stands for it; capitals are letters of their own. */
  readonly short?: string;
}

/** What the parser made of the options, by name. */
export type ParsedOptions = Readonly<Record<string, unknown>>;

/** How the command-line parser is to read the table of `command`. */
export function parserSettings(
  rows: readonly OptionRow[],
  command: string,
): {
  string: string[];
  boolean: string[];
  alias: Record<string, string[]>;
  unknown: (flag: string) => never;
} {
  // The parser turns `--no-x` into x = false by itself, so it has to know x.
  const negated = rows.filter((row) => row.name.startsWith('no-')).map((row) => row.name.slice(3));
  return {
    string: rows.filter((row) => row.value).map((row) => row.name),
    boolean: [...rows.filter((row) => !row.value).map((row) => row.name), ...negated],
    alias: Object.fromEntries(negated.map((name) => [name, []])),
    unknown: (flag) => {
      throw unknownOption(flag, command, [...rows.map((row) => row.name), 'help', 'version']);
    },
  };
}

/**
 * Ties each option of `args` to its value (`--stats -` becomes `--stats=-`): by itself the parser takes nothing for a value that
 * begins with a dash. A known option is no value, except of `--append`, which may be anything. Short forms become long ones.
 */
export function joinValues(rows: readonly OptionRow[], args: readonly string[]): string[] {
  const joined: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = rows.find((row) => row.short && args[index] === `-${row.short}`)?.name.replace(/^/, '--') ?? (args[index] as string);
    if (arg === '--') return [...joined, ...args.slice(index)];
    const [flag, value] = arg.endsWith('=') ? [arg.slice(0, -1), ''] : [arg, args[index + 1]];
    const row = rows.find((candidate) => candidate.value && flag === `--${candidate.name}`);
    if (!row || !isValueOf(row, value, rows)) joined.push(row?.bare === undefined ? arg : `${flag}=${row.bare}`);
    else {
      joined.push(...(value === '' ? [flag, ''] : [`${flag}=${value}`]));
      if (flag === arg) index++;
    }
  }
  return joined;
}

function isValueOf(row: OptionRow, value: string | undefined, rows: readonly OptionRow[]): boolean {
  if (value === undefined || row.looksLike?.test(value) === false) return false;
  return row.name === 'append' || !rows.some((other) => value.split('=')[0] === `--${other.name}` || value === `-${other.short}`);
}

function unknownOption(flag: string, command: string, known: readonly string[]): ConfigError {
  const nearest = suggest(flag.replace(/^-+/, ''), known);
  return new ConfigError(`unknown option ${flag}${nearest ? `; did you mean --${nearest}?` : `; see hindsight ${command} --help`}`);
}

export function textOf(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) throw new ConfigError(`--${name} is given more than once`);
  if (typeof value !== 'string' || (value === '' && name !== 'append')) throw new ConfigError(`--${name} needs a value`);
  return value;
}

export function textsOf(name: string, value: unknown): string[] {
  const values: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return values.map((one) => textOf(name, one) as string);
}
