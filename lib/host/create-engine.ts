/** Joins the engine and the guest architecture: the one place that knows both. */
import { MachineEngine } from '../exec/engine.js';
import type { EngineFactory } from '../exec/machine-engine.js';
import { type RiscvOptions, riscvGuest } from '../isa/riscv/index.js';

export type CreateEngine = EngineFactory<RiscvOptions>;

export const createEngine: CreateEngine = (options, guest) => new MachineEngine(riscvGuest(guest), options);
