/** Every packet of the table against a fake machine: what is asked, and what must come back. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { littleEndianHex } from '../../gdbstub/arguments.js';
import { COMMANDS, commandFor } from '../../gdbstub/commands.js';
import { FAKE_BASE, FAKE_BYTES, FAKE_PC, FAKE_REGISTERS, FakeTarget } from '../support/fake-target.js';
import { WireClient } from '../support/gdb-client.js';

const test = suite('gdb commands');

/** Rows that some test has asked for. */
const asked = new Set<string>();

interface Bench {
  readonly target: FakeTarget;
  readonly client: WireClient;
  ask(payload: string): Promise<string>;
  /** Asks, and gives what was printed meanwhile, too. */
  talk(payload: string): Promise<{ readonly reply: string; readonly console: string }>;
  /** Sends what has no answer. */
  tell(payload: string): void;
}

function bench(options: { harts?: number; canReverse?: boolean; features?: string } = {}): Bench {
  const target = new FakeTarget(options);
  const client = new WireClient(target);
  const note = (payload: string) => asked.add(commandFor(payload)?.name ?? '');
  if (options.features !== undefined) {
    client.send(`qSupported:${options.features}`);
    client.items = [];
  }
  return {
    target,
    client,
    ask: (payload) => {
      note(payload);
      return client.ask(payload);
    },
    talk: (payload) => {
      note(payload);
      return client.askWithConsole(payload);
    },
    tell: (payload) => {
      note(payload);
      client.send(payload);
    },
  };
}

const hex64 = (value: bigint) => littleEndianHex(value, 64);
const at = (offset: number) => (FAKE_BASE + BigInt(offset)).toString(16);
const stopAt = (offset: number, { signal = '05', thread = '1', reason = '' } = {}) =>
  `T${signal}thread:${thread};${reason}20:${hex64(FAKE_BASE + BigInt(offset))};02:${hex64(0n)};08:${hex64(0n)};`;
/** A memory of pairs: the packet, the answer. */
async function dialogue({ ask }: Bench, pairs: readonly (readonly [string, string])[]): Promise<void> {
  for (const [packet, answer] of pairs) assert.is(await ask(packet), answer, packet);
}

test('what nobody knows gets the empty reply', async () => {
  const { client } = bench();
  for (const packet of [
    '',
    'QTinit',
    'vFoo',
    'qL1',
    'QNonStop:1',
    'vContx',
    'qCx',
    'gg0',
    'B',
    '\xff',
    'qXfer:auxv:read::0,10',
    'constructor',
  ])
    if (!commandFor(packet)) assert.is(await client.ask(packet), '', packet);
  assert.is(await client.ask('vMustReplyEmpty'), '');
});

test('? tells why the machine stands still: SIGINT when nothing has happened', async () => {
  const b = bench();
  await dialogue(b, [
    ['!', 'OK'],
    ['?', stopAt(0, { signal: '02' })],
    ['vMustReplyEmpty', ''],
    ['qOffsets', ''],
    ['qSymbol::', 'OK'],
    ['qAttached', '1'],
    ['qAttached:1', '1'],
    ['QThreadEvents:1', 'OK'],
    ['QStartNoAckMode', 'OK'],
  ]);
});

test('qSupported offers what is there; going back only with a history', async () => {
  const features = (await bench().ask('qSupported:multiprocess+;xmlRegisters=i386')).split(';');
  for (const feature of [
    'PacketSize=20000',
    'QStartNoAckMode+',
    'ReverseStep+',
    'ReverseContinue+',
    'ConditionalBreakpoints+',
    'qXfer:features:read+',
  ])
    assert.ok(features.includes(feature), feature);
  const without = bench({ canReverse: false });
  assert.not.match(await without.ask('qSupported'), 'Reverse');
  assert.equal([await without.ask('bs'), await without.ask('bc')], ['', '']);
});

test('threads have a process in their names only for who wants that', async () => {
  const [plain, multi] = [bench({ harts: 2 }), bench({ harts: 2, features: 'multiprocess+' })];
  assert.equal([await plain.ask('qfThreadInfo'), await plain.ask('qsThreadInfo'), await plain.ask('qC')], ['m1,2', 'l', 'QC1']);
  assert.equal([await multi.ask('qfThreadInfo'), await multi.ask('qC')], ['mp1.1,p1.2', 'QCp1.1']);
});

