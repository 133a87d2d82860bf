import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Assembler } from '../support/assembler.js';
import { type PathOptions, runOnPaths, ticksUpTo } from '../support/paths.js';
import { RAM_BASE, RiscvMachine } from '../support/riscv-machine.js';

const test = suite('RISC-V code that changes itself');

const TABLES = RAM_BASE + 0x100000;
const FRAMES = RAM_BASE + 0x200000;
const pte = (paddr: number, bits: number): bigint => (BigInt(paddr >>> 12) << 10n) | BigInt(bits);
const [POINTER, LEAF] = [0x01, 0xcf];

/** Runs `source` on all paths to `ticks`; it ends in an endless loop. With `paged` its main part runs in supervisor mode, see `tables`. */
function run(source: string, ticks: number, options: { paged?: boolean } = {}): RiscvMachine {
  const a = new Assembler(RAM_BASE);
  if (options.paged) a.text(ENTER_SUPERVISOR);
  a.text(source);
  if (options.paged) tables(a);
  const program = a.finish();
  return runOnPaths((path: PathOptions) => new RiscvMachine(program, path), ticksUpTo(ticks, 12));
}

const ENTER_SUPERVISOR = `
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
  la t0, main
  csrw mepc, t0
  la t0, trap
  csrw mtvec, t0
  li t0, 0x800
  csrw mstatus, t0
  li t0, ${(8n << 60n) | BigInt(TABLES >>> 12)}
  csrw satp, t0
  mret
  .align 4
trap:
  csrr s10, mcause
  csrr s11, mtval
trapped:
  j trapped
main:
`;

/** RAM at its own address; virtual pages 1 and 2 are frames 0 and 1, pages 4 and 5 frames 0 and 2. */
function tables(a: Assembler): void {
  a.org(TABLES);
  for (const entry of [pte(TABLES + 0x1000, POINTER), 0n, pte(RAM_BASE, LEAF)]) a.dword(entry);
  a.org(TABLES + 0x1000);
  a.dword(pte(TABLES + 0x2000, POINTER));
  a.org(TABLES + 0x2000);
  for (const frame of [-1, 0, 1, -1, 0, 2]) a.dword(frame < 0 ? 0n : pte(FRAMES + frame * 0x1000, LEAF));
}

/** "addi a0, a0, n" is this plus n << 20; "ret". */
const ADDI_A0 = 0x50513;
const RET = 0x8067;
const sum = (count: number): bigint => BigInt((count * (count + 1)) / 2);

/** t0 = the bits of "addi a0, a0, s0"; uses t1. */
const MAKE_ADDI = `
  slli t0, s0, 20
  li t1, ${ADDI_A0}
  add t0, t0, t1
`;

for (const fence of ['', 'fence.i']) {
  const how = fence ? 'with fence.i' : 'without a fence';

  test(`a store into the next instruction, ${how}`, () => {
    const machine = run(
      `li s0, 60
       la s1, patch
       loop: ${MAKE_ADDI}
       sw t0, 0(s1)
       ${fence}
       patch: addi a0, a0, 0
       addi s0, s0, -1
       bnez s0, loop
       end: j end`,
      600,
    );
    assert.is(machine.register('a0'), sum(60));
  });

  test(`a store into the running loop, ${how}`, () => {
    const machine = run(
      `li s0, 60
       la s1, patch
       loop:
       patch: addi a0, a0, 0
       add a1, a1, a0
       ${MAKE_ADDI}
       sw t0, 0(s1)
       ${fence}
       addi s0, s0, -1
       bnez s0, loop
       end: j end`,
      620,
    );
    // The immediate of each round is the round's number before: 60 + 59 + .. + 2.
    assert.is(machine.register('a0'), sum(60) - 1n);
  });

  test(`a function that is written and called through two pages of one frame, ${how}`, () => {
    const machine = run(
      `li s0, 50
       li s1, 0x1000
       li s2, 0x4000
       li s3, ${RET}
       loop: ${MAKE_ADDI}
       sw t0, 0(s1)
       sw s3, 4(s1)
       ${fence}
       jalr ra, 0(s2)
       addi t0, t0, -1
       sub t0, t0, t1
       ${MAKE_ADDI}
       sw t0, 0(s2)
       ${fence}
       jalr ra, 0(s1)
       jalr ra, 0(s2)
       addi s0, s0, -1
       bnez s0, loop
       end: j end`,
      1500,
      { paged: true },
    );
    assert.is(machine.register('a0'), 3n * sum(50));
  });

  test(`each half of an instruction across two pages, ${how}`, () => {
    const machine = run(
      `li s0, 50
       li s1, 0x1ffe
       li s2, 0x2000
       li s3, ${RET}
       li t0, ${ADDI_A0}
       sh t0, 0(s1)
       srli t0, t0, 16
       sh t0, 0(s2)
       sh s3, 2(s2)
       srli t0, s3, 16
       sh t0, 4(s2)
       loop:
       slli t0, s0, 4
       addi t0, t0, 5
       sh t0, 0(s2)
       ${fence}
       jalr ra, 0(s1)
       andi t1, s0, 1
       li t0, 0x0513
       beqz t1, write
       li t0, 0x0593
       write: sh t0, 0(s1)
       ${fence}
       jalr ra, 0(s1)
       mv a2, a1
       addi s0, s0, -1
       bnez s0, loop
       end: j end`,
      1200,
      { paged: true },
    );
    // First half 0x0513: addi a0, a0, s0; 0x0593: addi a1, a0, s0. The loop changes the one half, then the other.
    let [a0, a1, half] = [0, 0, 0x513];
    for (let s0 = 50; s0 > 0; s0--) {
      const call = (): void => {
        if (half === 0x513) a0 += s0;
        else a1 = a0 + s0;
      };
      call();
      half = s0 & 1 ? 0x593 : 0x513;
      call();
    }
    assert.is(machine.register('a0'), BigInt(a0));
    assert.is(machine.register('a1'), BigInt(a1));
  });
}

