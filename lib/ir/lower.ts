/**
 * Lowers a region - blocks reached by direct branches from one entry - to ONE WebAssembly function with structured control flow.
 *
 * Guest registers live in locals: loaded on entry, stored on exits where they may have changed. Each block's head counts its instructions down
 * from the budget; below zero the region is left with the count restored. Slow paths and helpers that set ENV_STATUS leave through one common
 * exit (`depart` finds pc and tick from the block and the instruction's index). A return whose caller lies in the region is a
 * guarded jump inside it.
 */
import {
  BLOCK_FUNC,
  BLOCK_PC,
  ENV_BLOCK,
  ENV_BUDGET,
  ENV_FP_FAST,
  ENV_PC,
  ENV_PC_BASE,
  ENV_STATUS,
  ENV_TEMPS,
  ENV_TEMPS_END,
  ENV_TLB,
  EXIT_DEBUG,
  EXIT_PARTIAL,
  PAGE_SIZE,
  STATUS_NONE,
  STATUS_TRAP,
} from '../mem/layout.js';
import { Bits } from '../util/bits.js';
import { assert, unreachable } from '../util/errors.js';
import { Code, type Label } from '../wasm/code.js';
import { BUDGET, ENV, emitJumpCacheLookup, emitTlbLookup, RUN } from './access.js';
import type { Constant, IrBlock, IrOp, Target } from './decode.js';
import { storeInsnPc } from './glue.js';
import type { Operands, SlotType } from './op-kinds.js';
import { sources, writes } from './operands.js';
import { type RegionInput, type Shape, shapeOf } from './region.js';

/** What lowering must know of the guest. */
export interface LoweringGuest {
  /** Type of the guest register at a slot, undefined for other slots. */
  registerType(slot: number): SlotType | undefined;
  readonly zeroSlot: number;
}

/** Function and type indices of the module that the region goes into. */
export interface LoweringImports {
  readonly run: number;
  readonly slowLoad: number;
  readonly slowStore: number;
  readonly depart: number;
  readonly dispatch: number;
  /** BLOCK_HEAD, -1 where no block has a `head`. */
  readonly blockHead: number;
  /** Function index of a helper of the guest. */
  helper(index: number): number;
  /** Whether the helper may set ENV_STATUS. */
  mayLeave(index: number): boolean;
}

/** Up to so many targets are compared one by one, more by bisection. */
const LINEAR_TARGETS = 3;

/** The function body for `input`: a RUN function. */
export function lowerRegion(input: RegionInput, guest: LoweringGuest, imports: LoweringImports): Code {
  return new Lowering(input, guest, imports).lower();
}

class Lowering {
  private readonly w: Code;
  private readonly input: RegionInput;
  private readonly guest: LoweringGuest;
  private readonly imports: LoweringImports;
  private readonly shape: Shape;
  private readonly registers = new Map<number, { local: number; type: SlotType }>();
  private readonly temps = new Map<string, number>();
  private readonly tempTypes = new Map<number, SlotType>();
  /** Registers that any block of the region writes; by node, those that a block on some way to its end has written. */
  private readonly dirty: number[] = [];
  private dirtyAt: readonly (readonly number[])[] = [];
  private readonly labels = new Map<number, Label>();
  private readonly tlb: number;
  private readonly pcBase: number;
  private readonly pc: number;
  private readonly vaddr: number;
  private readonly entry: number;
  private readonly value: number;
  private readonly leftBlock: number;
  private readonly leftInsn: number;
  private fault: Label = 0 as Label;
  private exhausted: Label = 0 as Label;
  private block: IrBlock;

  constructor(input: RegionInput, guest: LoweringGuest, imports: LoweringImports) {
    this.input = input;
    this.guest = guest;
    this.imports = imports;
    this.shape = shapeOf(input);
    this.block = input.blocks[0];
    const w = new Code(RUN.params, 4096);
    this.w = w;
    [this.tlb, this.entry, this.leftBlock, this.leftInsn] = [w.local('i32'), w.local('i32'), w.local('i32'), w.local('i32')];
    [this.pcBase, this.pc, this.vaddr, this.value] = [w.local('i64'), w.local('i64'), w.local('i64'), w.local('i64')];
  }

