import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TcpEndpoint, type TcpUser } from '../../lib/net/tcp-endpoint.js';
import { RECEIVE_BUFFER_BYTES } from '../../lib/net/tcp-receiver.js';
import { ACK, FIN, PSH, RST, SYN, type TcpSegment } from '../../lib/net/tcp-segment.js';
import { Xoshiro128 } from '../../lib/util/random.js';

const EMPTY = new Uint8Array(0);
const OWN = { sourcePort: 80, destinationPort: 40000 };

class Listener implements TcpUser {
  readonly events: string[] = [];
  readonly chunks: Uint8Array[] = [];
  onDrained: () => void = () => {};

  established(): void {
    this.events.push('established');
  }

  data(bytes: Uint8Array): void {
    this.chunks.push(bytes.slice());
  }

  ended(): void {
    this.events.push('ended');
  }

  drained(): void {
    this.onDrained();
  }

  aborted(): void {
    this.events.push('aborted');
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

/** A guest's segment. */
function guest(fields: Partial<TcpSegment>): TcpSegment {
  const base = { sourcePort: 40000, destinationPort: 80, sequence: 0, acknowledgment: 0, flags: ACK, window: 0xffff };
  return { ...base, payload: EMPTY, ...fields };
}

/** A connection that the guest has called with sequence number 100; ours begin at 1000. */
function open(options: { window?: number; windowScale?: number; mss?: number; sequence?: number; own?: number } = {}) {
  const { sequence = 100, own = 1000, window = 0xffff, ...rest } = options;
  const user = new Listener();
  const endpoint = TcpEndpoint.accept(guest({ flags: SYN, sequence, window, mss: 1460, ...rest }), user, own);
  const synAck = endpoint.next(0) as TcpSegment;
  const [next, acknowledged] = [(sequence + 1) >>> 0, (own + 1) >>> 0];
  /** A segment in order, with those fields. */
  const say = (fields: Partial<TcpSegment> = {}, nowMs = 0) => {
    endpoint.receive(guest({ sequence: next, acknowledgment: acknowledged, window, ...fields }), nowMs);
  };
  say();
  return { endpoint, user, synAck, say, next, acknowledged };
}

/** All segments that are ready. */
function drain(endpoint: TcpEndpoint, nowMs = 0): TcpSegment[] {
  const segments: TcpSegment[] = [];
  for (let segment = endpoint.next(nowMs); segment; segment = endpoint.next(nowMs)) segments.push(segment);
  return segments;
}

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));
const test = suite('TCP endpoint');

test("the guest's call is answered with our options, and its acknowledgment opens the connection", () => {
  const { endpoint, user, synAck } = open({ windowScale: 7 });
  assert.equal([synAck.flags, synAck.sequence, synAck.acknowledgment], [SYN | ACK, 1000, 101]);
  assert.equal([synAck.mss, synAck.windowScale, synAck.window], [1460, 3, 0xffff]);
  assert.equal(user.events, ['established']);
  assert.not.ok(endpoint.finished);
});

test('without the option of the guest, no window is scaled', () => {
  const { endpoint, synAck, say } = open();
  assert.is(synAck.windowScale, undefined);
  say({ payload: bytesOf('x') });
  assert.is(drain(endpoint)[0]?.window, 0xffff);
});

test('we call the guest, and acknowledge its answer', () => {
  const user = new Listener();
  const endpoint = TcpEndpoint.connect(OWN, user, 5);
  const syn = endpoint.next(0) as TcpSegment;
  assert.equal([syn.flags, syn.sequence, syn.acknowledgment, syn.mss, syn.windowScale], [SYN, 5, 0, 1460, 3]);
  assert.is(endpoint.next(0), undefined);
  endpoint.receive(guest({ flags: SYN | ACK, sequence: 70, acknowledgment: 6, mss: 1000, windowScale: 2 }), 0);
  assert.equal(user.events, ['established']);
  assert.equal(
    drain(endpoint).map(({ flags, sequence, acknowledgment }) => [flags, sequence, acknowledgment]),
    [[ACK, 6, 71]],
  );
});

