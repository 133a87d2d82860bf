/** The option `--record FILE[,ref][,digest=N]`. */
import { ConfigError } from '../util/errors.js';
import { integer } from './option-table.js';

export interface RecordOption {
  readonly path: string;
  /** Kernel, firmware and the like stay where they are; the recording names them, and their hashes. */
  readonly reference: boolean;
  /** Ticks from one state digest to the next. */
  readonly digestTicks: number;
}

const DIGEST_TICKS = 100_000_000;

/** Throws `ConfigError`. */
export function recordOption(value: string): RecordOption {
  const match = /^(.*?)((?:,(?:ref|digest=[^,]*))*)$/.exec(value);
  const path = match?.[1] ?? '';
  const flags = (match?.[2] ?? '').split(',').filter((flag) => flag !== '');
  if (path === '') throw new ConfigError(`--record ${value}: must be FILE, FILE,ref or FILE,digest=TICKS`);
  const digest = flags.filter((flag) => flag.startsWith('digest=')).at(-1);
  const digestTicks = digest === undefined ? DIGEST_TICKS : integer('record', digest.slice('digest='.length));
  if (digestTicks < 1) throw new ConfigError(`--record ${value}: digest must be at least 1`);
  return { path, reference: flags.includes('ref'), digestTicks };
}
