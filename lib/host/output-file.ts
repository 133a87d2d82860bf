/** Files that the user wants written. */
import { openSync } from 'node:fs';
import { ConfigError, describeSystemError } from '../util/errors.js';

/** Opens `path` for writing, empty. `option` names it in the `ConfigError`. */
export function openForWriting(path: string, option: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new ConfigError(`${option} ${path}: ${describeSystemError(error)}`);
  }
}
