/** A scripted dialogue with a guest on its console. */
import { startCli } from './cli.js';

/** What to type, and what the guest must have said since the last step before the next one. */
export type Step = readonly [typed: string, expected: RegExp];

export interface DialogueResult {
  readonly code: number | null;
  readonly output: string;
  /** What was waited for in vain. */
  readonly missing: RegExp | undefined;
}

const CURSOR_QUESTION = '\x1b[6n';
const CURSOR_ANSWER = '\x1b[1;1R';

/** Runs the command, plays `steps` on its standard input, then waits for its end. Line editors that ask where the cursor is get an answer. */
export function dialogue(args: readonly string[], steps: readonly Step[], timeoutMs: number): Promise<DialogueResult> {
  const { child, result } = startCli(args, { timeout: timeoutMs });
  let [output, seen, next] = ['', 0, 0];
  child.stdin?.on('error', () => {});
  child.stdout?.on('data', (text: string) => {
    if (text.includes(CURSOR_QUESTION)) child.stdin?.write(CURSOR_ANSWER);
    output += text;
    for (let step = steps[next]; step; step = steps[next]) {
      const match = step[1].exec(output.slice(seen));
      if (!match) return;
      seen += match.index + match[0].length;
      next++;
      const following = steps[next];
      if (following) child.stdin?.write(following[0]);
    }
  });
  return result.then(({ code }) => ({ code, output, missing: steps[next]?.[1] }));
}
