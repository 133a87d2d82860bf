/** What the program says on standard error. */

/** One line on standard error. */
export function complain(message: string): void {
  process.stderr.write(`hindsight: ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
}

/** The same, unless the user wants it quiet. */
export function sayUnless(quiet: boolean): (message: string) => void {
  return quiet ? () => {} : complain;
}
