/** From a pc to the block that begins there, without the run loop: what a miss of the jump cache does first. */
import {
  ARMED_PAGES,
  BLOCK_TABLE_BITS,
  BT_BLOCK,
  BT_ENTRY_SIZE,
  BT_FLAGS_BITS,
  BT_KEY,
  ENV_CONTEXT,
  ENV_FLAGS,
  ENV_JUMP_CACHE,
  ENV_PC,
  ENV_STATUS,
  FN_FETCH,
  GLOBAL_ARMED_PAGES,
  GLOBAL_BLOCK_TABLE,
  JC_BLOCK,
  JC_CONTEXT,
  JC_ENTRY_BITS,
  JC_INDEX_BITS,
  JC_PC,
  PAGE_BITS,
  STATUS_NONE,
} from '../layout';

/** The place in the table for the block at `paddr` under these TB flags. */
function entryOf(paddr: i64, flags: i32): i32 {
  const hash = (<u32>(paddr >> 1) ^ ((<u32>flags) << 20)) * 0x9e3779b1;
  return GLOBAL_BLOCK_TABLE + (hash >>> (32 - BLOCK_TABLE_BITS)) * BT_ENTRY_SIZE;
}

function keyOf(paddr: i64, flags: i32): i64 {
  return (paddr << BT_FLAGS_BITS) | flags;
}

/** Makes the block with this header findable; it must not depend on any page but its first one's. */
export function noteBlock(at: f64, flags: i32, header: i32): void {
  const paddr = <i64>at;
  const entry = entryOf(paddr, flags);
  store<i64>(entry, keyOf(paddr, flags), BT_KEY);
  store<i32>(entry, header, BT_BLOCK);
}

/** The block with this header is gone. */
export function forgetBlock(paddr: f64, flags: i32, header: i32): void {
  const entry = entryOf(<i64>paddr, flags);
  if (load<i32>(entry, BT_BLOCK) === header) store<i32>(entry, 0, BT_BLOCK);
}

/** Puts the block at ENV_PC into the jump cache if it is in the table. False when not: the run loop looks for it, and for why it cannot be fetched. */
export function enterBlock(env: i32): i32 {
  const pc = load<i64>(env, ENV_PC);
  if (load<u8>(<i32>(pc >> PAGE_BITS) & (ARMED_PAGES - 1), GLOBAL_ARMED_PAGES)) return 0;
  const paddr = call_indirect<i64>(FN_FETCH, env, pc);
  if (paddr < 0) {
    store<i32>(env, STATUS_NONE, ENV_STATUS);
    return 0;
  }
  const flags = load<i32>(env, ENV_FLAGS);
  const entry = entryOf(paddr, flags);
  const header = load<i32>(entry, BT_BLOCK);
  if (!header || load<i64>(entry, BT_KEY) !== keyOf(paddr, flags)) return 0;
  const place = env + (((<i32>pc) << (JC_ENTRY_BITS - 1)) & (((1 << JC_INDEX_BITS) - 1) << JC_ENTRY_BITS));
  store<i64>(place, pc, ENV_JUMP_CACHE + JC_PC);
  store<i32>(place, header, ENV_JUMP_CACHE + JC_BLOCK);
  store<i32>(place, load<i32>(env, ENV_CONTEXT), ENV_JUMP_CACHE + JC_CONTEXT);
  return 1;
}
