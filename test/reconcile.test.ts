/** The audit: a proof after a mixed run, by period, broadcast and contact; each kind of break found and named; walls between tenants. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { addsUp, audit, BREAKS, type Audit } from '../src/reconcile/reconcile.ts';
import type { Scope } from '../src/reconcile/scope.ts';
import { applyReceipts } from '../src/outbox/outcome/receipt.ts';
import { deliveryHandler } from '../src/outbox/deliver/deliver.ts';
import { toRef } from '../src/ledger/ref.ts';
import { STATE } from '../src/ledger/states.ts';
import { resolvePeople } from '../src/contacts/resolve/resolve.ts';
import { ownContract } from '../src/channels/testing/contract.ts';
import { MAILGUN } from '../src/channels/testing/contracts/mailgun.ts';
import { TWILIO } from '../src/channels/testing/contracts/twilio.ts';
import { startFake, type FakeAnswer, type FakeHttp } from '../src/channels/testing/fake.ts';
import { createApi } from '../src/cli/api.ts';
import { holdAgainst } from '../src/cli/heldAgainst.ts';
import { listedBy, sentIn } from '../src/cli/providerList.ts';
import { newConsoleKey, newIntegration } from './support/messages.ts';
import { callApi, newTwilio, newWorkspace } from './support/world.ts';
import { testDatabase } from './support/database.ts';
import { startOutbox, type OutboxRig } from './support/outbox.ts';

const database = await testDatabase();
const { sql } = database;
let rig: OutboxRig;
let place: Awaited<ReturnType<OutboxRig['newPlace']>>;
let people: { id: number; phone: string }[];
let runId: number;
let broadcastId: number;
let said: number[];

const whole = (workspaceId = place.id): Scope => ({
  workspaceId,
  fromCause: 0,
  toCause: Number.MAX_SAFE_INTEGER,
});

/** The whole audit of one lane, in which everybody here is; of all lanes when it is asked for. Without resting in between. */
async function auditAll(scope: Scope, everywhere = false): Promise<Audit> {
  const { queue } = rig.ctx;
  const clock = { ...rig.ctx.clock, after: (_ms: number, run: () => void) => rig.ctx.clock.after(0, run) };
  const own = queue.laneOf((scope.contactId ?? people[0]!.id) % 4096);
  const lanes = () => queue.lanes().filter(({ lane }) => everywhere || lane === own);
  return await audit({ ...rig.ctx, queue: { ...queue, lanes }, clock }, scope);
}
const codesOf = (found: Audit) => [...new Set(found.breaks.map(({ code }) => code))].toSorted();

before(async () => {
  rig = await startOutbox(database);
  place = await rig.newPlace({ quietHours: { from: '00:00', to: '23:59' } });
  // In the order in which a claim takes them.
  people = (await rig.newPeople(place.id, 12)).toSorted((a, b) => a.id - b.id);
  await mixedRun();
});
after(() => rig.stop());

/** Single messages and a broadcast of which all kinds of things come: one lane of people, the rest of the audience elsewhere. */
async function mixedRun(): Promise<void> {
  rig.sink.answer = ({ to }) => {
    if (to === people[1]!.phone)
      return { status: 400, body: '{"code":21211,"message":"no such number","status":400}' };
    return to === people[2]!.phone ? { status: 503, body: '{}' } : 'accept';
  };
  said = await rig.say(
    place.id,
    people.slice(0, 6).map(({ id }, at) => ({
      contactId: id,
      ...(at === 4 ? { class: 'marketing' as const } : {}),
      ...(at === 5 ? { notBeforeMs: rig.ctx.clock.nowMs() + 3_600_000 } : {}),
    })),
  );
  await deliveryHandler(rig.deps, 50).handle(await rig.claim(people[0]!.id));
  const receipt = {
    ref: toRef({ contactId: people[3]!.id, causeId: said[3]!, seq: 0 }),
    state: 'delivered' as const,
  };
  await rig.ctx.queue.transact((tx) =>
    applyReceipts(rig.deps, tx, place.integration, [receipt], rig.ctx.clock.nowMs()),
  );
  const run = await rig.run(place.id, { class: 'transactional' });
  ({ runId, id: broadcastId } = run);
  const lane = rig.ctx.queue.lanes()[rig.ctx.queue.laneOf(people[0]!.id % 4096)]!;
  await sql`INSERT INTO broadcast_lanes (bucket, run_id, lane, matched) VALUES (${lane.bucket}, ${runId}, ${lane.lane}, ${people.length})`;
  await rig.fan(
    place.id,
    runId,
    people.map(({ id }) => id),
  );
  await sql`UPDATE destinations SET status = 'inactive' WHERE contact_id = ${people[6]!.id}`;
  const batch = await rig.claim(people[0]!.id, runId, { limit: 9 });
  await deliveryHandler(rig.deps, 50).handle(batch);
}

