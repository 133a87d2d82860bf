/** The verifier: what every block of IR must satisfy. Tests run it on all blocks that the front ends make and the optimiser leaves. */
import { ENV_GUEST_END, ENV_TEMPS, ENV_TEMPS_END } from '../mem/layout.js';
import type { IrBlock, IrOp } from './decode.js';
import { endsBlock } from './encoding.js';
import { sources, writes } from './operands.js';

/** The rules that `block` breaks, as text; empty when it is well-formed. `helpers`: number of the guest's helpers. */
export function verify(block: IrBlock, guest: { readonly zeroSlot: number; readonly helpers: number }): string[] {
  const problems: string[] = [];
  const written = new Set<number>();
  let insn = 0;
  // The instruction with an access whose STATUS_EXIT waits for a `settle`.
  let unsettled = -1;
  for (const [i, op] of block.ops.entries()) {
    const report = (text: string): void => void problems.push(`op ${i} (${op.name}): ${text}`);
    for (const source of sources(op)) {
      const slot = op[source];
      checkSlot(slot, report);
      if (isTemp(slot) && !written.has(slot) && !isUnusedOperand(op)) report(`reads temporary ${slot} before it is written`);
    }
    if (writes(op)) {
      checkSlot(op.d, report);
      if (op.d === guest.zeroSlot) report('writes the zero slot');
      written.add(op.d);
    }
    if (endsBlock(op.info) !== (i === block.ops.length - 1)) report('a block ends with its only exit');
    if (op.name === 'stop') report('stop is for the interpreter');
    if (hasInsn(op)) {
      if (op.insn < insn || op.insn >= block.insns) report(`instruction index ${op.insn} out of order`);
      if (unsettled >= 0 && op.insn !== unsettled) report(`instruction ${unsettled} is not settled`);
      insn = op.insn;
      if (op.inner) unsettled = op.insn;
    }
    if (op.info.kind === 'settle' || op.name === 'leave') unsettled = -1;
    else if (unsettled >= 0 && endsBlock(op.info)) report(`instruction ${unsettled} is not settled`);
    if ((op.info.kind === 'call' || op.info.kind === 'float') && op.helper >= guest.helpers) report(`no helper ${op.helper}`);
  }
  if (block.ops.length === 0) problems.push('no ops');
  return problems;
}

function hasInsn(op: IrOp): boolean {
  const { kind } = op.info;
  return kind === 'load' || kind === 'store' || kind === 'call' || kind === 'float' || kind === 'settle';
}

/** Helpers that take fewer operands get the zero slot, or the first temporary where there is none. */
function isUnusedOperand(op: IrOp): boolean {
  return op.info.kind === 'call' || op.info.kind === 'float';
}

function isTemp(slot: number): boolean {
  return slot >= ENV_TEMPS && slot < ENV_TEMPS_END;
}

function checkSlot(slot: number, report: (text: string) => void): void {
  if (slot % 8 !== 0 || slot >= ENV_GUEST_END) report(`bad slot ${slot}`);
}
