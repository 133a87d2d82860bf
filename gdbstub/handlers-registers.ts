/** `g G p P`, for GDB as in its manual, for LLDB with the thread behind them. */
import { EINVAL, ESRCH, type PacketArguments, ProtocolError } from './arguments.js';
import type { Reply, SessionState } from './session-state.js';

/** LLDB's `;thread:TID;` at the end; without it the selected hart. */
function hartAtEnd(state: SessionState, args: PacketArguments): number {
  if (!args.skip(';')) {
    args.end();
    return state.generalHart;
  }
  const hart = state.hart(args.expect('thread:').thread(), state.generalHart);
  args.skip(';');
  args.end();
  return hart;
}

/** The index of the register that the client means by `number`. */
function indexOf({ features, registers, target }: SessionState, number: number): number {
  if (!features.registersByIndex) return registers.index(number);
  if (number >= target.registers.length) throw new ProtocolError(EINVAL, `there is no register ${number}`);
  return number;
}

export const readAll = (state: SessionState, args: PacketArguments): Reply => state.registers.allHex(hartAtEnd(state, args));

export function writeAll(state: SessionState, args: PacketArguments): Reply {
  const bytes = args.bytes();
  state.registers.writeAll(hartAtEnd(state, args), bytes);
  return 'OK';
}

export function readOne(state: SessionState, args: PacketArguments): Reply {
  const index = indexOf(state, args.number());
  return state.registers.hex(hartAtEnd(state, args), index);
}

/** `PNUMBER=BYTES`. */
export function writeOne(state: SessionState, args: PacketArguments): Reply {
  const index = indexOf(state, args.number());
  const bytes = args.expect('=').bytes();
  state.registers.write(hartAtEnd(state, args), index, bytes);
  return 'OK';
}

const SAVED_MAX = 64;

/** LLDB's `QSaveRegisterState[;thread:TID;]`: it calls functions and wants everything back. */
export function save(state: SessionState, args: PacketArguments): Reply {
  const { savedRegisters, target } = state;
  const hart = hartAtEnd(state, args);
  // Whoever saves so many has forgotten the first.
  if (savedRegisters.size >= SAVED_MAX) savedRegisters.delete([...savedRegisters.keys()][0]);
  const id = Math.max(0, ...savedRegisters.keys()) + 1;
  savedRegisters.set(id, { hart, values: target.registers.map((_, index) => target.readRegister(hart, index)) });
  return String(id);
}

/** `QRestoreRegisterState:ID[;thread:TID;]`; the id is decimal. Only what differs is written: some registers react to being written. */
export function restore({ savedRegisters, target }: SessionState, args: PacketArguments): Reply {
  const id = Number.parseInt(args.until(';'), 10);
  const saved = savedRegisters.get(id);
  if (!saved) throw new ProtocolError(ESRCH, 'nothing was saved under this number');
  savedRegisters.delete(id);
  for (const [index, value] of saved.values.entries())
    if (target.readRegister(saved.hart, index) !== value) target.writeRegister(saved.hart, index, value);
  return 'OK';
}
