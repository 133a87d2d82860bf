/** Joins the engine and the guest architecture: the one place of the command line that knows both. */
import { MachineEngine } from '../exec/engine.js';
import type { EngineFactory } from '../exec/machine-engine.js';
import { riscv } from '../isa/riscv/index.js';

export const createEngine: EngineFactory = (options) => new MachineEngine(riscv, options);
