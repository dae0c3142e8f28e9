/** Segments: who is in one is found by one statement a lane, then kept as things are done, changed, or time goes by; campaigns go by it. */
import assert from 'node:assert/strict';
import { isoTime } from '../src/base/clock.ts';
import { isFault } from '../src/base/fault.ts';
import type { Rule } from '../contract/campaign.ts';
import { audienceCondition } from '../src/contacts/audience.ts';
import { updateContact } from '../src/contacts/contacts.ts';
import { importContacts } from '../src/contacts/imports/import.ts';
import { addMembers, createSet, removeMembers } from '../src/contacts/sets.ts';
import { allSegments, estimateSegment } from '../src/contacts/segments.ts';
import { tellOwn } from '../src/campaigns/events/own.ts';
import { openBook } from '../src/campaigns/enrol/book.ts';
import { createLiveSource } from '../src/campaigns/enrol/live.ts';
import { evaluate } from '../src/campaigns/match/evaluate.ts';
import { changeSegment, createSegment } from '../src/campaigns/segments/segments.ts';
import { mergePeople } from '../src/people/people.ts';
import { Readable } from 'node:stream';
import {
  DAY_MS,
  HOUR_MS,
  mail,
  newPlace,
  provesWhole,
  scenario,
  sql,
  world,
  type Place,
} from './campaignsProduct.ts';
import { must } from './support/world.ts';

const { ctx } = world;
const deps = { queue: ctx.queue, ids: ctx.ids, names: ctx.names, clock: ctx.clock };
const sorted = (...ids: number[]) => ids.toSorted((a, b) => a - b);

async function change(place: Place, id: number, attributes: Record<string, unknown>): Promise<void> {
  const nowMs = await place.nowMs();
  const ref = { workspaceId: place.id, id };
  must(await ctx.queue.transact((tx) => updateContact(tx, nowMs, ref, { attributes })));
}

scenario(
  'who is in a segment is found, and kept by whatever changes it: what is done, a profile, a list, an import, a merge, time',
  async () => {
    const place = await newPlace();
    const ann = await place.tell('ann', { name: 'buy' }, { attributes: { plan: 'pro' } });
    const bob = await place.tell('bob', undefined, { attributes: { plan: 'free' } });
    const list = must(
      await ctx.queue.transact((tx) =>
        createSet(tx, ctx.ids, 1, { workspaceId: place.id, kind: 'list', name: 'vips' }),
      ),
    );
    await place.settled();
    const pro = await place.segment('pro', { attribute: 'plan', is: 'pro' });
    const buyers = await place.segment('buyers', { did: 'buy', within: '7d' });
    const vips = await place.segment('vips', { inList: 'vips' });
    assert.deepEqual(
      [await place.inside(pro), await place.inside(buyers), await place.inside(vips)],
      [[ann], [ann], []],
    );
    await change(place, bob, { plan: 'pro' });
    await ctx.queue.transact((tx) => addMembers(tx, place.id, list.id, [bob]));
    await place.tell('bob', { name: 'buy' });
    await place.settled();
    assert.deepEqual(await place.inside(pro), sorted(ann, bob));
    assert.deepEqual(await place.inside(buyers), sorted(ann, bob));
    assert.deepEqual(await place.inside(vips), [bob]);
    await ctx.queue.transact((tx) => removeMembers(tx, place.id, list.id, [bob]));
    const file = Readable.from([Buffer.from('email,plan\ncat@example.com,pro\n')]);
    const options = { workspaceId: place.id, mapping: { plan: { attribute: 'plan' } } };
    const given = {
      sql: ctx.sql,
      transact: ctx.queue.transact,
      ids: ctx.ids,
      nowMs: () => ctx.clock.nowMs(),
    };
    const imported = await importContacts(given, file, options);
    assert.ok(!isFault(imported) && imported.rejected === 0);
    await place.settled();
    assert.deepEqual(await place.inside(vips), []);
    assert.equal((await place.inside(pro)).length, 3);
    const audience = { include: { segments: [pro] }, exclude: { contacts: [ann] } };
    const reached = await sql`
    SELECT c.id FROM contacts c
    WHERE c.workspace_id = ${place.id} AND c.bucket >= 0 AND ${audienceCondition(sql, place.id, audience)}`;
    assert.equal(reached.length, 2);
    assert.deepEqual(await estimateSegment(sql, pro), { about: 3, error: 0 });
    // Nothing is done, and a week goes by.
    await place.advance(8 * DAY_MS);
    assert.deepEqual(await place.inside(buyers), []);
    const atMs = await place.nowMs();
    const pair = { workspaceId: place.id, survivingId: bob, discardedId: ann };
    await change(place, bob, { plan: 'free' });
    must(await ctx.queue.transact((tx) => mergePeople(ctx as never, tx, atMs, pair)));
    await place.settled();
    assert.equal((await place.inside(pro)).length, 1, 'the one who is gone is in nothing');
  },
);