test('a mixed run is a proof: by period, broadcast and contact, over single messages, receipts, what waits and what failed', async () => {
  const all = await auditAll(whole(), true);
  assert.deepEqual(all.breaks, []);
  assert.ok(addsUp(all.counts));
  const { states, ...counts } = all.counts;
  assert.equal(counts.messages, 6);
  assert.equal(counts.recipients, 12);
  assert.equal(
    Object.values(states).reduce((sum, n) => sum + n, 0),
    18,
  );
  assert.ok(
    states.accepted > 0 &&
      states.delivered === 1 &&
      states.failed > 0 &&
      states.held > 0 &&
      states.queued > 0,
  );
  assert.ok(counts.attempted >= counts.taken && counts.taken >= counts.receipted && counts.receipted >= 1);
  const ofRun = await auditAll({ workspaceId: place.id, fromCause: runId, toCause: runId });
  assert.deepEqual(
    [ofRun.breaks, addsUp(ofRun.counts), ofRun.counts.recipients, ofRun.counts.messages],
    [[], true, 12, 0],
  );
  for (const { id } of people) {
    const one = await auditAll({ ...whole(), contactId: id });
    assert.deepEqual([one.breaks, addsUp(one.counts)], [[], true], toHex24(id));
  }
  const before = await auditAll({ workspaceId: place.id, fromCause: 0, toCause: Math.min(...said) - 1 });
  assert.deepEqual([before.counts.messages, before.counts.recipients], [0, 0]);
});

/** Puts rows in whose whole is known, but for what the store makes of them itself. */
async function insertDeliveries(rows: string, value: unknown): Promise<void> {
  const [kept] = await sql<{ names: string }[]>`
    SELECT string_agg(attname, ', ') AS names FROM pg_attribute
    WHERE attrelid = 'deliveries'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`;
  const { names } = kept!;
  await sql.unsafe(`INSERT INTO deliveries (${names}) SELECT ${names} FROM ${rows} r`, [value]);
}

