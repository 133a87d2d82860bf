/** Pages of zeros: most of a machine's memory. */
import { PAGE_SIZE } from '../lib/mem/layout.js';

/** Nobody writes to it. */
export const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

export function isZeroPage(page: Uint8Array): boolean {
  return Buffer.compare(page, ZERO_PAGE) === 0;
}
