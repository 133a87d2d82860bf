#!/usr/bin/env node
/** The `hindsight` command: turns every end into an exit code. */
import { packageVersion } from '../host/version.js';
import { ConfigError, ImageError, ReplayDivergenceError, UnimplementedError } from '../util/errors.js';
import { deferBackgroundThreads } from './background-threads.js';
import { runCommandLine } from './commands.js';
import { complain } from './messages.js';

const EXIT_USER_ERROR = 2;
const EXIT_DIVERGED = 3;
const EXIT_INTERNAL_ERROR = 70;

/** The exit code that an error means, after saying it. Only a bug in hindsight gets further than the first line. */
function onError(error: unknown): number {
  const known = error instanceof ConfigError || error instanceof ImageError || error instanceof UnimplementedError;
  if (error instanceof ReplayDivergenceError) {
    complain(error.message);
    return EXIT_DIVERGED;
  }
  if (known) {
    complain(error.message);
    return EXIT_USER_ERROR;
  }
  complain(`internal error: ${error instanceof Error ? error.message : String(error)}`);
  if (process.env.HINDSIGHT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return EXIT_INTERNAL_ERROR;
}

// A reader that went away (`hindsight --help | head`) is no error.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
deferBackgroundThreads();
process.on('uncaughtException', (error) => process.exit(onError(error)));
runCommandLine(process.argv.slice(2), packageVersion())
  .catch(onError)
  .then((code) => {
    // Standard output may still be on its way; standard input may still be open.
    process.stdout.write('', () => process.exit(code));
  });