scenario('a rule said to Postgres is what it is of one contact in hand', async () => {
  const place = await newPlace();
  const nowS = (await place.nowMs()) / 1000;
  for (let i = 0; i < 12; i++) {
    const attributes = {
      n: i % 3 ? i : `${i}`,
      ...(i % 2 ? { home: { city: i % 4 ? 'Oslo' : 'Rome' } } : { 'home.city': 'Oslo' }),
      ...(i % 5 ? { tags: ['a', i] } : {}),
    };
    for (let times = 0; times < i % 4; times++)
      await place.tell(
        `p${i}`,
        {
          name: 'buy',
          timestamp: nowS - times * 40 * 3600,
          properties: { amount: i * times, cart: { of: i % 2 } },
        },
        { attributes },
      );
    await place.tell(`p${i}`, undefined, { attributes });
  }
  await place.settled();
  const ago = (ms: number) => isoTime(nowS * 1000 - ms);
  const rules: Rule[] = [
    { attribute: 'home.city', is: 'Oslo' },
    { attribute: 'home.city', isNot: 'Oslo' },
    { attribute: 'n', greaterThan: 4 },
    { attribute: 'n', in: [1, '3', 5] },
    { attribute: 'tags', contains: 7 },
    { attribute: 'tags', exists: false },
    { not: { attribute: 'home.city', startsWith: 'O' } },
    { did: 'buy' },
    { did: 'buy', atLeast: 2 },
    { did: 'buy', atMost: 1 },
    { did: 'buy', atMost: 0 },
    { did: 'buy', within: '2d' },
    { did: 'buy', within: '2d', atLeast: 2 },
    { did: 'buy', within: '1h', atMost: 0 },
    { did_not: 'buy', within: '3d' },
    { did: 'buy', between: [ago(3 * DAY_MS), ago(DAY_MS)] },
    { did: 'buy', between: [ago(60 * DAY_MS), ago(30 * DAY_MS)], atMost: 0 },
    { did_not: 'buy', between: [ago(DAY_MS), ago(-DAY_MS)] },
    { did: 'buy', where: { property: 'amount', greaterThan: 5 } },
    { did: 'buy', where: { all: [{ property: 'cart.of', is: 1 }, { not: { property: 'amount', is: 0 } }] } },
    { did: 'nothing at all', atMost: 3 },
    { message: { state: 'opened', of: 'nobodys' } },
    { any: [{ field: 'givenName', is: 'p3' }, { all: [{ did: 'buy' }, { attribute: 'n', lessThan: 8 }] }] },
    { createdAfter: '2020-01-01T00:00:00Z' },
    { createdWithin: '1m' },
    { not: { createdWithin: '3650d' } },
    { any: [{ createdWithin: '1h' }, { did: 'buy', within: '2d' }] },
  ];
  const made: number[] = [];
  for (const [i, rule] of rules.entries()) {
    const { createSegment } = await import('../src/campaigns/segments/segments.ts');
    const nowMs = await place.nowMs();
    const given = { key: `r${i}`, rule };
    made.push(must(await ctx.queue.transact((tx) => createSegment(deps, tx, place.id, given, nowMs))).id);
  }
  await place.built();
  const ids = (await sql<{ id: number }[]>`SELECT id FROM contacts WHERE workspace_id = ${place.id}`).map(
    ({ id }) => id,
  );
  const asOfMs = await place.nowMs();
  await ctx.sql.begin(async (tx) => {
    const live = await (await createLiveSource(deps)(tx))(place.id);
    const workspace = (await ctx.directory.workspace(place.id))!;
    const members = await openBook(tx, live, workspace, ids, [], asOfMs);
    for (const [i, rule] of rules.entries()) {
      const held = [...members.values()]
        .filter(({ facts }) => evaluate(rule, facts, { trigger: null, asOfMs }).holds)
        .map(({ contactId }) => contactId);
      const rows = await tx<
        { id: number }[]
      >`SELECT contact_id AS id FROM segment_members WHERE segment_id = ${made[i]!}`;
      assert.deepEqual(sorted(...rows.map(({ id }) => id)), sorted(...held), JSON.stringify(rule));
    }
  });
});

