/**
 * The platform-level interrupt controller, after the RISC-V PLIC specification 1.0.0, with QEMU's layout of contexts: M-mode and S-mode
 * of hart 0, then of hart 1, and so on.
 *
 * Its gateways are QEMU's: a source is pending from when its device drives the line high, even if it was high before, until it is claimed or
 * the line falls; what a device drives while the source is served counts after completion. So a line that stays high interrupts again
 * only when the device says so, which guests that do not acknowledge at the device depend on. A completion counts whether or not the
 * source is enabled.
 */
import { type InterruptController, type IrqLine, type PlainData, StateReader } from './device.js';

// Registers; everything between them reads as zero and ignores writes.
const PRIORITY = { base: 0x000000, stride: 4 } as const; // per source
const PENDING = { base: 0x001000, stride: 4 } as const; // per 32 sources
const ENABLE = { base: 0x002000, contextStride: 0x80 } as const; // per context, and in it per 32 sources
const CONTEXT = { base: 0x200000, stride: 0x1000 } as const; // per context
const CONTEXT_THRESHOLD = 0;
const CONTEXT_CLAIM = 4;

export const PLIC_SIZE = 0x600000;
/** Sources 1 to 95; there is no source 0. */
export const PLIC_SOURCES = 95;
const PRIORITY_MAX = 7;
const WORDS = (PLIC_SOURCES + 1) / 32;
const U32 = 0xffffffff;

interface Context {
  readonly line: IrqLine;
  threshold: number;
  /** A bit per source. */
  readonly enable: Uint32Array;
  level: boolean;
}

export class Plic implements InterruptController {
  readonly name = 'plic';
  readonly version = 1;
  readonly sizeBytes = PLIC_SIZE;
  readonly accessSizes = [4] as const;

  private readonly priority = new Uint8Array(PLIC_SOURCES + 1);
  /** A bit per source: whether it asks to be served, and whether it was claimed and not completed. */
  private readonly requests = new Uint32Array(WORDS);
  private readonly claimed = new Uint32Array(WORDS);
  private readonly contexts: readonly Context[];

  /** `contexts`: the interrupt lines that it drives, M-mode and S-mode of each hart in turn. */
  constructor(ports: { contexts: readonly IrqLine[] }) {
    this.contexts = ports.contexts.map((line) => ({ line, threshold: 0, enable: new Uint32Array(WORDS), level: false }));
  }

  input(source: number): IrqLine {
    return {
      set: (level) => {
        if (source < 1 || source > PLIC_SOURCES || level === testBit(this.requests, source)) return;
        setBit(this.requests, source, level);
        this.update();
      },
    };
  }

  read(offset: number, _size: number): number {
    return this.readRegister(offset, (context) => this.claim(context));
  }

  peek(offset: number, _size: number): number {
    return this.readRegister(offset, (context) => this.best(context, 0));
  }

  private readRegister(offset: number, claim: (context: Context) => number): number {
    if (offset >= CONTEXT.base) {
      const { context, register } = this.contextAt(offset);
      if (!context) return 0;
      if (register === CONTEXT_THRESHOLD) return context.threshold;
      return register === CONTEXT_CLAIM ? claim(context) : 0;
    }
    if (offset >= ENABLE.base) return this.enableAt(offset)?.at(wordIn(offset)) ?? 0;
    if (offset >= PENDING.base) return this.requests[(offset - PENDING.base) / PENDING.stride] ?? 0;
    return this.priority[offset / PRIORITY.stride] ?? 0;
  }

  write(offset: number, _size: number, value: number): void {
    if (offset >= CONTEXT.base) {
      const { context, register } = this.contextAt(offset);
      if (context && register === CONTEXT_THRESHOLD) context.threshold = value & PRIORITY_MAX;
      if (context && register === CONTEXT_CLAIM && value <= PLIC_SOURCES) setBit(this.claimed, value, false);
    } else if (offset >= ENABLE.base) {
      const word = wordIn(offset);
      const enable = this.enableAt(offset);
      // There is no source 0 to be enabled.
      if (enable) enable[word] = word === 0 ? value & ~1 : value;
    } else if (offset < PENDING.base) {
      const source = offset / PRIORITY.stride;
      if (source >= 1) this.priority[source] = value & PRIORITY_MAX;
    }
    this.update();
  }

