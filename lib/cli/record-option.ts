/** The option `--record FILE[,ref][,digest=N]`. */
import type { RecordOption } from '../host/recording.js';
import { ConfigError } from '../util/errors.js';
import { integer } from './option-table.js';

/** Throws `ConfigError`. */
export function recordOption(value: string): RecordOption {
  const match = /^(.*?)((?:,(?:ref|digest=[^,]*))*)$/.exec(value);
  const path = match?.[1] ?? '';
  const flags = (match?.[2] ?? '').split(',').filter((flag) => flag !== '');
  if (path === '') throw new ConfigError(`--record ${value}: must be FILE, FILE,ref or FILE,digest=TICKS`);
  const digest = flags.filter((flag) => flag.startsWith('digest=')).at(-1);
  const digestTicks = digest === undefined ? undefined : integer('record', digest.slice('digest='.length));
  if (digestTicks !== undefined && digestTicks < 1) throw new ConfigError(`--record ${value}: digest must be at least 1`);
  return { path, reference: flags.includes('ref'), digestTicks };
}
