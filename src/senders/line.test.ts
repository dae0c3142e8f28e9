/** The line before a provider, and its breaker, on a clock of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import type { Outcome } from '../channels/adapter.ts';
import type { Gatekeeper } from './ahead.ts';
import { createBreaker } from './breaker.ts';
import { createLine } from './line.ts';

const PLACES = 10;

/** All that was promised by now has happened. */
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Time stands until it is advanced; timers fire then. */
function handClock(): Clock & { advance(byMs: number): void; timers(): number } {
  let nowMs = 1_000_000;
  const timers = new Set<{ atMs: number; run: () => void }>();
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    timers: () => timers.size,
    advance(byMs) {
      nowMs += byMs;
      for (const timer of timers) if (timer.atMs <= nowMs && timers.delete(timer)) timer.run();
    },
  };
}

/** A line with what it did: what began, in order, what went back, what was written down. */
function rig(options: { ratePerS?: number; share?: () => number; concurrency?: number } = {}) {
  const clock = handClock();
  const line = createLine<string>({ clock, concurrency: PLACES, share: () => 1, ...options });
  const began: string[] = [];
  const back: string[] = [];
  const written: string[][] = [];
  const open = new Map<string, () => void>();
  const gatekeeper = (more: Partial<Gatekeeper<string>> = {}): Gatekeeper<string> => ({
    leave: () => 'go',
    whole: false,
    begin(items) {
      written.push([...items]);
      return Promise.resolve(true);
    },
    ...more,
  });
  const enter = (names: readonly string[], keeper: Gatekeeper<string>, interactive = false) => {
    for (const name of names)
      line.enter(interactive, [
        {
          items: [name],
          gatekeeper: keeper,
          call() {
            began.push(name);
            return new Promise((resolve) => open.set(name, resolve));
          },
          back: () => back.push(name),
        },
      ]);
  };
  return { clock, line, began, back, written, open, gatekeeper, enter };
}

const some = (count: number, prefix = 'm') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

test('nothing begins that is not written down, and what is written and not answered is at most twice the places', async () => {
  const { began, written, open, gatekeeper, enter, line } = rig();
  const answered = new Set<string>();
  enter(some(200), gatekeeper());
  assert.deepEqual(began, [], 'not before the write is answered');
  for (let turn = 0; turn < 1_000 && answered.size < 200; turn++) {
    await nextTurn();
    const ahead = written.flat();
    assert.ok(began.every((name) => ahead.includes(name)));
    assert.ok(ahead.length - answered.size <= 2 * PLACES);
    assert.ok(line.inFlight <= PLACES);
    const [next] = began.filter((name) => !answered.has(name));
    if (next === undefined) continue;
    answered.add(next);
    open.get(next)!();
  }
  assert.deepEqual(began, some(200), 'each once, in order');
});

test('what may not be written down goes back, and so does all of a batch that is stopped; its neighbours go', async () => {
  const { began, back, gatekeeper, enter, clock } = rig();
  let flows = true;
  enter(some(2, 'lost'), gatekeeper({ begin: () => Promise.resolve(false) }));
  enter(some(2, 'away'), gatekeeper({ begin: () => Promise.reject(new Error('no database')) }));
  enter(some(30, 'stopped'), gatekeeper({ leave: () => (flows ? 'go' : 'back') }));
  flows = false;
  enter(some(3, 'others'), gatekeeper());
  for (let turn = 0; turn < 50; turn++) {
    await nextTurn();
    clock.advance(25);
  }
  assert.deepEqual(began, some(3, 'others'));
  assert.deepEqual(
    back.toSorted(),
    [...some(2, 'lost'), ...some(2, 'away'), ...some(30, 'stopped')].toSorted(),
  );
});

test('who does not know whether it may waits, and goes when it is known', async () => {
  const { began, back, gatekeeper, enter, clock } = rig();
  let known: 'wait' | 'go' = 'wait';
  enter(['m'], gatekeeper({ leave: () => known }));
  for (let turn = 0; turn < 5; turn++) {
    await nextTurn();
    clock.advance(25);
  }
  assert.deepEqual([began, back], [[], []]);
  known = 'go';
  for (let turn = 0; turn < 5; turn++) {
    clock.advance(25);
    await nextTurn();
  }
  assert.deepEqual(began, ['m']);
});

test('interactive ones go first, and the rate is kept, without a burst after a pause', async () => {
  const { began, open, gatekeeper, enter, clock } = rig({ ratePerS: 4 });
  const whole = gatekeeper({ whole: true });
  clock.advance(60_000);
  enter(some(20, 'bulk'), whole);
  enter(['person'], whole, true);
  const step = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 25) {
      clock.advance(25);
      await nextTurn();
      for (const answer of open.values()) answer();
    }
  };
  assert.equal(began.length, 4, 'of a second at most');
  await step(300);
  assert.equal(began[4], 'person');
  await step(2_000);
  assert.ok(began.length >= 12 && began.length <= 14, `${began.length}`);
});

