/** .debug_info (DWARF 5, 7.5): its units and their entries. Nothing is read before it is asked for, and no tree is built. */
import { type Chunk, Cursor, stringAt } from '../cursor.js';
import { type Abbreviation, Abbreviations } from './abbreviations.js';
import { DW_AT, DW_TAG, DW_UT } from './constants.js';
import { DW_FORM_IMPLICIT_CONST, type FormContext, type FormValue, readForm } from './forms.js';
import { type DwarfSections, readUnitLength } from './sections.js';

export interface Unit extends FormContext {
  /** Behind the last entry, in .debug_info. */
  readonly end: number;
  readonly firstEntry: number;
  readonly abbreviations: Abbreviations;
}

/** A debugging information entry with its attributes by number (DW_AT). */
export interface Entry {
  readonly unit: Unit;
  readonly offset: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: ReadonlyMap<number, FormValue>;
  /** Where the next entry begins: its first child, if it has any. */
  readonly next: number;
}

/** What the first entry of a unit says about all of it. */
export interface UnitRoot {
  /** The offset of its line program, and the folder that names in it are relative to. */
  readonly lineProgram: number | undefined;
  readonly folder: string;
  readonly stringOffsets: number;
  readonly addressBase: number;
}

/** Entries whose children are looked at as if they were at the top: they only add a prefix to names. */
const TRANSPARENT: readonly number[] = [DW_TAG.namespace];

export class DebugInfo {
  readonly sections: DwarfSections;
  private cachedUnits: readonly Unit[] | undefined;
  private readonly abbreviations = new Map<number, Abbreviations>();
  private readonly roots = new Map<Unit, UnitRoot>();

  constructor(sections: DwarfSections) {
    this.sections = sections;
  }

  /** All units, in the order of .debug_info; none if the file has no such section. Throws `ImageError`. */
  get units(): readonly Unit[] {
    this.cachedUnits ??= this.readUnits();
    return this.cachedUnits;
  }

  private readUnits(): Unit[] {
    const info = this.sections.get('info');
    if (!info) return [];
    const units: Unit[] = [];
    for (const cursor = new Cursor(info); !cursor.isAtEnd; ) {
      const unit = this.readUnit(cursor);
      units.push(unit);
      cursor.at = unit.end;
    }
    return units;
  }

  private readUnit(cursor: Cursor): Unit {
    const { start, offsetSize, end } = readUnitLength(cursor);
    const version = cursor.u16();
    if (version < 2 || version > 5) throw cursor.fail(`DWARF version ${version}`, start);
    const type = version >= 5 ? cursor.u8() : DW_UT.compile;
    const early = version >= 5 ? cursor.u8() : 0;
    const abbreviationsAt = cursor.unsigned(offsetSize);
    const addressSize = version >= 5 ? early : cursor.u8();
    if (addressSize !== 4 && addressSize !== 8) throw cursor.fail(`addresses of ${addressSize} bytes`, start);
    // A skeleton has the id of its other half, a type its signature and offset.
    if (type === DW_UT.skeleton || type === DW_UT.split_compile) cursor.skip(8);
    if (type === DW_UT.type || type === DW_UT.split_type) cursor.skip(8 + offsetSize);
    if (cursor.at > end) throw cursor.fail('header of a unit is longer than the unit', start);
    let abbreviations = this.abbreviations.get(abbreviationsAt);
    if (!abbreviations) {
      abbreviations = new Abbreviations(this.sections.need('abbrev', cursor), abbreviationsAt);
      this.abbreviations.set(abbreviationsAt, abbreviations);
    }
    return { version, addressSize, offsetSize, unitStart: start, end, firstEntry: cursor.at, abbreviations };
  }

  /** The unit that an offset of .debug_info is in. */
  unitAt(offset: number): Unit | undefined {
    const { units } = this;
    let [low, high] = [0, units.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (units[middle]!.unitStart <= offset) low = middle + 1;
      else high = middle;
    }
    const unit = units[low - 1];
    return unit && offset < unit.end ? unit : undefined;
  }

  /** The entry at `offset`; nothing if there is the end of a list of children. Throws `ImageError`. */
  entry(unit: Unit, offset: number): Entry | undefined {
    const cursor = new Cursor(this.sections.get('info') as Chunk, offset, unit.end);
    const code = cursor.uleb();
    if (code === 0) return undefined;
    const abbreviation = unit.abbreviations.get(code);
    if (!abbreviation) throw cursor.fail(`entry with unknown abbreviation ${code}`, offset);
    const attributes = readAttributes(abbreviation, cursor, unit);
    return { unit, offset, tag: abbreviation.tag, hasChildren: abbreviation.hasChildren, attributes, next: cursor.at };
  }

