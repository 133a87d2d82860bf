/** Joins the engine and the guest architecture: the one place of the command line that knows both. */
import type { EngineFactory } from '../exec/machine-engine.js';
import { UnimplementedError } from '../util/errors.js';

export const createEngine: EngineFactory = () => {
  throw new UnimplementedError('this build has no engine');
};
