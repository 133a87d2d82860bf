/** What conditional breakpoints and watchpoints cost with real GDB, here and with QEMU. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { file, withFolder } from '../support/files.js';
import { runGdb } from '../support/gdb.js';
import { QEMU } from '../support/qemu.js';
import type { Side } from './linux.js';
import { hindsightArgs } from './measure.js';
import { between, type Launched, launch } from './process.js';
import { type StoreLoop, storeLoop } from './store-loop.js';
import { BEGIN, END } from './workloads.js';

/** A machine that waits for a debugger at `address`. */
interface Waiting {
  readonly machine: Launched;
  readonly address: string;
}

async function waiting(side: Side, elf: string, folder: string): Promise<Waiting> {
  if (side === 'hindsight') {
    const machine = launch(process.execPath, [...hindsightArgs(elf), '--gdb', '0', '--wait']);
    const { match } = await machine.printed(/gdb: listening on (\S+)/, 'stderr');
    return { machine, address: match[1]! };
  }
  const address = join(folder, 'qemu.sock');
  const options = '-M virt -bios none -m 128 -display none -serial stdio -monitor none -S'.split(' ');
  const machine = launch(QEMU, [...options, '-gdb', `unix:${address},server=on,wait=off`, '-kernel', elf]);
  for (let i = 0; i < 500 && !existsSync(address); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return { machine, address };
}

/** Wall seconds of the loop of so many stores, with what GDB is told before `continue`. */
export function timeLoop(side: Side, stores: number, commandOf: (loop: StoreLoop) => string | undefined): Promise<number> {
  return withFolder(async (folder) => {
    const loop = storeLoop(stores);
    const { machine, address } = await waiting(side, file(folder, 'loop.elf', loop.elf), folder);
    const command = commandOf(loop);
    try {
      const gdb = runGdb({ address, commands: [...(command ? [command] : []), 'continue'] });
      const begin = await machine.printed(BEGIN);
      const end = await Promise.race([
        machine.printed(END),
        gdb.then((text) => Promise.reject(new Error(`GDB ended: ${text.slice(-300)}`))),
      ]);
      await machine.stop();
      await gdb;
      return between(begin, end).wall;
    } finally {
      await machine.stop();
    }
  });
}

const hex = (address: number): string => `0x${address.toString(16)}`;

/** A breakpoint at the store whose condition never holds. */
export const FALSE_CONDITION = ({ store }: StoreLoop): string => `break *${hex(store)} if $t0 == 0`;
/** A watchpoint on the page that is stored to. */
export const WATCH_NEIGHBOUR = ({ neighbour }: StoreLoop): string => `watch *(long *)${hex(neighbour)}`;
export const NOTHING = (): undefined => undefined;
