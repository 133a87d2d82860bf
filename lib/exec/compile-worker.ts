/** What runs in the thread of compile-thread.ts: batches of regions in, modules out. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { type Compiled, READY } from './compile-thread.js';
import { lowerBatch, type RegionBatch } from './region-module.js';

function compile(id: number, batch: RegionBatch): Compiled {
  const start = performance.now();
  try {
    const module = new WebAssembly.Module(lowerBatch(batch));
    return { id, module, ms: performance.now() - start };
  } catch (error) {
    return { id, error: String(error), ms: performance.now() - start };
  }
}

const { port } = workerData as { port: MessagePort };
port.on('message', ({ id, batch }: { id: number; batch: RegionBatch }) => port.postMessage(compile(id, batch)));
port.postMessage(READY);
