/** A program whose harts wait most of the time, each for a timer of its own: idle time is skipped again and again, from moments at which any of them may be the last one. */
import { Assembler } from './assembler.js';
import { CLINT_BASE, RAM_BASE } from './riscv-machine.js';

const MTIMECMP = CLINT_BASE + 0x4000;
const UART = 0x10000000;
const SHARED = RAM_BASE + 0x10000;

/** Timers of harts 0, 1, 2.. are 7, 9, 11.. microseconds apart, so that many of them are due together; hart 0 sends a byte each time, and echoes what it receives. */
const PROGRAM = `
  la t0, handler
  csrw mtvec, t0
  csrr s6, mhartid
  li s0, ${MTIMECMP}
  slli t0, s6, 3
  add s0, s0, t0
  li s1, ${UART}
  li s2, ${SHARED}
  slli s3, s6, 1
  addi s3, s3, 7
  li t0, 10
  mul s3, s3, t0
  sd s3, 0(s0)
  li t0, 0x80
  csrw mie, t0
  csrsi mstatus, 8
work:
  li t1, 30
  mul t1, t1, s3
busy:
  lr.d t2, (s2)
  addi t2, t2, 1
  sc.d t3, t2, (s2)
  bnez t3, busy
  addi t1, t1, -97
  bgtz t1, busy
  lr.d t2, (s2)
  wfi
  sc.d t3, t2, (s2)
  add s4, s4, t3
  j work
.align 4
handler:
  ld t4, 0(s0)
  add t4, t4, s3
  sd t4, 0(s0)
  addi s5, s5, 1
  bnez s6, back
  andi t5, s5, 63
  addi t5, t5, 32
  sb t5, 0(s1)
  lbu t5, 5(s1)
  andi t5, t5, 1
  beqz t5, back
  lbu t5, 0(s1)
  sb t5, 0(s1)
back:
  mret
`;

export function sleepersProgram(): Uint8Array {
  const a = new Assembler(RAM_BASE);
  a.text(PROGRAM);
  return a.finish();
}
