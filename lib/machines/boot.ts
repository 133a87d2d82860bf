/** What is in memory when `riscv-virt` is switched on: kernel, device tree, boot ROM. */
import type { AddressSpace } from '../mem/address-space.js';
import { PAGE_SIZE } from '../mem/layout.js';
import { ConfigError } from '../util/errors.js';
import { type Image, placeImage } from './image.js';
import { resetVector } from './reset-vector.js';
import { MROM_BASE, RAM_BASE } from './riscv-virt.js';

const MiB = 2 ** 20;
/** The device tree stays below this address, as in QEMU: 32-bit guests reach it. */
const DEVICE_TREE_LIMIT = 3 * 1024 * MiB;

/** Where the device tree goes: at the end of RAM, at a multiple of 2 MiB, or of a page if RAM is too small for that. Throws `ConfigError`. */
export function deviceTreeAddress(ramBytes: number, treeBytes: number): number {
  const latest = Math.min(RAM_BASE + ramBytes, DEVICE_TREE_LIMIT) - treeBytes;
  const place = [2 * MiB, PAGE_SIZE].map((unit) => Math.floor(latest / unit) * unit).find((address) => address > RAM_BASE);
  if (place === undefined) throw new ConfigError('--memory: too little for the device tree');
  return place;
}

/** Writes the initial contents of memory, at power-on and at every reset. Throws `ImageError` when the kernel does not fit. */
export function writeBootImages(space: AddressSpace, boot: { kernel: Image; deviceTree: Uint8Array; ramBytes: number }): void {
  const { kernel, deviceTree, ramBytes } = boot;
  const treeAt = deviceTreeAddress(ramBytes, deviceTree.length);
  const rom = resetVector({ entry: kernel.entry, deviceTree: treeAt, nextEntry: 0 });
  placeImage(space, kernel, [
    { what: 'the boot ROM', base: MROM_BASE, size: rom.length },
    { what: 'the device tree', base: treeAt, size: deviceTree.length },
  ]);
  space.writeBytes(MROM_BASE, rom);
  space.writeBytes(treeAt, deviceTree);
}