scenario(
  'triggers: begins to hold, changes, enters and leaves; who is inside when it is published does not enter',
  async () => {
    const place = await newPlace();
    const ann = await place.tell('ann', undefined, { attributes: { plan: 'pro', seats: 1 } });
    const bob = await place.tell('bob', undefined, { attributes: { plan: 'free', seats: 1 } });
    await place.settled();
    await place.segment('big', { attribute: 'seats', greaterThan: 9 });
    const live = async (key: string, trigger: object, more: object = {}) =>
      await place.live({ key, trigger: trigger as never, steps: [mail(key)], ...more });
    await live('pro', { attribute: { path: 'plan', is: 'pro' } });
    await live('seats', { attribute: { path: 'seats', changed: true } }, { entry: 'every' });
    await live('grown', { segment: { entered: 'big' } });
    await live('shrunk', { segment: { left: 'big' } });
    await live('tagged', { tag: { entered: 'hot' } });
    await live('chain', { tag: { entered: 'hot' } }, { steps: [{ key: 'up', set: { seats: 50 } }] });
    await place.built();
    await place.settled();
    assert.deepEqual([await place.mails(ann), await place.mails(bob)], [[], []]);
    await change(place, bob, { plan: 'pro' });
    await place.settled();
    await change(place, bob, { seats: 20 });
    await place.settled();
    assert.deepEqual(new Set(await place.mails(bob)), new Set(['pro', 'seats', 'grown']));
    await change(place, bob, { seats: 2, plan: 'free' });
    await place.settled();
    await change(place, bob, { plan: 'pro' });
    await place.settled();
    const said = await place.mails(bob);
    assert.deepEqual(said.toSorted(), ['grown', 'pro', 'seats', 'seats', 'shrunk'], 'once is once');
    // Scenario 29: what a step sets is what a segment tests; in the same turn.
    const { tagContacts } = await import('../src/contacts/sets.ts');
    await ctx.queue.transact(async (tx) =>
      tagContacts(tx, ctx.ids, 1, place.id, [{ contactId: ann, add: ['hot'], remove: [] }]),
    );
    await place.settled();
    assert.deepEqual((await place.mails(ann)).toSorted(), ['grown', 'seats', 'tagged']);
    await provesWhole();
  },
);

scenario(
  'campaigns.md §3.2: who has been known for a month is taken out of those who are new by time alone, also who was there before the segment',
  async () => {
    const place = await newPlace();
    const before = await place.tell('before');
    await place.advance(10 * DAY_MS);
    const segmentId = await place.segment('new', { createdWithin: '30d' });
    const older = await place.segment('older', { not: { createdWithin: '30d' } });
    await place.live({ key: 'grown', trigger: { segment: { left: 'new' } }, steps: [mail('grown')] });
    await place.live({ key: 'hello', trigger: { segment: { entered: 'new' } }, steps: [mail('hello')] });
    await place.built();
    await place.advance(DAY_MS);
    const after = await place.tell('after');
    await place.settled();
    const now = async () => [
      await place.inside(segmentId),
      await place.inside(older),
      await place.mails(before),
      await place.mails(after),
    ];
    assert.deepEqual(await now(), [sorted(before, after), [], [], ['hello']]);
    await place.advance(19 * DAY_MS - HOUR_MS);
    assert.deepEqual(await now(), [sorted(before, after), [], [], ['hello']]);
    await place.advance(2 * HOUR_MS);
    assert.deepEqual(await now(), [[after], [before], ['grown'], ['hello']]);
    await place.advance(11 * DAY_MS);
    assert.deepEqual(await now(), [[], sorted(before, after), ['grown'], ['hello', 'grown']]);
    await provesWhole();
  },
);