test('H selects a hart for registers; others are refused', async () => {
  const b = bench({ harts: 2, features: 'multiprocess+' });
  await dialogue(b, [
    ['Hgp1.2', 'OK'],
    ['qC', 'QCp1.2'],
    ['p20', hex64(FAKE_BASE + 0x1000n)],
    ['Hg0', 'OK'],
    ['qC', 'QCp1.2'],
    ['Hgp1.3', 'E03'],
    ['Hgp2.1', 'E03'],
    ['Hx1', 'E16'],
    ['Hg', 'E16'],
    ['Hc-1', 'OK'],
    ['Tp1.2', 'OK'],
    ['Tp1.3', 'E03'],
    ['qThreadExtraInfo,p1.2', Buffer.from('hart 1: running in M').toString('hex')],
  ]);
});

test('g has the general registers and the pc, p any, P writes what can be written', async () => {
  const b = bench();
  b.target.values[0][5] = 0x1122334455667788n;
  const all = await b.ask('g');
  assert.is(all.length, 33 * 16);
  assert.is(all.slice(5 * 16, 6 * 16), '8877665544332211');
  await dialogue(b, [
    ['p5', '8877665544332211'],
    ['P6=0100000000000000', 'OK'],
    ['p6', '0100000000000000'],
    ['p42', '00000000'],
    ['P42=78563412', 'OK'],
    ['p42', '78563412'],
    ['P42=7856341200', 'E16'],
    ['P0=0100000000000000', 'E16'],
    ['p999', 'E16'],
    [`P${(65 + 0xf14).toString(16)}=0100000000000000`, 'E16'],
  ]);
});

test('G writes as many registers as it brings', async () => {
  const b = bench();
  const [two, odd] = [hex64(0n) + hex64(77n), `${hex64(0n)}11`];
  await dialogue(b, [
    [`G${two}`, 'OK'],
    ['p1', hex64(77n)],
    [`G${odd}`, 'E16'],
    [`G${hex64(0n).repeat(34)}`, 'E16'],
    [`G${hex64(0n).slice(1)}`, 'E16'],
  ]);
});

test('m, M, x and X read and write; reads end where memory ends', async () => {
  const b = bench();
  const end = (FAKE_BASE + BigInt(FAKE_BYTES) - 4n).toString(16);
  await dialogue(b, [
    [`M${at(0x100)},4:00017d23`, 'OK'],
    [`m${at(0x100)},4`, '00017d23'],
    [`x${at(0x100)},4`, 'b\x00\x01}#'],
    [`X${at(0x100)},3:$*}`, 'OK'],
    [`m${at(0x100)},4`, '242a7d23'],
    [`X${at(0x100)},0:`, 'OK'],
    [`m${end},10`, '13000000'],
    [`m${end},ffffffffffffffff`, '13000000'],
    [`m${at(0x100)},0`, ''],
    ['m0,4', 'E0e'],
    ['mffffffffffffffff,4', 'E0e'],
    ['x0,4', 'E0e'],
    ['M0,1:00', 'E0e'],
    [`M${end},8:0011223344556677`, 'E0e'],
    [`M${at(0)},2:00`, 'E16'],
    [`M${at(0)},1:0`, 'E16'],
    [`m${at(0)}`, 'E16'],
    ['m10000000000000000,1', 'E16'],
    ['m,4', 'E16'],
  ]);
  assert.is((await b.ask(`m${at(0)},20000`)).length % 2, 0);
});

test('an LLDB that tries x with no bytes gets answers without a b', async () => {
  const b = bench();
  await dialogue(b, [
    ['x0,0', 'OK'],
    [`x${at(0)},4`, '\x13\x00\x00\x00'],
  ]);
});

test('physical mode changes whose addresses are meant', async () => {
  const b = bench();
  await dialogue(b, [
    ['qqemu.PhyMemMode', '0'],
    ['mffffffff80000000,4', '13000000'],
    ['Qqemu.PhyMemMode:1', 'OK'],
    ['qqemu.PhyMemMode', '1'],
    ['mffffffff80000000,4', 'E0e'],
    ['Qqemu.PhyMemMode:0', 'OK'],
    ['mffffffff80000000,4', '13000000'],
  ]);
});

