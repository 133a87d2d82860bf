/** What the guest can see of the options, as a recording's header holds it: one row per option, which knows both directions. */

import type { Header } from '../../replay/header.js';
import { Fields } from '../../replay/plain.js';
import { ConfigError } from '../util/errors.js';
import { type MachineOptions, machineNamed } from './machine-options.js';

interface Row<K extends keyof MachineOptions> {
  /** Plain data; absent for what is elsewhere in the header. */
  readonly write?: (value: MachineOptions[K]) => unknown;
  /** Throws `ImageError` and `ConfigError`. */
  read(fields: Fields, header: Header): MachineOptions[K];
}

const nameOf = (header: Header, role: string): string | undefined => header.files.find((file) => file.role === role)?.name;

const ROWS: { readonly [K in keyof MachineOptions]: Row<K> } = {
  kernel: { read: (_fields, header) => nameOf(header, 'kernel') ?? '' },
  initrd: { read: (_fields, header) => nameOf(header, 'initrd') },
  dtb: { read: (_fields, header) => nameOf(header, 'device tree') },
  machine: { write: ({ name }) => name, read: (fields) => machineNamed(fields.text('machine')) },
  memoryBytes: { write: same, read: (fields) => fields.integer('memoryBytes') },
  harts: { write: same, read: (fields) => fields.integer('harts', machineNamed(fields.text('machine')).hartsMax) },
  bios: {
    write: ({ kind }) => kind,
    read: (fields, header) => {
      const kind = fields.choice('bios', ['default', 'none', 'file']);
      return kind === 'file' ? { kind, path: nameOf(header, 'firmware') ?? '' } : { kind };
    },
  },
  bootArgs: { write: same, read: (fields) => fields.text('bootArgs') },
  svadu: { write: same, read: (fields) => fields.boolean('svadu') },
  seed: { write: String, read: (fields) => seedOf(fields) },
  net: { write: (net) => net !== undefined, read: (fields) => (fields.boolean('net') ? { forwards: [] } : undefined) },
  drives: { read: (_fields, header) => header.drives.map(({ write }, index) => ({ path: `drive ${index} of the recording`, write })) },
  virtioConsole: { write: same, read: (fields) => fields.boolean('virtioConsole') },
  startTimeMs: { write: same, read: (fields) => fields.integer('startTimeMs') },
};

/** The header's part about the machine. */
export function machineValues(options: MachineOptions): unknown {
  return Object.fromEntries(
    (Object.keys(ROWS) as (keyof MachineOptions)[]).flatMap((name) => {
      const { write } = ROWS[name] as Row<typeof name>;
      return write ? [[name, write(options[name] as never)]] : [];
    }),
  );
}

/** The options of the machine that `recording` is about. Throws `ImageError`. */
export function recordedOptions(recording: { readonly name: string; readonly header: Header }): MachineOptions {
  const { name, header } = recording;
  const fields = new Fields(header.machine, `${name}: the recorded machine`);
  try {
    const read = Object.entries(ROWS).map(([option, row]) => [option, row.read(fields, header)]);
    const machine = Object.fromEntries(read) as unknown as MachineOptions;
    if (machine.harts < 1) throw fields.bad('harts');
    return machine;
  } catch (error) {
    if (error instanceof ConfigError) throw fields.bad('machine');
    throw error;
  }
}

function same<T>(value: T): T {
  return value;
}

function seedOf(fields: Fields): bigint {
  const text = fields.text('seed', 20);
  if (!/^\d+$/.test(text)) throw fields.bad('seed');
  return BigInt(text);
}
