/**
 * A trap handler in toy assembly. It logs every trap, acknowledges interrupts, and goes on: behind a `sys`, at the interrupted instruction, or, after
 * a fault, at the address in the control `scratch`. r0 is its own: the next entry of the log.
 */
import { DEVICE_ACK, type ToyMachine } from './machine.js';

const LOG = 0x3000;
const ENTRY_BYTES = 32;

/** Put it at the beginning: it sets everything up and falls through. */
export const PRELUDE = `
          ldi r0, ${LOG}
          ldi r1, handler
          wrc r1, 0
          ldi r6, 0x8000
          jmp main
 handler: st [r0+64], r1
          st [r0+72], r2
          getf r1
          st [r0+80], r1
          rdc r1, 2
          st [r0], r1
          rdc r2, 3
          st [r0+8], r2
          rdc r2, 1
          st [r0+16], r2
          rdc r2, 6
          st [r0+24], r2
          ldi8 r2, 2
          cmp r1, r2
          jz resume
          ldi8 r2, 16
          cmp r1, r2
          jz acknowledge
          rdc r2, 5
          wrc r2, 1
 resume:  ld r1, [r0+80]
          setf r1
          ld r1, [r0+64]
          ld r2, [r0+72]
          st [r0+104], r1
          getf r1
          st [r0+112], r1
          st [r0+120], r2
          ldi8 r2, ${ENTRY_BYTES}
          add r0, r2
          ld r2, [r0+80]
          setf r2
          ld r1, [r0+72]
          ld r2, [r0+88]
          iret
 acknowledge:
          ldi r2, ${DEVICE_ACK}
          stb [r2], r2
          jmp resume
 main:
`;

export interface LogEntry {
  readonly cause: number;
  readonly tval: bigint;
  readonly epc: bigint;
  readonly tick: number;
}

/** All traps that the handler has logged. */
export function trapLog(machine: ToyMachine): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let at = LOG; machine.quad(at) !== 0n && BigInt(at) < machine.register(0); at += ENTRY_BYTES) {
    const [cause, tval, epc, tick] = [0, 8, 16, 24].map((offset) => machine.quad(at + offset));
    entries.push({ cause: Number(cause), tval, epc, tick: Number(tick) });
  }
  return entries;
}

/** Lets the next fault go on at `label`; uses r1. */
export const skipTo = (label: string): string => `
          ldi r1, ${label}
          wrc r1, 5`;
