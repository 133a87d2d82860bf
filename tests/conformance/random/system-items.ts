/** Items that touch the privileged state: control registers, changes of mode, software interrupts, page-table entries. */
import { xName } from '../../support/registers.js';
import type { BlockWriter, PageTableEntry } from './block-writer.js';
import { OFFSET_BITS, SERVICE } from './layout.js';

interface Csr {
  readonly name: string;
  /** Bits that a write may set: the others are not the same everywhere. */
  readonly bits?: bigint;
  /** The value must be put back at once. */
  readonly restore?: boolean;
}

const STATUS_BITS = 0x7e_79aan; // no VS, XS, UXL

const EVEN = 0xffff_ffff_ffff_fffen;

/** CSRs with the same fields in QEMU. Counters, time and implementation ids are none. */
const CSRS: readonly Csr[] = [
  { name: 'mscratch' },
  { name: 'mepc', bits: EVEN }, // QEMU 7.2 keeps the lowest bit
  { name: 'mcause', bits: 0x8000_0000_0000_000fn },
  { name: 'mtval' },
  { name: 'sscratch' },
  { name: 'sepc', bits: EVEN },
  { name: 'scause', bits: 0x8000_0000_0000_000fn },
  { name: 'stval' },
  { name: 'fcsr', bits: 0x9fn },
  { name: 'medeleg', bits: 0xb1fen, restore: true },
  { name: 'mideleg', bits: 0x222n, restore: true },
  { name: 'mie', bits: 0xaa2n },
  { name: 'sie', bits: 0x222n },
  { name: 'mip', bits: 0x222n },
  { name: 'sip', bits: 0x222n },
  { name: 'mtvec', bits: 0xffff_ffff_ffff_fffdn, restore: true },
  { name: 'stvec', bits: 0xffff_ffff_ffff_fffdn, restore: true },
  { name: 'mcounteren', bits: 7n },
  { name: 'scounteren', bits: 7n },
  { name: 'senvcfg', bits: 1n },
  { name: 'mstatus', bits: STATUS_BITS, restore: true },
  { name: 'sstatus', bits: STATUS_BITS, restore: true },
  { name: 'satp', bits: 0x8fff_ffff_ffff_ffffn, restore: true },
];

const READ_ONLY = ['mhartid', 'misa'] as const;
/** Numbers without a register: access is illegal. */
const NO_CSR = [0x0, 0x123, 0x1ff, 0x2ff, 0x5c0, 0x6ff, 0x8ff, 0x9c0, 0xaff, 0xcff, 0xdff, 0xeff, 0xfff];

function csr(w: BlockWriter): void {
  const { name, bits, restore } = w.random.pick(CSRS);
  if (name === 'satp' && !(w.environment.mode === 3 && !w.environment.weights.changeMode)) return;
  w.reserve(3, (value, old, mask) => {
    if (bits === undefined) w.a.insn('addi', value!, w.source(), 0);
    else {
      w.a.li(mask!, bits);
      w.a.insn('and', value!, w.source(), mask!);
    }
    if (name === 'mstatus') legalPreviousMode(w, value!, mask!);
    w.a.insn(w.random.pick(['csrrw', 'csrrs', 'csrrc']), restore || w.random.chance(0.8) ? old! : 'zero', name, value!);
    if (restore) {
      w.a.insn('csrrs', mask!, name, 'zero');
      w.a.insn('csrrw', w.destination(), name, old!);
    } else if (w.random.chance(0.5)) w.a.insn(w.random.pick(['csrrsi', 'csrrci']), w.destination(), name, 0);
  });
}

/** mstatus.MPP = 2 is no mode: makes it 0 or 3, by its low bit. */
function legalPreviousMode(w: BlockWriter, value: string, scratch: string): void {
  w.a.li(scratch, 0x800);
  w.a.insn('and', scratch, scratch, value);
  w.a.insn('slli', scratch, scratch, 1);
  w.a.insn('or', value, value, scratch);
  w.a.li(scratch, 0x1000);
  w.a.insn('and', scratch, scratch, value);
  w.a.insn('srli', scratch, scratch, 1);
  w.a.insn('or', value, value, scratch);
}

