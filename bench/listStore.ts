/**
 * A store full of everything that the console lists, besides people and conversations (test/support/manyPeople.ts): one of each is made as
 * anybody would make it, and its rows are copied many times over by SQL.
 */
import { bucketOf, fromHex24 } from '../src/base/ids.ts';
import type { Sql } from '../src/db/pool.ts';
import { copyRows, placeOf } from '../test/support/manyPeople.ts';
import { until } from '../test/support/until.ts';

// Answers are looked into freely here.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
/** Calls the API of the workspace; what is no object is sent as CSV. */
export type Call = (
  method: string,
  path: string,
  body?: object | string,
  idempotencyKey?: string,
) => Promise<Json>;

const ADDRESS = '+14155550199';

/** One of each thing: its ids, by the names of the API's parameters. */
export type One = Readonly<Record<string, string>>;

/** Who did something, as a company knows her. */
export const NELL = 'nell';

/** Makes one of each; `track` tells that NELL did something, by the key of a company. */
export async function makeOne(call: Call, track: () => Promise<void>): Promise<One> {
  const contact = await call('POST', '/contacts', { givenName: 'Nell', phone: ADDRESS, externalId: NELL });
  await track();
  await until('it is kept', async () => {
    return (await call('GET', `/contacts/${contact.id}/events`)).events.length > 0;
  });
  const list = await call('POST', '/lists', { name: 'One' });
  await call('POST', `/lists/${list.id}/members`, { add: [contact.id] });
  const broadcast = await call('POST', '/broadcasts', {
    name: 'One',
    content: { type: 'text', text: 'Hi' },
    channel: 'sms',
    class: 'transactional',
    audience: { include: { lists: [list.id] } },
  });
  await call('POST', `/broadcasts/${broadcast.id}/start`);
  await until('it is sent', async () => (await call('GET', `/broadcasts/${broadcast.id}`)).state === 'done');
  await until('it is delivered', async () => {
    const { recipients } = await call('GET', `/broadcasts/${broadcast.id}/recipients?state=delivered`);
    return recipients.length === 1;
  });
  await call('POST', '/messages', { contactId: contact.id, content: { type: 'text', text: 'Hi' } });
  await call('POST', '/simulator/reply', { channel: 'sms', address: ADDRESS, text: 'Thanks' });
  return {
    contactId: contact.id,
    broadcastId: broadcast.id,
    ...(await makeThings(call, contact.id)),
    ...(await makeOthers(call)),
    ...(await makeJobs(call, contact.id, list.id)),
  };
}

/** What somebody makes by hand, of which she is a part. */
async function makeThings(call: Call, contactId: string): Promise<One> {
  const wanted = {
    parley: 'campaign/1',
    key: 'one',
    trigger: { api: true },
    steps: [{ key: 'w', wait: { for: '300d' } }],
  };
  const campaign = await call('POST', '/campaigns', { campaign: wanted });
  await call('POST', `/campaigns/${campaign.id}/publish`, { people: 'move' });
  await call('POST', `/campaigns/${campaign.id}/enter`, { contactId, key: 'one' });
  await until('she is in', async () => {
    return (await call('GET', `/campaigns/${campaign.id}/people`)).people.length === 1;
  });
  // A draft beside what is published: what publishing it would do is a question too.
  await call('POST', '/campaigns', {
    campaign: { ...wanted, steps: [{ key: 'w', wait: { for: '200d' } }] },
  });
  const target = 'https://webhook.example/';
  const webhook = await call('POST', '/webhooks', { door: 'sunshine', target, triggers: ['*'] });
  const called = await call('POST', `/webhooks/${webhook.id}/ping`);
  const group = await call('POST', '/groups', { name: 'One' });
  await call('POST', `/groups/${group.id}/members`, { add: [contactId] });
  const template = await call('POST', '/templates', { name: 'One', content: { type: 'text', text: 'Hi' } });
  const segment = await call('POST', '/segments', { key: 'one', rule: { inList: 'One' } });
  const order = await call('POST', '/orders', { contactId, totalCents: 100, quiet: true });
  return {
    campaignId: campaign.id,
    webhookId: webhook.id,
    callId: called.callId,
    templateId: template.id,
    segmentId: segment.id,
    order: order.id,
    groupId: group.id,
  };
}

/** What there is one of, or few, however large a workspace is. */
async function makeOthers(call: Call): Promise<One> {
  const key = 'order-1042';
  const other = await call('POST', '/contacts', { givenName: 'Olaf' }, key);
  const [tag, label, bot] = [
    await call('POST', '/tags', { name: 'One' }),
    await call('POST', '/labels', { name: 'One' }),
    await call('POST', '/bots', { name: 'One' }),
  ];
  await call('PUT', '/connect/enabled', { enabled: true });
  await call('PUT', '/connect/webhook', { url: 'https://webhook.example/' });
  await call('PUT', '/announcements', { enabled: true });
  const moved = await call('POST', '/clock/advance', { byMs: 1_000 });
  const { integrations } = await call('GET', '/integrations');
  const { now } = await call('GET', '/clock');
  const backtest = await call('POST', '/backtests', {
    campaign: {
      parley: 'campaign/1',
      key: 'tried',
      trigger: { event: { did: 'bought' } },
      steps: [{ key: 'w', wait: { for: '300d' } }],
    },
  });
  return {
    key,
    otherContactId: other.id,
    tagId: tag.id,
    labelId: label.id,
    botId: bot.id,
    advanceId: moved.id,
    integrationId: integrations.find(({ channel }: Json) => channel === 'sms').id,
    backtestId: backtest.id,
    // Within what is copied: a month ago and older (test/support/manyPeople.ts).
    month: new Date(Date.parse(now) - 29 * 86_400_000).toISOString(),
  };
}

