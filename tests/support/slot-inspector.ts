/** The debugger's side of a guest of the tests: its registers are slots, and addresses are found by its own function. */
import type { DebugRegister, GuestRegister, HartInspector } from '../../lib/isa/guest.js';
import { ENV_PC } from '../../lib/mem/layout.js';

export function slotInspector(
  memory: WebAssembly.Memory,
  registers: readonly GuestRegister[],
  translate: HartInspector['translate'],
): HartInspector {
  const i64 = new BigInt64Array(memory.buffer);
  const slots = [...registers, { name: 'pc', offset: ENV_PC, type: 'i64' as const }];
  return {
    architecture: 'none',
    registers: slots.map(({ name, type }, number): DebugRegister => {
      const isFloat = type === 'f64';
      return {
        name,
        aliases: [],
        bits: 64,
        type: isFloat ? 'ieee_double' : 'int',
        group: isFloat ? 'float' : 'general',
        feature: 'org.gnu.gdb.test',
        number,
      };
    }),
    read: (env, { number }) => BigInt.asUintN(64, i64[(env + slots[number].offset) >> 3]),
    write: (env, { number }, value) => {
      i64[(env + slots[number].offset) >> 3] = value;
      return true;
    },
    translate,
  };
}