/** What is planted by hand, what it is found as, and how it is taken back. */
const PLANTS: Readonly<Record<(typeof BREAKS)[number], () => Promise<() => Promise<unknown>>>> = {
  async no_delivery() {
    const [row] = await sql`DELETE FROM deliveries WHERE cause_id = ${said[0]!} RETURNING *`;
    return async () =>
      await insertDeliveries('jsonb_populate_record(NULL::deliveries, $1::text::jsonb)', JSON.stringify(row));
  },
  async no_cause() {
    const rows = await sql`DELETE FROM messages WHERE id = ${said[0]!} RETURNING *`;
    return async () =>
      void (await sql`INSERT INTO messages SELECT * FROM jsonb_populate_record(NULL::messages, ${sql.json(rows[0])})`);
  },
  async stranded() {
    const [row] = await sql`DELETE FROM due WHERE cause_id = ${said[5]!} RETURNING *`;
    return async () =>
      void (await sql`INSERT INTO due SELECT * FROM jsonb_populate_record(NULL::due, ${sql.json(row)})`);
  },
  async no_row() {
    const causeId = rig.ctx.ids.inBucket(people[0]!.id % 4096);
    await rig.ctx.queue.transact((tx) =>
      rig.ctx.queue.put(tx, [
        { kind: 1, ownerId: people[0]!.id, causeId, seq: 0, stream: 0, workspaceId: place.id, dueMs: 9e12 },
      ]),
    );
    return async () => void (await sql`DELETE FROM due WHERE cause_id = ${causeId}`);
  },
  async left_over() {
    await rig.ctx.queue.transact((tx) =>
      rig.ctx.queue.put(tx, [
        {
          kind: 1,
          ownerId: people[0]!.id,
          causeId: said[0]!,
          seq: 0,
          stream: 0,
          workspaceId: place.id,
          dueMs: 5,
        },
      ]),
    );
    return async () => void (await sql`DELETE FROM due WHERE cause_id = ${said[0]!}`);
  },
  async sent_twice() {
    await insertDeliveries(
      `(SELECT (jsonb_populate_record(d, '{"seq": 1}')).* FROM deliveries d WHERE cause_id = $1)`,
      said[0]!,
    );
    await tellOf(people[0]!.id, said[0]!, 1, STATE.accepted);
    return async () => {
      await sql`DELETE FROM deliveries WHERE cause_id = ${said[0]!} AND seq = 1`;
      await sql`DELETE FROM feed WHERE at_ms = 77`;
    };
  },
  async never_sent() {
    const [row] = await sql<
      { sent: number }[]
    >`SELECT sent_ms AS sent FROM deliveries WHERE cause_id = ${said[3]!}`;
    await sql`UPDATE deliveries SET sent_ms = NULL WHERE cause_id = ${said[3]!}`;
    return async () =>
      void (await sql`UPDATE deliveries SET sent_ms = ${row!.sent} WHERE cause_id = ${said[3]!}`);
  },
  async untold() {
    const rows =
      await sql`DELETE FROM feed WHERE type = 'delivery.changed' AND payload::text LIKE ${`%${said[3]!}%`} RETURNING *`;
    return async () => {
      for (const row of rows)
        await sql`INSERT INTO feed SELECT * FROM jsonb_populate_record(NULL::feed, ${sql.json(row)})`;
    };
  },
  async names_nobody() {
    const [row] = await sql`DELETE FROM contacts WHERE id = ${people[0]!.id} RETURNING *`;
    return async () =>
      void (await sql`INSERT INTO contacts SELECT * FROM jsonb_populate_record(NULL::contacts, ${sql.json(row)})`);
  },
  async call_stranded() {
    const id = rig.ctx.ids.inBucket(people[0]!.id % 4096);
    await sql`INSERT INTO webhook_calls (bucket, id, workspace_id, webhook_id, trigger, body, contact_id, state, created_ms)
      VALUES (${id % 4096}, ${id}, ${place.id}, 5, 'x', '{}', ${people[0]!.id}, 'pending', 1)`;
    return async () => void (await sql`DELETE FROM webhook_calls WHERE id = ${id}`);
  },
  async counted_wrong() {
    await sql`UPDATE tallies SET n = n + 1 WHERE cause_id = ${runId} AND state = ${STATE.accepted}`;
    await sql`UPDATE broadcast_lanes SET matched = matched + 1 WHERE run_id = ${runId}`;
    return async () => {
      await sql`UPDATE tallies SET n = n - 1 WHERE cause_id = ${runId} AND state = ${STATE.accepted}`;
      await sql`UPDATE broadcast_lanes SET matched = matched - 1 WHERE run_id = ${runId}`;
    };
  },
  async recipients_lost() {
    const rows = await sql`DELETE FROM due WHERE cause_id = ${runId} AND attempt = 0 AND owner_id IN (
      SELECT w.owner_id FROM due w WHERE w.cause_id = ${runId}
        AND NOT EXISTS (SELECT FROM deliveries d WHERE d.cause_id = ${runId} AND d.contact_id = w.owner_id) LIMIT 1) RETURNING *`;
    return async () => {
      for (const row of rows)
        await sql`INSERT INTO due SELECT * FROM jsonb_populate_record(NULL::due, ${sql.json(row)})`;
    };
  },
};

async function tellOf(contactId: number, causeId: number, seq: number, to: number): Promise<void> {
  await rig.ctx.queue.transact((tx) =>
    rig.ctx.queue.append(tx, [
      {
        ownerId: contactId,
        workspaceId: place.id,
        type: 'delivery.changed',
        atMs: 77,
        payload: { bulk: false, changes: [{ contactId, causeId, seq, to, atMs: 77 }] },
      },
    ]),
  );
}

