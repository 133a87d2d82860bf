/** The option `--record FILE[,ref][,digest=N][,checkpoints[=N]]`. */
import type { RecordOption } from '../host/recording.js';
import { ConfigError } from '../util/errors.js';
import { suggest } from '../util/suggest.js';

const FLAGS = /^(.*?)((?:,(?:ref|digest=[^,]*|checkpoints(?:=[^,]*)?))*)$/;
/** What looks like a flag: a name of a file hardly ends like that. */
const UNKNOWN_FLAG = /,([a-z]+)(=[^,./]*)?$/i;

/** Throws `ConfigError`. */
export function recordOption(value: string): RecordOption {
  const match = FLAGS.exec(value);
  const path = match?.[1] ?? '';
  const flags = (match?.[2] ?? '').split(',').filter((flag) => flag !== '');
  if (path === '')
    throw new ConfigError(`--record ${value}: must be FILE, with ,ref ,digest=TICKS ,checkpoints or ,checkpoints=TICKS behind it`);
  const unknown = UNKNOWN_FLAG.exec(path)?.[1];
  if (unknown !== undefined) {
    const nearest = suggest(unknown, ['ref', 'digest', 'checkpoints']);
    const hint = nearest ? `did you mean ${nearest}?` : 'there are ref, digest=TICKS and checkpoints[=TICKS]';
    throw new ConfigError(`--record ${value}: ${unknown} is unknown; ${hint}`);
  }
  const last = (name: string) => flags.filter((flag) => flag.split('=')[0] === name).at(-1);
  const [digest, checkpoints] = [last('digest'), last('checkpoints')];
  return {
    path,
    reference: flags.includes('ref'),
    digestTicks: digest === undefined ? undefined : ticksOf(value, digest),
    checkpointTicks: checkpoints === 'checkpoints' ? 'spaced' : checkpoints === undefined ? undefined : ticksOf(value, checkpoints),
  };
}

/** What is behind the `=` of a flag. */
function ticksOf(value: string, flag: string): number {
  const [name, text = ''] = flag.split('=');
  const ticks = /^\d+$/.test(text) ? Number(text) : 0;
  if (ticks < 1 || ticks > Number.MAX_SAFE_INTEGER)
    throw new ConfigError(`--record ${value}: ${name} must be a whole number of ticks, at least 1`);
  return ticks;
}
