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
import {
  BLOCK,
  BLOCK_SIZE,
  BLOCKS,
  CONTEXT,
  CTX,
  DATA,
  DATA_SIZE,
  F_POOL,
  HARNESS_END,
  HEADER_WORDS,
  type Header,
  OFFSET_BITS,
  PAGE_TABLES,
  PAGE_TABLES_SIZE,
  SERVICE,
  STREAM,
  X_POOL,
} from './layout.js';

const UART = 0x1000_0000;
const FINISHER = 0x10_0000;
const MTIMECMP = 0x0200_4000;
const HASH_FACTOR = 0x9e37_79b9_7f4a_7c15n;
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

const saved = (from = 1): number[] => Array.from({ length: 32 - from }, (_, i) => i + from).filter((i) => i !== 4);

/** Offset in the context of a saved register. */
const slot = (base: number, index: number): number => base + 8 * index;

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

/** Loads a header word; clobbers only `rd`. */
function loadHeader(a: Assembler, rd: string, name: keyof Header): void {
  a.la(rd, `header.${name}`);
  a.insn('ld', rd, `0(${rd})`);
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

function emitMachineTrap(a: Assembler): void {
  a.align(4);
  a.label('m_trap');
  for (const i of saved()) a.insn('sd', xName(i), `${slot(CTX.x, i)}(tp)`);
  a.text(`
      call m_settle
      la t0, s_end
      beq a1, t0, block_done
      la t0, s_return
      beq a1, t0, block_done
      la t0, s_stop
      beq a1, t0, stop
      li t1, ${CONTEXT - 0x4800}
      sub t1, a1, t1
      li t2, ${STREAM - (CONTEXT - 0x4800)}
      bltu t1, t2, fatal
      li s11, 0
      addi s10, tp, ${CTX.x}
      call trap_body
      li t0, 1
      beq a5, t0, block_done
      li t0, 2
      beq a5, t0, stop
      csrw mepc, a1
      bltz a4, m_return
      li t0, 0x21800              # MPRV too, or the registers would be read with the rights of MPP
      csrc mstatus, t0
      slli a4, a4, 11
      csrs mstatus, a4
    m_return:`);
  for (const i of saved()) a.insn('ld', xName(i), `${slot(CTX.x, i)}(tp)`);
  // Traps and mret change MPP, on which accesses depend while MPRV is set: QEMU 7.2 keeps stale translations then.
  a.text('sfence.vma zero, zero; mret');
}

function emitSupervisorTrap(a: Assembler): void {
  const restore = (): void => {
    for (const i of saved()) a.insn('ld', xName(i), `${slot(CTX.sx, i)}(tp)`);
  };
  a.align(4);
  a.label('s_trap');
  for (const i of saved()) a.insn('sd', xName(i), `${slot(CTX.sx, i)}(tp)`);
  a.text(`
      call s_settle
      li t1, ${CONTEXT - 0x4800}
      sub t1, a1, t1
      li t2, ${STREAM - (CONTEXT - 0x4800)}
      bgeu t1, t2, s_outside
      la t0, s_return             # sret is illegal with mstatus.TSR
      beq a1, t0, s_done
    s_fatal:
      ecall
    s_outside:
      li s11, 1
      addi s10, tp, ${CTX.sx}
      call trap_body
      li t0, 1
      beq a5, t0, s_done
      li t0, 2
      beq a5, t0, s_stopped
      csrw sepc, a1
      bltz a4, s_restore
      li t0, 0x100
      csrc sstatus, t0
      beqz a4, s_restore
      csrs sstatus, t0
    s_restore:`);
  restore();
  a.text(`
    s_return:
      sret
    s_done:`);
  restore();
  a.text(`
    s_end:
      ecall
    s_stopped:`);
  restore();
  a.text(`
    s_stop:
      ecall`);
}

/**
 * Makes equal what may differ: a breakpoint's tval may be zero or its address (zero then), and that of an access fault may be the address of
 * any portion of a misaligned access (a multiple of 8 then). And QEMU takes the access fault of an atomic as that of its load (store then).
 */
const settle = (letter: 'm' | 's'): string => `
    ${letter}_settle:
      csrr a0, ${letter}cause
      csrr a1, ${letter}epc
      li t0, 3
      bne a0, t0, ${letter}_access
      csrwi ${letter}tval, 0
    ${letter}_access:
      ori t0, a0, 2
      li t1, 7
      bne t0, t1, ${letter}_settled
      csrci ${letter}tval, 7
      beq a0, t1, ${letter}_settled
      slli t0, a1, ${64 - OFFSET_BITS}
      srli t0, t0, ${64 - OFFSET_BITS}
      li t1, 0x80000000
      or t0, t0, t1
      lhu t1, 2(t0)
      lbu t0, 0(t0)
      andi t0, t0, 0x7f
      addi t0, t0, -0x2f          # opcode AMO
      bnez t0, ${letter}_settled
      srli t1, t1, 11
      addi t1, t1, -2             # LR
      beqz t1, ${letter}_settled
      li a0, 7
      csrw ${letter}cause, a0
    ${letter}_settled:
      csrr a2, ${letter}tval
      csrr a3, ${letter}status
      ret`;

/**
 * Common to both handlers. In: a0 cause, a1 epc, a2 tval, a3 status, s10 saved registers, s11 whether this is the S-mode handler. Out: a1 where
 * to go on, a4 in which mode (-1: the same), a5: 0 go on, 1 the block ends, 2 stop.
 */
function emitTrapBody(a: Assembler): void {
  a.text(`
${settle('m')}${settle('s')}
    trap_body:
      mv s8, ra
      li a4, -1
      li a5, 0
      slli s7, a1, ${64 - OFFSET_BITS}
      srli s7, s7, ${64 - OFFSET_BITS}
      srli t0, a1, ${OFFSET_BITS}         # s6: whether the pc is in the streams, at one of their two addresses
      li t1, ${0x8000_0000 >>> OFFSET_BITS}
      li s6, 1
      beq t0, t1, in_code
      li t1, ${0x4000_0000 >>> OFFSET_BITS}
      beq t0, t1, in_code
      li s6, 0
    in_code:
      li t0, 3
      bne a0, t0, no_stop
      ld t0, ${CTX.stop}(tp)
      bne s7, t0, no_stop
      li a5, 2
      ret
    no_stop:
      call load_hash
      mv s5, a0
      call fold
      mv a0, a1
      call fold
      mv a0, a2
      call fold
      mv a0, a3
      call fold
      mv a0, s11
      call fold
      addi s2, s10, 8
      li s3, 31
      call fold_words
      mv a0, s5
      sd s0, ${CTX.hash}(tp)
      ld t0, ${CTX.trapCount}(tp)
      addi t0, t0, 1
      sd t0, ${CTX.trapCount}(tp)`);
  loadHeader(a, 't0', 'level');
  a.text(`
      beqz t0, quiet_trap
      mv s9, a4
      mv s4, a5
      mv a4, a3
      mv a3, a2
      mv a2, a1
      mv a1, a0
      li a0, 0x54
      mv a5, s0
      call print_trap
      mv a0, s5
      mv a1, a2
      mv a2, a3
      mv a3, a4
      mv a4, s9
      mv a5, s4
    quiet_trap:
      bgez a0, exception
      li t0, 1
      andi t1, a0, 63
      sll t0, t0, t1
      bnez s11, s_interrupt
      csrc mie, t0
      jr s8
    s_interrupt:
      csrc sie, t0
      jr s8
    exception:
      ld t0, ${CTX.trapsLeft}(tp)
      addi t0, t0, -1
      sd t0, ${CTX.trapsLeft}(tp)
      bltz t0, end_block
      beqz s6, recover
      li t0, 1
      bleu a0, t0, recover
      li t0, 12
      beq a0, t0, recover
      li t0, 0x80000000
      or t0, t0, s7
      lhu t1, 0(t0)
      andi t1, t1, 3
      addi t1, t1, -3
      addi a1, a1, 2
      bnez t1, skipped
      addi a1, a1, 2
    skipped:
      addi t1, a0, -8
      li t2, 3
      bgtu t1, t2, body_done
      ld t1, ${CTX.end}(tp)
      beq s7, t1, end_block
      lhu t1, 4(t0)
      lhu t2, 6(t0)
      slli t2, t2, 16
      or t1, t1, t2
      slli t2, t1, 52
      srli t2, t2, 52
      li t3, 0x37                 # lui x0
      bne t2, t3, body_done
      srli a4, t1, 12
      addi a4, a4, ${-SERVICE}
      addi s7, s7, 4
      li t0, 0x80000000
      bnez a4, rebase
      ld t0, ${CTX.userBase}(tp)
    rebase:
      or a1, s7, t0
    body_done:
      jr s8
    recover:
      mv a1, gp
      jr s8
    end_block:
      li a5, 1
      jr s8`);
}

/** `dump` prints all registers; `stop` does so where a block was stopped, and finishes. */
function emitDump(a: Assembler): void {
  a.text(`
    stop:
      call save_fp
      call dump
      j power_off
    dump:
      mv s9, ra
      addi s2, tp, ${CTX.x}
      li s3, 64
    dump_word:
      andi t0, s3, 3
      bnez t0, dump_same_line
      li a0, 0x0a
      call putc
      li a0, 0x44
      call putc
    dump_same_line:
      li a0, 0x20
      call putc
      ld a0, 0(s2)
      call print_hex
      addi s2, s2, 8
      addi s3, s3, -1
      bnez s3, dump_word
      li a0, 0x0a
      call putc
      li a0, 0x44
      ld a1, ${CTX.fcsr}(tp)
      csrr a2, mstatus
      csrr a3, sepc
      call print_line3
      li a0, 0x44
      csrr a1, scause
      csrr a2, stval
      csrr a3, mie
      call print_line3
      jr s9`);
}

function emitFinish(a: Assembler): void {
  a.text(`
    fatal:
      mv a3, a2
      mv a2, a1
      mv a1, a0
      li a0, 0x58
      call print_line3
      li a0, 0x58
      csrr a1, mstatus
      csrr a2, scause
      csrr a3, sepc
      call print_line3
      li t1, 0x13333
      j finisher
    finish:
      call hash_data
      mv a2, a0
      li a0, 0x45
      ld a1, ${CTX.hash}(tp)
      ld a3, ${CTX.trapCount}(tp)
      call print_line3
    power_off:
      li t1, 0x5555
    finisher:
      li t0, ${FINISHER}
      sw t1, 0(t0)
      j finisher`);
}

/** Leaf routines and printing. Printing uses t0..t5, a6, a7 only. */
function emitSubroutines(a: Assembler): void {
  a.text(`
    load_hash:                    # s0 hash, s1 factor
      ld s0, ${CTX.hash}(tp)
      li s1, ${HASH_FACTOR}
      ret
    fold:                         # folds a0 into s0
      xor s0, s0, a0
      mul s0, s0, s1
      srli t0, s0, 32
      xor s0, s0, t0
      ret
    fold_words:                   # s3 words at s2
      ld t1, 0(s2)
      xor s0, s0, t1
      mul s0, s0, s1
      srli t0, s0, 32
      xor s0, s0, t0
      addi s2, s2, 8
      addi s3, s3, -1
      bnez s3, fold_words
      ret
    hash_data:                    # a0: hash of the data area and the page tables
      mv t5, ra
      mv t4, s0
      li s0, 0
      li s1, ${HASH_FACTOR}
      li s2, ${DATA}
      li s3, ${DATA_SIZE / 8}
      call fold_words
      li s2, ${PAGE_TABLES}
      li s3, ${PAGE_TABLES_SIZE / 8}
      call fold_words
      mv a0, s0
      mv s0, t4
      jr t5
    allow_all:                    # PMP: only entry 15, NAPOT, everything
      li t0, -1
      csrwi pmpcfg0, 0
      csrw pmpaddr15, t0
      li t0, 0x1f00000000000000
      csrw pmpcfg2, t0
      sfence.vma zero, zero
      ret
    save_fp:
      li t0, 0x6000
      csrs mstatus, t0
      csrr t0, fcsr
      sd t0, ${CTX.fcsr}(tp)`);
  for (let i = 0; i < 32; i++) a.insn('fsd', `f${i}`, `${slot(CTX.f, i)}(tp)`);
  a.text(`
      ret
    putc:
      li t0, ${UART}
    putc_wait:
      lbu t1, 5(t0)
      andi t1, t1, 0x20
      beqz t1, putc_wait
      sb a0, 0(t0)
      ret
    print_hex:
      mv t4, ra
      mv t5, a0
      li t3, 60
    print_digit:
      srl a0, t5, t3
      andi a0, a0, 15
      addi a0, a0, 0x30
      li t0, 0x3a
      blt a0, t0, digit_ready
      addi a0, a0, 39
    digit_ready:
      call putc
      addi t3, t3, -4
      bgez t3, print_digit
      jr t4
    print_field:                  # a blank and a0
      mv a7, ra
      mv a6, a0
      li a0, 0x20
      call putc
      mv a0, a6
      call print_hex
      jr a7
    print_line:                   # letter a0, a1, a2
      mv t6, ra
      call putc
      mv a0, a1
      call print_field
      mv a0, a2
      call print_field
      j print_newline
    print_line3:                  # letter a0, a1, a2, a3
      mv t6, ra
      call putc
      mv a0, a1
      call print_field
      mv a0, a2
      call print_field
      mv a0, a3
      call print_field
      j print_newline
    print_trap:                   # letter a0, a1 .. a5
      mv t6, ra
      call putc
      mv a0, a1
      call print_field
      mv a0, a2
      call print_field
      mv a0, a3
      call print_field
      mv a0, a4
      call print_field
      mv a0, a5
      call print_field
    print_newline:
      li a0, 0x0a
      call putc
      jr t6`);
}
