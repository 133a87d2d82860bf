/** What streams are made of: single instructions of the pools, and small sequences that branch, loop, call, jump to nowhere or write code. */
import { decode, encode, ROWS } from '../../support/instructions.js';
import { REGISTERS, xName } from '../../support/registers.js';
import type { BlockWriter, Pool } from './block-writer.js';
import { PATCH_CODE, RECOVERY_REGISTER } from './layout.js';
import { clearMprv, SYSTEM_ITEMS } from './system-items.js';
import { nastyInteger } from './values.js';

export type Item = (w: BlockWriter) => void;

const PLAIN: readonly Pool[] = ['integer', 'bits', 'float', 'memory', 'floatMemory', 'atomic'];
/** c.addi4spn, c.addiw, c.lui, c.lwsp, c.jr, c.ldsp with reserved operands, and an unused place. */
const RESERVED_COMPRESSED = [0, 0x2001, 0x6101, 0x6001, 0x4002, 0x8002, 0x6002, 0x8000, 0x9c41, 0x9c61];
const COMPRESSED = ROWS.filter(({ name }) => /^c\.(?!f|j|b|ebreak|l[wd]|s[wd])/.test(name));
const GP = xName(RECOVERY_REGISTER);
const RA = 1;
const T0 = 5;
/** What no loaded value is likely to be. */
const NO_LOAD = 0x5a5_1234_5678_9abdn;

/** A short body: plain instructions only, so that a compressed branch reaches across it. */
function shortBody(w: BlockWriter): void {
  for (let i = w.random.between(1, 5); i > 0; i--) w.plain(w.random.chance(0.8) ? 'integer' : 'bits');
}

function body(w: BlockWriter, most: number): void {
  w.depth++;
  for (let i = w.random.between(1, most); i > 0; i--) writeItem(w);
  w.depth--;
}

/** Compressed registers: x8 .. x15. */
const compressedSource = (w: BlockWriter): string => xName(w.random.between(8, 15));

function branch(w: BlockWriter): void {
  const target = w.a.freshLabel();
  const kind = w.random.below(10);
  if (kind < 6) w.a.insn(w.random.pick(['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu']), w.source(), w.source(), target);
  else if (kind < 8) w.a.insn(w.random.pick(['c.beqz', 'c.bnez']), compressedSource(w), target);
  else if (kind < 9) w.a.insn('c.j', target);
  else w.a.insn('jal', w.destination(), target);
  if (kind < 6 && w.depth < 2) body(w, 4);
  else shortBody(w);
  w.a.label(target);
}

function loop(w: BlockWriter): void {
  w.reserve(1, (counter) => {
    const top = w.a.freshLabel('loop');
    w.a.li(counter!, w.random.between(1, w.depth === 0 ? 12 : 4));
    w.a.label(top);
    body(w, 6);
    w.a.insn('addi', counter!, counter!, -1);
    if (w.random.chance(0.5)) w.a.insn('bne', counter!, 'zero', top);
    else w.a.insn('blt', 'zero', counter!, top);
  });
}

/** A call of a function behind the block: direct, through a register, or compressed. */
function call(w: BlockWriter): void {
  const target = w.a.freshLabel('function');
  const define = (link: string): void =>
    w.later(() => {
      w.a.label(target);
      for (let i = w.random.between(1, 4); i > 0; i--) w.plain(w.random.chance(0.7) ? 'integer' : 'bits');
      if (w.random.chance(0.5)) w.a.insn('c.jr', link);
      else w.a.insn('jalr', 'zero', `0(${link})`);
    });
  const direct = (link: string): void => {
    w.a.insn('jal', link, target);
    define(link);
  };
  const indirect = (link: string, address: string): void => {
    const offset = w.random.pick([0, 64, -64, 2047]);
    w.a.la(address, target);
    w.a.insn('addi', address, address, -offset | (offset === 64 ? w.random.below(2) : 0));
    w.a.insn('jalr', link, `${offset}(${address})`);
    define(link);
  };
  const compressedCall = (address: string): void => {
    w.a.la(address, target);
    w.a.insn('c.jalr', address);
    define('ra');
  };
  const kind = w.random.below(4);
  if (kind === 0 && w.reserveRegister(RA, () => w.reserve(1, (address) => compressedCall(address!)))) return;
  if (kind === 1) w.reserve(1, (link) => direct(link!));
  else w.reserve(2, (link, address) => indirect(link!, address!));
}

