/** Calls the floating-point helpers of the RISC-V guest's module outside of a machine. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { FFLAGS, FRM } from '../../lib/isa/riscv/layout.js';
import { ENV_FP_FAST, ENV_STATUS, FP_FAST_DYNAMIC, FP_FAST_NEAREST } from '../../lib/mem/layout.js';
import { FLAG, MODES, type Mode, type Outcome } from './ieee754.js';

type Helper = (env: number, a: bigint, b: bigint, c: bigint, arg: number) => bigint;

/** Upper half of a NaN-boxed single. */
export const BOX = 0xffffffffn << 32n;
export const DYNAMIC = 7;

const ENV = 0x10000;

/** The guest's module with dummies for all that its floating-point helpers do not use. */
function instantiate(): { helpers: WebAssembly.Exports; memory: WebAssembly.Memory } {
  const module = new WebAssembly.Module(readFileSync(new URL('../../lib/isa/riscv/assembly.wasm', import.meta.url)));
  const memory = new WebAssembly.Memory({ initial: 64 });
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    if (kind === 'memory') imports[from][name] = memory;
    else if (kind === 'table') imports[from][name] = new WebAssembly.Table({ initial: 1024, element: 'anyfunc' });
    else imports[from][name] = () => assert.unreachable(`${from}.${name} called by a floating-point helper`);
  }
  return { helpers: new WebAssembly.Instance(module, imports).exports, memory };
}

const { helpers, memory } = instantiate();
const env = new DataView(memory.buffer, ENV);
export const slot = (offset: number): bigint => env.getBigInt64(offset, true);
export const setSlot = (offset: number, value: bigint): void => env.setBigInt64(offset, value, true);
export const int = (offset: number): number => env.getInt32(offset, true);
const setInt = (offset: number, value: number): void => env.setInt32(offset, value, true);

/** ENV_FP_FAST by its definition. */
function fastFlags(): number {
  if ((slot(FFLAGS) & 1n) === 0n) return 0;
  return FP_FAST_NEAREST | (slot(FRM) === 0n ? FP_FAST_DYNAMIC : 0);
}

interface Call {
  readonly operands: readonly bigint[];
  readonly rm: number;
  readonly frm: number;
  readonly fflags: number;
}

/** Calls a helper; the result is that of a 64-bit register, as unsigned. */
export function call(name: string, { operands, rm, frm, fflags }: Call): Outcome {
  setSlot(FFLAGS, BigInt(fflags));
  setSlot(FRM, BigInt(frm));
  setInt(ENV_FP_FAST, fastFlags());
  setInt(ENV_STATUS, 0);
  const helper = helpers[name] as Helper;
  const [a = 0n, b = 0n, c = 0n] = operands.map((x) => BigInt.asIntN(64, x));
  const bits = BigInt.asUintN(64, helper(ENV, a, b, c, rm | 0x300));
  return { bits, flags: Number(slot(FFLAGS)) };
}

const hex = (x: bigint): string => `0x${x.toString(16)}`;

/** Checks one case with the inexact flag clear and set, with a static and the dynamic rounding mode. */
export function check(name: string, operands: readonly bigint[], mode: Mode, expected: Outcome): void {
  const rm = MODES.indexOf(mode);
  for (const fflags of [0, FLAG.NX]) {
    for (const dynamic of [false, true]) {
      const got = call(name, { operands, rm: dynamic ? DYNAMIC : rm, frm: dynamic ? rm : (rm + 1) % 5, fflags });
      const matches = got.bits === expected.bits && got.flags === (expected.flags | fflags);
      if (matches && int(ENV_STATUS) === 0 && int(ENV_FP_FAST) === fastFlags()) continue;
      const wanted = `${hex(expected.bits)} flags ${expected.flags | fflags} fast ${fastFlags()}`;
      const found = `${hex(got.bits)} flags ${got.flags} fast ${int(ENV_FP_FAST)} status ${int(ENV_STATUS)}`;
      assert.unreachable(`${name}(${operands.map(hex).join(', ')}) ${mode}: expected ${wanted}, got ${found}`);
    }
  }
}