/** What is done with many, in the background: an import, a change and a file. */
async function makeJobs(call: Call, contactId: string, listId: string): Promise<One> {
  const imported = await call('POST', '/imports', 'phone,givenName\nnothing,Bad\n');
  await call('POST', `/imports/${imported.id}/start`, {});
  const who = { contacts: [contactId] };
  const job = await call('POST', '/contacts/bulk', { who, remove: [listId] });
  const file = await call('POST', '/exports', { who });
  for (const path of [`/imports/${imported.id}`, `/contacts/bulk/${job.id}`, `/exports/${file.id}`])
    await until('the job is done', async () => (await call('GET', path)).state === 'done');
  return { importId: imported.id, jobId: job.id, exportId: file.id };
}

/** What is filled, beside how many people there are: `some` of them did this and that. */
type Full = {
  sql: Sql;
  workspaceId: number;
  /** Where the copies of people have their ids (manyPeople.ts). */
  from: number;
  one: One;
  some: number;
  conversations: number;
};

/** Copies all of it: as many rows of each log as `some` people, and lists of things that are made by hand of some thousand. */
export async function fillRest(full: Full): Promise<void> {
  await fillBroadcast(full);
  await fillCampaign(full);
  await fillLogs(full);
  await fillMade(full);
  await fillTalk(full);
  await full.sql`ANALYZE`;
}

const idIn = (one: One, name: string) => fromHex24(one[name]!)!;
const series = (rows: number) => `generate_series(0, ${rows - 1}) n`;

/** Recipients of a broadcast: one in ten failed, one in three answered; as many hours as there are in a year. */
async function fillBroadcast({ sql, workspaceId, from, one, some }: Full): Promise<void> {
  const [run] = await sql<{ id: number }[]>`
    SELECT run_id AS id FROM broadcasts WHERE id = ${idIn(one, 'broadcastId')}`;
  const id = placeOf('n', from, 0);
  await copyRows(sql, 'deliveries', `cause_id = ${run!.id}`, series(some), {
    bucket: 'n % 4096',
    contact_id: id,
    external_ids: 'NULL',
    prior_state: 'NULL',
    state: 'CASE n % 10 WHEN 0 THEN 10 ELSE 5 END',
    code: `CASE n % 10 WHEN 0 THEN 'provider_error' END`,
  });
  await sql.unsafe(`
    INSERT INTO run_answers (bucket, contact_id, cause_id, kind, workspace_id, at_ms)
    SELECT n % 4096, ${id}, ${run!.id}, 1 + n % 2, ${workspaceId}, 1800000000000 FROM ${series(some)} WHERE n % 3 = 0`);
  await sql.unsafe(`
    INSERT INTO run_hours (bucket, cause_id, hour_ms, sent, delivered)
    SELECT bucket, cause_id, hour_ms + 3600000 * (n::bigint + 1), 1, 1
    FROM (SELECT * FROM run_hours WHERE cause_id = ${run!.id} LIMIT 1) t, ${series(10_000)}`);
}

/** People in a campaign: one in two has left it. */
async function fillCampaign({ sql, workspaceId, from, one, some }: Full): Promise<void> {
  const campaignId = idIn(one, 'campaignId');
  const instead = { bucket: 'n % 4096', contact_id: placeOf('n', from, 0) };
  await copyRows(sql, 'enrolments', `campaign_id = ${campaignId}`, series(some), {
    ...instead,
    id: placeOf('n', from, 7),
    entered_ms: 'entered_ms - n * 1000',
  });
  await copyRows(sql, 'campaign_entries', `campaign_id = ${campaignId}`, series(some), {
    ...instead,
    enrolment_id: placeOf('n', from, 7),
    entered_ms: 'entered_ms - n * 1000',
    ended_ms: 'CASE n % 2 WHEN 0 THEN entered_ms END',
    ending: `CASE n % 2 WHEN 0 THEN 'completed' END`,
  });
  await sql.unsafe(`
    INSERT INTO conversions (bucket, contact_id, enrolment_id, goal, event_key, workspace_id, campaign_id, epoch, arm, at_ms)
    SELECT n % 4096, ${placeOf('n', from, 0)}, ${placeOf('n', from, 7)}, 'bought', n, ${workspaceId}, ${campaignId}, 1, 1, 1800000000000 - n * 1000
    FROM ${series(some)}`);
  await sql.unsafe(`
    INSERT INTO segment_members (bucket, segment_id, contact_id, since_ms)
    SELECT n % 4096, ${idIn(one, 'segmentId')}, ${placeOf('n', from, 0)}, 1800000000000 FROM ${series(some)}`);
}

