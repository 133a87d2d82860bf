/** `hindsight info RECORDING --timeline`. */
import type { Recording } from '../../replay/log.js';
import { recordingColumns } from '../host/recording-columns.js';
import { complain } from './messages.js';
import { cellsIn, drawPicture } from './picture.js';
import { progressOnStderr } from './progress.js';

const WIDTH = 80;
const WIDTH_MAX = 300;

/** Draws what happened when in `recording`, or puts out the numbers as JSON. */
export async function timelineCommand(recording: Recording, json: boolean): Promise<number> {
  const { stdout, env } = process;
  // A terminal that does not know its size says 0.
  const width = Math.min((stdout.isTTY && stdout.columns) || WIDTH, WIDTH_MAX);
  const progress = progressOnStderr(false);
  const { start, reached } = recording;
  const onProgress = (tick: number) => progress.at('replaying', tick - start.tick, reached.tick - start.tick);
  try {
    const columns = await recordingColumns(recording, { columns: cellsIn(width), warn: complain, onProgress });
    progress.clear();
    if (json) stdout.write(`${JSON.stringify({ file: recording.name, from: start.tick, to: reached.tick, columns })}\n`);
    else {
      const colour = stdout.isTTY === true && !env.NO_COLOR;
      stdout.write(`${drawPicture(recording.name, columns, { width, colour, ascii: !isUnicode(env) }).join('\n')}\n`);
    }
  } finally {
    progress.clear();
  }
  return 0;
}

/** Whether the locale's characters are those of Unicode, as far as the environment says otherwise. */
function isUnicode({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG;
  return !locale || /utf-?8/i.test(locale);
}