for (const code of BREAKS)
  test(`found and named: ${code}`, async () => {
    const takeBack = await PLANTS[code]!();
    const found = await auditAll(whole());
    // What is not there is also not in the sums; a run that lost somebody is nothing else.
    assert.ok(codesOf(found).includes(code), codesOf(found).join(', '));
    const [row] = found.breaks.filter((one) => one.code === code);
    assert.ok(row!.detail.length > 10);
    if (code === 'counted_wrong' || code === 'recipients_lost') assert.equal(row!.broadcastId, broadcastId);
    else assert.ok(row!.contactId !== null);
    await takeBack();
    assert.deepEqual(codesOf(await auditAll(whole())), []);
  });

test('a neighbour’s books are not looked at, and what breaks them breaks nothing here', async () => {
  const other = await rig.newPlace();
  const [one] = await rig.newPeople(other.id, 1);
  const [id] = await rig.say(other.id, [{ contactId: one!.id }]);
  await sql`DELETE FROM due WHERE cause_id = ${id!}`;
  assert.deepEqual(codesOf(await auditAll(whole(other.id), true)), ['stranded']);
  const ours = await auditAll(whole());
  assert.deepEqual([ours.breaks, ours.counts.messages], [[], 6]);
  const across = await auditAll({ ...whole(), contactId: one!.id });
  assert.deepEqual([across.breaks, across.counts.messages], [[], 0]);
});

/** An audit of lanes each of which takes so long to read, and how long it rested. */
async function auditIn(readMs: number, fromLane = 0) {
  let nowMs = 0;
  const rests: number[] = [];
  const clock = {
    nowMs: () => rig.ctx.clock.nowMs(),
    monotonicMs: () => (nowMs += readMs),
    after(ms: number, run: () => void) {
      rests.push(ms);
      nowMs += ms;
      setImmediate(run);
      return () => {};
    },
  };
  return { rests, ...(await audit({ ...rig.ctx, clock }, whole(), fromLane)) };
}

test('it rests nine times as long as it reads, and says after five seconds where to go on', async () => {
  const quick = await auditIn(10);
  assert.deepEqual(
    [quick.lanes, quick.nextLane, quick.rests],
    [32, undefined, Array.from({ length: 32 }, () => 90)],
  );
  const slow = await auditIn(100);
  assert.deepEqual([slow.lanes, slow.nextLane], [5, 5]);
  const one = await audit({ ...rig.ctx }, { ...whole(), contactId: people[0]!.id });
  assert.equal(one.lanes, 1, 'of a contact only its own lane is read');
});

test('it writes nothing: a transaction of the audit refuses to', async () => {
  await assert.rejects(
    sql.begin(async (tx) => {
      const { beginAudit } = await import('../src/reconcile/sql.ts');
      await beginAudit(tx, 1_000);
      await tx`DELETE FROM due`;
    }),
    /read-only/,
  );
});

test('at the console’s API: pieces that add up, ids to ask why with, clear refusals; for administrators', async () => {
  const key = await newConsoleKey(rig.ctx, place.id);
  const base = `/api/workspaces/${place.appId}`;
  const get = (query: string) => callApi({ url: rig.url }, key, 'GET', `${base}/reconcile${query}`);
  const own = rig.ctx.queue.laneOf(people[0]!.id % 4096);
  let messages = 0;
  // The pieces from this lane on, which are at most a few.
  const last = Math.min(own + 2, 31);
  for (let next: string | null = String(own); next !== null && Number(next) <= last; ) {
    const { status, json } = await get(`?from=2020-01-01T00:00:00Z&next=${next}`);
    assert.equal(status, 200, JSON.stringify(json));
    messages += json.counts.messages;
    assert.deepEqual(json.breaks, []);
    next = json.next;
  }
  assert.equal(messages, 6);
  const takeBack = await PLANTS.stranded!();
  const { json } = await get(`?contact=${toHex24(people[5]!.id)}`);
  assert.deepEqual(json.breaks, [
    {
      code: 'stranded',
      contactId: toHex24(people[5]!.id),
      messageId: toHex24(said[5]!),
      broadcastId: null,
      seq: 0,
      state: 'queued',
      detail: 'it waits, and is in no queue',
    },
  ]);
  await takeBack();
  const taken = await callApi(
    { url: rig.url },
    key,
    'GET',
    `${base}/reconcile/taken?broadcast=${toHex24(broadcastId)}&next=${rig.ctx.queue.laneOf(people[0]!.id % 4096)}`,
  );
  assert.ok(taken.json.taken.length > 3);
  assert.equal(taken.json.taken[0].broadcastId, toHex24(broadcastId));
  assert.match(taken.json.taken[0].externalIds[0], /^SM/);
  for (const [query, field] of [
    ['', 'from'],
    ['?from=yesterday', 'from'],
    ['?from=2020-01-01T00:00:00Z&to=2019-01-01T00:00:00Z', 'to'],
    [`?broadcast=${toHex24(broadcastId)}&contact=${toHex24(people[0]!.id)}`, 'broadcast'],
    ['?from=2020-01-01T00:00:00Z&next=99', 'next'],
    ['?from=2020-01-01T00:00:00Z&next=x', 'next'],
  ] as const) {
    const refused = await get(query);
    assert.equal(refused.status, 400, query);
    assert.equal(refused.json.error.field, field, query);
  }
  assert.equal((await get(`?broadcast=${toHex24(people[0]!.id)}`)).status, 404);
});