  reset(): void {
    this.priority.fill(0);
    this.requests.fill(0);
    this.claimed.fill(0);
    for (const context of this.contexts) {
      context.threshold = 0;
      context.enable.fill(0);
    }
    this.driveAll();
  }

  save(): PlainData {
    const contexts = this.contexts.map(({ threshold, enable }) => ({ threshold, enable: [...enable] }));
    return { priority: [...this.priority], requests: [...this.requests], claimed: [...this.claimed], contexts };
  }

  load(data: PlainData): void {
    const state = new StateReader(this.name, data);
    const words = (reader: StateReader, field: string): number[] => {
      const list = reader.integers(field, U32, WORDS);
      if (list.length !== WORDS || (list[0] as number) & 1) throw reader.bad(field);
      return list;
    };
    const priority = state.integers('priority', PRIORITY_MAX, this.priority.length);
    if (priority.length !== this.priority.length) throw state.bad('priority');
    const [requests, claimed] = [words(state, 'requests'), words(state, 'claimed')];
    const contexts = state
      .states('contexts', this.contexts.length)
      .map((reader) => ({ threshold: reader.integer('threshold', PRIORITY_MAX), enable: words(reader, 'enable') }));
    this.priority.set(priority);
    this.requests.set(requests);
    this.claimed.set(claimed);
    for (const [index, context] of this.contexts.entries()) {
      const saved = contexts[index] as (typeof contexts)[0];
      context.threshold = saved.threshold;
      context.enable.set(saved.enable);
    }
    this.driveAll();
  }

  /** The most urgent source that asks to be served and is not, is enabled for `context` and has a priority above `threshold`; the lowest among equals, 0 when there is none. */
  private best(context: Context, threshold: number): number {
    let [best, priority] = [0, threshold];
    for (let word = 0; word < WORDS; word++) {
      const waiting = (this.requests[word] as number) & ~(this.claimed[word] as number);
      for (let bits = waiting & (context.enable[word] as number); bits !== 0; bits &= bits - 1) {
        const source = word * 32 + 31 - Math.clz32(bits & -bits);
        const own = this.priority[source] as number;
        if (own > priority) [best, priority] = [source, own];
      }
    }
    return best;
  }

  /** A claim is not subject to the threshold. */
  private claim(context: Context): number {
    const source = this.best(context, 0);
    if (source > 0) {
      setBit(this.claimed, source, true);
      setBit(this.requests, source, false);
    }
    this.update();
    return source;
  }

  private update(): void {
    for (const context of this.contexts) {
      const level = this.best(context, context.threshold) > 0;
      if (level === context.level) continue;
      context.level = level;
      context.line.set(level);
    }
  }

  /** Drives all lines, whatever they were before. */
  private driveAll(): void {
    for (const context of this.contexts) {
      context.level = this.best(context, context.threshold) > 0;
      context.line.set(context.level);
    }
  }

  private contextAt(offset: number): { context: Context | undefined; register: number } {
    const context = this.contexts[Math.floor((offset - CONTEXT.base) / CONTEXT.stride)];
    return { context, register: offset % CONTEXT.stride };
  }

  private enableAt(offset: number): Uint32Array | undefined {
    return this.contexts[Math.floor((offset - ENABLE.base) / ENABLE.contextStride)]?.enable;
  }
}

/** Index of the word at `offset` among its context's enable bits; out of range where there are no sources. */
function wordIn(offset: number): number {
  return ((offset - ENABLE.base) % ENABLE.contextStride) / 4;
}

function testBit(words: Uint32Array, bit: number): boolean {
  return (((words[bit >> 5] as number) >>> (bit & 31)) & 1) === 1;
}

function setBit(words: Uint32Array, bit: number, value: boolean): void {
  const mask = 1 << (bit & 31);
  const word = words[bit >> 5] as number;
  words[bit >> 5] = value ? word | mask : word & ~mask;
}