/** What happened, was asked, was called and was changed; one thing in a thousand went wrong. */
async function fillLogs({ sql, workspaceId, from, one, some }: Full): Promise<void> {
  const of = `workspace_id = ${workspaceId}`;
  const row = { bucket: 'n % 4096', id: placeOf('n', from, 6) };
  await copyRows(sql, 'feed_log', `${of} AND type = 'message.received'`, series(some), {
    ...row,
    at_ms: 'at_ms - n * 1000',
  });
  await copyRows(sql, 'audit_log', of, series(some), { ...row, at_ms: 'at_ms - n * 1000' });
  await copyRows(sql, 'webhook_calls', `webhook_id = ${idIn(one, 'webhookId')}`, series(some), {
    ...row,
    state: `CASE n % 1000 WHEN 7 THEN 'failed' ELSE 'delivered' END`,
    finished_ms: 'created_ms',
    tried_ms: 'created_ms',
  });
  // As many as are kept of a workspace (accounts/requests.ts); with a store of one's own none are written down.
  await sql.unsafe(`
    INSERT INTO request_log (workspace_id, at_ms, request_id, door, key_id, method, route, status, duration_ms)
    SELECT ${workspaceId}, 1800000000000 - n * 1000, 'request-' || n, 'console', 'con_1', 'GET', '/api/one',
      CASE n % 1000 WHEN 7 THEN 500 ELSE 200 END, 5 FROM ${series(2_000)}`);
  await copyRows(sql, 'orders', of, series(some), {
    ...row,
    contact_id: placeOf('n', from, 0),
    reference: 'NULL',
  });
  await copyRows(sql, 'import_faults', `import_id = ${idIn(one, 'importId')}`, series(some), {
    line: 'n + 10',
  });
}

const HAND_MADE = 1_000;

/** What somebody made: broadcasts, imports, files, changes, templates, segments. */
async function fillMade({ sql, from, one }: Full): Promise<void> {
  const id = placeOf('n', from, 9);
  const copies: readonly [string, string, Readonly<Record<string, string>>][] = [
    [
      'broadcasts',
      `id = ${idIn(one, 'broadcastId')}`,
      { run_id: 'NULL', state: `'draft'`, finished_ms: 'NULL' },
    ],
    ['imports', `id = ${idIn(one, 'importId')}`, {}],
    ['people_jobs', `id = ${idIn(one, 'jobId')}`, { link: 'NULL' }],
    ['people_jobs', `id = ${idIn(one, 'exportId')}`, { link: 'NULL', id: placeOf('n', from, 10) }],
    ['templates', `id = ${idIn(one, 'templateId')}`, { name: `'Copy ' || n` }],
    ['segments', `id = ${idIn(one, 'segmentId')}`, { key: `'copy-' || n` }],
  ];
  for (const [table, where, instead] of copies)
    await copyRows(sql, table, where, series(HAND_MADE), { id, ...instead });
  await copyRows(sql, 'template_versions', `template_id = ${idIn(one, 'templateId')}`, series(HAND_MADE), {
    version: 'n + 10',
  });
}

/** A conversation and a device that are very long, a group with many members, and words by which messages are found. */
async function fillTalk({ sql, workspaceId, from, one, conversations }: Full): Promise<void> {
  const contactId = idIn(one, 'contactId');
  const bucket = bucketOf(contactId);
  const at = `bucket = ${bucket} AND contact_id = ${contactId}`;
  const long = series(Math.max(1_000, conversations * 2));
  for (const [place, direction] of [
    [11, 'in'],
    [12, 'out'],
  ] as const)
    await copyRows(sql, 'messages', `${at} AND direction = '${direction}'`, long, {
      // In the bucket of the contact, a tick after each other.
      id: `((${from} + n) << 18) + (${place} << 12) + ${bucket}`,
      external_id: 'NULL',
      at_ms: 'at_ms - n * 60000',
    });
  await copyRows(sql, 'contact_events', at, long, { at_ms: 'at_ms - n * 60000', key: 'n' });
  await copyRows(sql, 'group_members', `group_id = ${idIn(one, 'groupId')}`, series(conversations), {
    bucket: 'n % 4096',
    contact_id: placeOf('n', from, 0),
  });
  await sql.unsafe(`
    INSERT INTO message_words (bucket, id, contact_id, conversation_id, workspace_id, words)
    SELECT bucket, id, contact_id, conversation_id, workspace_id, to_tsvector('simple', content ->> 'text')
    FROM messages WHERE workspace_id = ${workspaceId} AND direction = 'in' ON CONFLICT DO NOTHING`);
  await copyRows(
    sql,
    'simulated_messages',
    `workspace_id = ${workspaceId} AND address = '${ADDRESS}' AND direction = 'out'`,
    long,
    { id: `((${from} + n) << 18) + (13 << 12) + t.bucket`, ref: 'NULL' },
  );
}
