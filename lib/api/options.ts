/** What a program says to create a machine, and what a machine is built from in terms of the rest. */
import type { FileRole } from '../../replay/header.js';
import type { BlockHook, EngineMode } from '../exec/machine-engine.js';
import {
  commandLine,
  type DriveOption,
  type EngineSettings,
  hartCount,
  type MachineOptions,
  machineNamed,
  START_TIME,
} from '../host/machine-options.js';
import type { RiscvExtension } from '../isa/riscv/index.js';
import { type MachineRow, withRows } from '../machines/machine.js';
import { ConfigError } from '../util/errors.js';
import { size } from '../util/option-values.js';

/** A file: its path, or its contents. */
export type FileOption = string | Uint8Array;

/** What a machine has besides its own, and who watches it. Not in a recording: a replay needs the same again. */
export interface PluginOptions {
  /** More devices: rows of the machine's table. */
  readonly devices?: readonly MachineRow[];
  /** More instructions. */
  readonly extensions?: readonly RiscvExtension[];
  /** Told of every block of code that was executed. Costs nothing when it is absent, and changes nothing when it is there. */
  readonly onBlock?: BlockHook;
  /** Gets what the guest prints, in pieces. */
  readonly onOutput?: (text: string) => void;
  /** Told of what goes wrong on the host and does not end the run. Without it: a warning of the process. */
  readonly onWarning?: (message: string) => void;
  /** An ELF file or a System.map that names places; absent: the kernel, where it is a path. */
  readonly symbols?: string;
  /** Default: `auto`, the interpreter until code is hot. The guest cannot tell. */
  readonly engine?: EngineMode;
}

export interface CreateOptions extends PluginOptions {
  /** An ELF file, a RISC-V Linux `Image` (plain or gzip), or a flat binary. */
  readonly kernel: FileOption;
  /** Default: `riscv-virt`. */
  readonly machine?: 'riscv-virt';
  /** Bytes, or a size such as `256M`, which is the default. */
  readonly memory?: number | string;
  /** Default: 1. */
  readonly harts?: number;
  /** `default`: the built-in SBI; `none`: the kernel itself starts in M-mode; else firmware. */
  readonly bios?: 'default' | 'none' | FileOption;
  readonly initrd?: FileOption;
  /** The kernel's command line. */
  readonly append?: string;
  /** A device tree in place of the machine's own. */
  readonly dtb?: FileOption;
  /** Disks: paths, whose files stay as they are, or `{ path, write: true }`. */
  readonly drives?: readonly (string | DriveOption)[];
  /** All entropy of the guest comes from it. Default: 0. */
  readonly seed?: number | bigint;
  /** The guest's clock at the start. Default: 2027-01-01. */
  readonly startTime?: Date;
}

/** What of `options` the guest can see; `contents` gets what is given as bytes. Throws `ConfigError`. */
export function machineOptions(options: CreateOptions, contents: Map<FileRole, Uint8Array>): MachineOptions {
  const file = (role: FileRole, option: FileOption): string => {
    if (typeof option === 'string') return option;
    contents.set(role, option);
    return role;
  };
  const optional = (role: FileRole, option: FileOption | undefined) => (option === undefined ? undefined : file(role, option));
  const { bios = 'default', memory = '256M', drives = [], startTime = new Date(START_TIME) } = options;
  const machine = withRows(machineNamed(options.machine ?? 'riscv-virt'), options.devices ?? []);
  return {
    kernel: file('kernel', options.kernel),
    machine,
    memoryBytes: typeof memory === 'number' ? memory : size('memory', memory),
    harts: hartCount(options.harts ?? 1, machine),
    bios: bios === 'default' || bios === 'none' ? { kind: bios } : { kind: 'file', path: file('firmware', bios) },
    initrd: optional('initrd', options.initrd),
    bootArgs: commandLine(options.append ?? ''),
    dtb: optional('device tree', options.dtb),
    svadu: false,
    seed: BigInt.asUintN(64, BigInt(options.seed ?? 0)),
    net: undefined,
    virtioConsole: false,
    drives: drives.map((drive) => (typeof drive === 'string' ? { path: drive, write: false } : drive)),
    startTimeMs: startTimeMs(startTime),
  };
}

function startTimeMs(time: Date): number {
  const ms = time.getTime();
  if (!(ms >= 0)) throw new ConfigError('startTime: must be a date from 1970 on');
  return ms;
}

/** How guest code is to be run. */
export function engineSettings({ engine = 'auto' }: PluginOptions): EngineSettings {
  return { mode: engine, chain: true, hotThreshold: undefined };
}
