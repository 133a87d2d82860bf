/** Puts a machine together for a program: its console as text, its plug-ins. */
import type { Recorder } from '../../replay/recorder.js';
import type { BlockHook } from '../exec/machine-engine.js';
import { bootMachine, type LoadedMachine } from '../host/boot.js';
import { createEngine } from '../host/create-engine.js';
import type { MachineOptions } from '../host/machine-options.js';
import type { RecordableInputs } from '../host/recording.js';
import type { GuestMachine } from '../system/guest-machine.js';
import { given } from '../util/given.js';
import { ConsoleText } from './console-text.js';
import type { Driver } from './driver.js';
import { engineSettings, type PluginOptions } from './options.js';

/** A machine that nobody drives yet. */
export interface AssembledMachine {
  readonly options: MachineOptions;
  readonly plugins: PluginOptions;
  readonly guest: GuestMachine;
  readonly console: ConsoleText;
  /** What a block hook threw, until somebody takes it out. */
  readonly failures: unknown[];
}

/** The parts of a machine, for what stands around it. */
export interface MachineParts extends AssembledMachine {
  /** Of a machine that can be recorded. */
  readonly inputs?: RecordableInputs;
  driver: Driver;
  /** It is being recorded. */
  recorder?: Recorder | undefined;
}

/** Adds engine, devices and plug-ins to a machine that is loaded. `onByte` gets what the guest prints, before anybody else. */
export function assemble(loaded: LoadedMachine, plugins: PluginOptions, onByte: (byte: number) => void = () => {}): AssembledMachine {
  const console = new ConsoleText(plugins.onOutput);
  const failures: unknown[] = [];
  const serial = (byte: number): void => {
    onByte(byte);
    console.put(byte);
  };
  const hook = plugins.onBlock && guarded(plugins.onBlock, failures, () => guest.requestStop());
  const guest = bootMachine(loaded, {
    sinks: { serial, virtio: () => {}, frame: () => {} },
    createEngine,
    engine: engineSettings(plugins),
    ...given({ extensions: plugins.extensions, onBlock: hook }),
  });
  console.position = () => guest.outputs[0] ?? 0;
  return { options: loaded.options, plugins, guest, console, failures };
}

/** A hook that may throw: the first error is kept, and the run ends. */
function guarded(hook: BlockHook, failures: unknown[], stop: () => void): BlockHook {
  return (hart, pc, instructions) => {
    if (failures.length > 0) return;
    try {
      hook(hart, pc, instructions);
    } catch (error) {
      failures.push(error);
      stop();
    }
  };
}

/** Where nobody wants to be told of what goes wrong on the host. */
export function warn(message: string): void {
  process.emitWarning(message);
}