scenario(
  'a segment that time alone takes one out of and into lets in once a window with `every`, and once without; a cooldown is in between',
  async () => {
    const place = await newPlace();
    const ann = await place.tell('ann');
    await place.settled();
    const quiet = (of: string): Rule => ({
      all: [{ did: 'signup' }, { not: { message: { of, state: 'accepted', within: '7d' } } }],
    });
    const live = async (key: string, more: object) => {
      await place.segment(`quiet-${key}`, quiet(key));
      await place.live({
        key,
        trigger: { segment: { entered: `quiet-${key}` } },
        steps: [mail(key)],
        ...more,
      });
    };
    await live('weekly', { entry: 'every' });
    await live('first', {});
    await live('seldom', { entry: 'every', cooldown: '10d' });
    await place.tell('ann', { name: 'signup' });
    await place.settled();
    const often = async () => {
      const mails = await place.mails(ann);
      return ['weekly', 'first', 'seldom'].map((key) => mails.filter((one) => one === key).length);
    };
    assert.deepEqual(await often(), [1, 1, 1]);
    // Neither a moment before the window is over nor twice when it is.
    await place.advance(7 * DAY_MS - HOUR_MS);
    assert.deepEqual(await often(), [1, 1, 1]);
    await place.advance(2 * HOUR_MS);
    assert.deepEqual(await often(), [2, 1, 1]);
    await place.advance(7 * DAY_MS);
    // Who was refused for the cooldown is in the segment, and time does not bring them into it again.
    assert.deepEqual(await often(), [3, 1, 1]);
    for (let week = 0; week < 3; week++) await place.advance(7 * DAY_MS);
    assert.deepEqual(await often(), [6, 1, 1]);
    const short = { key: 'short', rule: { not: { did: 'signup', within: '30s' } } };
    const refused = await ctx.queue.transact((tx) => createSegment(deps, tx, place.id, short, 1));
    assert.ok(
      isFault(refused) && refused.message.startsWith('rule.not.within: must be from 60 s'),
      JSON.stringify(refused),
    );
    await provesWhole();
  },
);

scenario(
  'triggers: who leaves a list or a tag, and an order that is made or deleted; each sets off its own',
  async () => {
    const place = await newPlace();
    const live = async (key: string, trigger: object) =>
      await place.live({ key, trigger: trigger as never, steps: [mail(key)] });
    const list = must(
      await ctx.queue.transact((tx) =>
        createSet(tx, ctx.ids, 1, { workspaceId: place.id, kind: 'list', name: 'news' }),
      ),
    );
    await live('off-list', { list: { left: 'news' } });
    await live('on-list', { list: { entered: 'news' } });
    await live('off-tag', { tag: { left: 'hot' } });
    await live('made', { order: { on: 'created', where: { property: 'total', greaterThan: 10 } } });
    await live('deleted', { order: { on: 'deleted' } });
    await place.built();
    const [ann, bob] = [await place.tell('ann'), await place.tell('bob')];
    const { tagContacts } = await import('../src/contacts/sets.ts');
    const tag = (change: { add: string[]; remove: string[] }) =>
      ctx.queue.transact(async (tx) =>
        tagContacts(tx, ctx.ids, 1, place.id, [{ contactId: ann, ...change }]),
      );
    await ctx.queue.transact((tx) => addMembers(tx, place.id, list.id, [ann, bob]));
    await tag({ add: ['hot'], remove: [] });
    await place.settled();
    assert.deepEqual([await place.mails(ann), await place.mails(bob)], [['on-list'], ['on-list']]);
    await ctx.queue.transact((tx) => removeMembers(tx, place.id, list.id, [bob]));
    await tag({ add: [], remove: ['hot'] });
    await place.settled();
    assert.deepEqual(
      [await place.mails(ann), await place.mails(bob)],
      [
        ['on-list', 'off-tag'],
        ['on-list', 'off-list'],
      ],
    );
    const atMs = await place.nowMs();
    const order = (contactId: number, name: '$order_created' | '$order_deleted', total: number) => ({
      workspaceId: place.id,
      contactId,
      name,
      atMs,
      key: `${contactId}`,
      isHistory: false,
      properties: { order: contactId, total },
    });
    // Told twice, as a reader of the feed may that died in between.
    for (const _ of [1, 2])
      await ctx.queue.transact((tx) =>
        tellOwn(ctx, tx, [order(ann, '$order_created', 20), order(bob, '$order_created', 5)]),
      );
    await place.settled();
    await ctx.queue.transact((tx) => tellOwn(ctx, tx, [order(bob, '$order_deleted', 5)]));
    await place.settled();
    assert.deepEqual(
      [(await place.mails(ann)).slice(2), (await place.mails(bob)).slice(2)],
      [['made'], ['deleted']],
    );
    await provesWhole();
  },
);

