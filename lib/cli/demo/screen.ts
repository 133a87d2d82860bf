/** What a guided tour shows: headings, the guest's words, progress; for a terminal, a pipe or a file, and for eyes that want no colours. */
import type { Writable } from 'node:stream';

const BAR_WIDTH = 30;
/** What takes less shows no bar. */
const BAR_AFTER_MS = 1000;
const BAR_EVERY_MS = 100;
const WIDTH = 78;

type Style = 'bold' | 'dim' | 'green' | 'red' | 'cyan';
const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, green: 32, red: 31, cyan: 36 };

export interface ScreenOptions {
  readonly output: Writable;
  /** Lines can be written over. */
  readonly isTerminal: boolean;
  readonly colours: boolean;
  /** Milliseconds of the host's clock. */
  readonly nowMs: () => number;
}

export class Screen {
  private readonly o: ScreenOptions;

  constructor(options: ScreenOptions) {
    this.o = options;
  }

  say(text = ''): void {
    this.o.output.write(`${text}\n`);
  }

  title(text: string): void {
    this.say();
    this.say(this.styled('bold', text));
    this.say(this.styled('dim', '-'.repeat(Math.min(WIDTH, text.length))));
  }

  styled(style: Style, text: string): string {
    return this.o.colours ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
  }

  /** What a guest printed, its last lines, set off from what we say. */
  quote(text: string, lines: number): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a guest's escape sequences and carriage returns are what must go.
    const clean = text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|[^\n\x20-\x7e]/g, '');
    const shown = clean.split('\n').filter((line) => line.trim() !== '');
    for (const line of shown.slice(-lines)) this.say(`  ${this.styled('dim', '|')} ${this.styled('cyan', line.slice(0, WIDTH - 4))}`);
  }

  /** Calls `work` with what tells how far it is (0 to 1); a bar shows when that takes long, on a terminal. Gives the result and the seconds. */
  async timed<T>(what: string, work: (progress: (part: number) => void) => Promise<T>): Promise<{ result: T; seconds: number }> {
    const { nowMs } = this.o;
    const startMs = nowMs();
    let shownMs = startMs + BAR_AFTER_MS - BAR_EVERY_MS;
    let drawn = false;
    const progress = (part: number) => {
      if (!this.o.isTerminal || nowMs() - shownMs < BAR_EVERY_MS) return;
      shownMs = nowMs();
      drawn = true;
      this.o.output.write(`\r  ${bar(part)} ${what} `);
    };
    const result = await work(progress);
    if (drawn) this.o.output.write(`\r${' '.repeat(BAR_WIDTH + what.length + 8)}\r`);
    return { result, seconds: (nowMs() - startMs) / 1000 };
  }
}

function bar(part: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`;
}
