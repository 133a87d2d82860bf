/** .debug_aranges (DWARF 5, 6.1.2): which unit an address belongs to. Compilers may leave it out, for some units or all. */
import { Cursor } from '../cursor.js';
import type { Interval } from '../interval-index.js';
import { type DwarfSections, readUnitLength } from './sections.js';

/** The ranges of code, each with the offset of its unit in .debug_info. Throws `ImageError`. */
export function readAranges(sections: DwarfSections): Interval<number>[] {
  const chunk = sections.get('aranges');
  const intervals: Interval<number>[] = [];
  if (!chunk) return intervals;
  for (const cursor = new Cursor(chunk); !cursor.isAtEnd; ) {
    const { start, offsetSize, end } = readUnitLength(cursor);
    const version = cursor.u16();
    if (version !== 2) throw cursor.fail(`table of address ranges of version ${version}`, start);
    const unit = cursor.unsigned(offsetSize);
    const [addressSize, segmentSize] = [cursor.u8(), cursor.u8()];
    if (segmentSize !== 0) throw cursor.fail('segmented addresses', start);
    if (addressSize !== 4 && addressSize !== 8) throw cursor.fail(`addresses of ${addressSize} bytes`, start);
    const pair = 2 * addressSize;
    for (let at = start + Math.ceil((cursor.at - start) / pair) * pair; at + pair <= end; at += pair) {
      cursor.at = at;
      const [address, length] = [cursor.address(addressSize), cursor.address(addressSize)];
      if (length > 0n) intervals.push({ start: address, end: address + length, value: unit });
    }
    cursor.at = end;
  }
  return intervals;
}
