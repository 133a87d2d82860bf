/**
 * The target description, derived from the register table: one document for each feature. After the GDB manual, appendix "Target Descriptions".
 * `altname`, `encoding`, `format` and `generic` are LLDB's; GDB passes over them.
 */
import type { DebugRegister } from '../lib/isa/guest.js';

/** GDB's predefined types that a register may have; whatever else the table says is an integer to debuggers. */
const KNOWN_TYPES: ReadonlySet<string> = new Set([
  'int',
  'code_ptr',
  'data_ptr',
  'ieee_single',
  'ieee_double',
  'ieee_half',
  'bool',
  'uint32',
  'uint64',
]);

/** LLDB's names for what every architecture has, by the names that the register goes by. */
const GENERIC: Readonly<Record<string, string>> = {
  pc: 'pc',
  sp: 'sp',
  fp: 'fp',
  ra: 'ra',
  ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`a${i}`, `arg${i + 1}`])),
};

export const genericName = ({ name, aliases, group }: DebugRegister): string | undefined =>
  group === 'general' ? [name, ...aliases].map((known) => GENERIC[known]).find((generic) => generic !== undefined) : undefined;

export const isFloat = ({ type }: DebugRegister): boolean => type.startsWith('ieee_');

const annexOf = (feature: string): string => `${feature}.xml`;
const featuresOf = (registers: readonly DebugRegister[]): string[] => [...new Set(registers.map(({ feature }) => feature))];

/** The text of a document; undefined if there is none with that name. */
export function targetXml(annex: string, architecture: string, registers: readonly DebugRegister[]): string | undefined {
  const features = featuresOf(registers);
  if (annex === 'target.xml') return targetDocument(architecture, features);
  const feature = features.find((name) => annexOf(name) === annex);
  return feature === undefined ? undefined : featureDocument(feature, registers);
}

// Without an ABI of its own GDB may take its host's, and for Linux on RISC-V it steps with breakpoints of its own: no step into a trap would work.
function targetDocument(architecture: string, features: readonly string[]): string {
  const includes = features.map((feature) => `  <xi:include href="${annexOf(feature)}"/>\n`).join('');
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
  <architecture>${escapeXml(architecture)}</architecture>
  <osabi>none</osabi>
${includes}</target>
`;
}

function featureDocument(feature: string, registers: readonly DebugRegister[]): string {
  const rows = registers.filter((register) => register.feature === feature).map((register) => `  <reg ${attributes(register)}/>\n`);
  return `<?xml version="1.0"?>
<!DOCTYPE feature SYSTEM "gdb-target.dtd">
<feature name="${escapeXml(feature)}">
${rows.join('')}</feature>
`;
}

function attributes(register: DebugRegister): string {
  const { name, aliases, bits, type, group, number } = register;
  const generic = genericName(register);
  const all: readonly (readonly [string, string | number | undefined])[] = [
    ['name', name],
    ['bitsize', bits],
    ['type', KNOWN_TYPES.has(type) ? type : 'int'],
    ['regnum', number],
    ['group', group],
    ['altname', aliases[0]],
    ['generic', generic],
    ['encoding', isFloat(register) ? 'ieee754' : undefined],
    ['format', isFloat(register) ? 'float' : undefined],
  ];
  return all.flatMap(([key, value]) => (value === undefined ? [] : [`${key}="${escapeXml(String(value))}"`])).join(' ');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

export const escapeXml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]);