  lower(): Code {
    const { w } = this;
    this.findRegisters();
    this.prologue();
    this.fault = w.block();
    this.exhausted = w.block();
    this.emitNode(0);
    w.op('unreachable');
    w.end();
    this.storeRegisters(this.dirty);
    this.storePc(() => {
      w.get(this.leftBlock);
      w.mem('i64.load', BLOCK_PC);
    });
    this.storeBudget();
    w.get(ENV);
    w.get(this.leftBlock);
    w.mem('i32.store', ENV_BLOCK);
    w.i32(EXIT_PARTIAL);
    w.op('return');
    w.end();
    this.storeRegisters(this.dirty);
    w.get(ENV);
    w.get(this.leftBlock);
    w.get(this.leftInsn);
    w.returnCall(this.imports.depart);
    return w;
  }

  // --- registers -------------------------------------------------------------------------------------------------

  private findRegisters(): void {
    const { blocks } = this.input;
    const { structure, successors } = this.shape;
    // One bit per register that the region touches, in the order in which it was met; 31 to a word.
    const slots: number[] = [];
    const bitOf = new Map<number, number>();
    const touch = (slot: number): number => {
      const known = bitOf.get(slot);
      if (known !== undefined) return known;
      const type = slot === this.guest.zeroSlot ? undefined : this.guest.registerType(slot);
      const bit = type === undefined ? -1 : slots.push(slot) - 1;
      bitOf.set(slot, bit);
      if (type !== undefined) this.registers.set(slot, { local: this.w.local(type), type });
      return bit;
    };
    const written = blocks.map(() => new Bits());
    for (const node of structure.order) {
      for (const op of blocks[node].ops) {
        for (const source of sources(op)) touch(op[source]);
        if (!writes(op)) continue;
        const bit = touch(op.d);
        if (bit >= 0) written[node].add(bit);
      }
    }
    for (let changed = true; changed; ) {
      changed = false;
      for (const node of structure.order) for (const to of successors[node]) if (written[to].include(written[node])) changed = true;
    }
    this.dirtyAt = written.map((bits) => bits.list().map((bit) => slots[bit]));
    const all = new Bits();
    for (const node of structure.order) all.include(written[node]);
    this.dirty.push(...all.list().map((bit) => slots[bit]));
  }

  private prologue(): void {
    const { w } = this;
    for (const [slot, { local, type }] of this.registers) {
      w.get(ENV);
      w.mem(type === 'f64' ? 'f64.load' : 'i64.load', slot);
      w.set(local);
    }
    this.loadTlb();
    if (this.input.fixedPc) return;
    w.get(ENV);
    w.mem('i64.load', ENV_PC_BASE);
    w.set(this.pcBase);
  }

  /** The data context's TLB bank; a helper may select another one. */
  private loadTlb(): void {
    const { w } = this;
    w.get(ENV);
    w.mem('i32.load', ENV_TLB);
    w.set(this.tlb);
  }

  private storeRegisters(slots: Iterable<number>): void {
    for (const slot of slots) {
      const register = this.registers.get(slot);
      assert(register, 'lower: storing a slot that is no register');
      this.w.get(ENV);
      this.w.get(register.local);
      this.w.mem(register.type === 'f64' ? 'f64.store' : 'i64.store', slot);
    }
  }

  private push(slot: number, type: SlotType): void {
    const { w } = this;
    if (slot === this.guest.zeroSlot) return type === 'f64' ? w.f64(0) : w.i64(0);
    const register = this.registers.get(slot);
    if (register) {
      w.get(register.local);
      return this.convert(register.type, type);
    }
    const tempType = this.tempTypes.get(slot);
    if (tempType) {
      w.get(this.temp(slot, tempType));
      return this.convert(tempType, type);
    }
    w.get(ENV);
    w.mem(type === 'f64' ? 'f64.load' : 'i64.load', slot);
  }