test('of bulk so many calls begin in one turn of the loop that a single message is not kept waiting, and it begins at once', async () => {
  const { began, gatekeeper, enter } = rig({ concurrency: 64 });
  const whole = gatekeeper({ whole: true });
  enter(some(40, 'bulk'), whole);
  assert.deepEqual(began, some(16, 'bulk'));
  enter(['person'], whole, true);
  assert.equal(began.at(-1), 'person');
  await nextTurn();
  assert.equal(began.length, 33);
  await nextTurn();
  assert.deepEqual(
    began.filter((name) => name !== 'person'),
    some(40, 'bulk'),
    'and the others go on by themselves, in order',
  );
});

test('what is on record goes back, or waits, when it may not go; what waits is told at once that it is stopped', async () => {
  const { began, back, gatekeeper, enter, clock, open } = rig();
  let leave: 'go' | 'back' | 'wait' = 'back';
  const keeper = gatekeeper({ whole: true, leave: () => leave });
  enter(['stopped'], keeper);
  assert.deepEqual([began, back], [[], ['stopped']]);
  leave = 'wait';
  enter(['unknown'], keeper);
  clock.advance(25);
  assert.deepEqual([began, back], [[], ['stopped']]);
  leave = 'go';
  clock.advance(25);
  assert.deepEqual(began, ['unknown']);
  // All places are taken, and nobody answers.
  enter(some(PLACES - 1, 'slow'), gatekeeper({ whole: true }));
  enter(some(3, 'behind'), keeper);
  leave = 'back';
  clock.advance(25);
  assert.deepEqual(back, ['stopped', ...some(3, 'behind')]);
  for (const answer of open.values()) answer();
  await nextTurn();
  clock.advance(25);
  assert.equal(clock.timers(), 0, 'a line that is empty is not looked at');
});

test('a rate is shared by processes, and counts messages, not calls', () => {
  const { began, line, gatekeeper, clock } = rig({ ratePerS: 40, share: () => 0.25 });
  assert.equal(line.ratePerS(), 10);
  clock.advance(1_000);
  const whole = gatekeeper({ whole: true });
  for (const name of ['first', 'second'])
    line.enter(false, [
      {
        items: some(8, name),
        gatekeeper: whole,
        call: () => (began.push(name), Promise.resolve()),
        back() {},
      },
    ]);
  assert.deepEqual(began, ['first']);
  clock.advance(500);
  assert.deepEqual(began, ['first'], 'eight of ten a second were sent');
  clock.advance(200);
  assert.deepEqual(began, ['first', 'second']);
});

test('a rate below one a second lets one go when its time has come; a call of more than a second’s goes, and is waited for', () => {
  const slow = rig({ ratePerS: 0.5 });
  slow.enter(['m'], slow.gatekeeper({ whole: true }));
  for (let passed = 0; passed < 1_975; passed += 25) slow.clock.advance(25);
  assert.deepEqual(slow.began, []);
  for (let passed = 0; passed < 50; passed += 25) slow.clock.advance(25);
  assert.deepEqual(slow.began, ['m']);
  const { began, line, gatekeeper, clock } = rig({ ratePerS: 4 });
  const call = (name: string) => ({
    items: some(20, name),
    gatekeeper: gatekeeper({ whole: true }),
    call: () => (began.push(name), Promise.resolve()),
    back() {},
  });
  clock.advance(1_000);
  line.enter(false, [call('first'), call('second')]);
  assert.deepEqual(began, ['first'], 'with a full bucket');
  for (let passed = 0; passed < 4_900; passed += 100) clock.advance(100);
  assert.deepEqual(began, ['first'], 'sixteen are owed, and four are to gather');
  for (let passed = 0; passed < 200; passed += 100) clock.advance(100);
  assert.deepEqual(began, ['first', 'second']);
});

test('the breaker opens after twenty failures in a row, longer each time, and an answer closes it', () => {
  const clock = handClock();
  const breaker = createBreaker(clock);
  const failed: Outcome = { kind: 'deferred', class: 'transient', code: 'http_500', detail: '' };
  const ofOne: Outcome = { kind: 'deferred', class: 'rate', code: 'http_429', detail: '' };
  for (let i = 0; i < 19; i++) breaker.saw(failed);
  assert.equal(breaker.waitMs(), undefined);
  breaker.saw(failed);
  assert.equal(breaker.waitMs(), 2_000);
  breaker.saw(failed);
  assert.equal(breaker.waitMs(), 2_000, 'those that were out say nothing new');
  clock.advance(2_000);
  assert.equal(breaker.waitMs(), undefined, 'one tries');
  breaker.saw(failed);
  assert.equal(breaker.waitMs(), 4_000);
  assert.equal(breaker.health().state, 'open');
  breaker.saw(ofOne);
  assert.equal(breaker.waitMs(), undefined, 'a throttle is an answer');
  assert.equal(breaker.health().failuresInARow, 0);
});
