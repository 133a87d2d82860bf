/** The soft-MMU's instance, typed. Its code is lib/mem/assembly. */
import { readFileSync } from 'node:fs';

export interface Mmu {
  flushAll(): void;
  flushBanks(): void;
  renewContexts(): void;
  cleanPages(): void;
  frameOf(paddr: bigint): number;
  markCode(paddr: bigint, bytes: number): void;
  unmarkCode(frame: number): void;
  noteBlock(paddr: number, flags: number, header: number): void;
  forgetBlock(paddr: number, flags: number, header: number): void;
  frameDigest(frame: number): bigint;
  blankDigest(frames: number): bigint;
  loadPhysical(paddr: bigint, size: number): bigint;
  storePhysical(paddr: bigint, value: bigint, size: number): number;
  beforeStore(paddr: number, bytes: number): number;
}

/** Functions that the soft-MMU calls. */
export interface MmuHost {
  mmioRead(env: number, paddr: number, size: number): number;
  mmioWrite(env: number, paddr: number, size: number, low: number, high: number): number;
  codeWritten(env: number, paddr: number, bytes: number): void;
}

let compiled: WebAssembly.Module | undefined;

export function loadMmu(memory: WebAssembly.Memory, table: WebAssembly.Table, host: MmuHost): { exports: WebAssembly.Exports; mmu: Mmu } {
  compiled ??= new WebAssembly.Module(new Uint8Array(readFileSync(new URL('../mem/assembly.wasm', import.meta.url))));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory, table }, host: { ...host } });
  return { exports, mmu: exports as unknown as Mmu };
}
