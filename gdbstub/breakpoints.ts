/**
 * The breakpoints and watchpoints of one client, after the GDB manual, "Packets", `z` and `Z`.
 *
 * GDB takes all of them away at each stop and puts them back before it goes on. So the target hears of them only when the machine is resumed, and only
 * if they are others than the last time.
 */
import { type AgentContext, AgentExpression } from './agent-expression.js';
import { EINVAL, ENOSPC, type PacketArguments, ProtocolError } from './arguments.js';
import type { DebugTarget, StopCondition, TargetBreakpoint, TargetWatchpoint } from './target.js';

/** By the digit behind `Z`. */
const WATCH_KINDS = { 2: 'write', 3: 'read', 4: 'access' } as const;
/** How stop replies name watchpoints. */
export const WATCH_REPLIES = { write: 'watch', read: 'rwatch', access: 'awatch' } as const;

/** Whatever a client sends, memory stays bounded. */
const POINTS_MAX = 65_536;
const CONDITION_BYTES_MAX = 1024 * 1024;

interface Point {
  /** 0: software breakpoint, 1: hardware breakpoint, 2 to 4: watchpoints. */
  readonly type: number;
  readonly address: bigint;
  readonly length: number;
  /** Conditions and commands as they were sent: the same text means the same. */
  readonly text: string;
  readonly condition: StopCondition | undefined;
}

export class BreakpointTable {
  private readonly points = new Map<string, Point>();
  private conditionBytes = 0;
  /** Keys and texts of what the target has now. */
  private applied = '';
  private readonly context: AgentContext;

  constructor(context: AgentContext) {
    this.context = context;
  }

  /** `Z`: `TYPE,ADDRESS,KIND[;X...][;cmds:PERSIST,X...]`. Once more for the same place replaces conditions and commands. */
  insert(args: PacketArguments): void {
    const { type, address, length } = place(args);
    const key = `${type},${address},${type >= 2 ? length : ''}`;
    const text = args.rest();
    const former = this.points.get(key);
    if (former?.text === text) return;
    const bytes = this.conditionBytes - (former?.text.length ?? 0) + text.length;
    if ((!former && this.points.size >= POINTS_MAX) || bytes > CONDITION_BYTES_MAX) throw new ProtocolError(ENOSPC, 'too many breakpoints');
    const condition = text === '' ? undefined : conditionOf(text, this.context);
    this.conditionBytes = bytes;
    this.points.set(key, { type, address, length, text, condition });
  }

  /** `z`: it is no error if there is none. */
  remove(args: PacketArguments): void {
    const { type, address, length } = place(args);
    const key = `${type},${address},${type >= 2 ? length : ''}`;
    this.conditionBytes -= this.points.get(key)?.text.length ?? 0;
    this.points.delete(key);
  }

  clear(): void {
    this.points.clear();
    this.conditionBytes = 0;
  }

  /** What GDB calls the breakpoint at `address`. */
  breakpointKind(address: bigint): 'swbreak' | 'hwbreak' {
    return !this.points.has(`0,${address},`) && this.points.has(`1,${address},`) ? 'hwbreak' : 'swbreak';
  }

  hasWatchpoint({ address, length, kind }: TargetWatchpoint): boolean {
    return [...this.points.values()].some(
      (point) => point.address === address && point.length === length && WATCH_KINDS[point.type as 2] === kind,
    );
  }

  /** Tells the target what changed since the last time. */
  apply(target: DebugTarget): void {
    const all = [...this.points.values()];
    const now = [...this.points].map(([key, { text }]) => `${key} ${text}`).join('\n');
    if (now === this.applied) return;
    this.applied = now;
    target.setBreakpoints(all.filter(({ type }) => type < 2).map(breakpointOf));
    target.setWatchpoints(all.filter(({ type }) => type >= 2).map(watchpointOf));
  }
}

function place(args: PacketArguments): { readonly type: number; readonly address: bigint; readonly length: number } {
  const type = args.number();
  const { address, length } = args.expect(',').range();
  if (type > 4) throw new ProtocolError(EINVAL, `there is no kind ${type} of breakpoint`);
  if (type >= 2 && (length === 0 || address + BigInt(length) > 1n << 64n)) throw new ProtocolError(EINVAL, 'no such range of memory');
  return { type, address, length };
}

const withCondition = (condition: StopCondition | undefined) => (condition ? { condition } : {});
const breakpointOf = ({ address, condition }: Point): TargetBreakpoint => ({ address, ...withCondition(condition) });

function watchpointOf({ type, address, length, condition }: Point): TargetWatchpoint {
  return { address, length, kind: WATCH_KINDS[type as keyof typeof WATCH_KINDS], ...withCondition(condition) };
}

const POINT_OPTIONS = /^((?:;?X[0-9a-fA-F]+,[0-9a-fA-F]*)*)(?:;?cmds:[0-9a-fA-F]+,((?:;?X[0-9a-fA-F]+,[0-9a-fA-F]*)*))?$/;

/**
 * What `text`, `;X...;cmds:...`, asks for: it stops where one of the conditions is true (or cannot be evaluated: the user should see that), unless there
 * are commands, which are run instead.
 */
function conditionOf(text: string, context: AgentContext): StopCondition {
  const [, conditionText, commandText] = POINT_OPTIONS.exec(text) ?? [];
  if (conditionText === undefined) throw new ProtocolError(EINVAL, 'malformed condition');
  const conditions = expressions(conditionText, { result: true });
  const commands = expressions(commandText ?? '', { result: false });
  const holds = (hart: number): boolean =>
    conditions.length === 0 ||
    conditions.some((condition) => {
      const value = condition.evaluate(context, hart);
      return typeof value === 'string' || value !== 0n;
    });
  return (hart) => {
    if (!holds(hart)) return false;
    for (const command of commands) {
      const result = command.evaluate(context, hart);
      if (typeof result === 'string') context.print(`breakpoint command: ${result}\n`);
    }
    return commands.length === 0;
  };
}

/** `XLENGTH,BYTES` one behind the other. */
function expressions(text: string, options: { readonly result: boolean }): AgentExpression[] {
  return [...text.matchAll(/X([0-9a-fA-F]+),([0-9a-fA-F]*)/g)].map(([, length, digits]) => {
    if (digits.length !== 2 * Number.parseInt(length, 16)) throw new ProtocolError(EINVAL, 'an expression has another length than it says');
    return new AgentExpression(Buffer.from(digits, 'hex'), options);
  });
}
