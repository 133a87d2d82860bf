import { PassThrough, Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HostConsole } from '../../lib/cli/console.js';
import { Input } from '../../lib/cli/input.js';
import { Output } from '../../lib/cli/output.js';
import { type Driven, type HostPort, type RunParts, run } from '../../lib/cli/run.js';
import { exitCode, type RunEnd, Session } from '../../lib/cli/session.js';
import type { StopReason } from '../../lib/exec/machine-engine.js';
import type { InputEvent } from '../../lib/system/input-event.js';
import { FakeEngine } from '../support/fake-engine.js';

const MS_NS = 1e6;

/** What a device at the other end of the console takes. */
interface Receiver {
  readonly room: number;
  receive(bytes: Uint8Array): void;
}

/** A machine that is nothing but an engine, and perhaps a device for input. */
class FakeMachine implements Driven {
  private readonly engine: FakeEngine;
  private readonly receiver: Receiver | undefined;

  constructor(engine: FakeEngine, receiver?: Receiver) {
    this.engine = engine;
    this.receiver = receiver;
  }

  get tick(): number {
    return this.engine.tick;
  }

  get powerOff(): number | undefined {
    return this.engine.powerOff;
  }

  run(...args: Parameters<FakeEngine['run']>): StopReason {
    return this.engine.run(...args);
  }

  room(): number {
    return this.receiver?.room ?? 0;
  }

  input(event: InputEvent): boolean {
    if (event.kind === 'console') this.receiver?.receive(event.bytes);
    return true;
  }
}

interface Parts extends Partial<Omit<RunParts, 'machine' | 'ports'>> {
  readonly engine: FakeEngine;
  readonly console?: HostConsole;
  readonly receiver?: Receiver;
}

/** A run with everything that the test does not name left out. */
function start({ engine, console, receiver, ...parts }: Parts): Promise<RunEnd> {
  const machine = new FakeMachine(engine, receiver);
  const rest = { session: new Session(), maxTicks: Number.POSITIVE_INFINITY, pace: undefined, nowMs: () => performance.now() };
  return run({ ...rest, machine, ports: console ? [console] : [], ...parts });
}

/** A console whose input the test writes and whose output it reads. */
function pipes(session: Session, stdout: Writable = new PassThrough()) {
  const stdin = new PassThrough();
  const input = new Input(stdin, { onChange: () => session.wake() });
  const trouble = { onClosed: () => session.finish({ reason: 'closed' }), onError: (error: Error) => session.fail(error) };
  const output = new Output(stdout, { endsStream: true, onDrain: () => session.wake(), ...trouble });
  return { stdin, console: new HostConsole({ input, output }) };
}

const test = suite('run loop');

test('ends when the guest powers off, with its code', async () => {
  const engine: FakeEngine = new FakeEngine({
    onTick: (tick) => {
      if (tick !== 1234) return;
      engine.powerOff = 7;
      engine.requestStop();
    },
  });
  assert.equal(await start({ engine }), { reason: 'poweroff', code: 7 });
  assert.is(engine.tick, 1234);
});

test('stops at exactly --max-ticks', async () => {
  for (const maxTicks of [0, 1, 999_999]) {
    const engine = new FakeEngine();
    assert.equal(await start({ engine, maxTicks }), { reason: 'limit' });
    assert.is(engine.tick, maxTicks);
  }
});

test('a guest that waits without a timer, and without input, ends the run', async () => {
  const engine = new FakeEngine({ waits: () => engine.tick >= 100 });
  assert.equal(await start({ engine }), { reason: 'idle' });
});

test('without input, idle time is skipped at once', async () => {
  let due = 0;
  const engine: FakeEngine = new FakeEngine({
    waits: () => engine.clock.nowNs() < due,
    onTick: () => {
      due = engine.clock.nowNs() + 3600e9;
      engine.clock.at(due, () => {});
    },
  });
  const before = performance.now();
  assert.equal(await start({ engine, maxTicks: 50 }), { reason: 'limit' });
  assert.ok(performance.now() - before < 2000);
  assert.ok(engine.skippedNs > 49 * 3600e9 - 1000);
});

