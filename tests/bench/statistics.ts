/** Medians, spreads and tables of what was measured. */

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which `part` of the values are, between two of them in proportion. NaN of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low === undefined || high === undefined ? Number.NaN : low + (high - low) * (at - Math.floor(at));
}

/** `1.012 (0.99 to 1.03)`: the median, and between what all values are. */
export function spread(values: readonly number[], digits: number): string {
  return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
}

/** A row of a table. */
export const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A table in Markdown, and an empty line; the first column is text, the others are figures. Nothing without rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '--:'))), ...rows.map(line), ''];
}
