/**
 * A RISC-V program that does a little of everything, for as long as one likes: loops, calls, traps, timer interrupts, WFI, paging with aliases
 * and changing mappings, floating point in all rounding modes, atomics, self-modifying code with and without fence.i.
 */
import { Assembler } from './assembler.js';
import { CLINT_BASE, RAM_BASE } from './riscv-machine.js';

const MTIMECMP = CLINT_BASE + 0x4000;
const TABLES = RAM_BASE + 0x100000;
const FRAMES = RAM_BASE + 0x200000;
const DATA = RAM_BASE + 0x300000;
const STACK = RAM_BASE + 0x3ff000;

/** Every hart has data, a stack (8 KiB behind the one of the hart before) and a save area of its own; code, tables and the frames behind them are common. */
const SETUP = `
  csrr s6, mhartid
  slli s7, s6, 13
  la t0, handler
  csrw mtvec, t0
  la t0, save
  slli t1, s6, 4
  add t0, t0, t1
  csrw mscratch, t0
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
  li t0, 0x2000
  csrs mstatus, t0
  li t0, 0x88
  csrw mie, t0
  li t0, ${MTIMECMP}
  slli t1, s6, 3
  add t0, t0, t1
  li t1, 11
  sd t1, 0(t0)
  csrsi mstatus, 8
  li sp, ${STACK}
  sub sp, sp, s7
  li s2, 0x1234567
  add s2, s2, s6
  li s4, ${DATA}
  add s4, s4, s7
  li s5, 1
round:
  call integers
  call fib_phase
  call floats
  call atomics
  call modify
  call faults
  call supervisor
  call signal
  call wait
  addi s5, s5, 1
  j round
`;

/** Saves t0 and t1. Environment calls come back to s10 in machine mode, faults skip their instruction (of 4 bytes) and are summed up in s1. */
const HANDLER = `
.align 4
handler:
  csrrw t6, mscratch, t6
  sd t0, 0(t6)
  sd t1, 8(t6)
  csrr t0, mcause
  bltz t0, interrupt
  addi t0, t0, -8
  li t1, 4
  bltu t0, t1, service
  add s1, s1, t0
  csrr t1, mtval
  xor s1, s1, t1
  csrr t0, mepc
  addi t0, t0, 4
  csrw mepc, t0
  j leave
service:
  csrw mepc, s10
  li t0, 0x1800
  csrs mstatus, t0
  j leave
interrupt:
  andi t0, t0, 15
  li t1, 3
  beq t0, t1, ipi_taken
  li t0, ${MTIMECMP}
  slli t1, s6, 3
  add t0, t0, t1
  ld t1, 0(t0)
  addi t1, t1, 13
  sd t1, 0(t0)
  addi s3, s3, 1
  j leave
ipi_taken:
  li t0, ${CLINT_BASE}
  slli t1, s6, 2
  add t0, t0, t1
  sw zero, 0(t0)
  addi s8, s8, 1
leave:
  ld t0, 0(t6)
  ld t1, 8(t6)
  csrrw t6, mscratch, t6
  mret
.align 8
save:
  .space 128
`;

const INTEGERS = `
integers:
  li a0, 60
  li a5, 0x5851f42d4c957f2d
  mv t2, s4
int_loop:
  mul s2, s2, a5
  addi s2, s2, 1367
  srli t0, s2, 33
  andi t0, t0, 0xf8
  add t2, s4, t0
  sd s2, 0(t2)
  lw t3, 4(t2)
  lhu t4, 2(t2)
  lb t5, 7(t2)
  sh t3, 257(t2)
  lw a1, 255(t2)
  mulh t3, t3, s2
  div t4, s2, t4
  remuw t5, t3, t5
  c.add s1, t3
  c.add s1, t4
  xor s1, s1, t5
  add s1, s1, a1
  sltu t0, s1, s2
  beqz t0, int_skip
  rol s1, s1, t3
int_skip:
  addi a0, a0, -1
  bnez a0, int_loop
  csrr t0, cycle
  csrr t1, instret
  csrr t2, time
  add s1, s1, t0
  xor s1, s1, t1
  add s1, s1, t2
  ret

fib_phase:
  addi sp, sp, -16
  sd ra, 0(sp)
  andi a0, s5, 3
  addi a0, a0, 8
  call fib
  add s1, s1, a0
  la t0, fib
  li a0, 6
  jalr ra, 0(t0)
  add s1, s1, a0
  ld ra, 0(sp)
  addi sp, sp, 16
  ret
fib:
  li t0, 2
  bltu a0, t0, fib_leaf
  addi sp, sp, -32
  sd ra, 0(sp)
  sd a0, 8(sp)
  addi a0, a0, -1
  call fib
  ld t0, 8(sp)
  sd a0, 16(sp)
  addi a0, t0, -2
  call fib
  ld t0, 16(sp)
  add a0, a0, t0
  ld ra, 0(sp)
  addi sp, sp, 32
fib_leaf:
  ret
`;

