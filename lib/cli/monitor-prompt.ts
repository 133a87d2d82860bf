/** The monitor on the terminal: a prompt with line editing, in the place of the guest's console while it is open. */
import { createInterface, type Interface } from 'node:readline';
import { PassThrough, type Writable } from 'node:stream';

import { completeMonitorLine, type MonitorCommand, type MonitorContext, runMonitorLine } from './monitor.js';

const PROMPT = '(hindsight) ';

/** What the prompt leads to. */
export interface MonitorAccess {
  readonly commands: readonly MonitorCommand[];
  /** Is asked anew for each line. */
  context(): MonitorContext;
}

export interface PromptPorts {
  /** The terminal. */
  readonly output: Writable;
  /** The prompt was opened or closed. */
  onChange(): void;
}

export class MonitorPrompt {
  /** Without it there is nothing to be opened. */
  access: MonitorAccess | undefined;
  private readonly ports: PromptPorts;
  private keys: PassThrough | undefined;
  private editor: Interface | undefined;
  /** Lines of former times, newest first. */
  private history: string[] = [];

  constructor(ports: PromptPorts) {
    this.ports = ports;
  }

  get isOpen(): boolean {
    return this.editor !== undefined;
  }

  /** Opens or closes it. */
  toggle(): void {
    if (this.editor) this.editor.close();
    else if (this.access) this.open(this.access);
  }

  close(): void {
    this.editor?.close();
  }

  /** What the user typed while it is open. */
  type(bytes: Uint8Array): void {
    this.keys?.write(bytes);
  }

  private open({ commands, context }: MonitorAccess): void {
    const { output } = this.ports;
    const keys = new PassThrough();
    const completer = (line: string): [string[], string] => [completeMonitorLine(commands, line), line];
    const editor = createInterface({ input: keys, output, terminal: true, prompt: PROMPT, completer, history: this.history });
    editor.on('history', (history) => {
      this.history = [...history];
    });
    editor.on('line', (line) => void this.answer(editor, runMonitorLine(commands, line, context())));
    // Ctrl-C drops the line; Ctrl-D closes the prompt.
    editor.on('SIGINT', () => {
      output.write('^C\r\n');
      editor.write(null, { ctrl: true, name: 'e' });
      editor.write(null, { ctrl: true, name: 'u' });
      editor.prompt();
    });
    editor.on('close', () => {
      this.editor = undefined;
      this.keys = undefined;
      output.write('\r\n');
      this.ports.onChange();
    });
    this.keys = keys;
    this.editor = editor;
    output.write('\r\nThe machine stands still; Ctrl-A c lets it go on, help lists the commands.\r\n');
    editor.prompt();
    this.ports.onChange();
  }

  private async answer(editor: Interface, answer: Promise<string>): Promise<void> {
    const text = await answer;
    if (this.editor !== editor) return;
    // The terminal is raw: it returns the carriage only when told to.
    this.ports.output.write(text.replaceAll(/\r?\n/g, '\r\n'));
    editor.prompt();
  }
}
