/** Fixed headers of network protocols as tables: a row for each field, in the order of the wire, big-endian. */

export interface Field {
  readonly sizeBytes: number;
  read(view: DataView, at: number): number;
  write(view: DataView, at: number, value: number): void;
}

export const u8: Field = {
  sizeBytes: 1,
  read: (view, at) => view.getUint8(at),
  write: (view, at, value) => view.setUint8(at, value),
};

export const u16: Field = {
  sizeBytes: 2,
  read: (view, at) => view.getUint16(at),
  write: (view, at, value) => view.setUint16(at, value),
};

export const u32: Field = {
  sizeBytes: 4,
  read: (view, at) => view.getUint32(at),
  write: (view, at, value) => view.setUint32(at, value),
};

/** An Ethernet address, or another number of 48 bits. */
export const u48: Field = {
  sizeBytes: 6,
  read: (view, at) => view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2),
  write: (view, at, value) => {
    view.setUint16(at, Math.floor(value / 2 ** 32));
    view.setUint32(at + 2, value % 2 ** 32);
  },
};

/** Bytes that nobody looks at: they are written as zeros. */
export const unused = (sizeBytes: number): Field => ({ sizeBytes, read: () => 0, write: () => {} });

export interface Header<Name extends string> {
  readonly sizeBytes: number;
  /** The fields at the start of `bytes`; `undefined` if these are too few. */
  read(bytes: Uint8Array): Record<Name, number> | undefined;
  /** Puts the header in front of `body`; fields without a value are 0. */
  write(values: Partial<Record<Name, number>>, body?: Uint8Array): Uint8Array;
}

export function header<Name extends string>(fields: Readonly<Record<Name, Field>>): Header<Name> {
  let sizeBytes = 0;
  const rows = Object.entries<Field>(fields).map(([name, field]) => {
    const at = sizeBytes;
    sizeBytes += field.sizeBytes;
    return { name: name as Name, field, at };
  });
  const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    sizeBytes,
    read: (bytes) => {
      if (bytes.length < sizeBytes) return undefined;
      const view = viewOf(bytes);
      const values = {} as Record<Name, number>;
      for (const { name, field, at } of rows) values[name] = field.read(view, at);
      return values;
    },
    write: (values, body = new Uint8Array(0)) => {
      const bytes = new Uint8Array(sizeBytes + body.length);
      const view = viewOf(bytes);
      for (const { name, field, at } of rows) field.write(view, at, values[name] ?? 0);
      bytes.set(body, sizeBytes);
      return bytes;
    },
  };
}