test('a call that the guest refuses is over; an answer to something else is ignored', () => {
  const user = new Listener();
  const endpoint = TcpEndpoint.connect(OWN, user, 5);
  endpoint.receive(guest({ flags: RST | ACK, acknowledgment: 6 }), 0);
  assert.equal(user.events, [], 'nothing was sent yet');
  endpoint.next(0);
  endpoint.receive(guest({ flags: RST | ACK, acknowledgment: 7 }), 0);
  endpoint.receive(guest({ flags: RST }), 0);
  endpoint.receive(guest({ flags: SYN | ACK, acknowledgment: 5 }), 0);
  assert.equal(user.events, []);
  endpoint.receive(guest({ flags: RST | ACK, acknowledgment: 6 }), 0);
  assert.equal(user.events, ['aborted']);
  assert.ok(endpoint.dead);
});

test('large segments are several ordinary ones, or the rest of the text or of the window', () => {
  const { endpoint, say } = open({ window: 10_000 });
  endpoint.write(new Uint8Array(20_000));
  const next = () => endpoint.next(0, 5000)?.payload.length;
  assert.equal([next(), next(), next()], [4380, 4380, undefined], 'the rest of the window is less than a segment');
  say({ acknowledgment: 1001 + 8760 });
  assert.equal([next(), next(), next()], [4380, 4380, undefined]);
  say({ acknowledgment: 1001 + 17_520 });
  assert.equal([next(), next()], [2480, undefined]);
});

test('a guest whose segments are small gets no large ones', () => {
  const { endpoint } = open({ mss: 1000 });
  endpoint.write(new Uint8Array(5000));
  assert.is(endpoint.next(0, 60_000)?.payload.length, 1000);
});

test('text is cut into segments of the size that the guest takes, the last one pushed, within its window', () => {
  const { endpoint } = open({ mss: 100, window: 250 });
  endpoint.write(new Uint8Array(230));
  assert.equal(
    drain(endpoint).map(({ sequence, flags, payload }) => [sequence, flags, payload.length]),
    [
      [1001, ACK, 100],
      [1101, ACK, 100],
      [1201, ACK | PSH, 30],
    ],
  );
  endpoint.write(new Uint8Array(100));
  assert.equal(drain(endpoint), [], 'no silly segment for the rest of the window');
});

test('sequence numbers wrap around in both directions', () => {
  const { endpoint, user, say } = open({ sequence: 0xfffffffe, own: 0xfffffffd });
  endpoint.write(bytesOf('abcdef'));
  assert.equal(
    drain(endpoint).map(({ sequence }) => sequence),
    [0xfffffffe],
  );
  say({ acknowledgment: 4, payload: bytesOf('ghi') });
  assert.is(user.text, 'ghi');
  assert.is(drain(endpoint)[0]?.acknowledgment, 2);
  endpoint.tick(5000);
  assert.not.ok(endpoint.ready, 'all is acknowledged');
});

test('what the guest repeats is acknowledged and not delivered again; what overlaps is cut', () => {
  const { endpoint, user, say, next } = open();
  say({ payload: bytesOf('abc') });
  say({ payload: bytesOf('abc') });
  say({ payload: bytesOf('abcde') });
  say({ sequence: next + 2, payload: bytesOf('cdef') });
  assert.is(user.text, 'abcdef');
  assert.is(drain(endpoint).at(-1)?.acknowledgment, next + 6);
});

test('what comes too early is dropped, with an acknowledgment for each', () => {
  const { endpoint, user, say, next } = open();
  drain(endpoint);
  for (const skip of [3, 4, 5]) say({ sequence: next + skip, payload: bytesOf('x') });
  assert.equal(
    drain(endpoint).map(({ acknowledgment }) => acknowledgment),
    [next, next, next],
  );
  say({ sequence: next + 3, flags: ACK | FIN });
  assert.equal([user.text, user.events], ['', ['established']]);
});

test('acknowledgments of what comes in order are merged', () => {
  const { endpoint, say, next } = open();
  drain(endpoint);
  say({ payload: bytesOf('ab') });
  say({ sequence: next + 2, payload: bytesOf('cd') });
  assert.equal(
    drain(endpoint).map(({ acknowledgment }) => acknowledgment),
    [next + 4],
  );
});

test('the window closes as bytes wait, and opens again with a segment of its own', () => {
  const { endpoint, user, say, next } = open({ windowScale: 0 });
  const piece = new Uint8Array(RECEIVE_BUFFER_BYTES / 8);
  for (let i = 0; i < 9; i++) say({ sequence: next + i * piece.length, payload: piece });
  assert.is(
    user.chunks.reduce((sum, { length }) => sum + length, 0),
    RECEIVE_BUFFER_BYTES,
    'the ninth is too much',
  );
  assert.is(drain(endpoint).at(-1)?.window, 0);
  endpoint.consumed(1000);
  assert.equal(drain(endpoint), [], 'too little to tell');
  endpoint.consumed(piece.length);
  assert.equal(
    drain(endpoint).map(({ flags, window }) => [flags, window]),
    [[ACK, (piece.length + 1000) >> 3]],
  );
});

