/** The output of the harness: hashes, lines on the UART, register dumps, and the end of the program. */
import type { Assembler } from '../../support/assembler.js';
import { slot } from './harness-context.js';
import { CTX, DATA, DATA_SIZE, PAGE_TABLES, PAGE_TABLES_SIZE } from './layout.js';

const UART = 0x1000_0000;
const FINISHER = 0x10_0000;
const HASH_FACTOR = 0x9e37_79b9_7f4a_7c15n;

/** `dump` prints all registers; `stop` does so where a block was stopped, and finishes. */
export function emitDump(a: Assembler): void {
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

export function emitFinish(a: Assembler): void {
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
export function emitSubroutines(a: Assembler): void {
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