const bin = join(import.meta.dirname, '..', 'bin', 'parley.mjs');

/** The command, as a person runs it. */
function parley(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, 'reconcile', ...args], (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

test('at the command line: a proof ends with 0; what breaks it is told with why, and ends with 1', async () => {
  const token = (await newConsoleKey(rig.ctx, place.id)).replace('Bearer ', '');
  const server = ['--url', rig.url, '--token', token];
  const of = (id: number) => [...server, '--contact', toHex24(id)];
  const proof = await parley(of(people[3]!.id));
  assert.deepEqual([proof.code, proof.err], [0, '']);
  assert.match(proof.out, /intended +2 .*1 messages, 1 recipients/);
  assert.match(proof.out, /It adds up: a proof\./);
  const takeBack = await PLANTS.stranded!();
  const broken = await parley(of(people[5]!.id));
  await takeBack();
  assert.equal(broken.code, 1);
  assert.match(
    broken.out,
    new RegExp(`stranded  contact ${toHex24(people[5]!.id)}  message ${toHex24(said[5]!)}`),
  );
  assert.match(broken.out, /let in  a transactional message/);
  assert.match(broken.err, /It does not add up: 1 stranded\./);
  const nothing = await parley(server);
  assert.equal(nothing.code, 2);
  assert.match(nothing.err, /Say --from <time>, --broadcast <id>, --contact <id> or --campaigns/);
});

test('held against a provider’s own list: what only one of them has, and where they disagree', async () => {
  const token = (await newConsoleKey(rig.ctx, place.id)).replace('Bearer ', '');
  const sids = await sql<{ sid: string; state: number }[]>`
    SELECT external_ids[1] AS sid, state FROM deliveries WHERE contact_id = ${people[3]!.id} AND sent_ms IS NOT NULL`;
  const single = sids.find(({ state }) => state === STATE.delivered)!.sid;
  const other = sids.find(({ state }) => state === STATE.accepted)!.sid;
  const directory = await mkdtemp(join(tmpdir(), 'parley-export-'));
  const hold = async (
    rows: readonly string[],
    more: readonly string[] = [],
    header = 'From,To,Body,Status,Sid,Direction',
  ) => {
    const file = join(directory, 'log.csv');
    await writeFile(file, `${[header, ...rows].join('\n')}\n`);
    const contact = toHex24(people[3]!.id);
    return await parley([
      '--url',
      rig.url,
      '--token',
      token,
      '--contact',
      contact,
      '--provider-export',
      file,
      ...more,
    ]);
  };
  const row = (sid: string, status: string, direction = 'outbound-api') =>
    `+1,+2,"Hi, you",${status},${sid},${direction}`;
  const same = await hold([row(single, 'delivered'), row(other, 'sent'), row('SMin', 'received', 'inbound')]);
  assert.deepEqual([same.code, same.err], [0, '']);
  assert.match(same.out, /in the provider’s list +2 +2 of them are ours/);
  const differs = await hold([row(single, 'undelivered'), row('SMelse', 'delivered')]);
  assert.equal(differs.code, 1);
  assert.match(differs.err, /1 disagrees/);
  assert.match(differs.err, /1 only_at_provider/);
  assert.match(differs.err, /1 only_here/);
  assert.match(differs.out, new RegExp(`${single}; here it is delivered`));
  const mapped = await hold(
    [`${single};DELIVERED`, `${other};x`],
    ['--columns', 'id=Id,status=What'],
    'Id;What',
  );
  assert.equal(mapped.code, 0, mapped.err);
  const unknown = await hold(['1'], [], 'Number');
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /Say --columns id=<column>,status=<column>; there are: Number/);
  await rm(directory, { recursive: true, force: true });
});

