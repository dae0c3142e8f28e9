/** News between processes: what one sends the others hear as it was, its own hear once, and a notice always fits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { silentLog } from '../base/log.ts';
import { createNotices, type News, type NewsHeard } from './notices.ts';

/** Processes over one store, whose clock goes on when it is told to. */
async function processes(count: number) {
  const sent: string[] = [];
  const timers: (() => void)[] = [];
  const ears: { heard: (payload: string) => void; missed: () => void }[] = [];
  const clock = {
    after(_ms: number, run: () => void) {
      timers.push(run);
      return () => void timers.splice(timers.indexOf(run), 1);
    },
  };
  const sql = {
    async notify(_channel: string, payload: string) {
      sent.push(payload);
      for (const { heard } of ears) heard(payload);
    },
    async listen(_channel: string, heard: (payload: string) => void, missed: () => void) {
      ears.push({ heard, missed });
      return { unlisten: async () => void ears.splice(0) };
    },
  };
  const deps = { sql, clock, log: silentLog } as never;
  const made = Array.from({ length: count }, () => {
    const notices = createNotices(deps);
    const heard: NewsHeard[] = [];
    notices.onNews((news) => heard.push(...news));
    return { notices, heard };
  });
  for (const { notices } of made) await notices.start();
  const pass = () => {
    for (const run of timers.splice(0)) run();
  };
  return { made, sent, ears, timers, pass };
}

const id = fc.integer({ min: 1, max: 2 ** 53 - 1 });
const news: fc.Arbitrary<News> = fc.oneof(
  fc.record({ kind: fc.constant('changed' as const), contactId: id }),
  fc.record({ kind: fc.constant('made' as const), workspaceId: id, hash: fc.integer() }),
  fc.record({
    kind: fc.constant('typing' as const),
    contactId: id,
    by: fc.constantFrom('contact' as const, 'business' as const),
    on: fc.boolean(),
  }),
  fc.record(
    { kind: fc.constant('inbox' as const), workspaceId: id, contactId: id, entryId: id },
    { requiredKeys: ['kind', 'workspaceId', 'contactId'] },
  ),
  fc.record({ kind: fc.constant('devices' as const), workspaceId: id }),
  fc.record({ kind: fc.constant('shown' as const), workspaceId: id, contactId: id, ofId: id }),
  fc.record({ kind: fc.constant('gone' as const), workspaceId: id, contactId: id, intoId: id }),
  fc.record({ kind: fc.constant('person' as const), workspaceId: id, contactId: id }),
  fc.record({
    kind: fc.constant('given' as const),
    workspaceId: id,
    contactId: id,
    teamId: id,
    operatorId: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
    count: fc.integer({ min: 1, max: 200 }),
    atMs: id,
  }),
  fc.record({
    kind: fc.constant('operator' as const),
    workspaceId: id,
    contactId: id,
    operatorId: id,
    as: fc.constantFrom('looking' as const, 'typing' as const, 'gone' as const),
  }),
);
const text = (all: readonly unknown[]) =>
  all.map((one) => JSON.stringify(one, Object.keys(one as object).sort()));

test('whatever one process sends, each other one hears, once, and it itself hears it at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(news, { maxLength: 30 }), async (all) => {
      const { made, pass } = await processes(3);
      const [sender, ...others] = made;
      sender!.notices.send(all);
      assert.deepEqual(text(sender!.heard), text(all));
      pass();
      const distinct = [...new Set(text(all))];
      for (const { heard } of others) assert.deepEqual(text(heard), distinct);
      assert.equal(sender!.heard.length, all.length, 'its own notice came back to it');
    }),
  );
});

test('a notice fits into what NOTIFY takes, however much happens at once', async () => {
  const { made, sent, pass } = await processes(2);
  const most = 2 ** 53 - 1;
  const many = Array.from(
    { length: 2_000 },
    (_, i): News => ({
      kind: 'operator',
      workspaceId: most,
      contactId: most - i,
      operatorId: most,
      as: 'typing',
    }),
  );
  made[0]!.notices.send(many);
  pass();
  assert.ok(sent.length > 1 && sent.every((payload) => payload.length < 8_000));
  assert.equal(made[1]!.heard.length, many.length);
});

test('what is sent within a moment goes out together, and nothing is sent of nothing', async () => {
  const { made, sent, timers, pass } = await processes(1);
  made[0]!.notices.send([]);
  assert.equal(timers.length, 0);
  for (const contactId of [1, 2, 1]) made[0]!.notices.send([{ kind: 'changed', contactId }]);
  assert.equal(timers.length, 1);
  pass();
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0]!.split(' ').slice(1), ['c:1', 'c:2']);
  made[0]!.notices.send([{ kind: 'changed', contactId: 3 }]);
  pass();
  assert.equal(sent.length, 2);
});

test('who could not hear for a while is told that something was missed', async () => {
  const { made, ears } = await processes(2);
  ears[1]!.missed();
  assert.deepEqual([made[0]!.heard, made[1]!.heard], [[], [{ kind: 'missed' }]]);
});

test('a process that is stopped sends nothing any more', async () => {
  const { made, sent, pass } = await processes(1);
  made[0]!.notices.send([{ kind: 'changed', contactId: 1 }]);
  await made[0]!.notices.stop();
  pass();
  assert.deepEqual(sent, []);
});
