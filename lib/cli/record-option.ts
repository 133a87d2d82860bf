/** The option `--record FILE[,ref][,digest=N]`. */
import type { RecordOption } from '../host/recording.js';
import { ConfigError } from '../util/errors.js';
import { suggest } from '../util/suggest.js';

const FLAGS = /^(.*?)((?:,(?:ref|digest=[^,]*))*)$/;
/** What looks like a flag: a name of a file hardly ends like that. */
const UNKNOWN_FLAG = /,([a-z]+)(=[^,./]*)?$/i;

/** Throws `ConfigError`. */
export function recordOption(value: string): RecordOption {
  const match = FLAGS.exec(value);
  const path = match?.[1] ?? '';
  const flags = (match?.[2] ?? '').split(',').filter((flag) => flag !== '');
  if (path === '') throw new ConfigError(`--record ${value}: must be FILE, FILE,ref or FILE,digest=TICKS`);
  const unknown = UNKNOWN_FLAG.exec(path)?.[1];
  if (unknown !== undefined) {
    const nearest = suggest(unknown, ['ref', 'digest']);
    const hint = nearest ? `did you mean ${nearest}?` : 'there are ref and digest=TICKS';
    throw new ConfigError(`--record ${value}: ${unknown} is unknown; ${hint}`);
  }
  const digest = flags.filter((flag) => flag.startsWith('digest=')).at(-1);
  return { path, reference: flags.includes('ref'), digestTicks: digest === undefined ? undefined : digestTicksOf(value, digest) };
}

function digestTicksOf(value: string, flag: string): number {
  const text = flag.slice('digest='.length);
  const ticks = /^\d+$/.test(text) ? Number(text) : 0;
  if (ticks < 1 || ticks > Number.MAX_SAFE_INTEGER)
    throw new ConfigError(`--record ${value}: digest must be a whole number of ticks, at least 1`);
  return ticks;
}