  /** The entry that an attribute refers to, if it is in this file. */
  referred(entry: Entry, attribute: number): Entry | undefined {
    const value = entry.attributes.get(attribute);
    if (value?.kind !== 'reference') return undefined;
    const unit = this.unitAt(value.value);
    return unit && value.value >= unit.firstEntry ? this.entry(unit, value.value) : undefined;
  }

  /** The entries directly below an entry, and what is in namespaces there. Throws `ImageError`. */
  *children(parent: Entry): Generator<Entry> {
    if (!parent.hasChildren) return;
    let at = parent.next;
    // Levels that are open; those above `hidden`, if any, are skipped.
    let [depth, hidden] = [1, Number.POSITIVE_INFINITY];
    while (depth > 0 && at < parent.unit.end) {
      const entry = this.entry(parent.unit, at);
      if (!entry) {
        at++;
        if (--depth <= hidden) hidden = Number.POSITIVE_INFINITY;
        continue;
      }
      const isHidden = depth > hidden;
      if (!isHidden) yield entry;
      at = entry.next;
      if (!entry.hasChildren) continue;
      const isOpen = !isHidden && TRANSPARENT.includes(entry.tag);
      const sibling = entry.attributes.get(DW_AT.sibling);
      if (!isOpen && sibling?.kind === 'reference' && sibling.value > at && sibling.value <= parent.unit.end) {
        at = sibling.value;
        continue;
      }
      if (!isOpen && !isHidden) hidden = depth;
      depth++;
    }
  }

  /** The entry that a unit consists of. */
  rootEntry(unit: Unit): Entry | undefined {
    return unit.firstEntry < unit.end ? this.entry(unit, unit.firstEntry) : undefined;
  }

  root(unit: Unit): UnitRoot {
    const known = this.roots.get(unit);
    if (known) return known;
    const entry = this.rootEntry(unit);
    const numberOf = (attribute: number): number | undefined => entry && numberIn(entry, attribute);
    // Without the attribute, in split files: behind the header of the first contribution.
    const firstStrings = unit.version >= 5 ? unit.offsetSize * 2 : 0;
    const bases = { stringOffsets: numberOf(DW_AT.str_offsets_base) ?? firstStrings, addressBase: numberOf(DW_AT.addr_base) ?? 8 };
    const partial = { lineProgram: numberOf(DW_AT.stmt_list), folder: '', ...bases };
    this.roots.set(unit, partial);
    const root = { ...partial, folder: (entry && this.string(entry, DW_AT.comp_dir)) ?? '' };
    this.roots.set(unit, root);
    return root;
  }

  /** The text of an attribute, if it has one in this file. Throws `ImageError`. */
  string(entry: Entry, attribute: number): string | undefined {
    const value = entry.attributes.get(attribute);
    const info = this.sections.get('info') as Chunk;
    if (value?.kind === 'string') return stringAt(info, value.value);
    const cursor = new Cursor(info, entry.offset);
    if (value?.kind === 'stringAt') return this.sections.string(value.section, value.value, cursor);
    if (value?.kind !== 'stringIndex') return undefined;
    const { offsetSize } = entry.unit;
    const at = this.root(entry.unit).stringOffsets + value.value * offsetSize;
    const offset = new Cursor(this.sections.need('str_offsets', cursor), at).unsigned(offsetSize);
    return this.sections.string('str', offset, cursor);
  }

  /** The address that is `index`th in the unit's part of .debug_addr. Throws `ImageError`. */
  indexedAddress(unit: Unit, index: number): bigint {
    const user = new Cursor(this.sections.get('info') as Chunk, unit.unitStart);
    const at = this.root(unit).addressBase + index * unit.addressSize;
    return new Cursor(this.sections.need('addr', user), at).address(unit.addressSize);
  }

  /** An attribute that is an address. */
  address(entry: Entry, attribute: number): bigint | undefined {
    const value = entry.attributes.get(attribute);
    if (value?.kind === 'address') return value.value;
    return value?.kind === 'addressIndex' ? this.indexedAddress(entry.unit, value.value) : undefined;
  }
}

function readAttributes({ attributes }: Abbreviation, cursor: Cursor, unit: Unit): Map<number, FormValue> {
  const values = new Map<number, FormValue>();
  for (const { name, form, constant } of attributes) {
    const value: FormValue = form === DW_FORM_IMPLICIT_CONST ? { kind: 'number', value: constant } : readForm(form, cursor, unit);
    values.set(name, value);
  }
  return values;
}

/** An attribute that is a number. */
export function numberIn(entry: Entry, attribute: number): number | undefined {
  const value = entry.attributes.get(attribute);
  return value?.kind === 'number' ? value.value : undefined;
}
