/** Sessions of GDB as tables: a command, and what it must say. */
import { type GdbScript, runGdb } from './gdb.js';

/** What must be in the output between this command and the next one, in this order. */
export type GdbStep = readonly [command: string, ...expected: (string | RegExp)[]];

/** Parts of the output that must follow each other. */
export function assertInOrder(text: string, parts: readonly (string | RegExp)[]): void {
  let at = 0;
  for (const part of parts) {
    const rest = text.slice(at);
    const found = typeof part === 'string' ? rest.indexOf(part) : rest.search(part);
    if (found < 0) throw new Error(`${part} does not follow in:\n${rest}\n--- all of it:\n${text}`);
    at += found + (typeof part === 'string' ? part.length : (part.exec(rest)?.[0].length ?? 0));
  }
}

/** Runs the commands of `steps`; what must be in the output follows the command that it is from. Gives all that GDB wrote. */
export async function runGdbSteps(script: Omit<GdbScript, 'commands'>, steps: readonly GdbStep[]): Promise<string> {
  const commands = steps.flatMap(([command], i) => [`echo <${i}>\\n`, command]);
  const text = await runGdb({ ...script, commands });
  assertInOrder(
    text,
    steps.flatMap(([, ...expected], i) => [`<${i}>\n`, ...expected]),
  );
  return text;
}

/** The instructions of the function `name` that `x/i` showed in `text`, as `ADDRESS: TEXT` and without what differs from objdump's. */
export function listingOf(text: string, name: string): string[] {
  const lines = text.matchAll(new RegExp(`^(?:=>| {2}) 0x([0-9a-f]+) <${name}[^>]*>:\\t(.*)$`, 'gm'));
  return [...lines].map(([, address, insn]) => plainInsn(`${address}: ${insn}`));
}

/** GDB writes names behind targets, objdump in front; spaces differ. */
export function plainInsn(line: string): string {
  return line
    .replaceAll(/0x| *#.*|<[^>]*>/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