const FLOATS = `
floats:
  andi t0, s5, 7
  li t1, 5
  bltu t0, t1, float_mode
  li t0, 0
float_mode:
  csrw frm, t0
  li a0, 24
  fcvt.d.l ft0, s2
  fcvt.d.w ft1, s5
  fcvt.s.l ft2, s2
  fsqrt.d ft3, ft1
float_loop:
  fadd.d ft0, ft0, ft1
  fmul.d ft4, ft0, ft3
  fdiv.d ft5, ft4, ft1
  fmadd.d ft0, ft1, ft3, ft5
  fcvt.s.d ft6, ft0
  fmul.s ft2, ft2, ft6, rtz
  fadd.s ft2, ft2, ft6
  fsd ft0, 512(s4)
  fsw ft2, 520(s4)
  flw ft7, 512(s4)
  flt.d t0, ft0, ft5
  fcvt.l.d t1, ft5
  fclass.s t2, ft2
  add s1, s1, t0
  xor s1, s1, t1
  add s1, s1, t2
  fmv.x.d t3, ft0
  add s1, s1, t3
  addi a0, a0, -1
  bnez a0, float_loop
  csrr t0, fcsr
  add s1, s1, t0
  andi t0, s5, 1
  beqz t0, float_end
  csrw fflags, zero
float_end:
  csrw frm, zero
  ret
`;

const ATOMICS = `
atomics:
  li a0, 20
  li a1, ${DATA + 1024}
atomic_loop:
  amoadd.d t0, s2, (a1)
  amoxor.w t1, s1, (a1)
  amomaxu.d t2, s5, (a1)
  amoswap.w t3, a0, (a1)
atomic_retry:
  lr.d t4, (a1)
  add t4, t4, s5
  sc.d t5, t4, (a1)
  bnez t5, atomic_retry
  add s1, s1, t0
  xor s1, s1, t1
  add s1, s1, t4
  addi a0, a0, -1
  bnez a0, atomic_loop
  ret
`;

/** Writes "addi a0, a0, n; ret" and calls it; changes the running loop, once with and once without fence.i. */
const MODIFY = `
modify:
  mv s9, ra
  li a2, 12
  li a0, 0
  li a3, 0x8067
  addi a4, s4, 0x7fc
mod_loop:
  slli t0, a2, 20
  li t1, 0x50513
  add t0, t0, t1
  sw t0, 0(a4)
  sw a3, 4(a4)
  andi t1, a2, 1
  beqz t1, mod_call
  fence.i
mod_call:
  jalr ra, 0(a4)
  la t1, mod_patch
  slli t0, a2, 20
  li t2, 0x58593
  add t0, t0, t2
  sw t0, 0(t1)
mod_patch:
  addi a1, a1, 0
  addi a2, a2, -1
  bnez a2, mod_loop
  add s1, s1, a0
  add s1, s1, a1
  mv ra, s9
  ret
`;

const FAULTS = `
faults:
  li t0, 0x7000
  .word 0xffffffff
  ld t1, 8(t0)
  sw t1, 16(t0)
  amoadd.w t1, t1, (t0)
  lr.w t1, (s5)
  csrw mhartid, t0
  ebreak
  csrrs t1, 0x7c0, t0
  andi t2, s5, 3
  add t2, t2, s4
  ld t1, 0xffd(t2)
  sd t1, 0xff9(t2)
  add s1, s1, t1
  ret
`
  .replaceAll('0xffd(t2)', '1021(t2)')
  .replaceAll('0xff9(t2)', '1017(t2)');

