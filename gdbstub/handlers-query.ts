/** What client and server can do, `monitor`, and QEMU's own packets. After the GDB manual, "General Query Packets"; QEMU's, after its "GDB usage". */
import { EINVAL, type PacketArguments, ProtocolError } from './arguments.js';
import { PACKET_SIZE } from './packet.js';
import type { ClientFeatures, Reply, SessionState } from './session-state.js';

/** What clients may say in `qSupported`, and what we remember of it. */
const CLIENT_FEATURES: Readonly<Record<string, keyof ClientFeatures>> = {
  'multiprocess+': 'multiprocess',
  'swbreak+': 'swbreak',
  'hwbreak+': 'hwbreak',
  'error-message+': 'errorMessages',
};

const SERVER_FEATURES: readonly string[] = [
  `PacketSize=${PACKET_SIZE.toString(16)}`,
  'QStartNoAckMode+',
  'multiprocess+',
  'swbreak+',
  'hwbreak+',
  'vContSupported+',
  'error-message+',
  'QThreadEvents+',
  'binary-upload+',
  'ConditionalBreakpoints+',
  'BreakpointCommands+',
  'qXfer:features:read+',
  'qXfer:memory-map:read+',
  'qXfer:threads:read+',
  'qXfer:osdata:read+',
];

/** `qSupported[:FEATURE;...]`. */
export function supported({ features, target }: SessionState, args: PacketArguments): Reply {
  args.skip(':');
  for (const feature of args.rest().split(';')) {
    const known = Object.hasOwn(CLIENT_FEATURES, feature) ? CLIENT_FEATURES[feature] : undefined;
    if (known) features[known] = true;
  }
  return [...SERVER_FEATURES, ...(target.canReverse ? ['ReverseStep+', 'ReverseContinue+'] : [])].join(';');
}

/** A handler that takes note of what the client can do. */
export function note(feature: keyof ClientFeatures) {
  return ({ features }: SessionState): Reply => {
    features[feature] = true;
    return 'OK';
  };
}

/** `qRcmd,HEX`: what the command says goes to the console. */
export async function monitor({ target, actions }: SessionState, args: PacketArguments): Promise<string> {
  const command = args.hexText();
  args.end();
  const text = await target.monitor(command);
  actions.print(text === '' || text.endsWith('\n') ? text : `${text}\n`);
  return 'OK';
}

/** QEMU's bits: with NOIRQ or NOTIMER a step hides interrupts; it cannot hide only some. */
const [SSTEP_ENABLE, SSTEP_NOIRQ, SSTEP_NOTIMER] = [1, 2, 4];
export const SSTEP_BITS = `ENABLE=${SSTEP_ENABLE},NOIRQ=${SSTEP_NOIRQ},NOTIMER=${SSTEP_NOTIMER}`;

export const stepBits = ({ target }: SessionState): Reply =>
  `0x${(target.stepsHideInterrupts ? SSTEP_ENABLE | SSTEP_NOIRQ | SSTEP_NOTIMER : SSTEP_ENABLE).toString(16)}`;

/** `Qqemu.sstep=BITS`. */
export function setStepBits({ target }: SessionState, args: PacketArguments): Reply {
  args.skip('0x');
  const bits = args.number();
  if (bits > 7) throw new ProtocolError(EINVAL, 'no such bits');
  target.stepsHideInterrupts = (bits & (SSTEP_NOIRQ | SSTEP_NOTIMER)) !== 0;
  return 'OK';
}

export const physicalMode = ({ physical }: SessionState): Reply => (physical ? '1' : '0');

/** `Qqemu.PhyMemMode:0|1`. */
export function setPhysicalMode(state: SessionState, args: PacketArguments): Reply {
  state.physical = args.number() !== 0;
  return 'OK';
}