test('both sides end, in either order', () => {
  for (const weBegin of [true, false]) {
    const { endpoint, user, say, next, acknowledged } = open();
    drain(endpoint);
    if (weBegin) endpoint.end();
    else say({ flags: ACK | FIN });
    const [first] = drain(endpoint);
    assert.equal([first?.flags, first?.acknowledgment], weBegin ? [ACK | FIN | PSH, next] : [ACK, next + 1]);
    if (weBegin) say({ flags: ACK | FIN, acknowledgment: acknowledged + 1 });
    else endpoint.end();
    const [second] = drain(endpoint);
    assert.equal([second?.sequence, second?.acknowledgment], [weBegin ? acknowledged + 1 : acknowledged, next + 1]);
    say({ sequence: next + 1, acknowledgment: acknowledged + 1 });
    assert.ok(endpoint.finished);
    assert.equal(user.events, ['established', 'ended']);
    say({ flags: ACK | FIN, acknowledgment: acknowledged + 1 });
    assert.equal(
      drain(endpoint).map(({ flags, acknowledgment }) => [flags, acknowledgment]),
      [[ACK, next + 1]],
      'a repeated end is acknowledged again',
    );
  }
});

test('both sides end at the same time', () => {
  const { endpoint, say, next, acknowledged } = open();
  endpoint.end();
  drain(endpoint);
  say({ flags: ACK | FIN });
  assert.not.ok(endpoint.finished);
  assert.is(drain(endpoint)[0]?.acknowledgment, next + 1);
  say({ sequence: next + 1, acknowledgment: acknowledged + 1 });
  assert.ok(endpoint.finished);
});

test('a reset counts only with the expected sequence number; one in the window is asked about', () => {
  const { endpoint, user, say, next } = open();
  drain(endpoint);
  say({ flags: RST, sequence: next - 1 });
  assert.not.ok(endpoint.ready);
  say({ flags: RST, sequence: next + 10 });
  assert.is(drain(endpoint)[0]?.acknowledgment, next);
  assert.equal(user.events, ['established']);
  say({ flags: RST, sequence: next });
  assert.equal(user.events, ['established', 'aborted']);
  assert.ok(endpoint.dead);
});

test('our reset is the last segment', () => {
  const { endpoint, say } = open();
  endpoint.write(bytesOf('abc'));
  drain(endpoint);
  endpoint.abort();
  assert.not.ok(endpoint.dead);
  assert.equal(
    drain(endpoint).map(({ flags, sequence }) => [flags, sequence]),
    [[RST | ACK, 1004]],
  );
  assert.ok(endpoint.dead);
  say({ payload: bytesOf('more') });
  assert.not.ok(endpoint.ready);
});

test('a new call on an open connection is answered with where it stands', () => {
  const { endpoint, say, next, acknowledged } = open();
  drain(endpoint);
  say({ flags: SYN, sequence: 7777 });
  assert.equal(
    drain(endpoint).map(({ flags, sequence, acknowledgment }) => [flags, sequence, acknowledgment]),
    [[ACK, acknowledged, next]],
  );
});

test('what acknowledges the future is not believed', () => {
  const { endpoint, user, say, acknowledged } = open();
  drain(endpoint);
  say({ acknowledgment: acknowledged + 1, payload: bytesOf('x') });
  assert.is(user.text, '');
  assert.ok(endpoint.ready);
});

test('three duplicates bring the missing segment at once, and partial acknowledgments the next missing one', () => {
  const { endpoint, say } = open({ mss: 100 });
  endpoint.write(new Uint8Array(600));
  drain(endpoint);
  say({ acknowledgment: 1101 });
  for (let i = 0; i < 2; i++) say({ acknowledgment: 1101 });
  assert.not.ok(endpoint.ready);
  say({ acknowledgment: 1101 });
  const lost = drain(endpoint).map(({ sequence, payload }) => [sequence, payload.length]);
  assert.equal(lost, [[1101, 100]]);
  say({ acknowledgment: 1301 });
  assert.is(drain(endpoint)[0]?.sequence, 1301);
  say({ acknowledgment: 1601 });
  assert.not.ok(endpoint.ready);
});

