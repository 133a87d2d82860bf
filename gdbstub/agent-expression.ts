/**
 * Agent expressions: the conditions and commands that GDB leaves with a breakpoint, after the GDB manual, appendix "The GDB Agent Expression Mechanism",
 * "Bytecode Descriptions".
 *
 * An expression is decoded and verified once: known opcodes, jumps to instructions, one stack height per place. Then it runs without such checks, with a
 * limit of steps, since it may loop. Values are 64 bits wide and kept as signed BigInts. Not modelled: floating point, tracing and trace state variables.
 */

import { type AgentFormat, parseFormat } from './agent-format.js';
import { EINVAL, littleEndian, ProtocolError } from './arguments.js';

/** What an expression sees of the machine, and where its `printf` goes. */
export interface AgentContext {
  /** The register with GDB's number; undefined if there is none. */
  readRegister(hart: number, number: number): bigint | undefined;
  /** Shorter than `length` where memory ends. */
  readMemory(hart: number, address: bigint, length: number): Uint8Array;
  print(text: string): void;
}

export const AGENT_STEPS_MAX = 10_000;
export const AGENT_STACK_MAX = 100;
const CODE_MAX = 16 * 1024;

/** Thrown while an expression runs: no such register, unreadable memory, division by zero, too many steps. */
class AgentError extends Error {
  override name = 'AgentError';
}

class Evaluation {
  readonly stack: bigint[] = [];
  readonly context: AgentContext;
  readonly hart: number;
  /** Index of the next instruction. */
  next = 0;

  constructor(context: AgentContext, hart: number) {
    this.context = context;
    this.hart = hart;
  }

  pop(): bigint {
    return this.stack.pop() as bigint;
  }

  push(value: bigint): void {
    this.stack.push(BigInt.asIntN(64, value));
  }

  load(bytes: number): void {
    const address = BigInt.asUintN(64, this.pop());
    const memory = this.context.readMemory(this.hart, address, bytes);
    if (memory.length < bytes) throw new AgentError(`cannot read memory at 0x${address.toString(16)}`);
    this.push(littleEndian(memory));
  }

  register(number: number): void {
    const value = this.context.readRegister(this.hart, number);
    if (value === undefined) throw new AgentError(`no register ${number}`);
    this.push(value);
  }

  printf(format: AgentFormat): void {
    // On top of the arguments lie a function and a channel, which mean something to tracing agents only.
    this.pop();
    this.pop();
    const values = format.argumentKinds.map(() => this.pop());
    this.context.print(format.print(values, (address, length) => this.context.readMemory(this.hart, address, length)));
  }
}

interface Instruction {
  readonly op: Opcode;
  /** The operand; of a jump the index of the instruction that it leads to. */
  operand: number;
  /** Of constants. */
  readonly constant: bigint;
  readonly format: AgentFormat | undefined;
  /** Where it stands in the bytecode. */
  readonly offset: number;
}

interface Opcode {
  readonly name: string;
  readonly operandBytes: number;
  readonly pops: number;
  readonly pushes: number;
  readonly run: (e: Evaluation, insn: Instruction) => void;
}

const op = (name: string, operandBytes: number, pops: number, pushes: number, run: Opcode['run']): Opcode => ({
  name,
  operandBytes,
  pops,
  pushes,
  run,
});
const constant = (name: string, bytes: number): Opcode => op(name, bytes, 0, 1, (e, { constant }) => e.push(constant));
const load = (name: string, bytes: number): Opcode => op(name, 0, 1, 1, (e) => e.load(bytes));
const unary = (name: string, f: (a: bigint) => bigint): Opcode => op(name, 0, 1, 1, (e) => e.push(f(e.pop())));
const binary = (name: string, f: (a: bigint, b: bigint) => bigint): Opcode =>
  op(name, 0, 2, 1, (e) => {
    const b = e.pop();
    e.push(f(e.pop(), b));
  });

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
const truth = (value: boolean): bigint => (value ? 1n : 0n);
/** Shift counts from 64 up shift everything out. */
const count = (value: bigint): bigint => (unsigned(value) > 64n ? 64n : unsigned(value));

