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

/** Where an initial RAM disk goes: below the device tree, at a multiple of 2 MiB. Throws `ConfigError`. */
export function initrdPlace(ramBytes: number, bytes: number): { start: number; end: number } {
  const latest = Math.min(RAM_BASE + ramBytes, DEVICE_TREE_LIMIT) - 4 * MiB - bytes;
  const start = Math.floor(latest / (2 * MiB)) * 2 * MiB;
  if (start <= RAM_BASE) throw new ConfigError('--initrd: does not fit into memory');
  return { start, end: start + bytes };
}

export interface BootImages {
  readonly kernel: Image;
  /** Runs first, in M-mode, and starts the kernel. */
  readonly firmware?: Image | undefined;
  readonly initrd?: { readonly start: number; readonly bytes: Uint8Array } | undefined;
  readonly deviceTree: Uint8Array;
  readonly ramBytes: number;
}

/** Writes the initial contents of memory, at power-on and at every reset. Throws `ImageError` when something does not fit. Gives the device tree's address. */
export function writeBootImages(space: AddressSpace, boot: BootImages): number {
  const { kernel, firmware, initrd, deviceTree, ramBytes } = boot;
  const treeAt = deviceTreeAddress(ramBytes, deviceTree.length);
  const rom = resetVector({ entry: (firmware ?? kernel).entry, deviceTree: treeAt, nextEntry: firmware ? kernel.entry : 0 });
  const reserved = [
    { what: 'the boot ROM', base: MROM_BASE, size: rom.length },
    { what: 'the device tree', base: treeAt, size: deviceTree.length },
    ...(initrd ? [{ what: 'the initial RAM disk', base: initrd.start, size: initrd.bytes.length }] : []),
  ];
  const ranges = (image: Image) => image.segments.map((s) => ({ what: `the image ${image.file}`, base: s.paddr, size: s.memoryBytes }));
  if (firmware) placeImage(space, firmware, reserved);
  placeImage(space, kernel, [...reserved, ...(firmware ? ranges(firmware) : [])]);
  if (initrd) space.writeBytes(initrd.start, initrd.bytes);
  space.writeBytes(MROM_BASE, rom);
  space.writeBytes(treeAt, deviceTree);
  return treeAt;
}
