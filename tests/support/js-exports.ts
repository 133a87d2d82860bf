/** Turns TypeScript functions into WebAssembly exports, so that they can go into a function table and be called by generated code. */
import { Code } from '../../lib/wasm/code.js';
import { ModuleWriter, type Signature } from '../../lib/wasm/module.js';

export type JsFunction = (...args: never[]) => number | bigint | undefined | void;

/** Instantiates a module that exports each function under its name. i64 values are bigints. */
export function asExports(functions: Record<string, { readonly signature: Signature; readonly call: JsFunction }>): WebAssembly.Exports {
  const m = new ModuleWriter({ module: 'env', name: 'memory', pages: 1 });
  const names = Object.keys(functions);
  const imported = names.map((name) => m.importFunction('js', name, functions[name].signature));
  for (const [i, name] of names.entries()) {
    const { signature } = functions[name];
    const w = new Code(signature.params);
    for (const param of signature.params.keys()) w.get(param);
    w.call(imported[i]);
    m.export(name, m.function(signature, w));
  }
  const js = Object.fromEntries(names.map((name) => [name, functions[name].call]));
  return new WebAssembly.Instance(new WebAssembly.Module(m.finish()), {
    env: { memory: new WebAssembly.Memory({ initial: 1, maximum: 1 }) },
    js,
  }).exports;
}
