/** RESULTS.md: each tool with `--write` renews the section that it owns. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/files.js';
import { haveQemu, qemuVersion } from '../support/qemu.js';

const FILE = join(ROOT, 'tests/bench/RESULTS.md');

/** The sections, in their order: what each tool writes. */
export const SECTIONS = {
  run: 'Kernels',
  system: 'The whole system',
  debugging: 'Debugging and recording',
  timeline: 'Going back in time',
} as const;
export type Tool = keyof typeof SECTIONS;

const TITLE = '# Benchmark results';
const INTRODUCTION = 'Each section is written by the tool that it names. They are run by hand, on a machine that does nothing else.';

/** `document` with the section of `tool` replaced, or put where it belongs. */
export function replaceSection(document: string, tool: Tool, body: readonly string[]): string {
  const old = new Map(document.split(/^## /m).flatMap((part, i): [string, string][] => (i === 0 ? [] : [[part.split('\n')[0]!, part]])));
  const sections = Object.entries(SECTIONS).flatMap(([name, heading]) => {
    const text = name === tool ? [heading, '', ...body].join('\n') : old.get(heading);
    return text === undefined ? [] : [`## ${text.trimEnd()}`];
  });
  return `${[TITLE, INTRODUCTION, ...sections].join('\n\n')}\n`;
}

/** What a section begins with: the tool, when and where it ran. */
export function head(tool: Tool, about: string, node = process.version): string[] {
  const qemu = haveQemu('a comparison') ? qemuVersion()?.match(/[\d.]+/)?.[0] : undefined;
  const versions = [cpus()[0]?.model.trim() ?? 'unknown CPU', `node ${node.replace('v', '')}`, `QEMU ${qemu ?? 'absent'}`];
  const date = new Date().toISOString().slice(0, 10);
  return [
    `Written by \`node dist/tests/bench/${tool}.js --write\`. ${about}`,
    '',
    `${date}; ${versions.join(', ')}; load average at the end ${loadavg()[0]!.toFixed(1)} on ${cpus().length} CPUs.`,
    '',
  ];
}

/** Prints the section, and puts it into RESULTS.md where that is wanted. */
export function report(tool: Tool, body: readonly string[], { write }: { readonly write: boolean }): void {
  console.log(['', `## ${SECTIONS[tool]}`, '', ...body].join('\n'));
  if (write) writeFileSync(FILE, replaceSection(readFileSync(FILE, 'utf8'), tool, body));
}
