/** Global variables and functions in .debug_info: their addresses, and how many bytes of which kind a variable has. */
import type { ValueType, Variable } from '../answers.js';
import { Cursor } from '../cursor.js';
import { DW_AT, DW_OP, DW_TAG, ENCODINGS } from './constants.js';
import { type DebugInfo, type Entry, numberIn, type Unit } from './units.js';

export interface DwarfFunction {
  readonly name: string;
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  readonly isGlobal: boolean;
}

/** Types that only qualify or name another one. */
const WRAPPERS: readonly number[] = [DW_TAG.typedef, DW_TAG.const_type, DW_TAG.volatile_type, DW_TAG.restrict_type, DW_TAG.atomic_type];
const POINTERS: readonly number[] = [DW_TAG.pointer_type, DW_TAG.reference_type, DW_TAG.rvalue_reference_type];
const AGGREGATES: readonly number[] = [DW_TAG.structure_type, DW_TAG.union_type, DW_TAG.class_type];
/** Types lead to types; a damaged file may make a circle of it. */
const DEPTH_MAX = 32;
/** Names that share their end with more others than that are searched for in all units. */
const OFFSETS_MAX = 16;

/** All variables outside of functions that have that name and an address. Throws `ImageError`. */
export function findVariables(info: DebugInfo, name: string): Variable[] {
  const found: Variable[] = [];
  for (const entry of entriesNamed(info, name, DW_TAG.variable)) {
    const address = locationOf(info, entry);
    if (address === undefined) continue;
    const declaration = info.referred(entry, DW_AT.specification);
    const type = typeOf(info, entry, 0) ?? (declaration && typeOf(info, declaration, 0));
    const isGlobal = (numberIn(entry, DW_AT.external) ?? (declaration && numberIn(declaration, DW_AT.external)) ?? 0) !== 0;
    found.push({ name, address, type, isGlobal });
  }
  return found;
}

/** All functions of that name that are not only inlined. Throws `ImageError`. */
export function findFunctions(info: DebugInfo, name: string): DwarfFunction[] {
  return [...entriesNamed(info, name, DW_TAG.subprogram)].flatMap((entry) => functionOf(info, entry) ?? []);
}

/** The functions of a unit. Throws `ImageError`. */
export function functionsOf(info: DebugInfo, unit: Unit): DwarfFunction[] {
  const root = info.rootEntry(unit);
  const entries = root ? [...info.children(root)].filter(({ tag }) => tag === DW_TAG.subprogram) : [];
  return entries.flatMap((entry) => functionOf(info, entry) ?? []);
}

function functionOf(info: DebugInfo, entry: Entry): DwarfFunction | undefined {
  const start = info.address(entry, DW_AT.low_pc);
  // Up to DWARF 3 the second is an address, later on mostly a size.
  const size = numberIn(entry, DW_AT.high_pc);
  const end = size === undefined ? info.address(entry, DW_AT.high_pc) : (start ?? 0n) + BigInt(Math.min(size, Number.MAX_SAFE_INTEGER));
  const name = nameOf(info, entry);
  if (start === undefined || end === undefined || name === undefined || start >= end || !info.sections.occupies(start)) return undefined;
  return { name, start, end, isGlobal: (numberIn(entry, DW_AT.external) ?? 0) !== 0 };
}

/** The name of an entry, which may be at the declaration that it completes. */
function nameOf(info: DebugInfo, entry: Entry, depth = 0): string | undefined {
  const own = info.string(entry, DW_AT.name);
  if (own !== undefined || depth > DEPTH_MAX) return own;
  const other = info.referred(entry, DW_AT.specification) ?? info.referred(entry, DW_AT.abstract_origin);
  return other && nameOf(info, other, depth + 1);
}

function* entriesNamed(info: DebugInfo, name: string, tag: number): Generator<Entry> {
  for (const unit of candidateUnits(info, name)) {
    const root = info.rootEntry(unit);
    if (!root) continue;
    for (const entry of info.children(root)) if (entry.tag === tag && nameOf(info, entry) === name) yield entry;
  }
}

