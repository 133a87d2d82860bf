/** The user's device tree in place of the machine's own (`--dtb`): as it is, but for what the command line says. */
import { imageErrorAt } from '../util/errors.js';
import { cells64, type FdtNode, readFdt, readFdtExtras, strings, writeFdt } from './fdt.js';

/** The device tree and the initial RAM disk lie next to each other at the end of RAM, and QEMU allows no more either. */
const TREE_MAX = 2 ** 20;

/** What goes into /chosen; what is absent stays as the user's file has it. */
export interface ChosenPatch {
  readonly bootArgs: string;
  readonly initrd?: { readonly start: number; readonly end: number };
}

/** The blob `contents` of `file`, checked and patched. Throws `ImageError` for anything malformed. */
export function userDeviceTree(file: string, contents: Uint8Array, patch: ChosenPatch): Uint8Array<ArrayBuffer> {
  const root = readFdt(contents, file);
  const { totalBytes, ...extras } = readFdtExtras(contents, file);
  if (totalBytes > TREE_MAX) throw imageErrorAt(file, 4, 'device tree is larger than 1 MiB');
  const properties = chosenProperties(patch);
  if (Object.keys(properties).length === 0) return Uint8Array.from(contents.subarray(0, totalBytes));
  return writeFdt(withChosen(root, properties), extras);
}

function chosenProperties({ bootArgs, initrd }: ChosenPatch): FdtNode['properties'] {
  return {
    ...(bootArgs ? { bootargs: strings(bootArgs) } : {}),
    ...(initrd ? { 'linux,initrd-start': cells64(initrd.start), 'linux,initrd-end': cells64(initrd.end) } : {}),
  };
}

function withChosen(root: FdtNode, properties: FdtNode['properties']): FdtNode {
  const old = root.children.find((child) => child.name === 'chosen');
  const chosen = { name: 'chosen', children: old?.children ?? [], properties: { ...old?.properties, ...properties } };
  return { ...root, children: old ? root.children.map((child) => (child === old ? chosen : child)) : [chosen, ...root.children] };
}
