/** The codes of DWARF 5 (section 7, "Data Representation") that are read here; those of DWARF 2 to 4 are a subset. */
import type { Encoding } from '../answers.js';

export const DW_TAG = {
  array_type: 0x01,
  class_type: 0x02,
  enumeration_type: 0x04,
  pointer_type: 0x0f,
  reference_type: 0x10,
  compile_unit: 0x11,
  structure_type: 0x13,
  subroutine_type: 0x15,
  typedef: 0x16,
  union_type: 0x17,
  subrange_type: 0x21,
  base_type: 0x24,
  const_type: 0x26,
  subprogram: 0x2e,
  variable: 0x34,
  volatile_type: 0x35,
  restrict_type: 0x37,
  namespace: 0x39,
  rvalue_reference_type: 0x42,
  atomic_type: 0x47,
} as const;

export const DW_AT = {
  sibling: 0x01,
  location: 0x02,
  name: 0x03,
  byte_size: 0x0b,
  stmt_list: 0x10,
  low_pc: 0x11,
  high_pc: 0x12,
  comp_dir: 0x1b,
  upper_bound: 0x2f,
  abstract_origin: 0x31,
  count: 0x37,
  declaration: 0x3c,
  encoding: 0x3e,
  external: 0x3f,
  specification: 0x47,
  type: 0x49,
  str_offsets_base: 0x72,
  addr_base: 0x73,
} as const;

/** DW_ATE: the encodings of base types. */
export const ENCODINGS: Readonly<Record<number, Encoding>> = {
  1: 'address',
  2: 'boolean',
  4: 'float',
  5: 'signed',
  6: 'signed',
  7: 'unsigned',
  8: 'unsigned',
  16: 'unsigned',
};

export const DW_OP = { addr: 0x03, addrx: 0xa1, GNU_addr_index: 0xfb } as const;

export const DW_UT = { compile: 1, type: 2, partial: 3, skeleton: 4, split_compile: 5, split_type: 6 } as const;
