import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as R from '../../../lib/isa/riscv/layout.js';
import * as L from '../../../lib/mem/layout.js';
import { PageTables, PTE_ALL, PTE_U, pageAt } from '../../support/page-tables.js';
import { ALL, Hart, ILLEGAL } from '../../support/riscv-hart.js';
import { DEVICE_BASE, Harness, RAM_BASE, type Trap } from '../../support/wasm-harness.js';

const INTERRUPT = 1n << 63n;

const traps = suite('riscv: traps');

traps('a trap in M-mode saves pc, cause, value and state, and mret restores them', () => {
  const hart = new Hart();
  hart.write('mtvec', 0x80000100n);
  hart.write('mstatus', BigInt(R.STATUS_MIE));
  hart.pc = 0x80000010n;
  hart.trap(R.CAUSE_LOAD_ACCESS, 0x1234n);
  assert.is(hart.pc, 0x80000100n);
  assert.is(hart.read('mepc'), 0x80000010n);
  assert.is(hart.read('mcause'), 5n);
  assert.is(hart.read('mtval'), 0x1234n);
  assert.is(hart.read('mstatus'), 0xa00001880n, 'MPP = M, MPIE = 1, MIE = 0');
  assert.is(hart.field(L.ENV_TRAPS), 1n);
  hart.call('mret');
  assert.is(hart.pc, 0x80000010n);
  assert.is(hart.read('mstatus'), 0xa00000088n, 'MPP = U, MPIE = 1, MIE = 1');
});

traps('medeleg sends traps from S- and U-mode to S-mode, never those from M-mode', () => {
  const hart = new Hart();
  hart.write('mtvec', 0x80000100n);
  hart.write('stvec', 0x80000200n);
  hart.write('medeleg', 1n << 8n);
  hart.pc = 0x80000010n;
  hart.setPriv(R.PRIV_U);
  hart.setField(R.MSTATUS, hart.field(R.MSTATUS) | BigInt(R.STATUS_SIE));
  hart.trap(R.CAUSE_ECALL_U);
  assert.is(hart.field(R.PRIV), 1n);
  assert.is(hart.pc, 0x80000200n);
  assert.is(hart.read('scause'), 8n);
  assert.is(hart.read('sepc'), 0x80000010n);
  assert.is(hart.read('sstatus'), 0x200000020n, 'SPP = U, SPIE = 1, SIE = 0');
  hart.trap(R.CAUSE_BREAKPOINT, 7n);
  assert.is(hart.field(R.PRIV), 3n, 'not delegated');
  assert.is(hart.read('mtval'), 7n);
  assert.is(((hart.read('mstatus') as bigint) >> 11n) & 3n, 1n, 'MPP = S');
  hart.trap(R.CAUSE_ECALL_U);
  assert.is(hart.field(R.PRIV), 3n);
});

traps('ecall has the cause of its privilege and no trap value', () => {
  const hart = new Hart();
  for (const [priv, cause] of [
    [R.PRIV_U, 8],
    [R.PRIV_S, 9],
    [R.PRIV_M, 11],
  ] as const) {
    hart.setPriv(priv);
    assert.equal(hart.call('ecall'), { cause, tval: 0n });
  }
});

traps('an illegal instruction has its bits as the trap value: 16 or 32, across pages too', () => {
  const hart = new Hart();
  const bits = (pc: bigint): bigint => {
    hart.pc = pc;
    hart.trap(R.CAUSE_ILLEGAL);
    return hart.read('mtval') as bigint;
  };
  hart.h.setI64(hart.h.ram(RAM_BASE + 0x10n), 0xffffffff0000107fn);
  assert.is(bits(RAM_BASE + 0x10n), 0x107fn);
  assert.is(bits(RAM_BASE + 0x12n), 0n);
  assert.is(bits(RAM_BASE + 0x14n), 0xffffffffn);
  hart.h.view.setUint32(hart.h.ram(RAM_BASE + 0xffen), 0xabcd9003, true);
  assert.is(bits(RAM_BASE + 0xffen), 0xabcd9003n);
  hart.h.view.setUint16(hart.h.ram(RAM_BASE + 0x20n), 0x8002, true);
  assert.is(bits(RAM_BASE + 0x20n), 0x8002n);
});

