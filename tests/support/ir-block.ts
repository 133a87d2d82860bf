/** Blocks of IR without an engine: built in scratch memory and read back. */
import { Builder } from '../../lib/ir/builder.js';
import { Decoder, type IrBlock } from '../../lib/ir/decode.js';
import type { LoweringGuest } from '../../lib/ir/lower.js';
import { printOp, slotNames } from '../../lib/ir/print.js';
import { BLOCK_FLAGS, BLOCK_INSNS, BLOCK_PC } from '../../lib/mem/layout.js';
import { REGISTERS, x } from './script-guest.js';

const HEADER = 0x10000;
const memory = new WebAssembly.Memory({ initial: 4 });
const i32 = new Int32Array(memory.buffer);
const decoder = new Decoder(memory);

/** The registers of the script guest. */
export const GUEST: LoweringGuest & { readonly zeroSlot: number } = {
  zeroSlot: x(0),
  registerType: (slot) => REGISTERS.find(({ offset }) => offset === slot)?.type,
};

export interface BlockOptions {
  readonly pcOffset?: number;
  readonly fixedPc?: boolean;
  readonly chain?: boolean;
  readonly flags?: number;
  readonly zeroSlot?: number;
  /** Bytes of each instruction, for those that do not say it themselves. */
  readonly insnBytes?: number;
}

/** A block of the instructions `insns`, up to the first that ends it. */
export function block(insns: readonly ((b: Builder) => void)[], options: BlockOptions = {}): IrBlock {
  const { pcOffset = 0x100, fixedPc = false, chain = true, flags = 0, zeroSlot = GUEST.zeroSlot, insnBytes = 2 } = options;
  const b = new Builder(memory, { zeroSlot, chain });
  b.beginBlock(HEADER, { pcOffset, fixedPc, flags });
  let at = pcOffset;
  let count = 0;
  for (const insn of insns) {
    if (b.ended) break;
    b.beginInsn(at);
    b.insnBytes = insnBytes;
    insn(b);
    b.endInsn();
    at += b.insnBytes;
    count++;
  }
  if (!b.ended) b.continueAt(at);
  i32[(HEADER + BLOCK_PC) >> 2] = pcOffset;
  i32[(HEADER + BLOCK_PC + 4) >> 2] = 0;
  i32[(HEADER + BLOCK_INSNS) >> 2] = count;
  i32[(HEADER + BLOCK_FLAGS) >> 2] = flags;
  return decoder.block(HEADER);
}

const names = slotNames([{ name: 'zero', offset: x(0) }, ...REGISTERS]);

/** The ops of a block as text. */
export const listing = ({ ops }: Pick<IrBlock, 'ops'>): string[] => ops.map((op) => printOp(op, names));