test("QEMU's bits for steps that hide interrupts", async () => {
  const b = bench();
  await dialogue(b, [
    ['qqemu.sstepbits', 'ENABLE=1,NOIRQ=2,NOTIMER=4'],
    ['qqemu.sstep', '0x1'],
    ['Qqemu.sstep=0x7', 'OK'],
    ['qqemu.sstep', '0x7'],
    ['Qqemu.sstep=1', 'OK'],
    ['Qqemu.sstep=99', 'E16'],
    ['qqemu.Supported', 'sstepbits;sstep;PhyMemMode'],
  ]);
  assert.not(b.target.stepsHideInterrupts);
});

test('s and c move on, from another address if they say so', async () => {
  const b = bench();
  b.target.program.set(FAKE_BASE + 0x20n, { jump: FAKE_BASE });
  await dialogue(b, [
    ['s', stopAt(4)],
    [`s${at(0x10)}`, stopAt(0x14)],
    ['S05', stopAt(0x18)],
    [`S05;${at(0x40)}`, stopAt(0x44)],
    [`Z0,${at(0x50)},4`, 'OK'],
    ['c', stopAt(0x50)],
    [`c${at(0x30)}`, stopAt(0x50)],
    [`C05;${at(0x40)}`, stopAt(0x50)],
    ['sxyz', 'E16'],
  ]);
});

test('breakpoints are called what they are, for clients that know the word', async () => {
  const b = bench({ features: 'swbreak+;hwbreak+' });
  b.target.program.set(FAKE_BASE + 0x20n, { jump: FAKE_BASE });
  await dialogue(b, [
    [`Z1,${at(8)},4`, 'OK'],
    [`Z0,${at(16)},2`, 'OK'],
    ['c', stopAt(8, { reason: 'hwbreak:;' })],
    [`z1,${at(8)},4`, 'OK'],
    ['c', stopAt(16, { reason: 'swbreak:;' })],
    [`z0,${at(16)},2`, 'OK'],
    ['z0,1234,2', 'OK'],
    ['Z5,0,1', 'E16'],
    ['Z0,0', 'E16'],
    ['Z2,0,0', 'E16'],
    ['Z2,ffffffffffffffff,2', 'E16'],
  ]);
});

test('a breakpoint where the hart already is stops it at once', async () => {
  const b = bench();
  await dialogue(b, [
    [`Z0,${at(0)},4`, 'OK'],
    ['c', stopAt(0)],
  ]);
  assert.is(b.target.ticks, 0);
});

test('the target hears of breakpoints only when it goes on, and only of changes', async () => {
  const b = bench();
  for (let round = 0; round < 3; round++) {
    await b.ask(`Z0,${at(0x100)},4`);
    await b.ask(`Z2,${at(0x8000)},4`);
    await b.ask('s');
    await b.ask(`z0,${at(0x100)},4`);
    await b.ask(`z2,${at(0x8000)},4`);
  }
  assert.equal(b.target.calls, ['breakpoints 1', 'watchpoints 1']);
});

test('watchpoints report an address inside of the watched range, going forward behind the access', async () => {
  const b = bench();
  b.target.program.set(FAKE_BASE + 8n, { increment: { address: FAKE_BASE + 0x8000n, bytes: 8 } });
  b.target.program.set(FAKE_BASE + 0x10n, { read: { address: FAKE_BASE + 0x8006n, bytes: 2 } });
  await dialogue(b, [
    [`Z2,${at(0x8004)},4`, 'OK'],
    ['c', stopAt(0xc, { reason: `watch:${at(0x8004)};` })],
    [`z2,${at(0x8004)},4`, 'OK'],
    [`Z3,${at(0x8004)},4`, 'OK'],
    ['c', stopAt(0x14, { reason: `rwatch:${at(0x8006)};` })],
    [`z3,${at(0x8004)},4`, 'OK'],
    [`Z4,${at(0x8006)},2`, 'OK'],
    ['bc', stopAt(0x10, { reason: `awatch:${at(0x8006)};` })],
    ['bc', stopAt(0x8, { reason: `awatch:${at(0x8006)};` })],
  ]);
});