/** The units whose bytes refer to that name: looking for bytes is a hundred times faster than reading entries. */
function candidateUnits(info: DebugInfo, name: string): readonly Unit[] {
  const bytes = info.sections.get('info')?.bytes;
  if (!bytes || name === '') return [];
  const wanted = Buffer.from(`${name}\0`);
  const offsets = placesOf(info.sections.get('str')?.bytes, wanted, OFFSETS_MAX + 1);
  // Indexed strings hide their offsets from this search.
  if (offsets.length > OFFSETS_MAX || (offsets.length > 0 && info.sections.get('str_offsets'))) return info.units;
  const units = new Set<Unit>();
  const collect = (pattern: Buffer): void => {
    for (let at = bytes.indexOf(pattern); at >= 0; ) {
      const unit = info.unitAt(at);
      if (unit) units.add(unit);
      at = bytes.indexOf(pattern, Math.max(at + 1, unit?.end ?? 0));
    }
  };
  collect(wanted);
  for (const offset of offsets) {
    const pattern = Buffer.alloc(4);
    pattern.writeUInt32LE(offset);
    collect(pattern);
  }
  return [...units].sort((a, b) => a.unitStart - b.unitStart);
}

function placesOf(bytes: Buffer | undefined, wanted: Buffer, limit: number): number[] {
  const places: number[] = [];
  for (let at = bytes?.indexOf(wanted) ?? -1; bytes && at >= 0 && places.length < limit; at = bytes.indexOf(wanted, at + 1))
    places.push(at);
  return places;
}

/** The address in a location that is just an address. */
function locationOf(info: DebugInfo, entry: Entry): bigint | undefined {
  const value = entry.attributes.get(DW_AT.location);
  const chunk = info.sections.get('info');
  if (value?.kind !== 'block' || !chunk || value.value === value.end) return undefined;
  const cursor = new Cursor(chunk, value.value, value.end);
  const op = cursor.u8();
  const { unit } = entry;
  let address: bigint | undefined;
  if (op === DW_OP.addr) address = cursor.address(unit.addressSize);
  else if (op === DW_OP.addrx || op === DW_OP.GNU_addr_index) address = info.indexedAddress(unit, cursor.uleb());
  return cursor.isAtEnd && address !== undefined && info.sections.occupies(address) ? address : undefined;
}

/** The type that an entry has; nothing if it is void, unknown, or in another file. */
function typeOf(info: DebugInfo, entry: Entry, depth: number): ValueType | undefined {
  const type = info.referred(entry, DW_AT.type);
  if (!type || depth > DEPTH_MAX) return undefined;
  const sizeBytes = numberIn(type, DW_AT.byte_size);
  const { tag } = type;
  if (WRAPPERS.includes(tag)) return typeOf(info, type, depth + 1);
  if (POINTERS.includes(tag)) {
    const target = (): ValueType | undefined => typeOf(info, type, 0);
    return { sizeBytes: sizeBytes ?? type.unit.addressSize, encoding: 'address', target };
  }
  if (tag === DW_TAG.array_type) return arrayType(info, type, depth);
  if (sizeBytes === undefined) return undefined;
  if (tag === DW_TAG.base_type) return { sizeBytes, encoding: ENCODINGS[numberIn(type, DW_AT.encoding) ?? 0] ?? 'unsigned' };
  if (tag === DW_TAG.enumeration_type) return { sizeBytes, encoding: typeOf(info, type, depth + 1)?.encoding ?? 'unsigned' };
  return AGGREGATES.includes(tag) ? { sizeBytes, encoding: 'aggregate' } : undefined;
}

function arrayType(info: DebugInfo, type: Entry, depth: number): ValueType | undefined {
  const element = typeOf(info, type, depth + 1);
  if (!element) return undefined;
  const counts: number[] = [];
  for (const { tag, attributes } of info.children(type)) {
    if (tag !== DW_TAG.subrange_type) continue;
    const [count, bound] = [attributes.get(DW_AT.count), attributes.get(DW_AT.upper_bound)];
    counts.push(count?.kind === 'number' ? count.value : bound?.kind === 'number' ? Math.max(0, bound.value + 1) : 0);
  }
  // What is left when one index has been applied.
  const row = counts.slice(1).reduceRight<ValueType>((inner, count) => arrayOf(inner, count), element);
  return arrayOf(row, counts[0] ?? 0);
}

function arrayOf(element: ValueType, count: number): ValueType {
  return { sizeBytes: element.sizeBytes * count, encoding: 'aggregate', target: () => element };
}
