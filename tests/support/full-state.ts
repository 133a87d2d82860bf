/** A machine's whole state in one piece: what a checkpoint must be able to bring back. */
import type { Machine, MachineState } from '../../lib/system/machine.js';

export interface FullState {
  readonly state: MachineState;
  readonly pages: readonly Uint8Array[];
  readonly digest: string;
}

export function saveAll(machine: Machine): FullState {
  const pages = Array.from({ length: machine.pages.count }, (_, frame) => machine.pages.read(frame).slice());
  return { state: machine.save(), pages, digest: machine.stateDigest() };
}

export function loadAll(machine: Machine, { state, pages }: FullState): void {
  for (const [frame, page] of pages.entries()) machine.pages.write(frame, page);
  machine.load(state);
}
