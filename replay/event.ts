/** Input events as rows of plain values: what a recording's log consists of. One row per kind, which knows both directions. */
import type { InputEvent } from '../lib/system/input-event.js';
import type { Fields } from './plain.js';

type EventKind = InputEvent['kind'];
type EventOf<K extends EventKind> = Extract<InputEvent, { kind: K }>;

/** Values of one event behind its kind and place; `read` finds them from index `at` on. */
interface EventRow<K extends EventKind> {
  readonly code: number;
  write(event: EventOf<K>): readonly unknown[];
  read(fields: Fields, at: number): EventOf<K>;
}

const U16 = 0xffff;
const HARTS_MAX = 31;
/** Hexadecimal digits of a register's value: 512 bytes, a vector register of RISC-V at its longest. */
const VALUE_DIGITS_MAX = 1024;
const REGISTER_NAME_MAX = 64;

/** The codes are part of the file format: never reuse one. */
const ROWS: { readonly [K in EventKind]: EventRow<K> } = {
  console: {
    code: 1,
    write: ({ port, bytes }) => [port, bytes],
    read: (fields, at) => ({ kind: 'console', port: fields.choice(at, ['serial', 'virtio']), bytes: fields.bytes(at + 1) }),
  },
  resize: {
    code: 2,
    write: ({ columns, lines }) => [columns, lines],
    read: (fields, at) => ({ kind: 'resize', columns: fields.integer(at, U16), lines: fields.integer(at + 1, U16) }),
  },
  frame: {
    code: 3,
    write: ({ bytes }) => [bytes],
    read: (fields, at) => ({ kind: 'frame', bytes: fields.bytes(at) }),
  },
  reset: {
    code: 4,
    write: () => [],
    read: () => ({ kind: 'reset' }),
  },
  register: {
    code: 5,
    write: ({ hart, register, value }) => [hart, register, value.toString(16)],
    read: (fields, at) => ({
      kind: 'register',
      hart: fields.integer(at, HARTS_MAX),
      register: fields.text(at + 1, REGISTER_NAME_MAX),
      value: hexadecimal(fields, at + 2),
    }),
  },
  memory: {
    code: 6,
    write: ({ paddr, bytes }) => [paddr, bytes],
    read: (fields, at) => ({ kind: 'memory', paddr: fields.integer(at), bytes: fields.bytes(at + 1) }),
  },
  hold: {
    code: 7,
    write: ({ harts }) => [harts],
    read: (fields, at) => ({ kind: 'hold', harts: fields.integer(at, 2 ** HARTS_MAX - 1) }),
  },
};

export const EVENT_KINDS = Object.keys(ROWS) as readonly EventKind[];
const BY_CODE = new Map<number, EventRow<EventKind>>(Object.values(ROWS).map((row) => [row.code, row as EventRow<EventKind>]));

/** The code of the event's kind, and its values. */
export function eventValues(event: InputEvent): { readonly code: number; readonly values: readonly unknown[] } {
  const row = ROWS[event.kind] as EventRow<EventKind>;
  return { code: row.code, values: row.write(event) };
}

/** The event of kind `code` whose values begin at index `at`; undefined for a code that no event has. Throws `ImageError` for bad values. */
export function readEvent(code: number, fields: Fields, at: number): InputEvent | undefined {
  return BY_CODE.get(code)?.read(fields, at);
}

function hexadecimal(fields: Fields, at: number): bigint {
  const digits = fields.text(at, VALUE_DIGITS_MAX);
  if (!/^[0-9a-f]+$/.test(digits)) throw fields.bad(at);
  return BigInt(`0x${digits}`);
}
