/**
 * The thread that compiles for all engines of the process while they go on interpreting. It starts with the first hot code; until it is up, engines
 * compile themselves. When a module arrives depends on the host, and nothing that a guest can see depends on that.
 *
 * Nothing here waits for the event loop: an engine that runs without a pause asks for messages itself.
 */
import { availableParallelism } from 'node:os';
import { type MessagePort, receiveMessageOnPort, Worker, type WorkerOptions } from 'node:worker_threads';
import type { RegionBatch } from './region-module.js';

/** What the thread says when it is up. */
export const READY = 'ready';

/** What it answers to a batch. */
export interface Compiled {
  readonly id: number;
  /** Undefined when it failed. */
  readonly module?: WebAssembly.Module;
  readonly error?: string;
  /** Time that it took, in milliseconds. */
  readonly ms: number;
}

/** A batch that was sent; `result` is there when the thread has answered. */
export interface Pending {
  result?: Compiled;
}

export class CompileThread {
  private readonly port: MessagePort;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private up = false;

  private constructor() {
    const { port1, port2 } = new MessageChannel() as unknown as { port1: MessagePort; port2: MessagePort };
    const options: WorkerOptions = { workerData: { port: port2 }, transferList: [port2] };
    new Worker(new URL('./compile-worker.js', import.meta.url), options).unref();
    this.port = port1;
    this.port.unref();
  }

  /** The thread of this process, undefined where there is no processor for it. */
  static get(): CompileThread | undefined {
    if (!shared && availableParallelism() > 1) shared = new CompileThread();
    return shared;
  }

  /** Whether it takes batches by now. */
  get isReady(): boolean {
    if (!this.up) this.poll();
    return this.up;
  }

  submit(batch: RegionBatch): Pending {
    const id = this.nextId++;
    const pending: Pending = {};
    this.pending.set(id, pending);
    this.port.postMessage({ id, batch }, [batch.code]);
    return pending;
  }

  /** Takes what the thread has answered by now. */
  poll(): void {
    for (let received = receiveMessageOnPort(this.port); received; received = receiveMessageOnPort(this.port)) {
      if (received.message === READY) {
        this.up = true;
        continue;
      }
      const result = received.message as Compiled;
      const pending = this.pending.get(result.id);
      if (pending) pending.result = result;
      this.pending.delete(result.id);
    }
  }
}

let shared: CompileThread | undefined;