scenario(
  'scenario 23: an import starts none, and a rule that is made wider starts none; filters go by segments',
  async () => {
    const place = await newPlace();
    const ann = await place.tell('ann', undefined, { attributes: { plan: 'free' } });
    await place.settled();
    const pro = await place.segment('pro', { attribute: 'plan', is: 'pro' });
    await place.live({ key: 'in', trigger: { segment: { entered: 'pro' } }, steps: [mail('in')] });
    await place.live({
      key: 'only',
      trigger: { event: { did: 'ask' } },
      filter: { inSegment: 'pro' },
      checkFilter: 'never',
      steps: [mail('only')],
    });
    const rows = Array.from({ length: 50 }, (_, i) => `i${i}@example.com,pro`);
    const file = Readable.from([Buffer.from(['email,plan', ...rows].join('\n'))]);
    const given = {
      sql: ctx.sql,
      transact: ctx.queue.transact,
      ids: ctx.ids,
      nowMs: () => ctx.clock.nowMs(),
    };
    const options = { workspaceId: place.id, mapping: { plan: { attribute: 'plan' } } };
    const imported = await importContacts(given, file, options);
    assert.ok(!isFault(imported) && imported.rejected === 0);
    await place.settled();
    assert.equal((await place.inside(pro)).length, 50);
    await place.tell('ann', { name: 'ask' });
    await place.settled();
    assert.equal(await place.refusal(ann), 'filter');
    const rule = { attribute: 'plan', exists: true };
    const nowMs = await place.nowMs();
    must(await ctx.queue.transact((tx) => changeSegment(deps, tx, place.id, pro, { rule }, nowMs)));
    await place.built();
    await place.settled();
    assert.equal((await place.inside(pro)).length, 51);
    await place.tell('ann', { name: 'ask' });
    await place.settled();
    assert.deepEqual(await place.mails(ann), ['only']);
    const sent = await sql`SELECT 1 FROM messages WHERE workspace_id = ${place.id}`;
    assert.equal(sent.length, 1);
  },
);

scenario(
  'campaigns.md §3.2: a filter that names a segment says what the rule of it says in its place, of what has just come, too',
  async () => {
    const place = await newPlace();
    await place.segment('thrice', { did: 'buy', atLeast: 3 });
    await place.segment('ever', { did: 'buy' });
    await place.segment('ghent', { attribute: 'city', is: 'Ghent' });
    const buys = { trigger: { event: { did: 'buy' } }, entry: 'every' as const };
    await place.live({ ...buys, key: 'named', filter: { inSegment: 'thrice' }, steps: [mail('third')] });
    await place.live({ ...buys, key: 'said', filter: { did: 'buy', atLeast: 3 }, steps: [mail('third')] });
    await place.live({ ...buys, key: 'new', filter: { not: { inSegment: 'ever' } }, steps: [mail('new')] });
    await place.live({
      key: 'waits',
      trigger: { event: { did: 'join' } },
      filter: { all: [{ attribute: 'city', exists: true }, { inSegment: 'ghent' }] },
      steps: [mail('of-ghent')],
    });
    const ann = await place.tell('ann', { name: 'buy' });
    for (let n = 0; n < 2; n++) await place.tell('ann', { name: 'buy' });
    await place.settled();
    assert.deepEqual(await place.mails(ann), ['third', 'third']);
    const bob = await place.tell('bob', { name: 'join' });
    await place.settled();
    await place.tell('bob', undefined, { attributes: { city: 'Ghent' } });
    await place.settled();
    assert.deepEqual(await place.mails(bob), ['of-ghent']);
    await provesWhole();
  },
);