for (const pace of ['fast', 'real'] as const) {
  test(`at ${pace} pace, what answers the guest comes before idle time is skipped`, async () => {
    let asked = false;
    let answeredNs = -1;
    const engine: FakeEngine = new FakeEngine({
      onTick: (tick) => {
        asked ||= tick === 100;
      },
      waits: () => asked && answeredNs < 0,
    });
    engine.clock.at(3600e9, () => {});
    const network: HostPort = {
      answers: true,
      inputOpen: true,
      outputFull: false,
      canWake: () => true,
      flush: () => {},
      deliver: () => {
        if (!asked || answeredNs >= 0) return false;
        answeredNs = engine.clock.nowNs();
        return true;
      },
    };
    // The host's clock is far ahead of the guest's.
    let nowMs = 0;
    const machine = new FakeMachine(engine);
    const end = await run({ machine, ports: [network], session: new Session(), maxTicks: 200, pace, nowMs: () => (nowMs += 1e6) });
    assert.equal(end, { reason: 'limit' });
    assert.is(answeredNs, 100);
  });
}

test('at fast pace idle time is skipped with a network too, when nothing has arrived', async () => {
  let woken = false;
  const engine: FakeEngine = new FakeEngine({ waits: () => engine.tick >= 10 && !woken });
  engine.clock.at(3600e9, () => {
    woken = true;
  });
  const silent: HostPort = {
    answers: true,
    inputOpen: true,
    outputFull: false,
    canWake: () => true,
    flush: () => {},
    deliver: () => false,
  };
  const machine = new FakeMachine(engine);
  const end = await run({ machine, ports: [silent], session: new Session(), maxTicks: 20, pace: 'fast', nowMs: () => 0 });
  assert.equal(end, { reason: 'limit' });
});

test('at fast pace no idle time is skipped while the host may still answer', async () => {
  const session = new Session();
  let answeredNs = -1;
  let arrived = false;
  let awaitedMs = 10_000;
  const engine: FakeEngine = new FakeEngine({ waits: () => engine.tick >= 10 && answeredNs < 0 });
  engine.clock.at(3600e9, () => {});
  const slow: HostPort = {
    answers: true,
    get awaitedMs() {
      return awaitedMs;
    },
    inputOpen: true,
    outputFull: false,
    canWake: () => true,
    flush: () => {},
    deliver: () => {
      if (!arrived || answeredNs >= 0) return false;
      answeredNs = engine.clock.nowNs();
      awaitedMs = 0;
      return true;
    },
  };
  setTimeout(() => {
    arrived = true;
    session.wake();
  }, 30);
  const machine = new FakeMachine(engine);
  const end = await run({ machine, ports: [slow], session, maxTicks: 20, pace: 'fast', nowMs: () => performance.now() });
  assert.equal(end, { reason: 'limit' });
  assert.is(answeredNs, 10);
  assert.ok(engine.runs < 12, `${engine.runs} slices`);
});

test('at real pace an idle guest waits for the host clock, and the wait costs few slices', async () => {
  let woken = false;
  const engine: FakeEngine = new FakeEngine({ waits: () => engine.tick >= 10 && !woken });
  engine.clock.at(60 * MS_NS, () => {
    woken = true;
  });
  const before = performance.now();
  await start({ engine, maxTicks: 20, pace: 'real' });
  assert.ok(performance.now() - before >= 55);
  assert.ok(engine.runs < 12, `${engine.runs} slices`);
});

test('open input means real pace, and its end fast pace', async () => {
  const session = new Session();
  const { stdin, console } = pipes(session);
  let woken = false;
  const engine: FakeEngine = new FakeEngine({ waits: () => engine.tick >= 10 && !woken });
  engine.clock.at(3600e9, () => {
    woken = true;
  });
  setTimeout(() => stdin.end(), 30);
  const before = performance.now();
  assert.equal(await start({ engine, session, console, maxTicks: 20 }), { reason: 'limit' });
  const took = performance.now() - before;
  assert.ok(took >= 25 && took < 5000, `${took} ms`);
});

