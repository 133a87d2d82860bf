import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventClock } from '../../lib/exec/clock.js';
import { clockOfDevice } from '../../lib/util/virtual-clock.js';

const test = suite('virtual time');

function clockAt(start: number, nsPerTick = 1) {
  const state = { tick: start, earlier: 0, log: [] as string[] };
  const clock = new EventClock({ nsPerTick, tickNow: () => state.tick, onEarlier: () => void state.earlier++ });
  const note = (name: string) => () => void state.log.push(`${name}@${state.tick}`);
  const runTo = (tick: number): void => {
    for (; state.tick < tick; ) {
      state.tick++;
      clock.fire();
    }
  };
  return { clock, state, note, runTo };
}

test('time is ticks times nanoseconds per tick, plus what was skipped', () => {
  const { clock, state } = clockAt(10, 5);
  assert.is(clock.nowNs(), 50);
  clock.skippedNs = 1000;
  state.tick = 11;
  assert.is(clock.nowNs(), 1055);
});

test('events fire at the first tick that is not before their time', () => {
  const { clock, note, state, runTo } = clockAt(0, 10);
  clock.at(21, note('late'));
  clock.at(20, note('exact'));
  clock.at(1, note('early'));
  assert.is(clock.nextTick, 1);
  runTo(5);
  assert.equal(state.log, ['early@1', 'exact@2', 'late@3']);
});

test('events of the same time fire by rank, and of the same rank in the order of scheduling', () => {
  const { clock, note, state, runTo } = clockAt(0);
  const [first, second] = [clockOfDevice(clock, 1), clockOfDevice(clock, 2)];
  second.at(3, note('second'));
  first.at(3, note('first, timer 1'), 1);
  first.at(3, note('first'));
  clock.at(3, note('no device'));
  first.at(3, note('first again'));
  first.cancel(first.at(3, note('cancelled')));
  runTo(3);
  assert.equal(state.log, ['no device@3', 'first@3', 'first again@3', 'first, timer 1@3', 'second@3']);
});

test('a time that is not in the future is the time of the next tick, whether ticks go on or idle time is skipped', () => {
  const { clock, note, state } = clockAt(10, 5);
  clock.fire();
  clock.at(0, note('past'));
  clock.at(50, note('now'));
  clock.fire();
  assert.equal(state.log, []);
  assert.is(clock.nextNs, 55);
  assert.is(clock.nextTick, 11);
  clock.skippedNs = 5;
  clock.fire();
  assert.equal(state.log, ['past@10', 'now@10']);
});

test('events of the same time fire in the order of scheduling', () => {
  const { clock, note, state, runTo } = clockAt(0);
  for (const name of ['a', 'b', 'c']) clock.at(3, note(name));
  clock.at(2, note('before'));
  runTo(3);
  assert.equal(state.log, ['before@2', 'a@3', 'b@3', 'c@3']);
});

test('a cancelled event does not fire, and cancelling twice or after it fired does nothing', () => {
  const { clock, note, state, runTo } = clockAt(0);
  const a = clock.at(1, note('a'));
  const b = clock.at(1, note('b'));
  clock.at(1, note('c'));
  clock.cancel(b);
  clock.cancel(b);
  runTo(1);
  clock.cancel(a);
  runTo(2);
  assert.equal(state.log, ['a@1', 'c@1']);
  assert.is(clock.nextNs, Number.POSITIVE_INFINITY);
  assert.is(clock.nextTick, Number.POSITIVE_INFINITY);
});

test('a callback can cancel an event that is due at the same time', () => {
  const { clock, note, state, runTo } = clockAt(0);
  clock.at(1, () => clock.cancel(victim));
  const victim = clock.at(1, note('victim'));
  clock.at(1, note('other'));
  runTo(1);
  assert.equal(state.log, ['other@1']);
});

test('what a callback schedules for the past fires at the next tick, not at once', () => {
  const { clock, note, state, runTo } = clockAt(0);
  const again = (): void => {
    note('again')();
    clock.at(0, again);
  };
  clock.at(2, again);
  clock.at(2, note('other'));
  runTo(4);
  assert.equal(state.log, ['again@2', 'other@2', 'again@3', 'again@4']);
});

test('an event in the past means the next tick', () => {
  const { clock, note, state, runTo } = clockAt(100);
  clock.at(7, note('past'));
  assert.is(clock.nextTick, 101);
  runTo(101);
  assert.equal(state.log, ['past@101']);
});

test('the engine hears of an event only when it becomes the next one', () => {
  const { clock, note, state } = clockAt(0);
  clock.at(10, note('a'));
  assert.is(state.earlier, 1);
  clock.at(20, note('b'));
  clock.at(10, note('c'));
  assert.is(state.earlier, 1);
  clock.at(5, note('d'));
  assert.is(state.earlier, 2);
});

test('skipped time brings events nearer', () => {
  const { clock, note } = clockAt(10, 2);
  clock.at(100, note('a'));
  assert.is(clock.nextTick, 50);
  clock.skippedNs = 60;
  assert.is(clock.nextTick, 20);
});

test.run();
