/**
 * The part of a random program that is the same in all: it starts blocks in the mode that their descriptors ask for, survives their traps,
 * and reports. Everything that a block can see (registers, trap CSRs, memory) goes into a running hash; how much of it is printed depends on
 * the header's level:
 *
 *     0   R <round> <hash> <traps>                     after every round of all blocks
 *     1   T <cause> <epc> <tval> <status> <hash>       for every trap too
 *         B <seq> <hash>                               and after every block
 *     2   M <seq> <hash of the data area>              after every block, too
 *     any D ... lines                                  all registers after the blocks dumpFrom..dumpTo, and where a patched-in ebreak stops
 *     any E <hash> <data hash> <traps>                 at the end; X <cause> <epc> <tval> if the harness itself trapped
 */
import type { Assembler } from '../../support/assembler.js';
import { xName } from '../../support/registers.js';
import { loadHeader, saved, slot } from './harness-context.js';
import { emitDump, emitFinish, emitSubroutines } from './harness-output.js';
import { emitMachineTrap, emitSupervisorTrap, emitTrapBody } from './harness-traps.js';
import { BLOCK, BLOCK_SIZE, BLOCKS, CONTEXT, CTX, F_POOL, HARNESS_END, HEADER_WORDS, type Header, OFFSET_BITS, X_POOL } from './layout.js';

const MTIMECMP = 0x0200_4000;
const RANDOM_FACTOR = 6364136223846793005n;

/** CSRs that a block leaves behind, and which bits of them count. */
const CHECKED_CSRS: readonly (readonly [name: string, mask: number])[] = [
  ['sepc', -1],
  ['scause', -1],
  ['stval', -1],
  ['sscratch', -1],
  ['mscratch', -1],
  ['medeleg', -1],
  ['mideleg', -1],
  ['mie', -1],
  ['mip', 0x222],
  ['satp', -1],
];

/** Emits the harness at the start of RAM. */
export function emitHarness(a: Assembler, header: Header): void {
  a.text('j start');
  a.align(8);
  for (const name of HEADER_WORDS) {
    a.label(`header.${name}`);
    a.dword(header[name]);
  }
  emitStart(a);
  emitEnterBlock(a);
  emitBlockDone(a);
  emitMachineTrap(a);
  emitSupervisorTrap(a);
  emitTrapBody(a);
  emitDump(a);
  emitFinish(a);
  emitSubroutines(a);
  if (a.here > HARNESS_END) throw new RangeError('the harness is too long');
}

function emitStart(a: Assembler): void {
  a.text(`
    start:
      csrr t0, mhartid
      beqz t0, boot
      csrwi mie, 0
    park:
      wfi
      j park
    boot:`);
  a.li('tp', CONTEXT);
  a.li('t0', MTIMECMP);
  a.text(`
      li t1, -1
      sd t1, 0(t0)
      call allow_all
      li t0, 0x2000000000000000   # menvcfg.ADUE: accessed and dirty bits are set by the walk, which is all that QEMU 7.2 has
      csrs menvcfg, t0
      csrwi mie, 0
      csrwi mip, 0
      li t0, ${BLOCKS}
      sd t0, ${CTX.block}(tp)
      sd zero, ${CTX.seq}(tp)
      sd zero, ${CTX.round}(tp)
      sd zero, ${CTX.trapCount}(tp)
      li t0, -1
      sd t0, ${CTX.stop}(tp)
      j enter`);
}

/** Sets up what the descriptor asks for, and returns into the block. */
function emitEnterBlock(a: Assembler): void {
  a.text(`
    enter:
      la t0, m_trap
      csrw mtvec, t0
      la t0, s_trap
      csrw stvec, t0
      ld s1, ${CTX.seq}(tp)`);
  loadHeader(a, 't0', 'patchSeq');
  a.text(`
      bne s1, t0, not_patched`);
  loadHeader(a, 't0', 'patchAddress');
  a.text(`
      li t1, 0x9002               # c.ebreak
      sh t1, 0(t0)
      fence.i
      slli t0, t0, ${64 - OFFSET_BITS}
      srli t0, t0, ${64 - OFFSET_BITS}
      sd t0, ${CTX.stop}(tp)
    not_patched:
      ld s0, ${CTX.block}(tp)
      ld t0, ${BLOCK.end}(s0)
      sd t0, ${CTX.end}(tp)
      ld t0, ${BLOCK.userBase}(s0)
      sd t0, ${CTX.userBase}(tp)
      ld t0, ${BLOCK.trapLimit}(s0)
      sd t0, ${CTX.trapsLeft}(tp)
      ld t0, ${BLOCK.fcsr}(s0)
      bltz t0, keep_fcsr
      sd t0, ${CTX.fcsr}(tp)
    keep_fcsr:
      ld s2, ${BLOCK.pmp}(s0)
      beqz s2, refresh`);
  for (let i = 0; i < 16; i++) a.text(`ld t0, ${8 * i}(s2); csrw pmpaddr${i}, t0`);
  a.text(`
      ld t0, 128(s2)
      csrw pmpcfg0, t0
      ld t0, 136(s2)
      csrw pmpcfg2, t0`);
  emitRefresh(a);
  for (const name of ['satp', 'medeleg', 'mideleg', 'mcounteren'] as const) a.text(`ld t0, ${BLOCK[name]}(s0); csrw ${name}, t0`);
  a.text(`
      sfence.vma zero, zero
      li t0, 0x6000
      csrs mstatus, t0
      ld t0, ${CTX.fcsr}(tp)
      csrw fcsr, t0`);
  for (let i = 0; i < 32; i++) a.insn('fld', `f${i}`, `${slot(CTX.f, i)}(tp)`);
  a.text(`
      ld t0, ${BLOCK.entry}(s0)
      csrw mepc, t0
      ld t0, ${BLOCK.mip}(s0)
      csrw mip, t0
      ld t0, ${BLOCK.mstatus}(s0)
      csrw mstatus, t0
      ld t0, ${BLOCK.mie}(s0)
      csrw mie, t0`);
  for (const i of saved()) a.insn('ld', xName(i), `${slot(CTX.x, i)}(tp)`);
  a.text('mret');
}

