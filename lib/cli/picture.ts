/** A recording as a picture of text: time goes across, and each row shows how much of something there was. Drawing only. */
import type { Column } from '../host/recording-columns.js';

export interface PictureOptions {
  /** Characters of a line. */
  readonly width: number;
  /** With ANSI colours. */
  readonly colour: boolean;
  /** No characters but ASCII. */
  readonly ascii: boolean;
}

interface Row {
  readonly label: string;
  /** ANSI colour, 30 to 37. */
  readonly colour: number;
  of(column: Column): number;
  /** What a full cell is; the row's maximum if absent. */
  full?(column: Column): number;
}

const ROWS: readonly Row[] = [
  { label: 'output', colour: 32, of: (column) => column.outputBytes },
  { label: 'input', colour: 35, of: (column) => column.inputs },
  { label: 'timer', colour: 33, of: (column) => column.interrupts.timer },
  { label: 'software', colour: 33, of: (column) => column.interrupts.software },
  { label: 'external', colour: 33, of: (column) => column.interrupts.external },
  { label: 'exceptions', colour: 31, of: (column) => column.exceptions },
  { label: 'other traps', colour: 31, of: (column) => column.otherTraps },
  { label: 'switches', colour: 36, of: (column) => column.switches },
  { label: 'idle', colour: 34, of: (column) => column.idleNs, full: (column) => column.virtualNs },
  { label: 'digests', colour: 37, of: (column) => column.digests },
  { label: 'checkpoints', colour: 37, of: (column) => column.checkpoints },
];

const LABEL_WIDTH = 12;
const TOTAL_WIDTH = 13;
const CELLS_MIN = 8;
const LEVELS = { unicode: ' ▁▂▃▄▅▆▇█', ascii: ' .:-=+*#%@' } as const;
const S_NS = 1e9;

/** How many columns fit beside labels and totals. */
export function cellsIn(width: number): number {
  return Math.max(CELLS_MIN, width - LABEL_WIDTH - TOTAL_WIDTH);
}

/** The picture, line by line. Rows in which nothing is are only named. */
export function drawPicture(name: string, columns: readonly Column[], options: PictureOptions): string[] {
  const first = columns[0];
  const last = columns.at(-1);
  if (!first || !last) return [];
  const end = last.tick + last.ticks;
  const seconds = sum(columns, (column) => column.virtualNs) / S_NS;
  const perColumn = Math.round((end - first.tick) / columns.length);
  const shown = ROWS.filter((row) => sum(columns, row.of) > 0);
  const empty = ROWS.filter((row) => !shown.includes(row)).map(({ label }) => label);
  return [
    `${name}: ${end - first.tick} ticks, ${seconds.toFixed(6)} s of virtual time`,
    '',
    ...shown.map((row) => drawRow(row, columns, options)),
    axis(first.tick, end, columns.length),
    '',
    `a column is ${perColumn} ticks; a full cell: the most of its row (idle: all of it)`,
    ...(empty.length > 0 ? [`none: ${empty.join(', ')}`] : []),
    ...(shown.some(({ label }) => label === 'other traps')
      ? ['other traps: firmware calls, or in front of where a trap vector was first seen']
      : []),
    ...(shown.some(({ label }) => label === 'switches') ? ['switches: traps in another address space than the trap before'] : []),
  ];
}

function drawRow(row: Row, columns: readonly Column[], { colour, ascii }: PictureOptions): string {
  const levels = ascii ? LEVELS.ascii : LEVELS.unicode;
  const most = Math.max(...columns.map(row.of));
  const cells = columns.map((column) => levels[levelOf(row.of(column), row.full?.(column) ?? most, levels.length - 1)]).join('');
  return `${row.label.padEnd(LABEL_WIDTH)}${colour ? `\x1b[${row.colour}m${cells}\x1b[0m` : cells} ${totalOf(row, columns)}`;
}

/** From 0, which only nothing is, to `highest`. */
function levelOf(value: number, full: number, highest: number): number {
  if (value <= 0 || full <= 0) return 0;
  return Math.min(highest, Math.max(1, Math.round((value / full) * highest)));
}

function totalOf(row: Row, columns: readonly Column[]): string {
  const total = sum(columns, row.of);
  if (!row.full) return String(total);
  const full = sum(columns, row.full);
  return `${((100 * total) / full).toFixed(1)} %`;
}

/** Ticks below the first and the last cell. */
function axis(from: number, to: number, cells: number): string {
  const [left, right] = [String(from), String(to)];
  return `${'tick'.padEnd(LABEL_WIDTH)}${left}${right.padStart(Math.max(right.length + 1, cells - left.length))}`;
}

function sum(columns: readonly Column[], of: (column: Column) => number): number {
  return columns.reduce((total, column) => total + of(column), 0);
}