/** The alias pages 0x1000 and 0x2000 are one frame; 0x3000 goes to and fro between two frames. Returns by an environment call. */
const SUPERVISOR = `
supervisor:
  mv s9, ra
  la s10, super_back
  la t0, super_entry
  csrci mstatus, 8
  csrw mepc, t0
  li t0, 0x1800
  csrc mstatus, t0
  li t0, 0x880
  csrs mstatus, t0
  li t0, ${(8n << 60n) | BigInt(TABLES >>> 12)}
  csrw satp, t0
  mret
super_entry:
  li a0, 16
  li a1, 0x1000
  li a2, 0x2000
  li a3, 0x3000
  li a4, ${TABLES + 0x2000 + 3 * 8}
  li a6, 0x8067
super_loop:
  sd s2, 64(a1)
  ld t0, 64(a2)
  add s1, s1, t0
  slli t0, a0, 20
  li t1, 0x50513
  add t0, t0, t1
  sw t0, 0(a1)
  sw a6, 4(a1)
  mv a7, a0
  jalr ra, 0(a2)
  add s1, s1, a0
  mv a0, a7
  addi t0, t0, 1
  slli t0, a0, 20
  li t1, 0x150513
  add t0, t0, t1
  sw t0, 0(a2)
  jalr ra, 0(a1)
  add s1, s1, a0
  mv a0, a7
  ld t0, 0(a4)
  li t1, 0x400
  xor t0, t0, t1
  sd t0, 0(a4)
  sfence.vma zero, zero
  ld t2, 0(a3)
  add t2, t2, a0
  sd t2, 0(a3)
  xor s1, s1, t2
  ld t3, 0(zero)
  sd t3, 1024(a3)
  csrr t3, sstatus
  csrr t3, mstatus
  addi a0, a0, -1
  bnez a0, super_loop
  ecall
super_back:
  csrw satp, zero
  mv ra, s9
  ret
`;

/** Interrupts the next hart, and itself where there is only one. */
const signal = (harts: number): string => `
signal:
  addi t0, s6, 1
  li t1, ${harts}
  bltu t0, t1, signal_next
  li t0, 0
signal_next:
  slli t0, t0, 2
  li t1, ${CLINT_BASE}
  add t0, t0, t1
  li t1, 1
  sw t1, 0(t0)
  ret
`;

/** A reservation is pending when the hart begins to wait. */
const WAIT = `
wait:
  addi t0, s4, 1040
  lr.d t1, (t0)
  csrci mstatus, 8
  wfi
  csrsi mstatus, 8
  wfi
  sc.d t2, s5, (t0)
  add s1, s1, t2
  ret
`;

const pte = (paddr: number, bits: number): bigint => (BigInt(paddr >>> 12) << 10n) | BigInt(bits);
const [POINTER, LEAF] = [0x01, 0xcf];

function tables(a: Assembler): void {
  a.org(TABLES);
  a.dword(pte(TABLES + 0x1000, POINTER));
  a.dword(0);
  a.dword(pte(RAM_BASE, LEAF));
  a.org(TABLES + 0x1000);
  a.dword(pte(TABLES + 0x2000, POINTER));
  a.org(TABLES + 0x2000);
  a.dword(0);
  a.dword(pte(FRAMES, LEAF));
  a.dword(pte(FRAMES, LEAF));
  a.dword(pte(FRAMES + 0x2000, LEAF));
}

/** The program, for RAM_BASE, run by all harts. It never ends. */
export function lawsProgram(harts = 1): Uint8Array {
  const a = new Assembler(RAM_BASE);
  for (const part of [SETUP, HANDLER, INTEGERS, FLOATS, ATOMICS, MODIFY, FAULTS, SUPERVISOR, signal(harts), WAIT]) a.text(part);
  tables(a);
  return a.finish();
}