  /** Writes the value of `type` that `value` pushes to `slot`. */
  private assign(slot: number, type: SlotType, value: () => void): void {
    const { w } = this;
    const register = this.registers.get(slot);
    if (register) {
      value();
      this.convert(type, register.type);
      return w.set(register.local);
    }
    if (slot >= ENV_TEMPS && slot < ENV_TEMPS_END) {
      value();
      this.tempTypes.set(slot, type);
      return w.set(this.temp(slot, type));
    }
    w.get(ENV);
    value();
    w.mem(type === 'f64' ? 'f64.store' : 'i64.store', slot);
  }

  /** The type in which reading `slot` costs nothing. */
  private naturalType(slot: number): SlotType {
    return this.registers.get(slot)?.type ?? this.tempTypes.get(slot) ?? 'i64';
  }

  private temp(slot: number, type: SlotType): number {
    const key = `${slot}:${type}`;
    let local = this.temps.get(key);
    if (local === undefined) {
      local = this.w.local(type);
      this.temps.set(key, local);
    }
    return local;
  }

  private convert(from: SlotType, to: SlotType): void {
    if (from === to) return;
    this.w.op(to === 'f64' ? 'f64.reinterpret_i64' : 'i64.reinterpret_f64');
  }

  // --- control flow --------------------------------------------------------------------------------------------------

  private emitNode(node: number): void {
    const { w, shape } = this;
    const { structure } = shape;
    const merges = structure.children[node]
      .filter((child) => structure.isMerge[child])
      .sort((x, y) => structure.rank[y] - structure.rank[x]);
    if (structure.isLoop[node]) this.labels.set(node, w.loop());
    this.emitWithin(node, merges, 0);
    if (structure.isLoop[node]) w.end();
  }

  /** The node's own code inside one block per merge node that it dominates, each followed by that node's code. */
  private emitWithin(node: number, merges: readonly number[], index: number): void {
    if (index === merges.length) return this.emitBlock(node);
    const merge = merges[index];
    const label = this.w.block();
    this.forwardLabels.set(merge, label);
    this.emitWithin(node, merges, index + 1);
    this.w.end();
    this.forwardLabels.delete(merge);
    this.emitNode(merge);
  }

  private readonly forwardLabels = new Map<number, Label>();

  /** Goes on at `to`, which is a block of the region. */
  private jump(from: number, to: number): void {
    const { structure } = this.shape;
    if (structure.rank[to] <= structure.rank[from]) return this.w.br(this.labels.get(to)!);
    const label = this.forwardLabels.get(to);
    if (label !== undefined) return this.w.br(label);
    this.emitNode(to);
  }

  /** The region's node for a static edge, if it is inside and not cut. */
  private inside(from: number, offset: number): number | undefined {
    const to = this.shape.nodeOf.get(offset);
    return to === undefined || this.shape.structure.isCut(from, to) ? undefined : to;
  }

  private follow(from: number, target: Target): void {
    const to = this.inside(from, target.offset);
    if (to === undefined) this.exitStatic(from, target);
    else this.jump(from, to);
  }

  private emitBlock(node: number): void {
    const { w } = this;
    const block = this.input.blocks[node];
    this.block = block;
    w.get(BUDGET);
    w.i32(block.insns);
    w.op('i32.sub');
    w.tee(BUDGET);
    w.i32(0);
    w.op('i32.lt_s');
    w.ifRare();
    w.get(BUDGET);
    w.i32(block.insns);
    w.op('i32.add');
    w.set(BUDGET);
    w.i32(block.header);
    w.set(this.leftBlock);
    w.br(this.exhausted);
    w.end();
    for (const op of block.ops) this.emitOp(node, op);
  }

