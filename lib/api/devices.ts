/** `hindsight/devices`: what a device of one's own is made with. A device is a row of the machine's table; see ARCHITECTURE.md. */
export {
  type Device,
  type IrqLine,
  type PhysicalMemory,
  type PlainData,
  StateReader,
  type TimerHandle,
  type VirtualClock,
} from '../devices/device.js';
export { cells, cells64, EMPTY, type FdtNode, strings } from '../machines/fdt.js';
export type { MachineRow, RowPorts, TreeContext } from '../machines/machine.js';
