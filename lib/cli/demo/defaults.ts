/** The options of the host that a tour uses: those that a user gets who chooses nothing. */
import { HOST_ROWS, type HostOptions, hostOptions } from '../options.js';

export function hostDefaults(): HostOptions {
  return hostOptions(Object.fromEntries(HOST_ROWS.flatMap((row) => ('default' in row ? [[row.name, row.default]] : []))));
}