/** A jump to where nothing can be executed; the handler goes on at gp. */
function wild(w: BlockWriter): void {
  const back = w.a.freshLabel('back');
  w.reserve(1, (r) => {
    w.a.la(GP, back);
    w.a.li(r!, w.random.pick(w.environment.wildTargets));
    w.a.insn('jalr', w.destination(), `0(${r})`);
    w.a.label(back);
  });
}

const isCacheBlock = (bits: number): boolean => (bits & 0x707f) === 0x200f;

/** A word that is no instruction. */
function illegal(w: BlockWriter): void {
  let bits = w.random.pick(RESERVED_COMPRESSED);
  if (w.random.chance(0.85))
    do bits = (w.random.u32() | 3) >>> 0;
    while (decode(bits) !== undefined || isCacheBlock(bits));
  w.a.raw(bits);
}

/** While MPRV is set, QEMU 7.2 allows loads from pages that it has fetched from: no data accesses to code then. */
function avoidMprv(w: BlockWriter, scratch: string): void {
  const { mode, paging, weights } = w.environment;
  if (paging !== 'bare' && (mode === 3 || weights.permission)) clearMprv(w, scratch);
}

/** Changes an instruction a little further on to another one and, the next time, back. */
function patch(w: BlockWriter): void {
  const site = w.a.freshLabel('site');
  const long = w.random.chance(0.6);
  const width = long ? 32 : 16;
  const first = w.integerBits(width);
  const second = w.integerBits(width);
  w.reserve(3, (address, old, change) => {
    avoidMprv(w, old!);
    w.a.la(address!, site);
    w.a.insn(long ? 'lw' : 'lhu', old!, `0(${address})`);
    w.a.li(change!, first ^ second);
    w.a.insn('xor', old!, old!, change!);
    w.a.insn(long ? 'sw' : 'sh', old!, `0(${address})`);
    w.a.insn('fence.i');
    for (let i = w.random.below(4); i > 0; i--) w.plain('integer');
    w.a.label(site);
    w.a.raw(first);
  });
}

/** Writes a function of a few instructions to a page for code, and calls it if that could be written. */
function generate(w: BlockWriter): void {
  const back = w.a.freshLabel('back');
  w.reserve(3, (address, word, link) => {
    const insns = Array.from({ length: w.random.between(1, 5) }, () => w.integerBits(32));
    insns.push(encode('jalr', { rd: 0, rs1: REGISTERS.get(link!)!, imm: 0 }));
    avoidMprv(w, word!);
    w.a.la(GP, back);
    w.a.li(address!, PATCH_CODE + 2 * w.random.between(0, 4080));
    for (const [i, bits] of insns.toReversed().entries()) {
      w.a.li(word!, bits | 0);
      w.a.insn('sw', word!, `${4 * (insns.length - 1 - i)}(${address})`);
    }
    w.a.insn('fence.i');
    w.a.insn('lw', link!, `0(${address})`);
    w.a.insn('bne', link!, word!, back);
    w.a.insn('jalr', link!, `0(${address})`);
    w.a.label(back);
  });
}

/**
 * A reserved load and a conditional store to the same place. Where the load traps there is no store: whether one without a reservation may
 * trap is left open, and where no access traps there are also stores that must fail.
 */
