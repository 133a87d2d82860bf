/** Translates guest code to blocks of IR: from a pc up to the first instruction that ends a block, the page's end, or a size limit. */
import { Builder } from '../ir/builder.js';
import type { CodeReader, Guest } from '../isa/guest.js';
import { BLOCK_CODE, PAGE_SIZE } from '../mem/layout.js';
import { type Block, PAST_BREAKPOINT } from './block.js';
import type { CodeCache } from './code-cache.js';

/** Most instructions of one block. */
export const BLOCK_INSNS_MAX = 64;
/** Bytes that are free before each instruction is translated: more than any instruction's IR. */
const INSN_IR_MAX = 4096;
/** Most bytes of one block in the arena. */
export const BLOCK_IR_MAX = BLOCK_CODE + 16384 + INSN_IR_MAX + 4 * BLOCK_INSNS_MAX + 64;

/** The page behind the pc's cannot be fetched: a trap is pending. */
export class FetchFault extends Error {}

/** Where code is in linear memory. */
export interface CodeSource {
  /** Host address of the page of memory at physical address `paddr` (page-aligned), -1 where there is none. */
  hostPage(paddr: number): number;
}

export interface TranslateRequest {
  readonly paddr: number;
  readonly pcOffset: number;
  readonly fixedPc: boolean;
  /** TB flags; with PAST_BREAKPOINT a breakpoint in front of the first instruction does not count. */
  readonly flags: number;
  /** Physical address of the page behind; throws FetchFault. Called only if the first instruction reaches into it. */
  nextPage(): number;
  /** Whether a debugger wants to stop in front of the instruction at this pcOffset. */
  isBreakpoint(pcOffset: number): boolean;
}

export interface TranslatorOptions {
  readonly chain: boolean;
  /** Blocks tell a hook that they begin. */
  readonly heads: boolean;
}

export class Translator implements CodeReader {
  private readonly guest: Guest;
  private readonly heads: boolean;
  private readonly cache: CodeCache;
  private readonly source: CodeSource;
  private readonly builder: Builder;
  private readonly u8: Uint8Array;
  /** Host address of the current instruction; offset of it in its page; host address of the page behind, -1 unknown. */
  private host = 0;
  private inPage = 0;
  private nextHost = -1;
  private nextPaddr = -1;
  private nextClosed = false;
  private request: TranslateRequest | undefined;
  /** Of the block in translation, reused: pc of each instruction less the block's, and host address of its first record. */
  private readonly deltas: number[] = [];
  private readonly records: number[] = [];

  constructor(memory: WebAssembly.Memory, guest: Guest, cache: CodeCache, source: CodeSource, options: TranslatorOptions) {
    this.guest = guest;
    this.heads = options.heads;
    this.cache = cache;
    this.source = source;
    this.builder = new Builder(memory, { zeroSlot: guest.zeroSlot, chain: options.chain });
    this.u8 = new Uint8Array(memory.buffer);
  }

  byte(index: number): number {
    if (this.inPage + index < PAGE_SIZE) return this.u8[this.host + index];
    if (this.nextHost < 0) this.openNextPage();
    return this.u8[this.nextHost + this.inPage + index - PAGE_SIZE];
  }

  unit(index: number): number {
    return this.byte(index * 2) | (this.byte(index * 2 + 1) << 8);
  }

  private openNextPage(): void {
    if (this.nextClosed) throw new FetchFault();
    this.nextPaddr = this.request!.nextPage();
    this.nextHost = this.source.hostPage(this.nextPaddr);
    if (this.nextHost < 0) throw new FetchFault();
  }

  /** Translates the block at `request.paddr`, whose page must be memory. Throws FetchFault when its first instruction cannot be fetched whole. */
  translate(request: TranslateRequest): Block {
    const { builder: b, guest } = this;
    const { paddr, pcOffset, fixedPc, flags } = request;
    const header = this.cache.reserve(BLOCK_IR_MAX);
    const pageHost = this.source.hostPage(paddr - (paddr % PAGE_SIZE));
    this.request = request;
    this.nextHost = this.nextPaddr = -1;
    b.beginBlock(header, { pcOffset, fixedPc, flags: flags & ~PAST_BREAKPOINT });
    if (this.heads) b.blockHead();
    const { deltas, records } = this;
    let insns = 0;
    let bytes = 0;
    while (!b.ended) {
      this.inPage = (paddr % PAGE_SIZE) + bytes;
      this.host = pageHost + this.inPage;
      const mayCross = this.inPage + guest.maxInsnBytes > PAGE_SIZE;
      if (insns > 0 && (this.inPage >= PAGE_SIZE || this.isFull(header, insns) || request.isBreakpoint(pcOffset + bytes))) break;
      const before = b.cursor;
      b.beginInsn(pcOffset + bytes);
      if (insns === 0 && !(flags & PAST_BREAKPOINT) && request.isBreakpoint(pcOffset)) {
        b.debugStop();
        break;
      }
      if (!this.translateInsn(insns > 0 && mayCross)) {
        b.cancelInsn(before);
        break;
      }
      b.endInsn();
      deltas[insns] = bytes;
      records[insns++] = before;
      bytes += b.insnBytes;
    }
    if (!b.ended) b.continueAt(pcOffset + bytes);
    deltas[insns] = bytes;
    return this.cache.add({
      header,
      paddr,
      bytes: Math.max(bytes, 1),
      nextPage: this.nextHost >= 0 ? this.nextPaddr : -1,
      flags,
      fixedPc,
      pcOffset,
      insns,
      cells: b.cells.slice(),
      end: b.cursor,
      deltas,
      records,
    });
  }

  /** False when the instruction reaches into the page behind, which only the first instruction of a block may. */
  private translateInsn(staysInPage: boolean): boolean {
    if (!staysInPage) {
      this.guest.translateInsn(this.builder, this);
      return true;
    }
    this.nextClosed = true;
    try {
      this.guest.translateInsn(this.builder, this);
      return true;
    } catch (error) {
      if (error instanceof FetchFault) return false;
      throw error;
    } finally {
      this.nextClosed = false;
    }
  }

  private isFull(header: number, insns: number): boolean {
    return insns >= BLOCK_INSNS_MAX || this.builder.cursor - header > BLOCK_IR_MAX - INSN_IR_MAX - 4 * BLOCK_INSNS_MAX - 64;
  }
}
