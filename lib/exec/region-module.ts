/** From a batch of regions to the bytes of a WebAssembly module: plain data in and out, so that any thread can do it. */
import { BLOCK_HEAD, DEPART, HELPER, RUN, SLOW_LOAD, SLOW_STORE } from '../ir/access.js';
import { Decoder, type IrBlock } from '../ir/decode.js';
import { type LoweringGuest, type LoweringImports, lowerRegion } from '../ir/lower.js';
import { optimise } from '../ir/passes.js';
import type { Guest } from '../isa/guest.js';
import { ModuleWriter } from '../wasm/module.js';

/** What lowering must know of the guest. */
export type GuestShape = Pick<Guest, 'zeroSlot' | 'registers' | 'helpers'>;

export interface RegionDraft {
  /** Its place in the function table. */
  readonly slot: number;
  readonly fixedPc: boolean;
  /** The first one is the entry. */
  readonly blocks: readonly BlockCopy[];
}

/** A block's header and IR. */
export interface BlockCopy {
  /** Host address of the header. */
  readonly header: number;
  /** Where the copy begins in `RegionBatch.code`: a multiple of 8. */
  readonly at: number;
}

export interface RegionBatch {
  readonly guest: GuestShape;
  /** Size of linear memory in WebAssembly pages. */
  readonly memoryPages: number;
  /** Whether heads of blocks call `env.blockHead`. */
  readonly heads: boolean;
  readonly regions: readonly RegionDraft[];
  /** The blocks as they were, since they may be dropped meanwhile. */
  readonly code: ArrayBuffer;
}

/** The module: imports env.memory, env.table, env.blockHead where there are heads, mmu, engine, guest; puts the regions into their slots. */
export function lowerBatch(batch: RegionBatch): Uint8Array<ArrayBuffer> {
  const m = new ModuleWriter({ module: 'env', name: 'memory', pages: batch.memoryPages });
  m.importTable('env', 'table', 0);
  const guest = loweringGuest(batch.guest);
  const regions = batch.regions.map(({ slot, fixedPc, blocks }) => ({
    slot,
    fixedPc,
    blocks: blocks.map((block) => decodeCopy(batch.code, block, guest)),
  }));
  const imports = declareImports(
    m,
    batch,
    regions.flatMap(({ blocks }) => blocks),
  );
  for (const { slot, ...region } of regions) m.element(slot, m.function(RUN, lowerRegion(region, guest, imports)));
  return m.finish();
}

function loweringGuest(guest: GuestShape): LoweringGuest {
  const types = new Map(guest.registers.map((register) => [register.offset, register.type]));
  return { zeroSlot: guest.zeroSlot, registerType: (slot) => types.get(slot) };
}

function decodeCopy(code: ArrayBuffer, { header, at }: BlockCopy, guest: LoweringGuest): IrBlock {
  const block = new Decoder(code, header - at).block(header);
  return { ...block, ops: optimise(block.ops, guest) };
}

function declareImports(m: ModuleWriter, { guest, heads }: RegionBatch, blocks: readonly IrBlock[]): LoweringImports {
  const slowLoad = m.importFunction('mmu', 'slowLoad', SLOW_LOAD);
  const slowStore = m.importFunction('mmu', 'slowStore', SLOW_STORE);
  const depart = m.importFunction('engine', 'depart', DEPART);
  const dispatch = m.importFunction('engine', 'dispatch', RUN);
  const blockHead = heads ? m.importFunction('env', 'blockHead', BLOCK_HEAD) : -1;
  const helpers = new Map<number, number>();
  for (const { ops } of blocks) {
    for (const { info, helper } of ops) {
      if (info.kind !== 'call' && info.kind !== 'float') continue;
      if (!helpers.has(helper)) helpers.set(helper, m.importFunction('guest', guest.helpers[helper].name, HELPER));
    }
  }
  return {
    run: m.type(RUN),
    slowLoad,
    slowStore,
    depart,
    dispatch,
    blockHead,
    helper: (index) => helpers.get(index)!,
    mayLeave: (index) => guest.helpers[index].mayLeave,
  };
}