test('the step by which GDB lets the reported access happen is over before it begins; the next one is a step', async () => {
  const b = bench();
  b.target.program.set(FAKE_BASE + 8n, { increment: { address: FAKE_BASE + 0x8000n, bytes: 8 } });
  const watch = `2,${at(0x8000)},8`;
  await b.ask(`Z${watch}`);
  await b.ask('c');
  await b.ask(`z${watch}`);
  assert.is(b.target.ticks, 3);
  await dialogue(b, [
    ['vCont;s:1', stopAt(0xc)],
    ['vCont;s:1', stopAt(0x10)],
  ]);
  await b.ask(`Z${watch}`);
  await b.ask('bc');
  await b.ask(`z${watch}`);
  await dialogue(b, [
    ['bs', stopAt(8)],
    ['bs', stopAt(4)],
  ]);
  // With the watchpoint in place it is the user's own step.
  await b.ask(`Z${watch}`);
  await b.ask('c');
  assert.is(await b.ask('vCont;s:1'), stopAt(0x10));
});

/** if a0 == 3. */
const A0_IS_3 = '26000a220313';
const condition = (code: string) => `X${(code.length / 2).toString(16)},${code}`;

test('conditions decide; one that cannot be evaluated stops', async () => {
  const b = bench();
  b.target.program.set(FAKE_BASE + 4n, { count: 10 });
  b.target.program.set(FAKE_BASE + 8n, { jump: FAKE_BASE });
  await dialogue(b, [
    [`Z0,${at(8)},4;${condition(`${A0_IS_3}27`)}`, 'OK'],
    ['c', stopAt(8)],
    ['pa', hex64(3n)],
    [`Z0,${at(8)},4;${condition('22002727')}${condition('22052717')}`, 'OK'],
    [`Z0,${at(8)},4;${condition('22001727')}`, 'OK'],
    ['s', stopAt(0)],
    ['c', stopAt(8)],
    ['pa', hex64(4n)],
    [`Z0,${at(8)},4;X1,`, 'E16'],
    [`Z0,${at(8)},4;X1,99`, 'E16'],
    [`Z0,${at(8)},4;Y`, 'E16'],
  ]);
});

test('commands print to the console and the machine goes on, forward only', async () => {
  const b = bench();
  b.target.program.set(FAKE_BASE + 4n, { count: 10 });
  b.target.program.set(FAKE_BASE + 12n, { jump: FAKE_BASE });
  const format = Buffer.from('a0=%d\\n\0').toString('hex');
  const code = `26000a22002200340100${(format.length / 2).toString(16).padStart(2, '0')}${format}27`;
  await b.ask(`Z0,${at(8)},4;cmds:0,${condition(code)}`);
  await b.ask(`Z1,${at(12)},4;${condition(`${A0_IS_3}27`)}`);
  const { reply, console } = await b.talk('c');
  assert.is(reply, stopAt(12));
  assert.is(console, 'a0=1\na0=2\na0=3\n');
  const back = await b.talk('bc');
  assert.is(back.console, '');
  assert.match(back.reply, 'replaylog:begin');
});

test('a million false hits of a condition end', async () => {
  const b = bench({ canReverse: false });
  b.target.program.set(FAKE_BASE + 4n, { count: 10 });
  b.target.program.set(FAKE_BASE + 8n, { jump: FAKE_BASE + 4n });
  await b.ask(`Z0,${at(8)},4;${condition('26000a24000f42401327')}`);
  assert.is(await b.ask('c'), stopAt(8));
  assert.is(b.target.values[0][10], 1_000_000n);
});

test('vCont: the leftmost action of a thread counts, and those without one are held', async () => {
  const b = bench({ harts: 3 });
  await b.ask('vCont?');
  const requests = async (packet: string) => {
    await b.ask(packet);
    return b.target.requests.at(-1);
  };
  const step = (hart: number) => ({ kind: 'step', hart });
  assert.equal(await requests('vCont;s:2;c'), { action: step(1), direction: 'forward', harts: -1 });
  assert.equal(await requests('vCont;s:3'), { action: step(2), direction: 'forward', harts: 4 });
  assert.equal(await requests('vCont;t:1;S05:3;c'), { action: step(2), direction: 'forward', harts: 6 });
  assert.equal(await requests('vCont;s'), { action: step(2), direction: 'forward', harts: -1 });
  const range = { from: FAKE_BASE, to: FAKE_BASE + 0x10n };
  assert.equal(await requests(`vCont;r${at(0)},${at(0x10)}:1;c`), { action: { ...step(0), range }, direction: 'forward', harts: -1 });
  await b.ask(`Z0,${at(0x40)},4`);
  assert.equal(await requests('vCont;c:1'), { action: { kind: 'continue' }, direction: 'forward', harts: 1 });
  await dialogue(b, [
    ['vCont;t', 'E16'],
    ['vCont;', 'E16'],
    ['vCont;q', 'E16'],
    ['vCont;c:9', 'E03'],
    ['vCont;s:1x', 'E16'],
  ]);
});

