/**
 * The boot ROM of `riscv-virt`, with the contents of QEMU's: it puts the hart's number, the device tree and OpenSBI's
 * `struct fw_dynamic_info` (OpenSBI, docs/firmware/fw_dynamic.md) into a0, a1 and a2, and jumps.
 */

export interface ResetVector {
  /** Where it jumps to, in M-mode. */
  readonly entry: number;
  /** Address of the device tree. */
  readonly deviceTree: number;
  /** Where firmware goes on, in S-mode; 0 when there is no firmware. */
  readonly nextEntry: number;
}

const [ZERO, T0, A0, A1, A2] = [0, 5, 10, 11, 12];
const CSR_MHARTID = 0xf14;

const iType = (opcode: number, funct3: number, rd: number, rs1: number, imm: number): number =>
  ((imm << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode) >>> 0;
const auipc = (rd: number, imm20: number): number => ((imm20 << 12) | (rd << 7) | 0x17) >>> 0;
const addi = (rd: number, rs1: number, imm: number): number => iType(0x13, 0, rd, rs1, imm);
const ld = (rd: number, imm: number, rs1: number): number => iType(0x03, 3, rd, rs1, imm);
const csrr = (rd: number, csr: number): number => iType(0x73, 2, rd, ZERO, csr);
const jr = (rs1: number): number => iType(0x67, 0, ZERO, rs1, 0);

// Offsets of the data behind the code.
const START = 0x18;
const FDT = 0x20;
const FW_DYNAMIC_INFO = 0x28;

const CODE = [
  auipc(T0, 0), //                     1: t0 = this ROM
  addi(A2, T0, FW_DYNAMIC_INFO),
  csrr(A0, CSR_MHARTID),
  ld(A1, FDT, T0),
  ld(T0, START, T0),
  jr(T0),
] as const;

const FW_DYNAMIC_INFO_MAGIC = 0x4942534f;
const FW_DYNAMIC_INFO_VERSION = 2;
const FW_DYNAMIC_INFO_NEXT_MODE_S = 1;

/** The bytes of the ROM. */
export function resetVector({ entry, deviceTree, nextEntry }: ResetVector): Uint8Array {
  const info = [FW_DYNAMIC_INFO_MAGIC, FW_DYNAMIC_INFO_VERSION, nextEntry, FW_DYNAMIC_INFO_NEXT_MODE_S, 0 /* options */, 0 /* boot hart */];
  const data = [entry, deviceTree, ...info];
  const bytes = new Uint8Array(CODE.length * 4 + data.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of CODE.entries()) view.setUint32(index * 4, word, true);
  for (const [index, value] of data.entries()) view.setBigUint64(START + index * 8, BigInt(value), true);
  return bytes;
}
