/** Campaigns by the console's API: from a file to the first measured effect, and why somebody got a message or did not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startConsole, type Json } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { base, call } = await startConsole(database);
const at = (path: string) => `${base}${path}`;
const ok = async (method: string, path: string, body?: unknown): Promise<Json> => {
  const reply = await call(method, at(path), body);
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body;
};
const example = (name: string) => readFileSync(join(import.meta.dirname, '..', 'examples', name), 'utf8');

async function newContact(name: string): Promise<string> {
  const made = await ok('POST', '/contacts', {
    email: `${name}@example.com`,
    givenName: name,
  });
  return made.id;
}

test('a campaign from a file: drafted, planned, published, entered by a call, told why, reported', async () => {
  const drafted = await ok('POST', '/campaigns', { file: example('appointment.yaml') });
  assert.deepEqual([drafted.key, drafted.state, drafted.hasDraft], ['appointment', 'draft', true]);
  assert.deepEqual(await ok('GET', `/campaigns/${drafted.id}/plan`), {
    number: 1,
    newEpoch: true,
    steps: [],
  });
  const live = await ok('POST', `/campaigns/${drafted.id}/publish`, { people: 'move' });
  assert.equal(live.state, 'active');
  const file = (await ok('GET', `/campaigns/${drafted.id}/file`)).file;
  assert.equal(file, example('appointment.yaml').replace(/^#.*\n/, ''));
  const ann = await newContact('ann-appointment');
  const enter = { contactId: ann, key: 'a-1', properties: { appointment: 'a-1' } };
  assert.equal((await call('POST', at(`/campaigns/${drafted.id}/enter`), enter)).status, 202);
  await ok('POST', `/campaigns/${drafted.id}/enter`, enter);
  const why = await until('the message is out', async () => {
    const told = await ok('GET', `/why?contact=${ann}&campaign=${drafted.id}`);
    return told.sent && told.decisions.some(({ what }: Json) => what === 'not entered') ? told : undefined;
  });
  const said = why.decisions.map(({ what }: Json) => what);
  assert.deepEqual(said.slice(0, 2), ['entered', 'sends']);
  assert.equal(said.filter((what: string) => what === 'entered').length, 1, 'one entry for one key');
  const { people } = await ok('GET', `/campaigns/${drafted.id}/people?step=opened`);
  assert.deepEqual([people.length, people[0].contactId, people[0].step], [1, ann, 'opened']);
  const report = await ok('GET', `/campaigns/${drafted.id}/report`);
  assert.equal(report.funnel.text.sent, 1);
  assert.deepEqual(report.epochs[0].entered, { treated: 1, holdout: 0, workspaceHoldout: 0 });
  const { days } = await ok('GET', `/campaigns/${drafted.id}/series`);
  assert.deepEqual(
    days.map(({ entered }: Json) => entered),
    [1],
  );
  const bob = await newContact('bob-appointment');
  const never = await ok('GET', `/why?contact=${bob}&campaign=${drafted.id}`);
  assert.deepEqual([never.sent, never.state, never.decisions], [false, 'never entered', []]);
});

test('what is wrong is refused with its path, and changes nothing', async () => {
  const reply = await call('POST', at('/campaigns'), {
    campaign: { parley: 'campaign/1', key: 'odd', stepz: [] },
  });
  assert.equal(reply.status, 400);
  assert.match(JSON.stringify(reply.body), /campaign\.stepz: is not known/);
  const template = {
    parley: 'campaign/1',
    key: 'odd',
    trigger: { api: true },
    steps: [{ key: 'a', send: { template: 'gone' } }],
  };
  assert.equal((await call('POST', at('/campaigns'), { campaign: template })).status, 400);
  const { campaigns } = await ok('GET', '/campaigns');
  assert.ok(campaigns.every(({ key }: Json) => key !== 'odd'));
});

test('paused it lets nobody in; ended all leave; pages', async () => {
  const { id } = await ok('POST', '/campaigns', {
    campaign: {
      parley: 'campaign/1',
      key: 'short',
      trigger: { api: true },
      steps: [{ key: 'w', wait: { for: '1d' } }],
    },
  });
  const early = await call('POST', at(`/campaigns/${id}/pause`), { what: 'all' });
  assert.equal(early.status, 409);
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  const who = await Promise.all(['p1', 'p2', 'p3'].map(newContact));
  for (const contactId of who) await ok('POST', `/campaigns/${id}/enter`, { contactId, key: 'k' });
  await until('all are in', async () => (await ok('GET', `/campaigns/${id}/people`)).people.length === 3);
  const first = await ok('GET', `/campaigns/${id}/people?limit=2`);
  const rest = await ok(
    'GET',
    `/campaigns/${id}/people?limit=2&before=${first.next.before}&beforeAt=${first.next.beforeAt}`,
  );
  const seen = [...first.people, ...rest.people].map(({ contactId }: Json) => contactId);
  assert.deepEqual([new Set(seen), seen.length, rest.next], [new Set(who), who.length, null]);
  await ok('POST', `/campaigns/${id}/pause`, { what: 'entering' });
  assert.equal(
    (await call('POST', at(`/campaigns/${id}/enter`), { contactId: who[0], key: 'z' })).status,
    409,
  );
  await ok('POST', `/campaigns/${id}/resume`, {});
  await ok('POST', `/campaigns/${id}/end`);
  await until('all left', async () => {
    const { people } = await ok('GET', `/campaigns/${id}/people?ending=campaign_ended`);
    return people.length === 3;
  });
});

test('parley reconcile --campaigns: adds up, and says what does not', async () => {
  assert.deepEqual((await ok('GET', '/reconcile/campaigns')).breaks, []);
  const { id } = await ok('POST', '/campaigns', {
    campaign: {
      parley: 'campaign/1',
      key: 'audit',
      trigger: { api: true },
      steps: [{ key: 'w', wait: { for: '1d' } }],
    },
  });
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  const contactId = await newContact('audited');
  await ok('POST', `/campaigns/${id}/enter`, { contactId, key: 'k' });
  await until('they are in', async () => (await ok('GET', `/campaigns/${id}/people`)).people.length === 1);
  await database.sql`DELETE FROM timers`;
  await database.sql`DELETE FROM campaign_tallies`;
  const { breaks } = await ok('GET', '/reconcile/campaigns');
  assert.match(
    breaks.join('; '),
    /\d in a campaign without a timer.*0 counted as entered \(epoch 1, arm 0\), and 1 rows/,
  );
});