  private emitOp(node: number, op: IrOp): void {
    const { w } = this;
    const { info } = op;
    switch (info.kind) {
      case 'const':
        return this.assign(op.d, 'i64', () => w.i64(op.immediate ?? 0));
      case 'pcrel':
        return this.assign(op.d, 'i64', () => this.pushPc(op.immediate ?? 0));
      case 'unary': {
        if (op.name === 'mov') {
          const type = this.naturalType(op.a);
          return this.assign(op.d, type, () => this.push(op.a, type));
        }
        return this.assign(op.d, info.types[0], () => info.emit(w, this.operands(op, info.types[1], 'i64')));
      }
      case 'binary':
        return this.assign(op.d, 'i64', () => info.emit(w, this.operands(op, 'i64', 'i64')));
      case 'select':
        return this.assign(op.d, 'i64', () => {
          this.push(op.b, 'i64');
          this.push(op.c, 'i64');
          this.push(op.a, 'i64');
          w.i64(0);
          w.op('i64.ne');
          w.op('select');
        });
      case 'load':
        return this.emitLoad(op, info);
      case 'store':
        return this.emitStore(op, info);
      case 'call':
        return this.emitCall(op);
      case 'float':
        return this.emitFloat(op, info);
      case 'goto':
        return this.follow(node, op.targets[0]);
      case 'branch': {
        info.emit(w, this.operands(op, 'i64', 'i64'));
        w.if_();
        this.follow(node, op.targets[0]);
        w.end();
        return this.follow(node, op.targets[1]);
      }
      case 'indirect':
        return this.emitIndirect(node, op);
      case 'settle':
        return this.emitSettle(node, op, info);
      case 'leave':
        this.clearStatus();
        return this.exitToDispatch(node);
      case 'debug':
        this.storeRegisters(this.dirtyAt[node]);
        this.storePc(() => w.i64(op.immediate ?? 0));
        this.storeBudget();
        w.i32(EXIT_DEBUG);
        return w.op('return');
      case 'head':
        w.get(ENV);
        w.get(BUDGET);
        w.i32(this.block.header);
        return w.call(this.imports.blockHead);
      case 'stop':
        throw assert(false, 'lower: stop is for the interpreter');
      default:
        return unreachable(info);
    }
  }

  private operands(op: IrOp, a: SlotType, b: SlotType, c: SlotType = 'i64'): Operands {
    return {
      a: () => this.push(op.a, a),
      b: () => (op.immediate === undefined ? this.push(op.b, b) : this.w.i64(op.immediate)),
      c: () => this.push(op.c, c),
    };
  }

  // --- exits ---------------------------------------------------------------------------------------------------------

  private exitStatic(node: number, target: Target): void {
    const { w } = this;
    this.storeRegisters(this.dirtyAt[node]);
    if (!this.input.fixedPc && (target.offset < 0 || target.offset >= PAGE_SIZE)) {
      this.pushPc(target.offset);
      w.set(this.pc);
      return this.lookUp();
    }
    w.get(ENV);
    w.get(BUDGET);
    w.i32(target.cell);
    w.i32(0);
    w.mem('i32.load', target.cell);
    w.mem('i32.load', BLOCK_FUNC);
    w.returnCallIndirect(this.imports.run);
  }

  private emitIndirect(node: number, op: IrOp): void {
    const { w, shape } = this;
    this.push(op.a, 'i64');
    w.set(this.pc);
    const { structure, successors } = shape;
    this.jumpToAny(
      node,
      successors[node].filter((to) => !structure.isCut(node, to)),
    );
    this.storeRegisters(this.dirtyAt[node]);
    this.lookUp();
  }

  /** Goes on at the one of `targets` (blocks of the region by ascending pc) that local `pc` names; falls through when it is none. */
  private jumpToAny(from: number, targets: readonly number[]): void {
    const { w } = this;
    const compare = (target: number, op: 'i64.eq' | 'i64.lt_u') => {
      w.get(this.pc);
      this.pushPc(this.input.blocks[target].pcOffset);
      w.op(op);
      w.if_();
    };
    if (targets.length > LINEAR_TARGETS) {
      const middle = targets.length >> 1;
      compare(targets[middle], 'i64.lt_u');
      this.jumpToAny(from, targets.slice(0, middle));
      w.else_();
      this.jumpToAny(from, targets.slice(middle));
      w.end();
      return;
    }
    for (const target of targets) {
      compare(target, 'i64.eq');
      this.jump(from, target);
      w.end();
    }
  }