/** Reads, and accesses that are illegal in any mode. */
function csrProbe(w: BlockWriter): void {
  const name = w.random.pick(['csrrw', 'csrrs', 'csrrc', 'csrrwi', 'csrrsi', 'csrrci']);
  const source = name.endsWith('i') ? w.random.below(32) : w.source();
  if (w.random.chance(0.4)) w.a.insn(w.random.pick(['csrrs', 'csrrc']), w.destination(), w.random.pick(READ_ONLY), 'zero');
  else if (w.random.chance(0.5)) w.a.insn(name, w.destination(), w.random.pick(NO_CSR), source);
  else w.a.insn('csrrw', w.destination(), 'mhartid', w.source());
}

/** Clears mstatus.MPRV, if this is M-mode; traps otherwise. */
export function clearMprv(w: BlockWriter, scratch: string): void {
  w.a.li(scratch, 0x2_0000);
  w.a.insn('csrrc', 'zero', 'mstatus', scratch);
}

/** Jumps of the privileged kind to the next instruction, in another mode. */
function changeMode(w: BlockWriter): void {
  const mode = w.random.pick([0, 1, 3] as const);
  const kind = w.random.weighted({ ecall: 3, mret: 2, sret: 2 });
  if (kind === 'ecall') {
    w.a.insn('ecall');
    w.a.insn('lui', 'zero', (SERVICE + mode) << 12);
    return;
  }
  const next = w.a.freshLabel('next');
  const base = mode === 0 ? w.environment.userBase : 0x8000_0000;
  w.reserve(2, (pc, scratch) => {
    w.a.la(pc!, next);
    w.a.insn('slli', pc!, pc!, 64 - OFFSET_BITS);
    w.a.insn('srli', pc!, pc!, 64 - OFFSET_BITS);
    w.a.li(scratch!, base);
    w.a.insn('or', pc!, pc!, scratch!);
    const status = kind === 'mret' ? 'mstatus' : 'sstatus';
    // mret and sret to another mode clear MPRV, but not in QEMU 7.2.
    clearMprv(w, scratch!);
    const field = kind === 'mret' ? 0x1800 : 0x100;
    w.a.li(scratch!, field);
    w.a.insn('csrrc', 'zero', status, scratch!);
    w.a.li(scratch!, kind === 'mret' ? mode << 11 : mode === 0 ? 0 : 0x100);
    w.a.insn('csrrs', 'zero', status, scratch!);
    w.a.insn('csrrw', 'zero', kind === 'mret' ? 'mepc' : 'sepc', pc!);
    w.a.insn(kind);
    w.a.label(next);
  });
}

/** Traps on purpose. */
function trap(w: BlockWriter): void {
  w.a.insn(w.random.pick(['ecall', 'ebreak', 'c.ebreak']));
}

/**
 * wfi where it cannot wait: an interrupt is pending and enabled, though perhaps not taken, because it is globally disabled. With mstatus.TW, and
 * in U-mode, it is illegal.
 */
function waitForInterrupt(w: BlockWriter): void {
  const { mode, weights } = w.environment;
  if (weights.changeMode) return;
  if (mode === 0) w.a.insn('wfi');
  if (mode === 3) waitInMachineMode(w);
}

function waitInMachineMode(w: BlockWriter): void {
  w.reserve(3, (status, bit, timeout) => {
    w.a.insn('csrrci', status!, 'mstatus', 8);
    w.a.li(bit!, 2);
    w.a.insn('csrrs', 'zero', 'mip', bit!);
    w.a.insn('csrrs', 'zero', 'mie', bit!);
    w.a.li(timeout!, 0x20_0000);
    w.a.insn(w.random.pick(['csrrs', 'csrrc']), 'zero', 'mstatus', timeout!);
    w.a.insn('wfi');
    if (w.random.chance(0.5)) w.a.insn('csrrsi', 'zero', 'mstatus', 8);
    w.a.insn('csrrc', 'zero', 'mip', bit!);
    w.a.insn('csrrw', 'zero', 'mstatus', status!);
  });
}

