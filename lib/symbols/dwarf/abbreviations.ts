/** .debug_abbrev (DWARF 5, 7.5.3): which attributes, in which forms, the entries of a unit have. */
import { type Chunk, Cursor } from '../cursor.js';
import { DW_FORM_IMPLICIT_CONST } from './forms.js';

export interface AttributeSpec {
  readonly name: number;
  readonly form: number;
  /** The value itself, where the form is implicit_const. */
  readonly constant: number;
}

export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly AttributeSpec[];
}

/** The abbreviations of a unit, read as far as they are needed: of most units only the first entry is ever looked at. */
export class Abbreviations {
  private readonly cursor: Cursor;
  private readonly known = new Map<number, Abbreviation>();
  private isComplete = false;

  constructor(chunk: Chunk, offset: number) {
    this.cursor = new Cursor(chunk, offset);
  }

  /** The abbreviation of that code, if the unit has one. Throws `ImageError`. */
  get(code: number): Abbreviation | undefined {
    let found = this.known.get(code);
    while (!found && !this.isComplete) found = this.readOne(code);
    return found;
  }

  /** Reads the next one; gives it if it is the wanted one. */
  private readOne(wanted: number): Abbreviation | undefined {
    const { cursor } = this;
    const code = cursor.uleb();
    if (code === 0) {
      this.isComplete = true;
      return undefined;
    }
    const tag = cursor.uleb();
    const hasChildren = cursor.u8() !== 0;
    const attributes: AttributeSpec[] = [];
    for (;;) {
      const [name, form] = [cursor.uleb(), cursor.uleb()];
      const constant = form === DW_FORM_IMPLICIT_CONST ? cursor.sleb() : 0;
      if (name === 0 && form === 0) break;
      attributes.push({ name, form, constant });
    }
    const abbreviation = { tag, hasChildren, attributes };
    if (!this.known.has(code)) this.known.set(code, abbreviation);
    return code === wanted ? abbreviation : undefined;
  }
}
