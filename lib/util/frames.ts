/** Ethernet frames between a machine and its network, without check sequence: what both sides must agree on. */

/** The longest ordinary frame, with Ethernet header and VLAN tag. */
export const FRAME_BYTES_MAX = 1518;

/** Whether a frame of so many bytes is a large segment: device and network must think the same of it. */
export const isLargeFrame = (bytes: number): boolean => bytes > FRAME_BYTES_MAX;

/**
 * The longest of all. One that is longer than an ordinary frame is a large segment, as network cards with segmentation offload take and give them: a
 * TCP segment over IPv4 that stands for several, whose checksum field holds no more than the sum of the pseudo header.
 */
export const LARGE_FRAME_BYTES_MAX = 14 + 0xffff;
