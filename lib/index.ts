/**
 * hindsight as a library: whole machines that run exactly the same each time, that are recorded, replayed, and gone back in.
 *
 *     import { Machine } from 'hindsight';
 *     const machine = Machine.create({ kernel: 'vmlinux', initrd: 'initramfs.cpio.gz', append: 'console=ttyS0' });
 *     machine.run({ until: '# ' });
 *     machine.type('uname -a\n');
 *
 * Devices and instructions of one's own: `hindsight/devices`, `hindsight/riscv`.
 */
export type { Move } from '../replay/timeline.js';
export {
  type AddressOptions,
  type BreakpointOptions,
  Machine,
  type Place,
  type Removable,
  type RunOptions,
  type Stop,
  type WatchpointOptions,
} from './api/machine.js';
export type { CreateOptions, FileOption, PluginOptions } from './api/options.js';
export { Recording, type RecordingSession, type RecordOptions, type Replay, type ReplayOptions } from './api/recording.js';
export { Timeline, type TimelineOptions, type Write } from './api/timeline.js';
export type { BlockHook } from './exec/machine-engine.js';
export { openSymbols, type Symbols } from './symbols/symbols.js';
export { ConfigError, ImageError, ReplayDivergenceError } from './util/errors.js';