function divisor(value: bigint): bigint {
  if (value === 0n) throw new AgentError('division by zero');
  return value;
}

// biome-ignore format: a table
const OPCODES: Readonly<Record<number, Opcode>> = {
  2:  binary('add',          (a, b) => a + b),
  3:  binary('sub',          (a, b) => a - b),
  4:  binary('mul',          (a, b) => a * b),
  5:  binary('div_signed',   (a, b) => a / divisor(b)),
  6:  binary('div_unsigned', (a, b) => unsigned(a) / divisor(unsigned(b))),
  7:  binary('rem_signed',   (a, b) => a % divisor(b)),
  8:  binary('rem_unsigned', (a, b) => unsigned(a) % divisor(unsigned(b))),
  9:  binary('lsh',          (a, b) => a << count(b)),
  10: binary('rsh_signed',   (a, b) => a >> count(b)),
  11: binary('rsh_unsigned', (a, b) => unsigned(a) >> count(b)),
  14: unary('log_not',       (a) => truth(a === 0n)),
  15: binary('bit_and',      (a, b) => a & b),
  16: binary('bit_or',       (a, b) => a | b),
  17: binary('bit_xor',      (a, b) => a ^ b),
  18: unary('bit_not',       (a) => ~a),
  19: binary('equal',        (a, b) => truth(a === b)),
  20: binary('less_signed',  (a, b) => truth(a < b)),
  21: binary('less_unsigned', (a, b) => truth(unsigned(a) < unsigned(b))),
  22: op('ext',       1, 1, 1, (e, { operand }) => e.push(BigInt.asIntN(operand, e.pop()))),
  23: load('ref8',    1),
  24: load('ref16',   2),
  25: load('ref32',   4),
  26: load('ref64',   8),
  32: op('if_goto',   2, 1, 0, (e, { operand }) => { if (e.pop() !== 0n) e.next = operand; }),
  33: op('goto',      2, 0, 0, (e, { operand }) => { e.next = operand; }),
  34: constant('const8',  1),
  35: constant('const16', 2),
  36: constant('const32', 4),
  37: constant('const64', 8),
  38: op('reg',       2, 0, 1, (e, { operand }) => e.register(operand)),
  39: op('end',       0, 0, 0, () => undefined),
  40: op('dup',       0, 1, 2, (e) => e.push(e.stack.at(-1)!)),
  41: op('pop',       0, 1, 0, (e) => { e.pop(); }),
  42: op('zero_ext',  1, 1, 1, (e, { operand }) => e.push(BigInt.asUintN(operand, e.pop()))),
  43: op('swap',      0, 2, 2, (e) => { const b = e.pop(); const a = e.pop(); e.push(b); e.push(a); }),
  50: op('pick',      1, 0, 1, (e, { operand }) => e.push(e.stack.at(-1 - operand)!)),
  51: op('rot',       0, 3, 3, (e) => { const c = e.pop(); e.stack.splice(-2, 0, c); }),
  52: op('printf',    1, 2, 0, (e, { format }) => e.printf(format!)),
};

const [EXT, IF_GOTO, GOTO, END, ZERO_EXT, PICK, PRINTF] = [22, 32, 33, 39, 42, 50, 52].map((code) => OPCODES[code]) as [
  Opcode,
  ...Opcode[],
];

/** How much it pops below what it pushes, operands considered. */
function popsOf({ op: { pops }, op, operand, format }: Instruction): number {
  if (op === PRINTF) return pops + (format as AgentFormat).argumentKinds.length;
  return op === PICK ? operand + 1 : pops;
}

const pushesOf = (insn: Instruction): number => (insn.op === PICK ? insn.operand + 2 : insn.op.pushes);

