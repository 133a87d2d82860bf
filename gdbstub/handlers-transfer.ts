/** `qXfer:OBJECT:read`: documents that clients read piece by piece. After the GDB manual, "General Query Packets", "qXfer object read". */
import { type PacketArguments, ProtocolError } from './arguments.js';
import { harts } from './handlers-threads.js';
import { PACKET_SIZE } from './packet.js';
import type { Reply, SessionState } from './session-state.js';
import { escapeXml, targetXml } from './target-xml.js';

/** The document of an object; undefined if there is none of that name. */
type Source = (state: SessionState, annex: string) => string | undefined;

export const features: Source = ({ target }, annex) => targetXml(annex, target.architecture, target.registers);

/**
 * GDB refuses to touch what the map does not have, and what it asks for are virtual addresses, which may be anywhere. So all is memory, and `load` may
 * write all of it. In two halves: the length of the whole has 65 bits.
 */
export const memoryMap: Source = (_, annex) => (annex === '' ? MEMORY_MAP : undefined);

const HALF = '0x8000000000000000';
const MEMORY_MAP = `<?xml version="1.0"?>
<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">
<memory-map>
  <memory type="ram" start="0x0" length="${HALF}"/>
  <memory type="ram" start="${HALF}" length="${HALF}"/>
</memory-map>
`;

export const threads: Source = (state, annex) => {
  if (annex !== '') return undefined;
  const rows = (state.isKilled ? [] : harts(state)).map((hart) => {
    const { name, state: text } = state.target.hartInfo(hart);
    return `  <thread id="${state.threadId(hart)}" core="${hart}" name="${escapeXml(name)}">${escapeXml(text)}</thread>\n`;
  });
  return `<?xml version="1.0"?>\n<threads>\n${rows.join('')}</threads>\n`;
};

type Row = Readonly<Record<string, string>>;

/** What `info os` lists. */
const TABLES: Readonly<Record<string, { readonly title: string; readonly rows: (state: SessionState) => Row[] }>> = {
  harts: {
    title: 'Harts',
    rows: (state) =>
      harts(state).map((hart) => {
        const { name, state: text } = state.target.hartInfo(hart);
        return { Thread: String(hart + 1), Name: name, State: text, PC: hex(state.target.pc(hart)) };
      }),
  },
  memory: {
    title: 'Physical memory',
    rows: ({ target }) =>
      target
        .memoryMap()
        .map(({ name, kind, start, length }) => ({ Start: hex(BigInt(start)), Length: hex(BigInt(length)), Kind: kind, Name: name })),
  },
};

const hex = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;

export const osData: Source = (state, annex) => {
  const kinds = (): Row[] => Object.entries(TABLES).map(([name, { title }]) => ({ Type: name, Description: title, Title: title }));
  if (annex === '' || annex === 'types') return osDataXml('types', kinds());
  return Object.hasOwn(TABLES, annex) ? osDataXml(annex, TABLES[annex].rows(state)) : undefined;
};

function osDataXml(type: string, rows: readonly Row[]): string {
  const item = (row: Row) => Object.entries(row).map(([column, value]) => `<column name="${column}">${escapeXml(value)}</column>`);
  const items = rows.map((row) => `  <item>${item(row).join('')}</item>\n`).join('');
  return `<?xml version="1.0"?>\n<!DOCTYPE osdata SYSTEM "osdata.dtd">\n<osdata type="${type}">\n${items}</osdata>\n`;
}

/** A handler of `qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH`. */
export function transfer(source: Source) {
  return (state: SessionState, args: PacketArguments): Reply => {
    const annex = args.until(':');
    const offset = args.number();
    const length = Math.min(args.expect(',').length(), PACKET_SIZE / 2);
    args.end();
    const text = source(state, annex);
    if (text === undefined) throw new ProtocolError(0, 'there is no such document');
    const bytes = Buffer.from(text, 'utf8');
    return `${offset + length < bytes.length ? 'm' : 'l'}${bytes.toString('latin1', Math.min(offset, bytes.length), Math.min(offset + length, bytes.length))}`;
  };
}
