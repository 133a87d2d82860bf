/** Values of options, as a user writes them. Errors name the option as the command line does. */
import { ConfigError } from './errors.js';
import { suggest } from './suggest.js';

const SIZE_UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

export function choice<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  const nearest = suggest(value, allowed);
  throw new ConfigError(`--${name} ${value}: ${nearest ? `did you mean ${nearest}?` : `must be ${allowed.join(' or ')}`}`);
}

export function size(name: string, value: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(value);
  if (!match) throw new ConfigError(`--${name} ${value}: must be a size such as 256M`);
  return Number(match[1]) * (SIZE_UNITS[(match[2] || 'M').toUpperCase()] as number);
}

export function wideInteger(name: string, value: string): bigint {
  if (!/^(\d+|0x[0-9a-f]+)$/i.test(value)) throw new ConfigError(`--${name} ${value}: must be a whole number`);
  const number = BigInt(value);
  if (number >= 1n << 64n) throw new ConfigError(`--${name} ${value}: must be below 2^64`);
  return number;
}

export function integer(name: string, value: string): number {
  const number = wideInteger(name, value);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw new ConfigError(`--${name} ${value}: must be below 2^53`);
  return Number(number);
}
