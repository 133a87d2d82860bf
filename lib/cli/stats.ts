/** The object that `--stats` writes when a run ends. */
import { closeSync, writeFileSync } from 'node:fs';
import type { Machine } from '../system/machine.js';
import { ConfigError, describeSystemError } from '../util/errors.js';
import { exitCode, type RunEnd } from './session.js';

export type Stats = ReturnType<typeof collectStats>;

const NOT_RECORDED = { bytes: 0, events: 0, digests: 0 };

/** Collects the statistics; computes the state's digest, which takes a while. */
export function collectStats(machine: Machine, end: RunEnd, wallSeconds: number, recording = NOT_RECORDED) {
  const { instructions, engine: translation, tlb } = machine.stats();
  return {
    ticks: machine.tick,
    instructions,
    wallSeconds,
    mips: wallSeconds > 0 ? instructions / wallSeconds / 1e6 : 0,
    exit: { reason: end.reason, code: exitCode(end) },
    stateDigest: machine.stateDigest(),
    engine: translation,
    tlb,
    recording,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** Writes `stats` as one line of JSON to standard output, or to the open file `fd`. */
export async function writeStats(fd: number | undefined, stats: Stats): Promise<void> {
  const line = `${JSON.stringify(stats)}\n`;
  if (fd === undefined) {
    await new Promise((resolve) => process.stdout.write(line, resolve));
    return;
  }
  try {
    writeFileSync(fd, line);
    closeSync(fd);
  } catch (error) {
    throw new ConfigError(`--stats: ${describeSystemError(error)}`);
  }
}
