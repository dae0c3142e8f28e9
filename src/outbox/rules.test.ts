/** The outbox's rules: states, the choice of destination, retries, refs; and that accepting is all or nothing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Reachable } from '../contacts/person.ts';
import { ensureConversations } from '../conversations/conversations.ts';
import { testDatabase } from '../../test/support/database.ts';
import { newContacts, newWorkspace, startWorld, type World } from '../../test/support/world.ts';
import { accept } from './accept.ts';
import { choose } from '../gate/choose.ts';
import { DEFAULT_ORDER } from '../gate/settings.ts';
import { fromRef, toRef } from '../ledger/ref.ts';
import { afterUnclear, retryDelayMs, spreadOf } from './outcome/retry.ts';
import { isEnd, MOVES, STATE, stateName, type StateCode } from '../ledger/states.ts';

const database = await testDatabase();
const { sql } = database;
let world: World;
before(async () => {
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
});
after(() => world.stop());

const ALL = Object.values(STATE);

test('the database moves states exactly as the table of states says', async () => {
  for (const from of ALL) {
    for (const to of ALL) {
      const [row] = await sql<
        { may: boolean }[]
      >`SELECT delivery_moves(${from}::smallint, ${to}::smallint) AS may`;
      assert.equal(row!.may, MOVES[from].includes(to), `${stateName(from)} to ${stateName(to)}`);
    }
  }
});

test('states only move forward: no way leads back from an end, nor from delivered to accepted', () => {
  for (const from of ALL.filter(isEnd)) assert.deepEqual(MOVES[from], []);
  assert.ok(
    !MOVES[STATE.delivered].includes(STATE.accepted) && !MOVES[STATE.delivered].includes(STATE.failed),
  );
  const reach = (from: StateCode, seen = new Set<StateCode>()): Set<StateCode> => {
    for (const to of MOVES[from]) if (!seen.has(to)) reach(to, seen.add(to));
    return seen;
  };
  assert.deepEqual(
    new Set([STATE.queued, ...reach(STATE.queued)]),
    new Set(ALL),
    'every state can be reached',
  );
});

const address = (more: Partial<Reachable> = {}): Reachable => ({
  destinationId: 1,
  channel: 'sms',
  integrationId: null,
  address: '+15550001',
  status: 'active',
  blocks: null,
  lastInboundMs: null,
  linkedMs: 1,
  ...more,
});

test('the destination: the one named, else the primary, else by channel, and one that works before one that does not', () => {
  const sms = address({ destinationId: 1 });
  const mail = address({ destinationId: 2, channel: 'email', linkedMs: 9 });
  const app = address({ destinationId: 3, channel: 'whatsapp', lastInboundMs: 5 });
  const pick = (wanted: Parameters<typeof choose>[1], all = [sms, mail, app]) =>
    choose(all, wanted, DEFAULT_ORDER, () => true)?.destinationId;
  assert.equal(pick({ destinationId: 2 }), 2);
  assert.equal(pick({ destinationId: 99 }), undefined);
  assert.equal(pick({}), 3, 'the one they used last');
  assert.equal(pick({}, [mail, sms]), 1, 'SMS before mail');
  assert.equal(pick({ channel: 'email' }), 2);
  assert.equal(pick({}, [sms, mail, { ...app, status: 'blocked' }]), 1);
  assert.equal(pick({ integrationId: 7 }, [sms, { ...sms, destinationId: 4, integrationId: 7 }]), 4);
  assert.equal(
    choose([], {}, DEFAULT_ORDER, () => true),
    undefined,
  );
});

test('what is put off is spread evenly over contacts, and the same for all of one', () => {
  const spreads = Array.from({ length: 10_000 }, (_, i) => spreadOf(1_767_707_734_710_291 + i * 4_096));
  for (let tenth = 0; tenth < 10; tenth++) {
    const n = spreads.filter((one) => one >= tenth / 10 && one < (tenth + 1) / 10).length;
    assert.ok(n > 850 && n < 1_150, `${n} of 10,000 in a tenth`);
  }
  assert.equal(spreadOf(42), spreadOf(42));
});

test('retries: exponential with jitter and a bound; what the provider asks goes first; a marketing message is never sent twice', () => {
  for (const random of [0, 0.5, 1]) {
    let before = 0;
    for (let attempt = 0; attempt < 30; attempt++) {
      const delayMs = retryDelayMs(attempt, 'transient', undefined, random);
      assert.ok(delayMs >= before && delayMs <= 15 * 60_000 * 1.5 && delayMs >= 1000);
      before = delayMs;
    }
  }
  assert.equal(retryDelayMs(3, 'rate', 1234, 0.5), 1234);
  assert.equal(retryDelayMs(0, 'hold_24h', undefined, 0), 24 * 3600_000);
  const dumb = { idempotent: false, canTell: false };
  const after = (code: string, attempt = 0) => ({ code, attempt });
  assert.deepEqual(afterUnclear('marketing', dumb, after('timeout'), 0.5), { resend: false });
  assert.equal(afterUnclear('marketing', { ...dumb, idempotent: true }, after('timeout'), 0.5).resend, true);
  assert.equal(afterUnclear('authentication', dumb, after('timeout'), 0.5).resend, true);
  const tells = { ...dumb, canTell: true };
  assert.equal(afterUnclear('marketing', tells, after('timeout'), 0.5).resend, true, 'it is asked first');
  assert.equal(
    afterUnclear('marketing', tells, after('cannot_tell', 3), 0.5).resend,
    false,
    'it does not tell',
  );
  assert.equal(afterUnclear('marketing', tells, after('not_asked', 3), 0.5).resend, true, 'it was not there');
});

test('a ref names one delivery, and nothing else passes for one', () => {
  const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(id, id, fc.integer({ min: 0, max: 32_767 }), (causeId, contactId, seq) => {
      const ref = toRef({ causeId, contactId, seq });
      assert.ok(ref.length <= 40 && /^[a-z0-9.]+$/.test(ref));
      assert.deepEqual(fromRef(ref), { causeId, contactId, seq });
    }),
  );
  for (const text of ['', '1.2', 'a.b.c.d', '0.1.0', 'zzzzzzzzzzzz.1.0', '1.1.zzz', '1.1.0 '])
    assert.equal(fromRef(text), undefined, text);
});

test('accepted means committed: a failure after any of its statements leaves nothing behind', async () => {
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'test');
  const [contactId] = await newContacts(ctx, app.id, 1, 8_100_000);
  const tables = ['messages', 'deliveries', 'due', 'feed'];
  const count = async () => {
    const counts = await Promise.all(
      tables.map((table) => sql.unsafe<{ n: number }[]>(`SELECT count(*) AS n FROM ${table}`)),
    );
    return counts.map(([row]) => row!.n);
  };
  const before = await count();
  /** Accepts one notification; `fail` is where it goes wrong. */
  const acceptOne = (fail?: 'put' | 'append' | 'after') =>
    ctx.queue.transact(async (tx) => {
      const conversations = await ensureConversations(tx, ctx.ids, ctx.clock.nowMs(), [
        { contactId: contactId!, workspaceId: app.id },
      ]);
      const broken = async () => void (await tx`SELECT 1 / 0`);
      const queue = {
        ...ctx.queue,
        ...(fail === 'put' ? { put: broken } : {}),
        ...(fail === 'append' ? { append: broken } : {}),
      };
      const sent = await accept({ ...ctx, queue }, tx, ctx.clock.nowMs(), [
        {
          workspaceId: app.id,
          contactId: contactId!,
          conversationId: conversations.get(contactId!)!.id,
          kind: 'notification',
          class: 'transactional',
          content: { type: 'text', text: 'Hi' },
          author: {},
          source: { type: 'notification' },
        },
      ]);
      if (fail === 'after') throw new Error('after everything');
      return sent;
    });
  for (const fail of ['put', 'append', 'after'] as const) await assert.rejects(acceptOne(fail), fail);
  assert.deepEqual(await count(), before);
  assert.equal((await acceptOne()).length, 1);
  assert.deepEqual(
    await count(),
    before.map((n) => n + 1),
  );
});