  /** Goes on at the pc in local `pc`, in the same context. */
  private lookUp(): void {
    const { w } = this;
    emitJumpCacheLookup(w, this.imports.run, { pc: this.pc, entry: this.entry, pcMask: () => w.i64(this.input.fixedPc ? 0 : -PAGE_SIZE) });
    w.get(ENV);
    w.get(this.pc);
    w.mem('i64.store', ENV_PC);
    w.get(ENV);
    w.get(BUDGET);
    w.i32(0);
    w.returnCall(this.imports.dispatch);
  }

  /** Pushes ENV_PC_BASE + offset. */
  private pushPc(offset: Constant): void {
    const { w } = this;
    if (this.input.fixedPc) return w.i64(offset);
    w.get(this.pcBase);
    w.i64(offset);
    w.op('i64.add');
  }

  private storePc(offset: () => void): void {
    const { w } = this;
    w.get(ENV);
    offset();
    if (!this.input.fixedPc) {
      w.get(this.pcBase);
      w.op('i64.add');
    }
    w.mem('i64.store', ENV_PC);
  }

  private storeBudget(): void {
    this.w.get(ENV);
    this.w.get(BUDGET);
    this.w.mem('i32.store', ENV_BUDGET);
  }

  // --- memory and helpers ----------------------------------------------------------------------------------------------

  private address(op: IrOp): void {
    const { w } = this;
    this.push(op.a, 'i64');
    if (op.offset !== 0) {
      w.i64(op.offset);
      w.op('i64.add');
    }
    w.set(this.vaddr);
  }

  private emitLoad(op: IrOp, info: Extract<IrOp['info'], { kind: 'load' }>): void {
    const { w } = this;
    this.address(op);
    const done = w.block();
    const slow = w.block();
    emitTlbLookup(w, { vaddr: this.vaddr, entry: this.entry, size: info.size, access: 'read', tlb: () => w.get(this.tlb), slow });
    w.scratch(info.type, (loaded) => {
      w.mem(info.wasm, 0, true);
      w.set(loaded);
      this.assign(op.d, info.type, () => w.get(loaded));
    });
    w.br(done);
    w.end();
    this.exactBudget(op);
    w.get(ENV);
    w.get(this.vaddr);
    w.i32(info.size);
    w.call(this.imports.slowLoad);
    if (info.extend && info.type === 'i64') w.op(info.extend);
    w.set(this.value);
    this.finishSlow(op, info.type);
    w.end();
  }

  /** The result of a slow path or helper is in `value`: assigns it unless a trap is pending, then leaves if the status says so. */
  private finishSlow(op: IrOp, type: SlotType): void {
    const { w } = this;
    this.ifLeaving(op);
    if (!op.inner) {
      w.get(ENV);
      w.mem('i32.load', ENV_STATUS);
      w.i32(STATUS_TRAP);
      w.op('i32.ne');
      w.if_();
      this.assignBits(op, type);
      w.end();
    }
    this.depart(op);
    w.end();
    this.assignBits(op, type);
  }

  /** Opens an `if`: the status makes `op` leave the block, be it with a trap or, for the last op of an instruction, at its end. */
  private ifLeaving(op: IrOp): void {
    const { w } = this;
    w.get(ENV);
    w.mem('i32.load', ENV_STATUS);
    if (op.inner) {
      w.i32(STATUS_TRAP);
      w.op('i32.eq');
    }
    w.ifRare();
  }