test('input wakes an idle guest, in order and without loss, and its end ends the run', async () => {
  const session = new Session();
  const { stdin, console } = pipes(session);
  const seen: number[] = [];
  let room = 5;
  const receiver: Receiver = {
    get room() {
      return room;
    },
    receive: (bytes) => {
      assert.ok(bytes.length <= room);
      room -= bytes.length;
      seen.push(...bytes);
    },
  };
  // The guest empties its device at each tick, and waits while it is empty.
  const engine: FakeEngine = new FakeEngine({
    waits: () => room === 5 && engine.tick > 0,
    onTick: () => {
      room = 5;
    },
  });
  setTimeout(() => stdin.write('hello, '), 10);
  setTimeout(() => stdin.end('world'), 20);
  assert.equal(await start({ engine, session, console, receiver }), { reason: 'idle' });
  assert.is(Buffer.from(seen).toString(), 'hello, world');
});

test('output reaches a slow reader whole and in order, and the guest waits for it', async () => {
  const session = new Session();
  const chunks: Buffer[] = [];
  let inFlight = 0;
  const slow = new Writable({
    highWaterMark: 1000,
    write(chunk: Buffer, _encoding, done) {
      inFlight = Math.max(inFlight, slow.writableLength);
      chunks.push(chunk);
      setTimeout(done, 1);
    },
  });
  const { console } = pipes(session, slow);
  const engine = new FakeEngine({ onTick: (tick) => console.write(tick & 0xff) });
  await start({ engine, session, console, maxTicks: 3_000_000 });
  await console.close();
  const all = Buffer.concat(chunks);
  assert.is(all.length, 3_000_000);
  assert.ok(all.every((byte, index) => byte === ((index + 1) & 0xff)));
  assert.ok(inFlight < 2_500_000, `${inFlight} bytes in flight`);
});

test('a reader that goes away ends the run quietly', async () => {
  const session = new Session();
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('broken pipe'), { code: 'EPIPE' })) });
  const { console } = pipes(session, broken);
  const engine = new FakeEngine({ onTick: (tick) => console.write(tick) });
  assert.equal(await start({ engine, session, console }), { reason: 'closed' });
  await console.close();
});

test('output that cannot be written for another reason is an error', async () => {
  const session = new Session();
  const full = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('disk full'), { code: 'ENOSPC' })) });
  const { console } = pipes(session, full);
  const engine = new FakeEngine({ onTick: (tick) => console.write(tick) });
  await start({ engine, session, console }).then(
    () => assert.unreachable(),
    (error) => assert.is(error.message, 'disk full'),
  );
});

test('a signal ends the wait of an idle guest', async () => {
  const session = new Session();
  const { console } = pipes(session);
  const receiver = { room: 1, receive: () => {} };
  setTimeout(() => session.finish({ reason: 'signal', signal: 'SIGINT' }), 10);
  assert.equal(await start({ engine: new FakeEngine({ waits: () => true }), session, console, receiver }), {
    reason: 'signal',
    signal: 'SIGINT',
  });
});

test('host events are served while a busy guest runs', async () => {
  const session = new Session();
  setTimeout(() => session.finish({ reason: 'quit' }), 30);
  assert.equal(await start({ engine: new FakeEngine(), session }), { reason: 'quit' });
});

test('exit codes are those of the contract', () => {
  const codes = [
    [{ reason: 'poweroff', code: 0 }, 0],
    [{ reason: 'poweroff', code: 3 }, 3],
    [{ reason: 'poweroff', code: 0x103 }, 3],
    [{ reason: 'poweroff', code: 0x100 }, 255],
    [{ reason: 'quit' }, 0],
    [{ reason: 'limit' }, 4],
    [{ reason: 'idle' }, 4],
    [{ reason: 'signal', signal: 'SIGINT' }, 130],
  ] as const;
  for (const [end, code] of codes) assert.is(exitCode(end), code, JSON.stringify(end));
});

test.run();