test('a range step ends outside of the range', async () => {
  const b = bench();
  assert.is(await b.ask(`vCont;r${at(0)},${at(0x10)}:1`), stopAt(0x10));
});

test('s and c of the selected thread hold the others; bs and bc hold nobody', async () => {
  const b = bench({ harts: 2 });
  await b.ask('Hc2');
  await b.ask('s');
  assert.equal(b.target.requests.at(-1), { action: { kind: 'step', hart: 1 }, direction: 'forward', harts: 2 });
  await b.ask('bs');
  assert.equal(b.target.requests.at(-1), { action: { kind: 'step', hart: 1 }, direction: 'reverse', harts: -1 });
});

test('going back ends at the beginning of history', async () => {
  const b = bench();
  for (let i = 0; i < 3; i++) await b.ask('s');
  await dialogue(b, [
    ['bs', stopAt(8)],
    ['bc', stopAt(0, { reason: 'replaylog:begin;' })],
    ['bs', stopAt(0, { reason: 'replaylog:begin;' })],
  ]);
});

test('a power-off is an exit; with a history one can go back, and is told so', async () => {
  const [live, plain] = [bench(), bench({ canReverse: false, features: 'multiprocess+' })];
  for (const { target } of [live, plain]) target.program.set(FAKE_BASE + 8n, { exit: 3 });
  const { reply, console } = await live.talk('c');
  assert.is(reply, stopAt(8, { reason: 'replaylog:end;' }));
  assert.match(console, 'powered off (exit code 3)');
  assert.is(await live.ask('bs'), stopAt(4));
  await live.talk('c');
  assert.is(await live.ask('c'), 'W03');
  assert.is(await plain.ask('c'), 'W03;process:1');
  assert.is(await plain.ask('?'), 'W03;process:1');
});

test('restart, run, attach, kill and detach', async () => {
  const b = bench();
  await b.ask('s');
  b.tell('R00');
  assert.is(await b.ask('?'), stopAt(0));
  assert.is(await b.ask('vRun;616263;64'), stopAt(0));
  assert.is(await b.ask('vAttach;1'), stopAt(0));
  assert.is(await b.ask('vAttach;2'), 'E03');
  assert.is(await b.ask('vKill;1'), 'OK');
  b.tell('k');
  assert.equal(
    b.target.calls.filter((call) => !call.includes('points')),
    ['restart', 'restart', 'kill', 'kill'],
  );
  assert.is(await b.ask('D;1'), 'OK');
  assert.equal(b.target.requests.at(-1), { action: { kind: 'continue' }, direction: 'forward', harts: -1 });
  assert.is(b.target.onStop, undefined);
  b.target.interrupt();
});

test('in extended mode the machine survives being killed, and runs again', async () => {
  const b = bench();
  await dialogue(b, [
    ['!', 'OK'],
    ['vKill;1', 'OK'],
    ['qfThreadInfo', 'l'],
    ['?', 'W00'],
    ['vRun;', stopAt(0)],
    ['qfThreadInfo', 'm1'],
  ]);
  assert.equal(b.target.calls, ['restart']);
});