  private emitSettle(node: number, op: IrOp, info: Extract<IrOp['info'], { kind: 'settle' }>): void {
    const { w } = this;
    w.get(ENV);
    w.mem('i32.load', ENV_STATUS);
    w.ifRare();
    if (info.hasTarget) {
      this.clearStatus();
      storeInsnPc(
        w,
        () => w.i32(this.block.header),
        () => w.i32(op.insn),
      );
      w.get(ENV);
      this.push(op.a, 'i64');
      w.mem('i64.store', ENV_PC);
      this.exitToDispatch(node);
    } else this.depart(op);
    w.end();
  }

  private clearStatus(): void {
    const { w } = this;
    w.get(ENV);
    w.i32(STATUS_NONE);
    w.mem('i32.store', ENV_STATUS);
  }

  /** Goes on at ENV_PC. */
  private exitToDispatch(node: number): void {
    const { w } = this;
    this.storeRegisters(this.dirtyAt[node]);
    w.get(ENV);
    w.get(BUDGET);
    w.i32(0);
    w.returnCall(this.imports.dispatch);
  }

  private assignBits(op: IrOp, type: SlotType): void {
    this.assign(op.d, type, () => {
      this.w.get(this.value);
      this.convert('i64', type);
    });
  }

  private depart(op: IrOp): void {
    const { w } = this;
    w.i32(this.block.header);
    w.set(this.leftBlock);
    w.i32(op.insn);
    w.set(this.leftInsn);
    w.br(this.fault);
  }

  private emitStore(op: IrOp, info: Extract<IrOp['info'], { kind: 'store' }>): void {
    const { w } = this;
    this.address(op);
    const done = w.block();
    const slow = w.block();
    emitTlbLookup(w, { vaddr: this.vaddr, entry: this.entry, size: info.size, access: 'write', tlb: () => w.get(this.tlb), slow });
    this.push(op.b, info.type);
    w.mem(info.wasm, 0, true);
    w.br(done);
    w.end();
    this.exactBudget(op);
    w.get(ENV);
    w.get(this.vaddr);
    this.push(op.b, 'i64');
    w.i32(info.size);
    w.call(this.imports.slowStore);
    this.ifLeaving(op);
    this.depart(op);
    w.end();
    w.end();
  }

  /** ENV_BUDGET = ticks left before the instruction of `op`. */
  private exactBudget(op: IrOp): void {
    const { w } = this;
    w.get(ENV);
    w.get(BUDGET);
    w.i32(this.block.insns - op.insn);
    w.op('i32.add');
    w.mem('i32.store', ENV_BUDGET);
  }

  private emitCall(op: IrOp, type: SlotType = this.registers.get(op.d)?.type ?? 'i64'): void {
    const { w } = this;
    this.exactBudget(op);
    w.get(ENV);
    this.push(op.a, 'i64');
    this.push(op.b, 'i64');
    this.push(op.c, 'i64');
    w.i32(op.arg);
    w.call(this.imports.helper(op.helper));
    w.set(this.value);
    if (this.imports.mayLeave(op.helper)) this.finishSlow(op, type);
    else this.assignBits(op, type);
    if (op.info.kind === 'call') this.loadTlb();
  }

  private emitFloat(op: IrOp, info: Extract<IrOp['info'], { kind: 'float' }>): void {
    const { w } = this;
    const bits = op.arg >> 8;
    const type = info.types[0];
    // The helper reads what the fast path reads, before either writes it: a temporary that is source and result may change its type.
    const before = this.tempTypes.get(op.d);
    const done = w.block();
    const fail = w.block();
    if (bits !== 0) {
      w.get(ENV);
      w.mem('i32.load', ENV_FP_FAST);
      w.i32(bits);
      w.op('i32.and');
      w.op('i32.eqz');
      w.brIfRare(fail);
    }
    w.scratch(type, (result) => {
      info.emit(w, this.operands(op, info.types[1], info.types[2], info.types[3]), fail);
      w.set(result);
      this.assign(op.d, type, () => w.get(result));
    });
    w.br(done);
    w.end();
    if (before) this.tempTypes.set(op.d, before);
    this.emitCall(op, type);
    w.end();
  }
}
