/** Arithmetic with TCP's sequence numbers, which are modulo 2^32 (RFC 9293, section 3.4). */

/** The sequence number `a` is before `b`. */
export const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;

export const plus = (sequence: number, count: number): number => (sequence + count) >>> 0;