test('documents come in pieces; an unknown one is an error', async () => {
  const b = bench({ harts: 2 });
  const whole = await b.ask('qXfer:features:read:target.xml:0,1ffff');
  assert.match(whole, /^l<\?xml.*<architecture>riscv:rv64<\/architecture>.*<osabi>none.*href="org.gnu.gdb.riscv.cpu.xml"/s);
  let pieces = '';
  for (let piece = 'm'; piece[0] === 'm'; pieces += piece.slice(1))
    piece = await b.ask(`qXfer:features:read:target.xml:${pieces.length.toString(16)},40`);
  assert.is(pieces, whole.slice(1));
  await dialogue(b, [
    ['qXfer:features:read:nothing.xml:0,100', 'E00'],
    ['qXfer:features:read:target.xml:0', 'E16'],
    ['qXfer:features:read:target.xml:ffffffff,10', 'l'],
    ['qXfer:memory-map:read:x:0,100', 'E00'],
    ['qXfer:threads:read:x:0,100', 'E00'],
    ['qXfer:osdata:read:constructor:0,100', 'E00'],
  ]);
  assert.match(await b.ask('qXfer:memory-map:read::0,1000'), '<memory type="ram" start="0x0" length="0x8000000000000000"/>');
  assert.match(await b.ask('qXfer:threads:read::0,1000'), '<thread id="2" core="1" name="hart 1">running in M</thread>');
  assert.match(await b.ask('qXfer:osdata:read::0,1000'), '<column name="Type">memory</column>');
  assert.match(await b.ask('qXfer:osdata:read:memory:0,1000'), '<column name="Kind">device</column>');
  assert.match(await b.ask('qXfer:osdata:read:harts:0,1000'), '<column name="PC">0x80001000</column>');
});

test('every register is in the description of its feature', async () => {
  const b = bench();
  const documents = await Promise.all(
    ['cpu', 'fpu', 'csr'].map((name) => b.client.ask(`qXfer:features:read:org.gnu.gdb.riscv.${name}.xml:0,1ffff`)),
  );
  const registers = [...documents.join('').matchAll(/<reg name="(\w+)" bitsize="(\d+)" type="\w+" regnum="(\d+)"/g)].map(
    ([, ...row]) => row,
  );
  assert.equal(
    registers,
    FAKE_REGISTERS.map(({ name, bits, number }) => [name, String(bits), String(number)]),
  );
});

test('qSearch finds patterns across slices, and says where memory ends', async () => {
  const b = bench();
  b.target.memory.write('needle', 0x5ffd);
  await dialogue(b, [
    [`qSearch:memory:${at(0)};8000;needle`, `1,${at(0x5ffd)}`],
    [`qSearch:memory:${at(0x5ffe)};2000;needle`, '0'],
    [`qSearch:memory:${at(0)};ffffffffffffffff;nothing`, 'E0e'],
    [`qSearch:memory:${at(0)};100;`, 'E16'],
    ['qSearch:memory:0;100;x', 'E0e'],
  ]);
});

test('qCRC is the sum that GDB computes', async () => {
  const b = bench();
  b.target.memory.write('123456789', 0);
  await dialogue(b, [
    // CRC-32/MPEG-2 of the usual check string.
    [`qCRC:${at(0)},9`, 'C0376e6e7'],
    [`qCRC:${at(0)},0`, 'Cffffffff'],
    ['qCRC:0,9', 'E0e'],
    [`qCRC:${at(0)},20000`, 'E0e'],
  ]);
});

test('monitor commands answer on the console', async () => {
  const b = bench();
  const rcmd = (text: string) => `qRcmd,${Buffer.from(text).toString('hex')}`;
  assert.equal(await b.talk(rcmd('hello')), { reply: 'OK', console: 'you said hello\n' });
  assert.equal(await b.talk(rcmd('quiet')), { reply: 'OK', console: '' });
  assert.is(await b.ask('qRcmd,4'), 'E16');
});

test('errors come with a text for clients that can show it', async () => {
  const [gdb, lldb] = [bench({ features: 'error-message+' }), bench()];
  assert.is(await gdb.ask('m10,4'), 'E.cannot read memory at 0x10');
  assert.is(await lldb.ask('QEnableErrorStrings'), 'OK');
  assert.is(await lldb.ask('m10,4'), `E0e;${Buffer.from('cannot read memory at 0x10').toString('hex')}`);
});

test('LLDB: what host and process are', async () => {
  const b = bench();
  const triple = Buffer.from('riscv64-unknown-none').toString('hex');
  await dialogue(b, [
    ['qHostInfo', `triple:${triple};endian:little;ptrsize:8;watchpoint_exceptions_received:after;`],
    ['qProcessInfo', `pid:1;parent-pid:1;triple:${triple};endian:little;ptrsize:8;`],
    ['qWatchpointSupportInfo:', 'num:1024;'],
    [`qMemoryRegionInfo:${at(0x123)}`, `start:${at(0)};size:1000;permissions:rwx;name:${Buffer.from('ram').toString('hex')};`],
    ['qMemoryRegionInfo:5', 'start:0;size:1000;permissions:;'],
  ]);
});