/** Gives registers new values, as the masks of the descriptor ask for. */
function emitRefresh(a: Assembler): void {
  a.text(`
    refresh:
      ld s1, ${CTX.random}(tp)
      li s2, ${RANDOM_FACTOR}
      ld s3, ${BLOCK.fixedMask}(s0)
      ld s4, ${BLOCK.poolMask}(s0)
      addi s5, tp, ${CTX.x}
      addi s6, s0, ${BLOCK.x}
      li s7, ${X_POOL}
      li s8, 0xff
      call refresh_file
      li s3, 0
      ld s4, ${BLOCK.fpPoolMask}(s0)
      addi s5, tp, ${CTX.f}
      li s7, ${F_POOL}
      li s8, 0x1ff
      call refresh_file
      sd s1, ${CTX.random}(tp)
      j refreshed

    refresh_file:                 # s1 random state, s2 factor, s3 fixed mask, s4 pool mask, s5 saved registers, s6 values, s7 pool, s8 index mask
      li t0, 32
    refresh_one:
      andi t1, s3, 1
      beqz t1, not_fixed
      ld t2, 0(s6)
      sd t2, 0(s5)
      j refresh_next
    not_fixed:
      andi t1, s4, 1
      beqz t1, refresh_next
      mul s1, s1, s2
      addi s1, s1, 1442
      srli t2, s1, 40
      and t2, t2, s8
      slli t2, t2, 3
      add t2, t2, s7
      ld t2, 0(t2)
      sd t2, 0(s5)
    refresh_next:
      srli s3, s3, 1
      srli s4, s4, 1
      addi s5, s5, 8
      addi s6, s6, 8
      addi t0, t0, -1
      bnez t0, refresh_one
      ret
    refreshed:`);
}

/** After a block: x registers are saved already. */
function emitBlockDone(a: Assembler): void {
  a.text(`
    block_done:
      call load_hash
      csrr a0, mstatus
      call fold
      call save_fp
      addi s2, tp, ${CTX.x + 8}
      li s3, 31
      call fold_words
      addi s2, tp, ${CTX.f}
      li s3, 32
      call fold_words
      ld a0, ${CTX.fcsr}(tp)
      call fold`);
  for (const [name, mask] of CHECKED_CSRS) {
    a.text(`csrr a0, ${name}`);
    if (mask !== -1) a.text(`andi a0, a0, ${mask}`);
    a.text('call fold');
  }
  a.text(`
      csrwi mie, 0
      csrwi satp, 0
      call allow_all
      sd s0, ${CTX.hash}(tp)`);
  loadHeader(a, 's4', 'level');
  a.text(`
      beqz s4, quiet_block
      li a0, 0x42
      ld a1, ${CTX.seq}(tp)
      mv a2, s0
      li a3, 2
      call print_line
      li t0, 2
      blt s4, t0, quiet_block
      call hash_data
      mv a2, a0
      li a0, 0x4d
      ld a1, ${CTX.seq}(tp)
      li a3, 2
      call print_line
    quiet_block:
      ld s5, ${CTX.seq}(tp)`);
  loadHeader(a, 't0', 'dumpFrom');
  a.text('blt s5, t0, no_dump');
  loadHeader(a, 't0', 'dumpTo');
  a.text(`
      bgt s5, t0, no_dump
      call dump
    no_dump:
      addi s5, s5, 1
      sd s5, ${CTX.seq}(tp)
      ld t0, ${CTX.block}(tp)
      li t1, ${BLOCK_SIZE}
      add t0, t0, t1`);
  loadHeader(a, 't1', 'blocksEnd');
  a.text(`
      bne t0, t1, same_round
      li a0, 0x52
      ld a1, ${CTX.round}(tp)
      ld a2, ${CTX.hash}(tp)
      ld a3, ${CTX.trapCount}(tp)
      call print_line3
      ld t1, ${CTX.round}(tp)
      addi t1, t1, 1
      sd t1, ${CTX.round}(tp)`);
  loadHeader(a, 't2', 'rounds');
  a.text(`
      beq t1, t2, finish
      li t0, ${BLOCKS}
    same_round:
      sd t0, ${CTX.block}(tp)
      j enter`);
}
