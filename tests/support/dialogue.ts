/** A scripted dialogue with a guest on its console. */
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCli } from './cli.js';

/** What to type, and what the guest must have said since the last step before the next one. */
export type Step = readonly [typed: string, expected: RegExp];

export interface DialogueResult {
  readonly code: number | null;
  readonly output: string;
  readonly stderr: string;
  /** What was waited for in vain. */
  readonly missing: RegExp | undefined;
}

export interface DialogueOptions {
  readonly timeoutMs: number;
  /** How long to wait in front of the next key; a step's keys come at once, if absent. */
  readonly pauseMs?: () => number;
}

const CURSOR_QUESTION = '\x1b[6n';
const CURSOR_ANSWER = '\x1b[1;1R';

/** Runs the command, plays `steps` on its standard input, then waits for its end. Line editors that ask where the cursor is get an answer. */
export function dialogue(
  args: readonly string[],
  steps: readonly Step[],
  { timeoutMs, pauseMs }: DialogueOptions,
): Promise<DialogueResult> {
  const { child, result } = startCli(args, { timeout: timeoutMs });
  const keyboard = child.stdin as Writable;
  let [output, seen, next] = ['', 0, 0];
  keyboard.on('error', () => {});
  child.stdout?.on('data', (text: string) => {
    if (text.includes(CURSOR_QUESTION)) keyboard.write(CURSOR_ANSWER);
    output += text;
    for (let step = steps[next]; step; step = steps[next]) {
      const match = step[1].exec(output.slice(seen));
      if (!match) return;
      seen += match.index + match[0].length;
      next++;
      const following = steps[next];
      if (following) void type(keyboard, following[0], pauseMs);
    }
  });
  return result.then(({ code, stderr }) => ({ code, output, stderr, missing: steps[next]?.[1] }));
}

async function type(keyboard: Writable, text: string, pauseMs: DialogueOptions['pauseMs']): Promise<void> {
  if (!pauseMs) return void keyboard.write(text);
  for (const key of text) {
    await sleep(pauseMs());
    keyboard.write(key);
  }
}