/** Software bits of mip, and what enables them; the handlers take the enable away again. */
function interrupt(w: BlockWriter): void {
  w.reserve(1, (bits) => {
    const machine = w.random.chance(0.5);
    const steps = [
      () => {
        w.a.li(bits!, w.random.u32() & 0x222);
        w.a.insn(w.random.pick(['csrrs', 'csrrs', 'csrrc', 'csrrw']), w.destination(), machine ? 'mip' : 'sip', bits!);
      },
      () => {
        w.a.li(bits!, w.random.u32() & 0x222);
        w.a.insn(w.random.pick(['csrrs', 'csrrw']), w.destination(), machine ? 'mie' : 'sie', bits!);
      },
      () =>
        w.a.insn(
          w.random.pick(['csrrsi', 'csrrsi', 'csrrci']),
          w.destination(),
          machine ? 'mstatus' : 'sstatus',
          w.random.pick([2, 8, 10]),
        ),
    ];
    for (let i = w.random.between(1, 3); i > 0; i--) w.random.pick(steps)();
  });
}

/** A machine software interrupt by the CLINT. It is enabled by a CSR instruction, because QEMU takes the store's effect late. */
function softwareInterrupt(w: BlockWriter): void {
  w.reserve(2, (clint, one) => {
    w.a.li(clint!, 0x0200_0000);
    w.a.li(one!, 1);
    w.a.insn('csrrci', 'zero', 'mie', 8);
    w.a.insn('sw', one!, `0(${clint})`);
    w.plain('integer');
    w.a.insn('csrrsi', w.destination(), 'mie', 8);
    w.plain('integer');
    w.a.insn('csrrsi', w.destination(), 'mstatus', 8);
    w.a.insn('sw', 'zero', `0(${clint})`);
    w.a.insn('csrrci', 'zero', 'mie', 8);
  });
}

const FLAGS = [0x01, 0x02, 0x04, 0x06, 0x08, 0x10, 0x20, 0x40, 0x80, 0xc0, 0xd7];
const FRAME_BITS = [0x400, 0x1c00];

/** Flips bits of a page-table entry, and fences. */
function pageTableEntry(w: BlockWriter): void {
  const { entries } = w.environment;
  if (entries.length > 0) changeEntry(w, w.random.pick(entries));
  sfence(w);
}

function changeEntry(w: BlockWriter, entry: PageTableEntry): void {
  w.reserve(2, (address, bits) => {
    w.a.li(address!, entry.address);
    if (w.random.chance(0.8)) {
      w.a.li(bits!, w.random.pick(entry.isLeaf ? [...FLAGS, ...FRAME_BITS] : FLAGS));
      w.a.insn('amoxor.d', w.destination(), bits!, `(${address})`);
    } else {
      w.a.insn('ld', bits!, `0(${address})`);
      w.a.insn('sb', bits!, `${8 * w.random.below(8)}(${address})`);
    }
  });
}

function sfence(w: BlockWriter): void {
  const kind = w.random.below(3);
  const address = kind === 0 ? 'zero' : w.random.chance(0.5) ? 'zero' : w.source();
  w.a.insn('sfence.vma', kind === 1 ? 'zero' : address, 'zero');
}

/** Status bits that change which accesses are allowed, for the accesses that follow. */
function permission(w: BlockWriter): void {
  w.reserve(1, (bits) => {
    const machine = w.random.chance(0.5);
    w.a.li(bits!, w.random.pick(machine ? [0x20000, 0x40000, 0x80000, 0x800, 0x60000, 0x20800] : [0x40000, 0x80000, 0xc0000]));
    if (machine) avoidReservedMode(w);
    w.a.insn(w.random.pick(['csrrs', 'csrrc']), w.destination(), machine ? 'mstatus' : 'sstatus', bits!);
  });
}

/** Clears mstatus.MPP's high bit, so that clearing the low one does not make it 2. */
function avoidReservedMode(w: BlockWriter): void {
  w.reserve(1, (bits) => {
    w.a.li(bits!, 0x1000);
    w.a.insn('csrrc', 'zero', 'mstatus', bits!);
  });
}

/** Reads memory through every pointer: an easy way to see which accesses are allowed. */
function probe(w: BlockWriter): void {
  for (const pointer of w.pointers) {
    if (w.random.chance(0.6))
      w.a.insn(w.random.pick(['lb', 'lh', 'lw', 'ld']), w.destination(), `${8 * w.random.between(-8, 8)}(${xName(pointer)})`);
  }
}

export const SYSTEM_ITEMS = {
  changeMode,
  csr,
  csrProbe,
  interrupt,
  pageTableEntry,
  permission,
  probe,
  sfence,
  softwareInterrupt,
  trap,
  waitForInterrupt,
} as const;