test('held against a provider’s own list at its API: pages, a wait, what only one has; without a page no proof', async (t) => {
  const fake = await startFake({ contract: ownContract(TWILIO) });
  t.after(() => fake.close());
  const app = await newWorkspace(rig.ctx, 'live');
  const integration = toHex24((await newTwilio(rig.ctx, app.id, fake.url)).id);
  const three = await rig.newPeople(app.id, 3);
  const sidOf = (at: number) => `SM${String(at).padStart(32, '0')}`;
  fake.answerNext(
    ...[1, 2, 3].map((at) => ({ status: 201, body: JSON.stringify({ sid: sidOf(at), status: 'queued' }) })),
  );
  const fromMs = rig.ctx.clock.nowMs() - 1_000;
  await rig.say(
    app.id,
    three.map(({ id }) => ({ contactId: id })),
  );
  await deliveryHandler(rig.deps, 50).handle(await rig.claim(three[0]!.id));
  const page = (next: string | null, ...rows: readonly [at: number, status: string][]) => ({
    status: 200,
    body: JSON.stringify({
      messages: rows.map(([at, status]) => ({
        sid: sidOf(at),
        status,
        direction: 'outbound-api',
        date_created: new Date(rig.ctx.clock.nowMs()).toUTCString(),
      })),
      next_page_uri: next,
    }),
  });
  const following = `/2010-04-01/Accounts/AC${'0'.repeat(32)}/Messages.json?PageSize=200&Page=1&PageToken=PA1`;
  const slow = {
    status: 429,
    headers: { 'retry-after': '9' },
    body: '{"code":20429,"message":"Too Many Requests","status":429}',
  };
  fake.answerNext(page(following, [1, 'delivered'], [2, 'sent']), slow, page(null, [4, 'sent']));
  const key = await newConsoleKey(rig.ctx, app.id);
  const api = createApi({ url: rig.url, token: key.replace('Bearer ', '') });
  const base = `/api/workspaces/${app.appId}`;
  const waits: number[] = [];
  const list = listedBy(api, base, { integration, fromMs, toMs: fromMs + 600_000 }, async (ms) => {
    waits.push(ms);
  });
  const held = await holdAgainst(api, list, (within) => sentIn(base, within!), integration);
  assert.deepEqual(
    held.breaks
      .map(({ code, detail }) => [code, /SM\d+/.exec(detail)![0]] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['disagrees', sidOf(1)],
      ['only_at_provider', sidOf(4)],
      ['only_here', sidOf(3)],
    ],
  );
  assert.deepEqual([held.counts, waits, fake.violations()], [{ rows: 3, matched: 2 }, [9_000], []]);
  fake.answerNext({ status: 401, body: '{"code":20003,"message":"Authenticate","status":401}' });
  const token = ['--url', rig.url, '--token', key.replace('Bearer ', '')];
  const flags = [...token, '--from', new Date(fromMs).toISOString(), '--provider-list'];
  const refused = await parley([...flags, '--integration', integration]);
  assert.deepEqual([refused.code, refused.out], [1, '']);
  assert.match(
    refused.err,
    /did not give page 1 of its list: Authenticate \(20003\)\. Without it nothing is proved/,
  );
  assert.match((await parley(flags)).err, /Say --integration <id>/);
  const ask = (query: string, who = key) =>
    callApi({ url: rig.url }, who, 'GET', `${base}/integrations/${integration}/listed${query}`);
  assert.equal((await ask('')).json.error.field, 'from');
  assert.equal((await ask('?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z')).json.error.field, 'to');
  assert.equal((await ask('?from=2026-01-02T00:00:00Z', await newConsoleKey(rig.ctx, place.id))).status, 404);
});

