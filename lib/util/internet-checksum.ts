/** The Internet checksum of RFC 1071. */

/** The ones' complement sum of the 16-bit words of `bytes` on top of `initial`; not complemented. Odd bytes count as if a zero followed. */
export function sumOf(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  const even = bytes.length & ~1;
  for (let at = 0; at < even; at += 2) sum += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  if (even < bytes.length) sum += (bytes[even] as number) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** What goes into the checksum field of `bytes`, in which that field is 0; over bytes with their checksum: 0 if it is right. */
export function checksumOf(bytes: Uint8Array, initial = 0): number {
  return ~sumOf(bytes, initial) & 0xffff;
}

/** The sum of the pseudo header that TCP and UDP add (RFC 9293, section 3.1). */
export function pseudoHeaderSum(route: { source: number; destination: number }, protocol: number, lengthBytes: number): number {
  const { source, destination } = route;
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + lengthBytes;
}
