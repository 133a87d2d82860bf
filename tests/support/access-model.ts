/** Which accesses to memory an instruction of RISC-V makes, decoded apart from the engine: what watchpoints must see. */
import type { Watchpoint } from '../../lib/exec/debug.js';
import { ENV_TRAPS } from '../../lib/mem/layout.js';
import type { RiscvMachine } from './riscv-machine.js';

export interface Access {
  readonly kind: 'read' | 'write';
  readonly vaddr: bigint;
  readonly size: number;
}

/** A stop that watchpoints must make: behind the instruction at `pc`, at `tick`. */
export interface WatchMoment {
  readonly tick: number;
  readonly skippedNs: number;
  readonly hart: number;
  readonly pc: bigint;
  readonly access: Access['kind'];
  readonly address: bigint;
  readonly watchpoint: Watchpoint;
}

const [LOAD, LOAD_FP, STORE, STORE_FP, MISC_MEM, AMO] = [0x03, 0x07, 0x23, 0x27, 0x0f, 0x2f];
const [LR, SC] = [2, 3];
const CBO_ZERO = 4;
const CBO_BLOCK = 64n;

const read = (vaddr: bigint, size: number): Access => ({ kind: 'read', vaddr, size });
const write = (vaddr: bigint, size: number): Access => ({ kind: 'write', vaddr, size });

function atomic(bits: number, vaddr: bigint, size: number): Access[] {
  const operation = bits >>> 27;
  if (operation === LR) return [read(vaddr, size)];
  return operation === SC ? [write(vaddr, size)] : [read(vaddr, size), write(vaddr, size)];
}

/** Accesses of the 32-bit instruction `bits`, in order, as if it did not trap and a store-conditional succeeded. */
export function accessesOf(bits: number, x: (index: number) => bigint): Access[] {
  const size = 1 << ((bits >> 12) & 3);
  const at = (offset: number): bigint => BigInt.asUintN(64, x((bits >> 15) & 31) + BigInt(offset));
  switch (bits & 0x7f) {
    case LOAD:
    case LOAD_FP:
      return [read(at(bits >> 20), size)];
    case STORE:
    case STORE_FP:
      return [write(at(((bits >> 25) << 5) | ((bits >> 7) & 31)), size)];
    case AMO:
      return atomic(bits, at(0), size);
    case MISC_MEM: {
      if (((bits >> 12) & 7) !== 2 || bits >>> 20 !== CBO_ZERO) return [];
      const block = at(0) & ~(CBO_BLOCK - 1n);
      return Array.from({ length: 8 }, (_, i) => write(block + BigInt(i * 8), 8));
    }
  }
  return [];
}

function overlaps(watchpoint: Watchpoint, address: bigint, size: number): boolean {
  const first = BigInt.asUintN(64, watchpoint.address);
  return address < first + BigInt(watchpoint.length) && first < address + BigInt(size);
}

/** The parts of an access in one space: all of it, or its pages' physical addresses. */
function parts(
  machine: RiscvMachine,
  hart: number,
  space: Watchpoint['space'],
  { vaddr, size }: Access,
): { address: bigint; size: number }[] {
  if (space === 'virtual') return [{ address: vaddr, size }];
  const low = Math.min(size, 4096 - Number(vaddr & 0xfffn));
  const physical = (address: bigint, bytes: number) => ({
    address: BigInt(machine.engine.debug.translate(hart, address) ?? -1),
    size: bytes,
  });
  return low === size ? [physical(vaddr, size)] : [physical(vaddr, low), physical(vaddr + BigInt(low), size - low)];
}

type Hit = Pick<WatchMoment, 'access' | 'address' | 'watchpoint'>;

function firstHit(machine: RiscvMachine, hart: number, accesses: readonly Access[], watchpoints: readonly Watchpoint[]): Hit | undefined {
  for (const access of accesses) {
    for (const space of ['virtual', 'physical'] as const) {
      for (const { address, size } of parts(machine, hart, space, access)) {
        const watchpoint = watchpoints.find(
          (w) => w.space === space && (w.kind === 'access' || w.kind === access.kind) && overlaps(w, address, size),
        );
        if (watchpoint) return { access: access.kind, address, watchpoint };
      }
    }
  }
  return undefined;
}

/** The stops of the first `ticks` ticks, by single steps of `machine`. */
export function watchTrace(machine: RiscvMachine, ticks: number, watchpoints: readonly Watchpoint[]): WatchMoment[] {
  const { engine } = machine;
  const { debug } = engine;
  const moments: WatchMoment[] = [];
  const harts = Array.from({ length: debug.harts }, (_, hart) => hart);
  while (engine.tick < ticks) {
    const before = harts.map((hart) => {
      const bits = machine.bitsAt(hart, debug.pc(hart));
      const hit = firstHit(
        machine,
        hart,
        accessesOf(bits, (index) => debug.readRegister(hart, index)),
        watchpoints,
      );
      return { bits, hit, pc: debug.pc(hart), ticks: debug.hartTicks(hart), traps: machine.slot(ENV_TRAPS, hart) };
    });
    if (engine.run(engine.tick + 1).kind === 'idle') break;
    const hart = harts.find((each) => debug.hartTicks(each) > before[each].ticks)!;
    const { bits, hit, pc, traps } = before[hart];
    const failed = (bits & 0x7f) === AMO && bits >>> 27 === SC && debug.readRegister(hart, (bits >> 7) & 31) !== 0n;
    if (!hit || failed || machine.slot(ENV_TRAPS, hart) !== traps) continue;
    moments.push({ ...hit, tick: engine.tick, skippedNs: engine.clock.skippedNs, hart, pc });
  }
  return moments;
}