test('an instruction across two pages whose second page is another one in another mapping', () => {
  const machine = run(
    `li s0, 40
     li s1, 0x1ff0
     li s2, 0x2000
     li s4, 0x4ff0
     li s5, 0x5000
     li s3, ${RET}
     li t0, ${jumpForward(14)}
     sh t0, 0(s1)
     li t0, ${ADDI_A0}
     sh t0, 14(s1)
     li t0, 0x0075
     sh t0, 0(s2)
     sh s3, 2(s2)
     srli t0, s3, 16
     sh t0, 4(s2)
     li t0, 0x0645
     sh t0, 0(s5)
     sh s3, 2(s5)
     sh zero, 4(s5)
     loop:
     jalr ra, 0(s1)
     jalr ra, 0(s4)
     addi s0, s0, -1
     bnez s0, loop
     end: j end`,
    640,
    { paged: true },
  );
  assert.is(machine.register('s10'), 0n);
  assert.is(machine.register('a0'), 40n * (7n + 100n));
});

/** "c.j +offset", for an offset below 16. */
function jumpForward(offset: number): number {
  return 0xa001 | (((offset >> 1) & 7) << 3);
}

test('a page that is taken away under chained code faults at its first instruction', () => {
  const machine = run(
    `li s0, 30
     li s1, 0x1ff8
     li s2, 0x2000
     li t0, ${0x00000013}
     sw t0, 0(s1)
     sw t0, 4(s1)
     li t0, ${RET}
     sw t0, 0(s2)
     li s3, ${TABLES + 0x2000 + 16}
     loop:
     jalr ra, 0(s1)
     addi s0, s0, -1
     bnez s0, loop
     sd zero, 0(s3)
     sfence.vma zero, zero
     jalr ra, 0(s1)
     end: j end`,
    260,
    { paged: true },
  );
  assert.is(machine.register('s10'), 12n);
  assert.is(machine.register('s11'), 0x2000n);
});

test('code that machine mode has chained is no way around PMP for user mode', () => {
  const a = new Assembler(RAM_BASE);
  a.text(`
    la t0, trap
    csrw mtvec, t0
    li t0, ${((RAM_BASE + 0x1000) >>> 2) | 0x1ff}
    csrw pmpaddr0, t0
    li t0, -1
    csrw pmpaddr1, t0
    li t0, 0x1f18
    csrw pmpcfg0, t0
    li s0, 20
    j loop
    .align 4
    trap:
    csrr s10, mcause
    csrr s11, mtval
    trapped: j trapped
    loop:
    call near
    addi s0, s0, -1
    bnez s0, loop
    la t0, near
    csrw mepc, t0
    mret
    near: j far`);
  a.org(RAM_BASE + 0x1000);
  a.text('far: ret');
  const program = a.finish();
  const machine = runOnPaths((path: PathOptions) => new RiscvMachine(program, path), ticksUpTo(150, 8));
  assert.is(machine.register('s10'), 1n);
  assert.is(machine.register('s11'), BigInt(RAM_BASE + 0x1000));
  assert.is(machine.register('s0'), 0n);
});

test('PMP stops code that is chained already', () => {
  const a = new Assembler(RAM_BASE);
  // Code in machine mode jumps to the next page; then a locked entry forbids to execute there.
  a.text(`
    la t0, trap
    csrw mtvec, t0
    li s0, 20
    j loop
    .align 4
    trap:
    csrr s10, mcause
    csrr s11, mtval
    trapped: j trapped
    loop:
    call near
    addi s0, s0, -1
    bnez s0, loop
    li t0, ${((RAM_BASE + 0x1000) >>> 2) | 0x1ff}
    csrw pmpaddr0, t0
    li t0, 0x99
    csrw pmpcfg0, t0
    call near
    end: j end
    near: j far`);
  a.org(RAM_BASE + 0x1000);
  a.text('far: ret');
  const program = a.finish();
  const machine = runOnPaths((path: PathOptions) => new RiscvMachine(program, path), ticksUpTo(150, 8));
  assert.is(machine.register('s10'), 1n);
  assert.is(machine.register('s11'), BigInt(RAM_BASE + 0x1000));
});

test.run();