scenario(
  'campaigns.md §3.2: who is asked by a filter at any time leaves when they do what it counts, and when time takes them out of a segment that it names',
  async () => {
    const place = await newPlace();
    const ann = await place.tell('ann', { name: 'buy' });
    const bob = await place.tell('bob');
    await place.settled();
    await place.segment('buyers', { did: 'buy', within: '7d' });
    const steps = [{ key: 'rest', wait: { for: '30d' } }, mail('rested')];
    const trigger = { event: { did: 'join' } };
    const all = { trigger, steps, checkFilter: 'always' as const };
    await place.live({ ...all, key: 'buyers-only', filter: { inSegment: 'buyers' } });
    await place.live({ ...all, key: 'content', filter: { did_not: 'complain' } });
    await place.tell('ann', { name: 'join' });
    await place.tell('bob', { name: 'join' });
    await place.settled();
    assert.deepEqual([await place.entries(ann), await place.entries(bob)], [[null, null], [null]]);
    await place.tell('bob', { name: 'complain' });
    await place.settled();
    assert.deepEqual(await place.entries(bob), ['filter']);
    await place.advance(8 * DAY_MS);
    assert.deepEqual(new Set(await place.entries(ann)), new Set(['filter', null]));
    await provesWhole();
  },
);

scenario(
  'dates: so long before and after, at a time of their day; who joins late gets what is still to come; each year',
  async () => {
    const place = await newPlace('Europe/Paris');
    const day = new Date((await place.nowMs()) + 10 * DAY_MS).toISOString().slice(0, 10);
    for (const days of [3, 2, 1])
      await place.live({
        key: `renewal${days}`,
        trigger: { date: { attribute: 'renews', offset: `-${days}d`, at: '09:00' } },
        steps: [mail(`before-${days}`)],
      });
    await place.live({
      key: 'birthday',
      trigger: { date: { attribute: 'born', at: '08:30', yearly: true } },
      steps: [mail('birthday')],
    });
    await place.built();
    const ann = await place.tell('ann', undefined, {
      attributes: { renews: day, born: `1990-${day.slice(5)}` },
    });
    await place.settled();
    // To noon of the day before the last mail, at whatever time of day this runs.
    await place.advance(Date.parse(`${day}T12:00:00Z`) - 2 * DAY_MS - (await place.nowMs()));
    assert.deepEqual(await place.mails(ann), ['before-3', 'before-2']);
    const late = await place.tell('late', undefined, { attributes: { renews: day } });
    await place.settled();
    await place.advance(3 * DAY_MS);
    assert.deepEqual(await place.mails(ann), ['before-3', 'before-2', 'before-1', 'birthday']);
    assert.deepEqual(await place.mails(late), ['before-1'], 'scenario 27');
    await place.advance(365 * DAY_MS);
    assert.deepEqual((await place.mails(ann)).at(-1), 'birthday');
    assert.equal((await place.mails(ann)).length, 5);
  },
);

scenario(
  'what was there before a date is published for has its timer too; another value re-times it',
  async () => {
    const place = await newPlace();
    const nowMs = await place.nowMs();
    const inDays = (days: number) => new Date(nowMs + days * DAY_MS).toISOString();
    const ann = await place.tell('ann', undefined, { attributes: { due: inDays(2) } });
    const bob = await place.tell('bob', undefined, { attributes: { due: inDays(2) } });
    await place.settled();
    await place.live({ key: 'due', trigger: { date: { attribute: 'due' } }, steps: [mail('due')] });
    await place.built();
    await change(place, bob, { due: inDays(4) });
    await place.settled();
    await place.advance(2 * DAY_MS + HOUR_MS);
    assert.deepEqual([await place.mails(ann), await place.mails(bob)], [['due'], []]);
    await place.advance(2 * DAY_MS);
    assert.deepEqual(await place.mails(bob), ['due']);
    assert.equal((await allSegments(sql, place.id)).length, 1);
  },
);