function reserved(w: BlockWriter): void {
  const suffix = w.random.pick(['w', 'd']);
  const canTrap = w.environment.paging !== 'bare' || w.environment.weights.probe !== undefined;
  const order = (): number => w.random.below(4);
  w.reserve(2, (address, value) => {
    const end = w.a.freshLabel();
    w.a.insn('addi', address!, xName(w.random.pick(canTrap ? w.pointers : w.safePointers)), 8 * w.random.between(-200, 200));
    if (canTrap) w.a.insn('andi', address!, address!, -8);
    const hasLoad = canTrap || w.random.chance(0.9);
    if (canTrap) w.a.li(value!, NO_LOAD);
    if (hasLoad) w.a.insn(`lr.${suffix}`, value!, `(${address})`, order());
    for (let i = w.random.below(3); i > 0; i--) w.plain('integer');
    if (canTrap) {
      w.reserve(1, (sentinel) => {
        w.a.li(sentinel!, NO_LOAD);
        w.a.insn('beq', sentinel!, value!, end);
      });
    }
    w.a.insn(`sc.${suffix}`, w.destination(), w.source(), `(${address})`, order());
    if (!canTrap && w.random.chance(0.5)) w.a.insn(`sc.${suffix}`, w.destination(), w.source(), `(${address})`, order());
    w.a.label(end);
  });
}

function constant(w: BlockWriter): void {
  w.a.li(w.destination(), nastyInteger(w.random));
}

/** QEMU 7.2 counts zeros of all 64 bits: the source gets one in its low word. */
function ctzw(w: BlockWriter): void {
  w.reserve(1, (source) => {
    w.a.insn('bseti', source!, w.source(), w.random.below(32));
    w.a.insn('ctzw', w.destination(), source!);
  });
}

/**
 * Calls code around the border of two pages that are neighbours in virtual memory only. Each may or may not be executable, and an instruction
 * lies across the border. It writes t0.
 */
function crossPages(w: BlockWriter): void {
  const { crossings } = w.environment;
  if (crossings.length === 0) return;
  const back = w.a.freshLabel('back');
  const write = (address: string): void => {
    w.a.la(GP, back);
    w.a.li(address, w.random.pick(crossings));
    w.a.insn('jalr', 'ra', `0(${address})`);
    w.a.label(back);
  };
  w.reserveRegister(RA, () => w.reserveRegister(T0, () => w.reserve(1, (address) => write(address!))));
}

/** Rounding mode and flags: read, set, cleared. */
function floatControl(w: BlockWriter): void {
  const kind = w.random.below(6);
  if (kind === 0) w.a.insn('csrrwi', w.destination(), 'frm', w.random.chance(0.9) ? w.random.below(5) : w.random.below(8));
  else if (kind === 1) w.a.insn('csrrwi', w.destination(), 'fflags', w.random.below(32));
  else if (kind === 2) w.a.insn(w.random.pick(['csrrsi', 'csrrci']), w.destination(), 'fflags', w.random.below(32));
  else if (kind === 3) w.a.insn('csrrs', w.destination(), w.random.pick(['fflags', 'frm', 'fcsr']), 'zero');
  else if (kind === 4) w.a.insn('csrrwi', w.destination(), 'fcsr', w.random.below(32));
  else if (w.random.chance(0.2))
    w.a.insn(w.random.pick(['csrrw', 'csrrs', 'csrrc']), w.destination(), w.random.pick(['fflags', 'frm', 'fcsr']), w.source());
  else w.a.insn('csrrwi', w.destination(), 'frm', w.random.below(5));
}

const compressed: Item = (w) => w.insnOf(w.random.pick(COMPRESSED));
const plain = Object.fromEntries(PLAIN.map((pool) => [pool, (w: BlockWriter) => w.plain(pool)])) as Record<Pool, Item>;

export const ITEMS = {
  ...plain,
  branch,
  call,
  compressed,
  constant,
  crossPages,
  ctzw,
  floatControl,
  generate,
  illegal,
  loop,
  patch,
  reserved,
  wild,
  ...SYSTEM_ITEMS,
} as const satisfies Record<string, Item>;

export type ItemName = keyof typeof ITEMS;
export type Weights = Readonly<Partial<Record<ItemName, number>>>;

/** Items that hold others, or that are long: not inside of each other without end. */
const NESTING = new Set<ItemName>(['loop', 'branch']);

/** Writes one random item. */
export function writeItem(w: BlockWriter): void {
  let name = w.random.weighted<ItemName>(w.environment.weights);
  if (NESTING.has(name) && w.depth >= 2) name = 'integer';
  ITEMS[name](w);
}