const malformed = (what: string): ProtocolError => new ProtocolError(EINVAL, `malformed expression: ${what}`);

/** Bytecode that was verified and is ready to run. */
export class AgentExpression {
  private readonly program: readonly Instruction[];

  /** `result`: whether it must leave a value. Throws `ProtocolError` if the bytecode is not sound. */
  constructor(code: Uint8Array, options: { readonly result: boolean }) {
    if (code.length > CODE_MAX) throw malformed('too long');
    this.program = decode(code);
    verify(this.program, options.result ? 1 : 0);
  }

  /** The value, or the error as text. */
  evaluate(context: AgentContext, hart: number): bigint | string {
    const e = new Evaluation(context, hart);
    try {
      for (let steps = 0; steps < AGENT_STEPS_MAX; steps++) {
        const insn = this.program[e.next++];
        if (insn.op === END) return e.stack.at(-1) ?? 0n;
        insn.op.run(e, insn);
      }
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return error.message;
    }
    return 'it does not end';
  }
}

function decode(code: Uint8Array): Instruction[] {
  const program: Instruction[] = [];
  const indexAt = new Map<number, number>();
  for (let at = 0; at < code.length; ) {
    const offset = at;
    const op = OPCODES[code[at++]];
    if (!op) throw malformed(`opcode 0x${code[offset].toString(16)}`);
    if (at + op.operandBytes > code.length) throw malformed('cut off');
    const constant = BigInt(`0x0${Buffer.from(code.subarray(at, at + op.operandBytes)).toString('hex')}`);
    const operand = Number(BigInt.asUintN(16, constant));
    at += op.operandBytes;
    let format: AgentFormat | undefined;
    if (op === PRINTF) {
      const text = formatText(code, at);
      at += 2 + text.length + 1;
      format = parseFormat(text, operand);
    }
    if ((op === EXT || op === ZERO_EXT) && (operand < 1 || operand > 64)) throw malformed(`${op.name} ${operand}`);
    indexAt.set(offset, program.length);
    program.push({ op, operand, constant, format, offset });
  }
  for (const insn of program) {
    if (insn.op !== GOTO && insn.op !== IF_GOTO) continue;
    const target = indexAt.get(insn.operand);
    if (target === undefined) throw malformed(`jump to ${insn.operand}`);
    insn.operand = target;
  }
  return program;
}

/** The format of a `printf` at `at`: two bytes of length, the text, and a zero that the length includes. */
function formatText(code: Uint8Array, at: number): string {
  const length = (code[at] << 8) | code[at + 1];
  const end = at + 2 + length;
  if (at + 2 > code.length || length === 0 || end > code.length || code[end - 1] !== 0) throw malformed('a format that does not end');
  return Buffer.from(code.subarray(at + 2, end - 1)).toString('latin1');
}

/** Every way through the program has enough on the stack, never too much, and comes to an end in the program. */
function verify(program: readonly Instruction[], results: number): void {
  const heights: (number | undefined)[] = [];
  const work: [index: number, height: number][] = [[0, 0]];
  for (let item = work.pop(); item; item = work.pop()) {
    const [index, height] = item;
    const insn = program[index];
    if (!insn) throw malformed('it runs off its end');
    if (heights[index] === height) continue;
    if (heights[index] !== undefined) throw malformed(`two stack heights at ${insn.offset}`);
    heights[index] = height;
    const after = height - popsOf(insn) + pushesOf(insn);
    if (height < popsOf(insn)) throw malformed(`stack underflow at ${insn.offset}`);
    if (after > AGENT_STACK_MAX) throw malformed(`stack overflow at ${insn.offset}`);
    if (insn.op === END) {
      if (height < results) throw malformed('no result');
      continue;
    }
    if (insn.op === GOTO || insn.op === IF_GOTO) work.push([insn.operand, after]);
    if (insn.op !== GOTO) work.push([index + 1, after]);
  }
}