test('without an answer everything is sent again, later each time, and in the end the connection is given up', () => {
  const { endpoint, user } = open({ mss: 100 });
  endpoint.write(new Uint8Array(150));
  assert.is(drain(endpoint).length, 2);
  const sentAt: number[] = [];
  let nowMs = 0;
  for (; user.events.length === 1 && nowMs < 1e6; nowMs += 50) {
    endpoint.tick(nowMs);
    if (drain(endpoint, nowMs).some(({ flags, sequence }) => sequence === 1001 && !(flags & RST))) sentAt.push(nowMs);
  }
  assert.equal(user.events, ['established', 'aborted']);
  assert.is(sentAt.length, 10);
  const pauses = sentAt.slice(1).map((at, i) => at - (sentAt[i] as number));
  pauses.slice(1).forEach((pause, i) => {
    assert.ok(pause >= (pauses[i] as number), pauses.join(' '));
  });
  assert.ok(nowMs > 60_000 && nowMs < 400_000, String(nowMs));
});

test('while nobody takes the segments, the time for an answer does not run', () => {
  const user = new Listener();
  const endpoint = TcpEndpoint.connect(OWN, user, 5);
  endpoint.write(bytesOf('already there'));
  for (let nowMs = 0; nowMs < 1e6; nowMs += 100) endpoint.tick(nowMs);
  assert.equal(user.events, []);
  assert.is(endpoint.next(1e6)?.flags, SYN);
  const { endpoint: other, user: otherUser } = open();
  other.write(bytesOf('text'));
  for (let nowMs = 0; nowMs < 1e6; nowMs += 100) other.tick(nowMs);
  assert.equal(otherUser.events, ['established']);
  assert.is(drain(other, 1e6).length, 1);
});

test('a closed window is probed with a byte, as long as the guest answers', () => {
  const { endpoint, user, say } = open({ window: 0 });
  endpoint.write(bytesOf('abcdef'));
  let probes = 0;
  let nowMs = 0;
  for (; nowMs < 1e6; nowMs += 100) {
    endpoint.tick(nowMs);
    for (const { payload } of drain(endpoint, nowMs)) {
      assert.is(payload.length, 1);
      probes++;
      say({ window: 0 }, nowMs);
    }
  }
  assert.ok(probes > 20, String(probes));
  assert.equal(user.events, ['established']);
  say({ window: 100 }, nowMs);
  endpoint.tick(nowMs + 40_000);
  assert.is(Buffer.concat(drain(endpoint, nowMs + 40_000).map(({ payload }) => payload)).toString(), 'abcdef');
});

for (const [what, loss, early] of [
  ['without losses', 0, 0],
  ['with one segment in ten lost', 10, 0],
  ['with one in four lost and others late', 25, 20],
] as const) {
  test(`two endpoints bring each other's text over, ${what}`, () => {
    const random = Xoshiro128.seeded(what, 3n);
    const users = [new Listener(), new Listener()] as const;
    const caller = TcpEndpoint.connect(OWN, users[0], 0xffff0000);
    const syn = caller.next(0) as TcpSegment;
    const ends = [caller, TcpEndpoint.accept(syn, users[1], 0xfffff000)] as const;
    const texts = [random.bytes(300_000), random.bytes(200_000)] as const;
    ends.forEach((end, i) => {
      end.write(texts[i] as Uint8Array);
      end.end();
    });
    const taken = [0, 0];
    for (let nowMs = 0; nowMs < 4e6 && !ends.every(({ finished }) => finished); nowMs += 10) {
      ends.forEach((end, i) => {
        end.tick(nowMs);
        const segments = drain(end, nowMs).filter(() => random.next() % 100 >= loss);
        const late = segments.filter(() => random.next() % 100 < early);
        const other = ends[1 - i] as TcpEndpoint;
        for (const segment of [...segments.filter((one) => !late.includes(one)), ...late]) other.receive(segment, nowMs);
      });
      users.forEach((user, i) => {
        const total = user.chunks.reduce((sum, { length }) => sum + length, 0);
        ends[i]?.consumed(total - (taken[i] ?? 0));
        taken[i] = total;
      });
    }
    for (const i of [0, 1] as const) assert.ok(Buffer.concat(users[i].chunks).equals(texts[1 - i] as Uint8Array), `user ${i}`);
    assert.equal(
      users.map(({ events }) => events),
      [
        ['established', 'ended'],
        ['established', 'ended'],
      ],
    );
  });
}

test.run();