/** How a provider takes a message, and how its list shows some: the first on a page of its own. */
type Listing = {
  start: (
    t: TestContext,
    workspaceId: number,
  ) => Promise<{ fake: FakeHttp; integration: { id: number; channel: string } }>;
  taken: (at: number) => FakeAnswer;
  list: (rows: readonly Listed[]) => FakeAnswer[];
  /** The path of its list. */
  path: RegExp;
  /** What the provider has and nobody here knows of. */
  other: string;
};
type Listed = { id: string; status: 'delivered' | 'accepted'; atMs: number };

const MAIL_DOMAIN = 'mg.example.com';
const inPages = <T>(rows: readonly T[]): T[][] => [rows.slice(0, 1), rows.slice(1)];
const shown = (body: unknown): FakeAnswer => ({ status: 200, body: JSON.stringify(body) });

const LISTINGS: Readonly<Record<'Twilio' | 'Mailgun', Listing>> = {
  Twilio: {
    async start(t, workspaceId) {
      // The collected document takes `next_page_uri` for a whole address; what is given is a path.
      const fake = await startFake({ contract: ownContract(TWILIO) });
      t.after(() => fake.close());
      return { fake, integration: await newTwilio(rig.ctx, workspaceId, fake.url) };
    },
    taken: (at) => ({
      status: 201,
      body: JSON.stringify({ sid: `SM${String(at).padStart(32, '0')}`, status: 'queued' }),
    }),
    list: (rows) =>
      inPages(rows).map((some, page) =>
        shown({
          messages: some.map(({ id, status, atMs }) => ({
            sid: id,
            status: status === 'accepted' ? 'sent' : status,
            direction: 'outbound-api',
            date_created: new Date(atMs).toUTCString().replace('GMT', '+0000'),
          })),
          next_page_uri:
            page === 0
              ? `/2010-04-01/Accounts/AC${'0'.repeat(32)}/Messages.json?PageSize=200&Page=1&PageToken=PA1`
              : null,
        }),
      ),
    path: /\/Messages\.json$/,
    other: `SM${'9'.repeat(32)}`,
  },
  Mailgun: {
    async start(t, workspaceId) {
      // The collected document does not have what `paging.next` leads to.
      const fake = await startFake({ contract: ownContract(MAILGUN) });
      t.after(() => fake.close());
      const integration = await newIntegration(rig.ctx, workspaceId, 'mailgun', {
        apiKey: 'key',
        domain: MAIL_DOMAIN,
        signingKey: 'signing-key',
        incomingAddress: `answers@${MAIL_DOMAIN}`,
        baseUrl: fake.url,
      });
      return { fake, integration };
    },
    taken: (at) => shown({ id: `<${at}.queued@${MAIL_DOMAIN}>`, message: 'Queued. Thank you.' }),
    // Events: of what was delivered there are two. The page without any is the last.
    list: (rows) =>
      [...inPages(rows), []].map((some, page) =>
        shown({
          items: some.flatMap(({ id, status, atMs }) =>
            [...new Set(['accepted', status])].map((event) => ({
              id: `${event} ${id}`,
              event,
              timestamp: atMs / 1000,
              message: { headers: { 'message-id': id } },
            })),
          ),
          paging: { next: `https://api.example/v3/${MAIL_DOMAIN}/events/W3siYSI6${page}` },
        }),
      ),
    path: /\/events(\/W3siYSI6\d)?$/,
    other: `elsewhere@${MAIL_DOMAIN}`,
  },
};

