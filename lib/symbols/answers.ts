/** What can be known of a guest's places: symbols, source lines, variables. Types only, so that a program which uses them sees no file format. */

export type SymbolKind = 'function' | 'object' | 'label' | 'constant';

/** A named place in the guest's memory. */
export interface GuestSymbol {
  readonly name: string;
  readonly address: bigint;
  /** Bytes; 0 if the table does not say. */
  readonly sizeBytes: number;
  /** `label`: a name without a type, as of most code in assembly language; `constant`: a number, no place. */
  readonly kind: SymbolKind;
  /** Not confined to one source file. */
  readonly isGlobal: boolean;
}

/** An address as people write it: a symbol and what is to be added. */
export interface SymbolPlace {
  readonly symbol: GuestSymbol;
  readonly offset: bigint;
}

/** How a file is called. */
export interface SourceFile {
  /** With all folders, as far as they are known. */
  readonly path: string;
  /** As the compiler was told: relative to where it ran. */
  readonly name: string;
}

export interface SourceLine extends SourceFile {
  /** From 1 on. */
  readonly line: number;
  /** From 1 on; 0: the whole line. */
  readonly column: number;
}

/** An instruction that begins a line. */
export interface LineAddress extends SourceLine {
  readonly address: bigint;
}

/** How the bytes of a value are to be understood; `aggregate`: a structure, union or array, which is no single value. */
export type Encoding = 'signed' | 'unsigned' | 'boolean' | 'address' | 'float' | 'aggregate';

/** How a value lies in memory. */
export interface ValueType {
  readonly sizeBytes: number;
  readonly encoding: Encoding;
  /** Of a pointer: what it points to; of an array: its elements. Nothing if that is not known, or not of a type with values. */
  readonly target?: () => ValueType | undefined;
}

export interface Variable {
  readonly name: string;
  readonly address: bigint;
  /** Nothing if the file does not say. */
  readonly type: ValueType | undefined;
  /** Not confined to one source file. */
  readonly isGlobal: boolean;
}
