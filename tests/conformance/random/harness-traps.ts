/** The trap handlers of the harness: they report a trap and go on behind the instruction, in another mode if it asks for that. */
import type { Assembler } from '../../support/assembler.js';
import { xName } from '../../support/registers.js';
import { loadHeader, saved, slot } from './harness-context.js';
import { CTX, OFFSET_BITS, RAM, SERVICE, STREAM, USER_ALIAS } from './layout.js';

export function emitMachineTrap(a: Assembler): void {
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
      li t1, ${RAM}
      sub t1, a1, t1
      li t2, ${STREAM - RAM}
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

export function emitSupervisorTrap(a: Assembler): void {
  const restore = (): void => {
    for (const i of saved()) a.insn('ld', xName(i), `${slot(CTX.sx, i)}(tp)`);
  };
  a.align(4);
  a.label('s_trap');
  for (const i of saved()) a.insn('sd', xName(i), `${slot(CTX.sx, i)}(tp)`);
  a.text(`
      call s_settle
      li t1, ${RAM}
      sub t1, a1, t1
      li t2, ${STREAM - RAM}
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
export function emitTrapBody(a: Assembler): void {
  a.text(`
${settle('m')}${settle('s')}
    trap_body:
      mv s8, ra
      li a4, -1
      li a5, 0
      slli s7, a1, ${64 - OFFSET_BITS}
      srli s7, s7, ${64 - OFFSET_BITS}
      srli t0, a1, ${OFFSET_BITS}         # s6: whether the pc is in the streams, at one of their two addresses
      li t1, ${RAM >>> OFFSET_BITS}
      li s6, 1
      beq t0, t1, in_code
      li t1, ${USER_ALIAS >>> OFFSET_BITS}
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
