/** The header of a line program (DWARF 5, 6.2.4; DWARF 4, 6.2.4): how its opcodes are coded, and the names of folders and files. */
import type { SourceFile } from '../answers.js';
import { Cursor } from '../cursor.js';
import { type FormContext, type FormValue, readForm, takesSpace } from './forms.js';
import { type DwarfSections, readUnitLength } from './sections.js';

export interface LineHeader {
  readonly start: number;
  readonly end: number;
  /** Where the opcodes begin, in .debug_line. */
  readonly program: number;
  readonly version: number;
  readonly addressSize: number;
  readonly minInsnLength: number;
  readonly maxOpsPerInsn: number;
  readonly defaultIsStmt: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Of each standard opcode, from 1 on, the number of its operands. */
  readonly opcodeLengths: readonly number[];
  /** By the number that the program uses: up to version 4 they begin with 1. */
  readonly files: readonly (SourceFile | undefined)[];
}

/** DW_LNCT: what an entry of version 5 says. */
const DW_LNCT_PATH = 1;
const DW_LNCT_DIRECTORY = 2;

interface NameEntry {
  readonly name: string;
  readonly folder: number;
}

/**
 * Reads the header at `offset` of .debug_line. `folder` is where the compiler ran, which versions below 5 do not repeat here.
 * Throws `ImageError`.
 */
export function readLineHeader(sections: DwarfSections, cursor: Cursor, folder: string): LineHeader {
  const { start, offsetSize, end } = readUnitLength(cursor);
  const version = cursor.u16();
  if (version < 2 || version > 5) throw cursor.fail(`line program of DWARF version ${version}`, start);
  // Before version 5, addresses have their own length in each DW_LNE_set_address.
  const addressSize = version >= 5 ? cursor.u8() : 8;
  if (version >= 5) cursor.u8();
  const headerLength = cursor.unsigned(offsetSize);
  const program = cursor.at + headerLength;
  if (!(program <= end)) throw cursor.fail('header of a line program is longer than its unit', start);
  const minInsnLength = cursor.u8();
  const maxOpsPerInsn = version >= 4 ? Math.max(1, cursor.u8()) : 1;
  const defaultIsStmt = cursor.u8() !== 0;
  const [lineBase, lineRange, opcodeBase] = [cursor.i8(), cursor.u8(), cursor.u8()];
  if (lineRange === 0) throw cursor.fail('line program with a line range of 0', start);
  const opcodeLengths = Array.from({ length: Math.max(0, opcodeBase - 1) }, () => cursor.u8());
  const names = new Cursor(cursor.chunk, cursor.at, program);
  const context = { version, addressSize, offsetSize, unitStart: start };
  const files = version >= 5 ? readFiles5(sections, names, context) : readFiles(names, folder);
  const coding = { minInsnLength, maxOpsPerInsn, defaultIsStmt, lineBase, lineRange, opcodeBase, opcodeLengths };
  return { start, end, program, version, addressSize, ...coding, files };
}

function readFiles(cursor: Cursor, home: string): (SourceFile | undefined)[] {
  const folders = [home];
  for (let folder = cursor.string(); folder !== ''; folder = cursor.string()) folders.push(folder);
  const files: (SourceFile | undefined)[] = [undefined];
  for (let name = cursor.string(); name !== ''; name = cursor.string()) {
    const folder = cursor.uleb();
    // Time and size.
    cursor.uleb();
    cursor.uleb();
    files.push(sourceFile(folders, { name, folder }));
  }
  return files;
}

function readFiles5(sections: DwarfSections, cursor: Cursor, context: FormContext): SourceFile[] {
  const folders = readEntries(sections, cursor, context).map(({ name }) => name);
  return readEntries(sections, cursor, context).map((entry) => sourceFile(folders, entry));
}

/** A table of version 5: the formats of its columns, then the rows. */
function readEntries(sections: DwarfSections, cursor: Cursor, context: FormContext): NameEntry[] {
  const start = cursor.at;
  const formats = Array.from({ length: cursor.u8() }, () => [cursor.uleb(), cursor.uleb()] as const);
  const count = cursor.uleb();
  if (count > 0 && !formats.some(([, form]) => takesSpace(form))) throw cursor.fail('table of files whose entries are empty', start);
  const entries: NameEntry[] = [];
  for (let i = 0; i < count; i++) {
    let entry: NameEntry = { name: '', folder: 0 };
    for (const [content, form] of formats) {
      const value = readForm(form, cursor, context);
      if (content === DW_LNCT_PATH) entry = { ...entry, name: textOf(sections, cursor, value) };
      else if (content === DW_LNCT_DIRECTORY && value.kind === 'number') entry = { ...entry, folder: value.value };
    }
    entries.push(entry);
  }
  return entries;
}

function textOf(sections: DwarfSections, cursor: Cursor, value: FormValue): string {
  if (value.kind === 'string') return cursor.bytes.toString('utf8', value.value, cursor.bytes.indexOf(0, value.value));
  return value.kind === 'stringAt' ? sections.string(value.section, value.value, cursor) : '?';
}

function sourceFile(folders: readonly string[], { name, folder }: NameEntry): SourceFile {
  const home = (folders[0] ?? '').replace(/\/+$/, '');
  const own = folder === 0 ? '' : (folders[folder] ?? '');
  const path = join(home, join(own, name));
  return { path, name: home !== '' && path.startsWith(`${home}/`) ? path.slice(home.length + 1) : path };
}

function join(folder: string, name: string): string {
  return folder === '' || name.startsWith('/') ? name : `${folder}${folder.endsWith('/') ? '' : '/'}${name}`;
}
