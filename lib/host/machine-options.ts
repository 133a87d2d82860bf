/** What a machine is built from, and how it is run: the same for the command line, a recording and the library. */
import type { EngineMode } from '../exec/machine-engine.js';
import type { MachineDescription } from '../machines/machine.js';
import { RISCV_VIRT } from '../machines/riscv-virt.js';
import type { NetOption } from '../net/options.js';
import { ConfigError } from '../util/errors.js';
import { choice } from '../util/option-values.js';

/** What the guest's clock shows at the start. Not the host's time: runs with the same options are the same. Later than the files of guests of its day, which would be from the future else. */
export const START_TIME = '2027-01-01';

const MACHINES: readonly MachineDescription[] = [RISCV_VIRT];

/** What runs before the kernel: the built-in SBI, nothing, or firmware from a file. */
export type Bios = { readonly kind: 'default' | 'none' } | { readonly kind: 'file'; readonly path: string };

export interface DriveOption {
  readonly path: string;
  /** The guest's writes go to the file; else they are gone when the run ends. */
  readonly write: boolean;
}

/** What the guest can see of the options. */
export interface MachineOptions {
  readonly kernel: string;
  readonly machine: MachineDescription;
  readonly memoryBytes: number;
  readonly harts: number;
  readonly bios: Bios;
  readonly initrd: string | undefined;
  readonly bootArgs: string;
  /** The user's device tree; absent: the machine's. */
  readonly dtb: string | undefined;
  /** Hardware may update the A and D bits of page-table entries. */
  readonly svadu: boolean;
  readonly seed: bigint;
  /** The network that a network device is connected to; absent: there is no device. The guest sees no forwards. */
  readonly net: NetOption | undefined;
  /** The user's console is a virtio console (hvc0), beside the serial line. */
  readonly virtioConsole: boolean;
  readonly drives: readonly DriveOption[];
  /** What the guest's clock shows at the start: milliseconds since 1970. */
  readonly startTimeMs: number;
}

/** How guest code is run: the guest cannot tell. */
export interface EngineSettings {
  readonly mode: EngineMode;
  readonly chain: boolean;
  /** Executions after which code is translated; absent: what is fastest. */
  readonly hotThreshold: number | undefined;
}

/** The machine of that name; throws `ConfigError`. */
export function machineNamed(name: string): MachineDescription {
  const names = MACHINES.map((candidate) => candidate.name);
  const found = choice('machine', name, names);
  return MACHINES.find((candidate) => candidate.name === found) as MachineDescription;
}

/** `count` if the machine takes so many harts; throws `ConfigError`. */
export function hartCount(count: number, { name, hartsMax }: MachineDescription): number {
  const allowed = hartsMax === 1 ? '1 hart' : `1 to ${hartsMax} harts`;
  if (!Number.isInteger(count) || count < 1 || count > hartsMax) throw new ConfigError(`--smp ${count}: ${name} takes ${allowed}`);
  return count;
}

/** `text` if it can be a kernel's command line; throws `ConfigError`. */
export function commandLine(text: string): string {
  if (text.includes('\0') || text.length > 4096) throw new ConfigError('--append: must be at most 4096 characters of text');
  return text;
}
