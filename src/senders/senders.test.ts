/** Integrations that are opened: by what they send, whose answer is whose, what is asked; with an adapter of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressGuard } from '../base/addressGuard.ts';
import { silentLog } from '../base/log.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Adapter, Outcome, Outgoing, Sender } from '../channels/adapter.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import type { WorkItem } from '../queue/work/work.ts';
import type { Gatekeeper } from './ahead.ts';
import { createSenders } from './senders.ts';

const taken = (ref: string): Outcome => ({ kind: 'accepted', externalIds: [ref], receipts: true });
const OPEN: Gatekeeper<WorkItem> = { leave: () => 'go', whole: true, begin: () => Promise.resolve(true) };

/** Senders over one integration, whose provider does what `sender` does; `opened` are the settings that it was opened with. */
function rig(sender: Partial<Sender>, more: { batchSize?: number; environment?: 'live' | 'test' } = {}) {
  const opened: unknown[] = [];
  const clock = stillClock();
  let settings: Record<string, unknown> = { key: 'first' };
  let status = 'active';
  let ratePerS: number | undefined;
  const adapter = {
    provider: 'made',
    channel: 'sms',
    idempotent: false,
    ...(more.batchSize ? { batchSize: more.batchSize } : {}),
    open(given: unknown) {
      opened.push(given);
      return {
        send: ({ ref }: Outgoing) => Promise.resolve(taken(ref)),
        close: () => Promise.resolve(),
        ...sender,
      };
    },
  } as unknown as Adapter;
  const senders = createSenders({
    sql: undefined as never,
    directory: {
      integration: () =>
        Promise.resolve({
          id: 7,
          workspaceId: 1,
          provider: 'made',
          settings,
          ratePerS,
          status,
          callbackKey: 'k',
        } as unknown as Integration),
      workspace: () => Promise.resolve({ id: 1, environment: more.environment ?? 'live' }),
    } as never,
    adapters: { made: adapter },
    http: undefined as never,
    guard: addressGuard([]),
    clock,
    log: silentLog,
    deadlineMs: 1_000,
    concurrency: 10,
    publicUrl: () => 'http://localhost',
    share: () => 0.25,
    simulate: () => {
      opened.push('simulated');
      return { send: ({ ref }: Outgoing) => Promise.resolve(taken(ref)), close: () => Promise.resolve() };
    },
  });
  return {
    opened,
    clock,
    open: async () => (await senders.open(7))!,
    change: (to: Record<string, unknown>) => void (settings = to),
    switchTo: (to: string) => void (status = to),
    setRate: (to: number) => void (ratePerS = to),
  };
}

const letter = (ref: string, to = '+1') => ({
  item: { ownerId: 1 } as WorkItem,
  outgoing: { ref, to } as Outgoing,
});

/** Sends letters, and says what came of each: its outcome, or that it went back. */
async function sent(
  open: Awaited<ReturnType<ReturnType<typeof rig>['open']>>,
  refs: readonly string[],
  gatekeeper = OPEN,
): Promise<(Outcome | 'back')[]> {
  const came: (Outcome | 'back')[] = [];
  await new Promise<void>((resolve) => {
    const told = (index: number, what: Outcome | 'back') => {
      assert.equal(came[index], undefined, `${index} is told twice`);
      came[index] = what;
      if (Object.keys(came).length === refs.length) resolve();
    };
    open.send(
      refs.map((ref) => letter(ref)),
      true,
      gatekeeper,
      { answered: told, back: (index) => told(index, 'back') },
    );
  });
  return came;
}

test('each message has its own answer, also where several go in a call; one that has none may have been sent', async () => {
  const { open } = rig(
    {
      sendBatch: (some) =>
        Promise.resolve(some.filter(({ ref }) => ref !== 'd').map(({ ref }) => taken(ref))),
    },
    { batchSize: 2 },
  );
  const came = await sent(await open(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(
    came.map((one) => one !== 'back' && (one.kind === 'accepted' ? one.externalIds[0] : one.kind)),
    ['a', 'b', 'c', 'unclear'],
  );
});

test('a provider gets as many in a call as its adapter takes', async () => {
  const calls: number[] = [];
  const sendBatch = (some: readonly Outgoing[]) => {
    calls.push(some.length);
    return Promise.resolve(some.map(({ ref }) => taken(ref)));
  };
  const { open } = rig({ sendBatch }, { batchSize: 2 });
  await sent(await open(), ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(calls, [2, 2, 1]);
});

test('a process has its part of a rate; one that is changed is used from then on', async () => {
  const { open, setRate } = rig({});
  setRate(40);
  const first = await open();
  assert.equal(first.line.ratePerS(), 10);
  setRate(80);
  assert.equal((await open()).line.ratePerS(), 20);
});

test('an adapter that throws may have sent', async () => {
  const { open } = rig({ send: () => Promise.reject(new Error('a bug')) });
  const [outcome] = await sent(await open(), ['a']);
  assert.ok(outcome !== 'back' && outcome!.kind === 'unclear' && outcome!.code === 'adapter_error');
});

test('nothing is asked of a number while something is on its way there', async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let asked = 0;
  const { open, clock } = rig({
    async send({ ref }) {
      await answered;
      return taken(ref);
    },
    lookUp: async () => (asked++, taken('x')),
  });
  const opened = await open();
  // Asking has a rate of its own.
  await clock.moveOn(1_000);
  const coming = sent(opened, ['a']);
  const early = await opened.lookUp({ ref: 'b', to: '+1', sinceMs: 0 });
  assert.equal(early?.kind, 'unclear');
  assert.equal(asked, 0);
  answer();
  await coming;
  assert.equal((await opened.lookUp({ ref: 'b', to: '+1', sinceMs: 0 }))?.kind, 'accepted');
});

test('who opens one integration at the same time sends through one line: its places and its rate are there once', async () => {
  const { open, opened, change } = rig({});
  const [one, ...others] = await Promise.all([open(), open(), open()]);
  assert.ok(others.every((other) => other === one));
  change({ key: 'second' });
  const [changed, ...same] = await Promise.all([open(), open()]);
  assert.notEqual(changed, one);
  assert.ok(same.every((other) => other === changed));
  assert.deepEqual(opened, [{ key: 'first' }, { key: 'second' }]);
});

test('a test workspace reaches the simulator, and no provider; a setting that is changed is used from then on', async () => {
  const inTest = rig({}, { environment: 'test' });
  await sent(await inTest.open(), ['a']);
  assert.deepEqual(inTest.opened, ['simulated']);
  const live = rig({});
  await live.open();
  await live.open();
  live.change({ key: 'second' });
  await live.open();
  assert.deepEqual(live.opened, [{ key: 'first' }, { key: 'second' }]);
  live.switchTo('inactive');
  assert.equal(await live.open(), undefined);
});
