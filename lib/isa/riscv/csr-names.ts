/** Numbers and names of the control and status registers, after the privileged ISA manual, "CSR Listing". For disassembler and debuggers. */

/** The row's names have consecutive numbers; `NAME<first>-<last>` stands for a numbered series. */
// biome-ignore format: a table
const ROWS: readonly (readonly [number: number, names: string])[] = [
  [0x001, 'fflags frm fcsr'],
  [0xc00, 'cycle time instret hpmcounter<3-31>'],
  [0x100, 'sstatus'],
  [0x104, 'sie stvec scounteren'],
  [0x10a, 'senvcfg'],
  [0x140, 'sscratch sepc scause stval sip'],
  [0x14d, 'stimecmp'],
  [0x180, 'satp'],
  [0x5a8, 'scontext'],
  [0xda0, 'scountovf'],
  [0xf11, 'mvendorid marchid mimpid mhartid mconfigptr'],
  [0x300, 'mstatus misa medeleg mideleg mie mtvec mcounteren'],
  [0x30a, 'menvcfg'],
  [0x320, 'mcountinhibit'],
  [0x323, 'mhpmevent<3-31>'],
  [0x340, 'mscratch mepc mcause mtval mip'],
  [0x34a, 'mtinst mtval2'],
  [0x3a0, 'pmpcfg<0-15>'],
  [0x3b0, 'pmpaddr<0-63>'],
  [0x747, 'mseccfg'],
  [0x7a0, 'tselect tdata1 tdata2 tdata3'],
  [0x7a8, 'mcontext'],
  [0x7b0, 'dcsr dpc dscratch0 dscratch1'],
  [0xb00, 'mcycle'],
  [0xb02, 'minstret mhpmcounter<3-31>'],
];

function series(name: string): string[] {
  const match = /^(\w+)<(\d+)-(\d+)>$/.exec(name);
  if (!match) return [name];
  const [first, last] = [Number(match[2]), Number(match[3])];
  return Array.from({ length: last - first + 1 }, (_, i) => `${match[1]}${first + i}`);
}

const NAMES: ReadonlyMap<number, string> = new Map(
  ROWS.flatMap(([number, names]) =>
    names
      .split(' ')
      .flatMap(series)
      .map((name, i) => [number + i, name] as const),
  ),
);
const NUMBERS: ReadonlyMap<string, number> = new Map([...NAMES].map(([number, name]) => [name, number]));

/** The numbers of all registers with a name, ascending. */
export const CSR_NUMBERS: readonly number[] = [...NAMES.keys()].sort((a, b) => a - b);

/** The register's name, or its number in hexadecimal. */
export const csrName = (number: number): string => NAMES.get(number) ?? `0x${number.toString(16)}`;

/** The register's number, undefined for an unknown name. */
export const csrNumber = (name: string): number | undefined => NUMBERS.get(name);