/** Three messages that a provider has just taken, of which one has arrived; and the command, against a list of some. */
async function threeTaken(t: TestContext, listing: Listing) {
  const app = await newWorkspace(rig.ctx, 'live');
  const { fake, integration } = await listing.start(t, app.id);
  const three = await rig.newPeople(app.id, 3);
  const nowMs = rig.ctx.clock.nowMs();
  const addressed = three.map(({ phone }, at) => ({
    workspaceId: app.id,
    identities: [{ kind: 'phone' as const, value: phone }],
    destinations: [{ channel: 'email' as const, integrationId: null, address: `p${at}@people.example` }],
  }));
  await rig.ctx.queue.transact(
    async (tx) => void (await resolvePeople(tx, rig.ctx.ids, nowMs, addressed, 'first')),
  );
  fake.answerNext(...three.map((_, at) => listing.taken(at)));
  await rig.say(
    app.id,
    three.map(({ id }) => ({ contactId: id, integrationId: integration.id })),
  );
  await deliveryHandler(rig.deps, 50).handle(await rig.claim(three[0]!.id));
  // How it is sent is held to the contract by the tests of each channel.
  fake.violations();
  const rows = await sql<{ contactId: number; causeId: number; ids: string[]; sentMs: number }[]>`
    SELECT contact_id AS "contactId", cause_id AS "causeId", external_ids AS ids, sent_ms AS "sentMs"
    FROM deliveries WHERE workspace_id = ${app.id} ORDER BY cause_id`;
  const taken = rows.map(({ ids, sentMs, ...key }) => ({ ...key, id: ids[0]!, atMs: sentMs }));
  assert.equal(new Set(taken.map(({ id }) => id)).size, 3);
  const first = taken[0]!;
  const receipt = { ref: toRef({ ...first, seq: 0 }), externalId: first.id, state: 'delivered' as const };
  await rig.ctx.queue.transact((tx) =>
    applyReceipts(rig.deps, tx, { ...integration, workspaceId: app.id }, [receipt], rig.ctx.clock.nowMs()),
  );
  const token = (await newConsoleKey(rig.ctx, app.id)).replace('Bearer ', '');
  const from = new Date(nowMs - 5_000).toISOString();
  return {
    fake,
    taken,
    theirs: taken.map(({ id, atMs }, at): Listed => ({ id, atMs, status: at ? 'accepted' : 'delivered' })),
    reconcile: async (rowsOfTheirs: readonly Listed[]) => {
      const before = fake.count();
      const pages = listing.list(rowsOfTheirs);
      fake.answerNext(...pages);
      const ended = await parley([
        '--url',
        rig.url,
        '--token',
        token,
        '--from',
        from,
        '--provider-list',
        '--integration',
        toHex24(integration.id),
      ]);
      assert.deepEqual(
        fake.requests.slice(before).map(({ method, path }) => `${method} ${listing.path.test(path)}`),
        pages.map(() => 'GET true'),
      );
      assert.deepEqual(fake.violations(), []);
      return ended;
    },
  };
}

test('the command against Twilio’s own list, page after page: a proof while both have the same', async (t) => {
  const { theirs, reconcile } = await threeTaken(t, LISTINGS.Twilio);
  const same = await reconcile(theirs);
  assert.equal(same.code, 0, same.err);
  assert.match(same.out, /^intended +3 {2}3 messages, 0 recipients of broadcasts$/m);
  assert.match(same.out, /^taken by a provider +3$/m);
  assert.match(same.out, /^receipted +1 {2}of which it told more$/m);
  assert.match(same.out, /^in the provider’s list +3 {2}3 of them are ours$/m);
  assert.match(same.out, /^It adds up: a proof\.$/m);
});

test('the command against Mailgun’s log of events: the rows that only one of them has, with why', async (t) => {
  const { taken, theirs, reconcile } = await threeTaken(t, LISTINGS.Mailgun);
  const { other } = LISTINGS.Mailgun;
  const last = taken.at(-1)!;
  const differs = await reconcile([...theirs.slice(0, 2), { ...theirs[0]!, id: other }]);
  assert.equal(differs.code, 1);
  assert.match(differs.out, /^in the provider’s list +3 {2}2 of them are ours$/m);
  const more = `only_at_provider\n  the provider has ${other} (delivered), and nothing here is known by it\n`;
  assert.ok(differs.out.includes(`\n${more}`), differs.out);
  const fewer = [
    `only_here  contact ${toHex24(last.contactId)}  message ${toHex24(last.causeId)}`,
    `  the provider took it as ${last.id}, and its list does not have that`,
  ].join('\n');
  const at = differs.out.indexOf(`\n${fewer}\n`);
  assert.ok(at >= 0, differs.out);
  // What `why` says of it stands below.
  assert.match(
    differs.out.slice(at + fewer.length + 2),
    /^ {2}\d{4}-\S+Z {2}let in {2}a transactional message/,
  );
  assert.doesNotMatch(differs.out, /disagrees|a proof/);
  assert.match(
    differs.err,
    /It does not add up: (1 only_at_provider, 1 only_here|1 only_here, 1 only_at_provider)\.$/m,
  );
});
