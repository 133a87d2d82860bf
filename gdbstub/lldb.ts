/** LLDB's extensions, after its document "GDB remote protocol extensions". Numbers of registers and threads are hexadecimal, as in GDB's packets. */
import { hexOf, type PacketArguments, ProtocolError } from './arguments.js';
import { harts } from './handlers-threads.js';
import type { Reply, SessionState } from './session-state.js';
import { genericName, isFloat } from './target-xml.js';

const fields = (values: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(values)
    .map(([key, value]) => (value === undefined ? '' : `${key}:${value};`))
    .join('');

const pointerBytes = ({ target, registers }: SessionState): number => (target.registers[registers.pcIndex]?.bits ?? 64) / 8;

export const hostInfo = (state: SessionState): Reply =>
  fields({ triple: hexOf(state.target.triple), endian: 'little', ptrsize: pointerBytes(state), watchpoint_exceptions_received: 'after' });

export const processInfo = (state: SessionState): Reply =>
  fields({ pid: 1, 'parent-pid': 1, triple: hexOf(state.target.triple), endian: 'little', ptrsize: pointerBytes(state) });

const SETS = { general: 'General Purpose Registers', float: 'Floating Point Registers', system: 'Control and Status Registers' } as const;
/** LLDB stops asking at this error. */
const END_OF_REGISTERS = 0x45;

/** `qRegisterInfoINDEX`: only a client that has no use for the target description asks. */
export function registerInfo(state: SessionState, args: PacketArguments): Reply {
  const { registers } = state.target;
  const index = args.number();
  const register = registers[index];
  if (!register) throw new ProtocolError(END_OF_REGISTERS, 'there are no more registers');
  state.features.registersByIndex = true;
  const offset = registers.slice(0, index).reduce((sum, { bits }) => sum + bits / 8, 0);
  // DWARF counts the general and the floating-point registers as GDB does, but the pc is not among them.
  const dwarf = register.group !== 'system' && register.type !== 'code_ptr' ? index - (index > state.registers.pcIndex ? 1 : 0) : undefined;
  return fields({
    name: register.name,
    'alt-name': register.aliases[0],
    bitsize: register.bits,
    offset,
    encoding: isFloat(register) ? 'ieee754' : 'uint',
    format: isFloat(register) ? 'float' : 'hex',
    set: SETS[register.group],
    gcc: dwarf,
    dwarf,
    generic: genericName(register),
  });
}

/** The general registers of all harts at once, so that LLDB need not ask for each. */
export function threadsInfo(state: SessionState): Reply {
  const { target, registers } = state;
  const indexes = Array.from({ length: registers.generalCount }, (_, index) => index);
  const key = (index: number): string => String(state.features.registersByIndex ? index : target.registers[index].number);
  const threads = harts(state).map((hart) => ({
    tid: hart + 1,
    name: target.hartInfo(hart).name,
    reason: 'hart' in target.stopReason && target.stopReason.hart === hart ? reasonOf(state) : 'none',
    registers: Object.fromEntries(indexes.map((index) => [key(index), registers.hex(hart, index)])),
  }));
  return Buffer.from(JSON.stringify(threads), 'utf8').toString('latin1');
}

const reasonOf = ({ target: { stopReason } }: SessionState): string =>
  ({ step: 'trace', breakpoint: 'breakpoint', watchpoint: 'watchpoint', interrupt: 'signal', history: 'none', exit: 'none' })[
    stopReason.kind
  ];

/** `qMemoryRegionInfo:ADDRESS`. */
export function memoryRegionInfo(state: SessionState, args: PacketArguments): Reply {
  const address = args.hex();
  args.end();
  const { start, length, permissions, name } = state.target.region(state.generalHart, address);
  return fields({
    start: start.toString(16),
    size: length.toString(16),
    permissions: permissions.replaceAll(/[^rwx]/g, ''),
    name: name === undefined ? undefined : hexOf(name),
  });
}

/** There is no limit; LLDB wants a number. */
export const watchpointSupport = (): Reply => fields({ num: 1024 });