test('LLDB: registers are listed, and numbered as listed from then on', async () => {
  const b = bench();
  assert.is(
    await b.ask('qRegisterInfo2'),
    'name:sp;alt-name:x2;bitsize:64;offset:16;encoding:uint;format:hex;set:General Purpose Registers;gcc:2;dwarf:2;generic:sp;',
  );
  assert.match(await b.ask('qRegisterInfo21'), /^name:f0;.*encoding:ieee754;format:float;set:Floating Point Registers;gcc:32;dwarf:32;$/);
  const last = FAKE_REGISTERS.length - 1;
  assert.match(await b.ask(`qRegisterInfo${last.toString(16)}`), 'name:mhartid');
  assert.is(await b.ask(`qRegisterInfo${(last + 1).toString(16)}`), 'E45');
  assert.is(await b.ask(`p${(last - 1).toString(16)}`), hex64(0n));
  assert.is(await b.ask(`p${(last + 1).toString(16)}`), 'E16');
});

test('LLDB: threads behind registers, and in stop replies', async () => {
  const b = bench({ harts: 2 });
  await dialogue(b, [
    ['QThreadSuffixSupported', 'OK'],
    ['QListThreadsInStopReply', 'OK'],
    ['p20;thread:2;', hex64(FAKE_BASE + 0x1000n)],
    ['P5=0700000000000000;thread:2;', 'OK'],
    ['p5;thread:0002;', hex64(7n)],
    ['p5;thread:1;', hex64(0n)],
    ['p5;thread:9;', 'E03'],
    ['p5;threat:1;', 'E16'],
  ]);
  assert.is((await b.ask('g;thread:2;')).slice(5 * 16, 6 * 16), hex64(7n));
  assert.is(await b.ask(`G${hex64(0n)}${hex64(9n)};thread:2;`), 'OK');
  assert.is(b.target.values[1][1], 9n);
  const lldb = (offset: number, thread: string, rest: string) =>
    `${stopAt(offset, { thread })}threads:1,2;thread-pcs:80000000,80001004;${rest}`;
  assert.is(await b.ask('vCont;s:2'), lldb(0x1004, '2', 'reason:trace;'));
  assert.is(await b.ask('qThreadStopInfo1'), lldb(0, '1', '').replace('T05', 'T00'));
});

test('LLDB: all threads at once', async () => {
  const b = bench({ harts: 2 });
  b.target.values[1][5] = 5n;
  const threads = JSON.parse(await b.ask('jThreadsInfo')) as { tid: number; reason: string; registers: Record<string, string> }[];
  assert.equal(
    threads.map(({ tid, reason, registers }) => [tid, reason, registers['5'], registers[String(FAKE_PC)]]),
    [
      [1, 'signal', hex64(0n), hex64(FAKE_BASE)],
      [2, 'none', hex64(5n), hex64(FAKE_BASE + 0x1000n)],
    ],
  );
});

test('LLDB: registers are saved and come back, once', async () => {
  const b = bench();
  await b.ask('P5=0700000000000000');
  assert.is(await b.ask('QSaveRegisterState'), '1');
  await b.ask('P5=0800000000000000');
  await dialogue(b, [
    ['QRestoreRegisterState:1', 'OK'],
    ['p5', hex64(7n)],
    ['QRestoreRegisterState:1', 'E03'],
  ]);
  for (let i = 0; i < 200; i++) await b.client.ask('QSaveRegisterState');
  assert.is(await b.ask('QRestoreRegisterState:1'), 'E03');
  assert.is(await b.ask('QRestoreRegisterState:200'), 'OK');
});

test('vCtrlC while nothing runs is no error', async () => assert.is(await bench().ask('vCtrlC'), 'OK'));

test('no row of the table is without a test', () => {
  assert.equal(
    COMMANDS.map(({ name }) => name).filter((name) => !asked.has(name)),
    [],
  );
});

test.run();