traps('vectored mode applies to interrupts only', () => {
  const hart = new Hart();
  hart.write('mtvec', 0x80001001n);
  hart.trap(R.CAUSE_BREAKPOINT);
  assert.is(hart.pc, 0x80001000n);
  hart.write('mie', 1n << BigInt(R.IRQ_MTI));
  hart.wire(R.IRQ_MTI, 1);
  hart.setPriv(R.PRIV_U);
  assert.is(hart.poll(), 1);
  assert.is(hart.pc, 0x80001000n + 4n * 7n);
  assert.is(hart.read('mcause'), INTERRUPT | 7n);
});

traps('mret and sret change privilege, clear MPRV when leaving M-mode, and are illegal below their level or under TSR', () => {
  const hart = new Hart();
  hart.write('mstatus', BigInt(R.STATUS_MPRV | R.STATUS_SPP | R.STATUS_SPIE));
  hart.write('sepc', 0x80000020n);
  hart.call('sret');
  assert.is(hart.field(R.PRIV), 1n);
  assert.is(hart.pc, 0x80000020n);
  assert.is(hart.field(R.MSTATUS), 0xa00000022n, 'SPP = U, SPIE = 1, SIE = 1, MPRV = 0');
  assert.equal(hart.call('mret'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  hart.setField(R.MSTATUS, hart.field(R.MSTATUS) | BigInt(R.STATUS_TSR));
  assert.equal(hart.call('sret'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  hart.setPriv(R.PRIV_U);
  assert.equal(hart.call('sret'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  hart.setPriv(R.PRIV_M);
  hart.write('mstatus', BigInt(R.STATUS_MPRV));
  hart.call('mret');
  assert.is(hart.field(R.MSTATUS) & BigInt(R.STATUS_MPRV), 0n, 'cleared on return to U-mode');
  hart.setPriv(R.PRIV_M);
  hart.write('mstatus', BigInt(R.STATUS_MPRV | R.STATUS_MPP));
  hart.call('mret');
  assert.is(hart.field(R.MSTATUS) & BigInt(R.STATUS_MPRV), BigInt(R.STATUS_MPRV), 'kept on return to M-mode');
});

traps('TVM makes satp and sfence.vma illegal in S-mode, TW wfi', () => {
  const hart = new Hart();
  hart.write('mstatus', BigInt(R.STATUS_TVM | R.STATUS_TW));
  assert.is(hart.read('satp'), 0n);
  assert.is(hart.call('sfence'), 0n);
  hart.setPriv(R.PRIV_S);
  assert.is(hart.read('satp'), ILLEGAL);
  assert.is(hart.write('satp', 0n), ILLEGAL);
  assert.equal(hart.call('sfence'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  assert.equal(hart.call('wfi'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  hart.setField(R.MSTATUS, 0xa00000000n);
  assert.is(hart.call('sfence'), 0n);
  assert.is(hart.call('wfi'), 0n);
  hart.setPriv(R.PRIV_U);
  assert.equal(hart.call('sfence'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  assert.equal(hart.call('wfi'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
});

traps('fetches fault with the fetch causes, and only memory can be fetched from', () => {
  const hart = new Hart();
  const fetch = (vaddr: bigint): Trap | bigint => {
    const paddr = hart.h.guest.fetch(hart.env, BigInt.asIntN(64, vaddr)) as bigint;
    return hart.h.takePending(hart.env) ?? paddr;
  };
  assert.is(fetch(RAM_BASE + 2n), RAM_BASE + 2n);
  assert.equal(fetch(DEVICE_BASE), { cause: R.CAUSE_FETCH_ACCESS, tval: DEVICE_BASE });
  const tables = new PageTables(hart.h);
  tables.map(0x1000n, pageAt(300), PTE_ALL | PTE_U);
  tables.map(0x2000n, DEVICE_BASE);
  tables.enter(hart.env, R.PRIV_S);
  assert.equal(fetch(0x1000n), { cause: R.CAUSE_FETCH_PAGE, tval: 0x1000n }, 'a user page');
  assert.equal(fetch(0x2002n), { cause: R.CAUSE_FETCH_ACCESS, tval: 0x2002n });
  assert.equal(fetch(0x3000n), { cause: R.CAUSE_FETCH_PAGE, tval: 0x3000n });
  tables.enter(hart.env, R.PRIV_U);
  assert.is(fetch(0x1ffen), pageAt(300) + 0xffen);
});

traps.run();

const interrupts = suite('riscv: interrupts');

interrupts('a wire sets its bit in mip and asks for a poll', () => {
  const hart = new Hart();
  hart.wire(R.IRQ_MTI, 1);
  assert.is(hart.h.i32(hart.env + L.ENV_POLL), 1);
  assert.is(hart.read('mip'), 0x80n);
  hart.wire(R.IRQ_MTI, 0);
  assert.is(hart.read('mip'), 0n);
});

interrupts('the order is MEI MSI MTI SEI SSI STI, and what goes to M-mode comes first', () => {
  const hart = new Hart();
  const taken: number[] = [];
  hart.setField(R.MIE, 0xaaan);
  hart.setField(R.MIP, 0xaaan);
  while (hart.field(R.MIP) !== 0n) {
    hart.setPriv(R.PRIV_S);
    hart.setField(R.MSTATUS, 0xa00000000n | BigInt(R.STATUS_SIE));
    assert.is(hart.poll(), 1);
    const number = Number((hart.read('mcause') as bigint) & 63n);
    taken.push(number);
    hart.setField(R.MIP, hart.field(R.MIP) & ~(1n << BigInt(number)));
  }
  assert.equal(taken, [11, 3, 7, 9, 1, 5]);
  hart.setField(R.MIDELEG, 0x222n);
  hart.setField(R.MIP, 0x220n | 0x80n);
  hart.setPriv(R.PRIV_U);
  assert.is(hart.poll(), 1);
  assert.is(hart.read('mcause'), INTERRUPT | 7n);
  hart.setField(R.MIP, 0x220n);
  hart.setPriv(R.PRIV_U);
  assert.is(hart.poll(), 1);
  assert.is(hart.field(R.PRIV), 1n);
  assert.is(hart.read('scause'), INTERRUPT | 9n);
});

interrupts('they are masked by xIE in their own mode, by nothing below it, and never taken above it', () => {
  const hart = new Hart();
  const deliverable = (priv: number, status: number): number => {
    hart.setPriv(priv);
    hart.setField(R.MSTATUS, 0xa00000000n | BigInt(status));
    return hart.poll();
  };
  hart.setField(R.MIE, 0xaaan);
  hart.setField(R.MIP, 0x80n);
  assert.equal([deliverable(3, 0), deliverable(3, R.STATUS_MIE), deliverable(1, 0), deliverable(0, 0)], [0, 1, 1, 1]);
  hart.setField(R.MIDELEG, 0x222n);
  hart.setField(R.MIP, 0x20n);
  assert.equal(
    [deliverable(3, R.STATUS_MIE | R.STATUS_SIE), deliverable(1, 0), deliverable(1, R.STATUS_SIE), deliverable(0, 0)],
    [0, 0, 1, 1],
  );
  hart.setField(R.MIE, 0n);
  assert.is(deliverable(0, R.STATUS_SIE), 0);
});

interrupts('wfi waits until an interrupt is pending and enabled in mie, taken or not', () => {
  const hart = new Hart();
  hart.write('mie', 0x80n);
  hart.call('wfi');
  assert.is(hart.status, L.STATUS_EXIT);
  assert.is(hart.poll(), 2);
  hart.wire(R.IRQ_MSI, 1);
  assert.is(hart.poll(), 2, 'not enabled');
  hart.wire(R.IRQ_MTI, 1);
  assert.is(hart.poll(), 0, 'mstatus.MIE is 0');
  assert.is(hart.h.i32(hart.env + L.ENV_WFI), 0);
});

interrupts('writes that enable a pending interrupt ask for a poll and leave translated code', () => {
  const enabling: [string, (hart: Hart) => void][] = [
    ['mie', (hart) => hart.write('mie', 0x222n)],
    ['mip', (hart) => hart.write('mip', 0x222n)],
    ['mideleg', (hart) => hart.write('mideleg', 0n)],
    ['mstatus', (hart) => hart.set('mstatus', BigInt(R.STATUS_MIE))],
  ];
  for (const [name, write] of enabling) {
    const hart = new Hart();
    hart.setField(R.MIE, name === 'mie' ? 0n : 0x222n);
    hart.setField(R.MIP, name === 'mip' ? 0n : 0x222n);
    write(hart);
    assert.is(hart.status, L.STATUS_EXIT, name);
    assert.is(hart.h.i32(hart.env + L.ENV_POLL), 1, name);
  }
  const hart = new Hart();
  hart.setField(R.MIE, 0x20n);
  hart.setField(R.MIP, 0x20n);
  hart.call('mret');
  assert.is(hart.h.i32(hart.env + L.ENV_POLL), 1, 'mret');
});

interrupts('sie and sip show what is delegated; of it only SSIP can be written', () => {
  const hart = new Hart();
  hart.write('mie', 0xaaan);
  hart.write('mip', 0x222n);
  hart.setField(R.MIDELEG, 0x202n);
  assert.is(hart.read('sie'), 0x202n);
  assert.is(hart.read('sip'), 0x202n);
  hart.write('sie', 0n);
  assert.is(hart.read('mie'), 0x8a8n);
  hart.write('sip', 0n);
  assert.is(hart.read('mip'), 0x220n);
  hart.write('sip', 0xfffn);
  assert.is(hart.read('mip'), 0x222n);
});

interrupts('mip.SEIP is the wire or the bit that software wrote; a read-modify-write keeps them apart', () => {
  const hart = new Hart();
  hart.wire(R.IRQ_SEI, 1);
  assert.is(hart.read('mip'), 0x200n);
  assert.is(hart.set('mip', 2n), 0x200n);
  hart.wire(R.IRQ_SEI, 0);
  assert.is(hart.read('mip'), 2n);
  hart.set('mip', 0x200n);
  hart.wire(R.IRQ_SEI, 1);
  hart.wire(R.IRQ_SEI, 0);
  assert.is(hart.read('mip'), 0x202n);
  hart.clear('mip', 0x200n);
  assert.is(hart.read('mip'), 2n);
});

interrupts.run();

const sstc = suite('riscv: Sstc');

sstc('stimecmp does not exist without the option, nor below M-mode without menvcfg.STCE and mcounteren.TM', () => {
  assert.is(new Hart().read('stimecmp'), ILLEGAL);
  const hart = new Hart(new Harness({ options: R.OPTION_SSTC }));
  assert.is(hart.read('stimecmp'), 0n);
  hart.setPriv(R.PRIV_S);
  assert.is(hart.read('stimecmp'), ILLEGAL);
  hart.setField(R.MENVCFG, 1n << 63n);
  assert.is(hart.read('stimecmp'), ILLEGAL);
  hart.setField(R.MCOUNTEREN, 2n);
  assert.is(hart.read('stimecmp'), 0n);
});

sstc('STIP rises when time reaches stimecmp, falls when that is moved, and cannot be written', () => {
  const hart = new Hart(new Harness({ options: R.OPTION_SSTC }));
  hart.write('stimecmp', 10n);
  hart.h.setI32(hart.env + L.ENV_EXIT, 0);
  hart.write('menvcfg', 1n << 63n);
  assert.is(hart.h.i32(hart.env + L.ENV_EXIT), 1, 'there is a new event');
  assert.is(hart.read('menvcfg'), 1n << 63n);
  hart.at(99n);
  assert.is(hart.read('mip'), 0n);
  hart.at(100n);
  assert.is(hart.read('mip'), 0x20n);
  hart.write('mip', 0n);
  assert.is(hart.read('mip'), 0x20n);
  hart.write('stimecmp', 11n);
  assert.is(hart.status, L.STATUS_EXIT);
  assert.is(hart.h.i32(hart.env + L.ENV_EXIT), 1, 'the run loop must look at the next event');
  assert.is(hart.read('mip'), 0n);
  hart.write('mip', 0x20n);
  assert.is(hart.read('mip'), 0n);
});

sstc('nextTimerTick is the first tick at which STIP is set', () => {
  const hart = new Hart(new Harness({ options: R.OPTION_SSTC }));
  const next = () => hart.h.guest.nextTimerTick(hart.env) as bigint;
  hart.write('stimecmp', 1000n);
  assert.is(next(), -1n, 'menvcfg.STCE is 0');
  hart.write('menvcfg', 1n << 63n);
  for (const [nsPerTick, skipped] of [
    [10n, 0n],
    [7n, 3n],
    [100n, 99999n],
    [333n, 12345n],
  ] as const) {
    hart.h.setI64(L.GLOBAL_NS_PER_TICK, nsPerTick);
    hart.h.setI64(L.GLOBAL_SKIPPED_NS, skipped);
    hart.at(0n);
    const tick = next();
    assert.ok(tick > 0n);
    hart.at(tick - 1n);
    assert.is(hart.read('mip'), 0n);
    hart.at(tick);
    assert.is(hart.read('mip'), 0x20n);
    assert.is(next(), -1n, 'it rose already');
  }
  hart.write('stimecmp', ALL);
  assert.is(next(), -1n);
});

sstc.run();
