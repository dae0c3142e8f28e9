/** Campaigns by the console's API: from a file to the first measured effect, and why somebody got a message or did not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bucketOf, fromHex24, toHex24 } from '../src/base/ids.ts';
import { caller, startConsole, type Json } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { url, demo, base, call } = await startConsole(database);
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
    exact: true,
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
  assert.deepEqual([never.sent, never.state], [false, 'never entered']);
  assert.deepEqual(
    never.decisions.map(({ what, why: reason }: Json) => [what, reason]),
    [['not set off', 'nobody has let the contact in']],
  );
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

test('campaigns.md §3.12: a campaign that names templates is pulled as it was pushed, also once it is published', async () => {
  const text = (words: string) => ({ type: 'text', text: words });
  const named = await ok('POST', '/templates', { name: 'greeting', content: text('Good day') });
  await ok('POST', '/templates', { name: 'other', content: text('Good evening') });
  const file = `parley: campaign/1
key: by-template
trigger:
  api: true
steps:
  - key: hello
    send:
      template: greeting
  - key: again
    send:
      variants:
        - key: a
          template: greeting
          share: 50%
        - key: b
          content:
            type: text
            text: Hello
          share: 50%
`;
  const { id } = await ok('POST', '/campaigns', { file });
  const pulled = async () => (await ok('GET', `/campaigns/${id}/file`)).file;
  const asDraft = await pulled();
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  assert.deepEqual([await pulled(), asDraft], [file, file]);
  const { campaign } = await ok('GET', `/campaigns/${id}`);
  assert.deepEqual(campaign.steps[0].send, { template: 'greeting' });
  const said = async () => {
    const { versions } = await ok('GET', `/campaigns/${id}/versions`);
    return versions.map((one: Json) => [one.campaign.steps[0].send, one.campaign.steps[1].send.variants[0]]);
  };
  const first = [{ content: text('Good day') }, { key: 'a', share: '50%', content: text('Good day') }];
  assert.deepEqual(await said(), [first]);
  // What it says now is taken when it is published again, and not before.
  await ok('PATCH', `/templates/${named.id}`, { content: text('Good morning') });
  const ann = await newContact('by-template');
  await ok('POST', `/campaigns/${id}/enter`, { contactId: ann, key: 'k' });
  const sent = async () => JSON.stringify(await ok('GET', `/contacts/${ann}/export`));
  await until('it was said', async () => (await sent()).includes('Good day'));
  assert.doesNotMatch(await sent(), /Good morning/);
  await ok('POST', '/campaigns', { campaign });
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  assert.deepEqual((await said())[0][0], { content: text('Good morning') });
  assert.deepEqual((await said())[1], first);
});

test('versions of a campaign come in pages, the newest first', async () => {
  let id = '';
  for (const name of ['one', 'two', 'three', 'four', 'five']) {
    ({ id } = await ok('POST', '/campaigns', small('paged', { name })));
    await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  }
  const other = await ok('POST', '/campaigns', small('paged-too'));
  const numbers: number[][] = [];
  let next: string | null = '';
  while (next !== null) {
    const page: Json = await ok('GET', `/campaigns/${id}/versions?limit=2${next && `&before=${next}`}`);
    numbers.push(page.versions.map(({ number }: Json) => number));
    next = page.next;
  }
  assert.deepEqual(numbers, [[5, 4], [3, 2], [1]]);
  const { versions } = await ok('GET', `/campaigns/${id}/versions?before=${other.id}`);
  assert.deepEqual(versions, [], 'before what is no version of it there is none');
  assert.deepEqual(await refusedAt('GET', `/campaigns/${id}/versions?limit=0`), [400, 'limit']);
});

test('what marketing says may name the way out, as a broadcast’s does; a name that nobody has is refused', async () => {
  const content = {
    type: 'text',
    subject: 'News',
    text: 'Hi {{ first_name }}, leave by {{ links.unsubscribe }}.',
    html: '<p>{{ event.said }} <a href="{{ links.unsubscribe }}">Leave</a></p>',
  };
  const file = (more: object = {}) => ({
    campaign: {
      parley: 'campaign/1',
      key: 'way-out',
      trigger: { api: true },
      steps: [{ key: 'news', send: { content, channel: 'email', ...more } }],
    },
  });
  const drafted = await ok('POST', '/campaigns', file());
  await ok('POST', `/campaigns/${drafted.id}/publish`, { people: 'move' });
  const contactId = await newContact('way-out');
  const said = '{{ links.unsubscribe }}';
  await ok('POST', `/campaigns/${drafted.id}/enter`, { contactId, key: '1', properties: { said } });
  const mail = await until('the mail is there', async () => {
    const { messages } = await ok('GET', '/simulator/messages?address=way-out@example.com');
    return messages[0]?.content;
  });
  const [, url] = /leave by (\S+)\.(\s|$)/.exec(mail.text)!;
  assert.match(url!, /\/u\/[\w-]+$/);
  assert.equal(mail.headers['List-Unsubscribe'], `<${url}>`);
  assert.ok(mail.html.includes(`<a href="${url}">Leave</a>`), mail.html);
  assert.ok(mail.html.includes(said), 'what somebody said stays what they said');
  const body = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' });
  assert.equal((await fetch(url!, { method: 'POST', body })).status, 200);
  for (const [odd, text] of [
    [{ class: 'transactional' }, content.text],
    [{}, 'Hi {{ contact.attributes.first }}'],
    [{}, 'Hi {{ contact.firstName }}'],
  ] as const) {
    const refused = await call('POST', at('/campaigns'), file({ ...odd, content: { type: 'text', text } }));
    assert.equal(refused.status, 400, text);
    assert.equal(refused.body.error.field, 'campaign.steps[0].send.content');
  }
});

const small = (key: string, more: object = {}) => ({
  campaign: {
    parley: 'campaign/1',
    key,
    trigger: { api: true },
    steps: [{ key: 'm', send: { content: { type: 'text', text: 'hi' }, channel: 'email' } }],
    ...more,
  },
});
const refusedAt = async (method: string, path: string, body?: unknown) => {
  const reply = await call(method, at(path), body);
  assert.ok(reply.status >= 400 && reply.status < 500, `${method} ${path}: ${reply.status}`);
  return [reply.status, reply.body.error.field ?? null];
};

test('a draft that is taken back takes its name back, and is there once; a key that is over is no draft’s, and that is told before', async () => {
  const { id } = await ok('POST', '/campaigns', small('names', { name: 'First' }));
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  assert.equal((await ok('POST', '/campaigns', small('names', { name: 'Second' }))).name, 'Second');
  assert.equal((await ok('DELETE', `/campaigns/${id}/draft`)).name, 'First');
  assert.deepEqual(await refusedAt('DELETE', `/campaigns/${id}/draft`), [409, null]);
  await ok('POST', `/campaigns/${id}/end`);
  assert.deepEqual(await refusedAt('POST', '/campaigns', small('names')), [409, 'campaign.key']);
  const { valid, problems } = await ok('POST', '/campaigns/validate', small('names'));
  assert.deepEqual([valid, problems[0].field], [false, 'campaign.key']);
});

test('campaigns.md §2: what a campaign names is refused by name where it is not there, and so is a goal that it has not', async () => {
  const starts = (campaign: string) => ({ steps: [{ key: 's', start: { campaign } }] });
  const { id } = await ok('POST', '/campaigns', small('leads', starts('nowhere')));
  const field = 'campaign.steps[0].start.campaign';
  assert.deepEqual(await refusedAt('POST', `/campaigns/${id}/publish`, { people: 'move' }), [400, field]);
  await ok('POST', '/campaigns', small('nowhere'));
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  const never = { filter: { did: 'x', atLeast: 3, atMost: 2 } };
  assert.deepEqual(await refusedAt('POST', '/campaigns', small('never', never)), [
    400,
    'campaign.filter.atMost',
  ]);
  for (const path of ['series', 'conversions'])
    assert.deepEqual(await refusedAt('GET', `/campaigns/${id}/${path}?goal=nope`), [400, 'goal']);
  const turned = 'from=2026-11-30T00:00:00Z&to=2026-11-01T00:00:00Z';
  assert.deepEqual(await refusedAt('GET', `/campaigns/${id}/series?${turned}`), [400, 'from']);
});

test('somebody who became another is found as them: why, their way, their campaigns, what they did', async () => {
  const { id } = await ok('POST', '/campaigns', small('became'));
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  const [survivingId, discardedId] = [await newContact('became-one'), await newContact('became-other')];
  await ok('POST', `/campaigns/${id}/enter`, { contactId: discardedId, key: '1' });
  await until('they entered', async () => {
    const { people } = await ok('GET', `/campaigns/${id}/people`);
    return people.length === 1;
  });
  await ok('POST', '/contacts/merge', { survivingId, discardedId });
  const told = await until('the way moved', async () => {
    const shown = await ok('GET', `/why?contact=${survivingId}&campaign=${id}`);
    return shown.decisions.length > 0 && shown;
  });
  const before = await ok('GET', `/why?contact=${discardedId}&campaign=${id}`);
  assert.deepEqual(before.decisions[0], told.decisions[0]);
  assert.equal((await ok('GET', `/campaigns/${id}/people/${discardedId}`)).entries.length, 1);
  assert.equal((await ok('GET', `/contacts/${discardedId}/campaigns`)).campaigns.length, 1);
  await ok('GET', `/contacts/${discardedId}/events`);
});

test('campaigns.md §1.1: a rehearsal and a back-test say of each message whether it can be said, of stored templates, too', async () => {
  const contactId = await newContact('said-to');
  await ok('POST', '/templates', { name: 'rehearsed', content: { type: 'text', text: '{{ event.item }}' } });
  const did = { trigger: { event: { did: 'rehearsed' } } };
  const file = small('rehearsed', {
    ...did,
    steps: [
      { key: 'named', send: { template: 'rehearsed', channel: 'email' } },
      { key: 'set', set: { town: 'Ghent' } },
      { key: 'own', send: { content: { type: 'text', text: '{{ attributes.town }}' }, channel: 'email' } },
    ],
  });
  const codes = async (properties?: object) => {
    const { sends } = await ok('POST', '/campaigns/rehearse', { ...file, contactId, properties });
    return sends.map(({ step, code }: Json) => [step, code]);
  };
  const unsaid = 'it cannot be said: message.text: variable event.item has no value';
  assert.deepEqual(await codes(), [
    ['named', unsaid],
    ['own', null],
  ]);
  assert.deepEqual(await codes({ item: 'chair' }), [
    ['named', null],
    ['own', null],
  ]);
  const asks = small('rehearsed', { ...did, filter: { inSegment: 'nowhere' } });
  for (const [path, body] of [
    ['/campaigns/rehearse', { ...asks, contactId }],
    ['/backtests', asks],
  ] as const) {
    const refused = await call('POST', at(path), body);
    assert.equal(refused.status, 400, path);
    assert.match(refused.body.error.message, /no segment nowhere/);
  }
  const headers = { 'x-outbound-key': demo.keys.outbound.private, 'content-type': 'application/json' };
  const event = { user_id: 'rehearsed', event: 'rehearsed' };
  const user = { user_id: 'rehearsed', email: 'rehearsed-too@example.com' };
  const body = JSON.stringify({ ...event, user });
  assert.equal((await fetch(`${url}/v2/track`, { method: 'POST', headers, body })).status, 200);
  const begun = await ok('POST', '/backtests', { ...file, all: true });
  const done = await until('it was tried', async () => {
    const shown = await ok('GET', `/backtests/${begun.id}`);
    return shown.state === 'done' && shown.result;
  });
  assert.equal(done.unsent[unsaid].n, 1);
});

test('campaigns.md §3.2: why tells of somebody who waits for an attribute that they are not decided on yet; nothing is since a time to come', async () => {
  const filter = { attribute: 'city', is: 'Ghent' };
  const { id } = await ok('POST', '/campaigns', small('undecided', { filter }));
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  const contactId = await newContact('undecided');
  await ok('POST', `/campaigns/${id}/enter`, { contactId, key: '1' });
  const told = await until('it waits', async () => {
    const why = await ok('GET', `/why?contact=${contactId}&campaign=${id}`);
    return why.state !== 'never entered' && why;
  });
  assert.equal(told.state, 'not decided yet');
  assert.match(told.decisions[0].why, /attribute that the filter asks for/);
  await ok('PATCH', `/contacts/${contactId}`, { attributes: { city: 'Ghent' } });
  await until('they entered', async () => {
    const why = await ok('GET', `/why?contact=${contactId}&campaign=${id}`);
    return why.decisions[0].what === 'entered' && why.state !== 'not decided yet';
  });
  const since = '2999-01-01T00:00:00Z';
  assert.deepEqual(await refusedAt('GET', `/campaigns/${id}/since?since=${since}`), [400, 'since']);
  assert.deepEqual(await refusedAt('POST', `/campaigns/${id}/since`, { since }), [400, 'since']);
});

test('campaigns.md §1: why tells of who never entered what did not set it off', async () => {
  const headers = { 'x-outbound-key': demo.keys.outbound.private, 'content-type': 'application/json' };
  const user = { email: 'never-set-off@example.com' };
  const body = JSON.stringify({ user_id: 'never set off', event: 'asked before', user });
  assert.equal((await fetch(`${url}/v2/track`, { method: 'POST', headers, body })).status, 200);
  const contactId = (await ok('GET', '/contacts?search=never-set-off@example.com')).contacts[0].id;
  await ok('PATCH', `/contacts/${contactId}`, { attributes: { tier: 'gold', ends: '2020-01-01' } });
  const { id: segmentId } = await ok('POST', '/segments', {
    key: 'gold-tier',
    rule: { attribute: 'tier', is: 'gold' },
  });
  await until(
    'who is in it is found',
    async () => (await ok('GET', `/segments/${segmentId}`)).state === 'live',
  );
  const told: [object, RegExp][] = [
    [{ event: { did: 'asked before' } }, /did that last at \S+Z, before the campaign was published/],
    [{ event: { did: 'asked never' } }, /asked never sets it off, and the contact has never done that/],
    [{ segment: { entered: 'gold-tier' } }, /was in the segment gold-tier when the campaign was published/],
    [{ segment: { left: 'gold-tier' } }, /is in the segment gold-tier, and has not left it/],
    [{ tag: { entered: 'gone by' } }, /is not in what sets it off/],
    [{ attribute: { path: 'tier', changed: true } }, /tier has not changed since/],
    [{ date: { attribute: 'ends' } }, /the date in ends comes, or came, at 2020-01-01T/],
    [{ date: { attribute: 'begins' } }, /begins has no value/],
  ];
  for (const [n, [trigger, why]] of told.entries()) {
    const { id } = await ok('POST', '/campaigns', small(`never-${n}`, { trigger }));
    const of = `/why?contact=${contactId}&campaign=${id}`;
    assert.match((await ok('GET', of)).decisions[0].why, /never published/);
    await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
    const { state, decisions } = await ok('GET', of);
    assert.deepEqual([state, decisions.length, decisions[0].what], ['never entered', 1, 'not set off']);
    assert.match(decisions[0].why, why);
  }
});

test('who became another is let in as them by their old id, and not again by the same key', async () => {
  const { id } = await ok('POST', '/campaigns', small('enters-as'));
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  const [survivingId, discardedId] = [await newContact('enters-one'), await newContact('enters-other')];
  await ok('POST', '/contacts/merge', { survivingId, discardedId });
  const told = await ok('POST', `/campaigns/${id}/enter`, { contactId: discardedId, key: '1' });
  assert.equal(told.contactId, survivingId);
  await until('they entered', async () => {
    const { people } = await ok('GET', `/campaigns/${id}/people`);
    return people.length === 1 && people[0].contactId === survivingId;
  });
  await ok('POST', `/campaigns/${id}/enter`, { contactId: survivingId, key: '1' });
  await ok('POST', `/campaigns/${id}/enter`, { contactId: await newContact('enters-last'), key: '1' });
  const people = await until('who was called in behind them entered', async () => {
    const shown = await ok('GET', `/campaigns/${id}/people`);
    return shown.people.length > 1 && shown.people;
  });
  assert.equal(people.length, 2);
  const nobody = await refusedAt('POST', `/campaigns/${id}/enter`, { contactId: id, key: '1' });
  assert.deepEqual(nobody, [404, 'contactId']);
});

test('why tells of entries of one instant one after the other, and not of each a part', async () => {
  const { id } = await ok('POST', '/campaigns', small('in-turn'));
  const contactId = await newContact('in-turn');
  const of = { bucket: bucketOf(fromHex24(contactId)!), contactId: fromHex24(contactId)! };
  await database.sql`
    INSERT INTO enrolment_log (bucket, contact_id, enrolment_id, seq, at_ms, workspace_id, campaign_id, what, step)
    SELECT ${of.bucket}, ${of.contactId}::bigint, e, s, c.created_ms, c.workspace_id, c.id, 'done', e || '.' || s
    FROM campaigns c, generate_series(1, 3) e, generate_series(1, 3) s WHERE c.id = ${fromHex24(id)!}`;
  const { decisions } = await ok('GET', `/why?contact=${contactId}&campaign=${id}`);
  assert.deepEqual(
    decisions.map(({ why }: Json) => why.match(/[\d.]+$/)[0]),
    ['1.1', '1.2', '1.3', '2.1', '2.2', '2.3', '3.1', '3.2', '3.3'],
  );
  await database.sql`DELETE FROM enrolment_log WHERE campaign_id = ${fromHex24(id)!}`;
});

test('a share of a holdout that is none is refused in words', async () => {
  for (const share of ['ten', '5', '51%', '-1%', '100%', '']) {
    const { status, body } = await call('PUT', at('/holdout'), { share });
    assert.equal(status, 400, share);
    assert.equal(body.error.message, 'share: must be a share from 0% to 50%, such as 5%', share);
  }
});

test('a list that a campaign which runs names keeps its name; a segment goes on naming the same list', async () => {
  const list = await ok('POST', '/lists', { name: 'Regulars' });
  const member = await newContact('regular');
  await ok('POST', `/lists/${list.id}/members`, { add: [member] });
  const segment = await ok('POST', '/segments', { key: 'regulars', rule: { inList: 'Regulars' } });
  const { id } = await ok('POST', '/campaigns', small('to-regulars', { filter: { inList: 'Regulars' } }));
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  assert.deepEqual(await refusedAt('PATCH', `/lists/${list.id}`, { name: 'Friends' }), [409, null]);
  assert.deepEqual(await refusedAt('DELETE', `/lists/${list.id}`), [409, null]);
  await ok('POST', `/campaigns/${id}/end`);
  await ok('PATCH', `/lists/${list.id}`, { name: 'Friends' });
  const shown = await until('it is found again', async () => {
    const found = await ok('GET', `/segments/${segment.id}`);
    return found.state === 'live' && found;
  });
  assert.deepEqual(shown.rule, { inList: 'Friends' });
  assert.equal((await ok('GET', `/segments/${segment.id}/count?exact=true`)).exact, 1);
});

test('a draft that asks for a list or segment which is gone is not published, and the answer names where it asks', async () => {
  const list = await ok('POST', '/lists', { name: 'Passing' });
  const segment = await ok('POST', '/segments', { key: 'passing', rule: { attribute: 'plan', is: 'pro' } });
  const asks = [
    ['trigger.list.left', { trigger: { list: { left: 'Passing' } } }],
    ['trigger.segment.entered', { trigger: { segment: { entered: 'passing' } } }],
    ['filter.all[1].not.inList', { filter: { all: [{ did: 'x' }, { not: { inList: 'Passing' } }] } }],
    ['filter.any[0].inSegment', { filter: { any: [{ inSegment: 'passing' }, { did: 'x' }] } }],
    [
      'steps[0].branch[0].when.inSegment',
      {
        steps: [
          { key: 'b', branch: [{ to: 'end', when: { inSegment: 'passing' } }] },
          { key: 'rest', wait: { for: '1d' } },
        ],
      },
    ],
  ] as const;
  const drafts: [string, string][] = [];
  for (const [i, [field, more]] of asks.entries()) {
    const { id } = await ok('POST', '/campaigns', small(`asks-${i}`, more));
    drafts.push([id, `campaign.${field}`]);
  }
  await ok('DELETE', `/lists/${list.id}`);
  await ok('DELETE', `/segments/${segment.id}`);
  for (const [id, field] of drafts) {
    const before = await ok('GET', `/campaigns/${id}`);
    const { status, body } = await call('POST', at(`/campaigns/${id}/publish`), { people: 'move' });
    assert.deepEqual([status, body.error.field], [400, field]);
    assert.match(body.error.message, / there is no (list Passing|segment passing)$/);
    assert.deepEqual(await ok('GET', `/campaigns/${id}`), before, 'nothing is changed by it');
  }
  await ok('POST', '/lists', { name: 'Passing' });
  await ok('POST', `/campaigns/${drafts[0]![0]}/publish`, { people: 'move' });
  // A tag is made where the first is given it.
  const { id } = await ok(
    'POST',
    '/campaigns',
    small('to-come', { trigger: { tag: { entered: 'to come' } } }),
  );
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
});

test('a list or tag that a segment names is not deleted, and the answer names the segment', async () => {
  for (const [kind, asked] of [
    ['list', 'inList'],
    ['tag', 'tagged'],
  ] as const) {
    const name = `Kept ${kind}`;
    const set = await ok('POST', `/${kind}s`, { name });
    const other = await ok('POST', `/${kind === 'list' ? 'tag' : 'list'}s`, { name });
    const rule = { any: [{ not: { [asked]: name } }, { attribute: 'plan', is: 'pro' }] };
    const segment = await ok('POST', '/segments', { key: `kept-${kind}`, rule });
    const { status, body } = await call('DELETE', at(`/${kind}s/${set.id}`));
    assert.equal(status, 409);
    assert.match(body.error.message, new RegExp(`^segment kept-${kind} names this ${kind}`));
    await ok('DELETE', `/${kind === 'list' ? 'tag' : 'list'}s/${other.id}`);
    await ok('PATCH', `/${kind}s/${set.id}`, { name: `${name} still` });
    assert.deepEqual(await refusedAt('DELETE', `/${kind}s/${set.id}`), [409, null], 'by its new name');
    if (kind === 'list') await ok('DELETE', `/segments/${segment.id}`);
    else await ok('PATCH', `/segments/${segment.id}`, { rule: { attribute: 'plan', is: 'pro' } });
    await ok('DELETE', `/${kind}s/${set.id}`);
  }
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
  await ok('POST', `/campaigns/${id}/pause`, { what: 'all' });
  assert.deepEqual(await ok('GET', `/campaigns/${id}/resume`), { people: 3, overdue: 0, exact: true });
  await ok('POST', `/campaigns/${id}/resume`, {});
  await ok('POST', `/campaigns/${id}/end`);
  await until('all left', async () => {
    const { people } = await ok('GET', `/campaigns/${id}/people?ending=campaign_ended`);
    return people.length === 3;
  });
  assert.equal((await call('POST', at(`/campaigns/${id}/resume`), {})).status, 409);
  assert.equal((await ok('GET', `/campaigns/${id}`)).state, 'ended');
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

const LATER = {
  parley: 'campaign/1',
  key: 'later',
  trigger: { event: { did: 'signup' } },
  filter: { attribute: 'city', is: 'Paris' },
  steps: [
    { key: 'rest', wait: { for: '1d' } },
    {
      key: 'paid',
      wait_for: { event: 'pay', timeout: '2d' },
      then: { done: 'thanks', timeout: 'nudge' },
    },
    {
      key: 'thanks',
      send: { content: { type: 'text', text: 'thanks' }, channel: 'email' },
      then: { next: 'end' },
    },
    { key: 'nudge', send: { content: { type: 'text', text: 'nudge' }, channel: 'email' } },
  ],
};

test('a draft is changed at the revision that is named; who else changed it is told, and one of two wins', async () => {
  const { email, password } = demo.keys.console;
  const { body: session } = await caller(url)('POST', '/api/sessions', { email, password });
  const byOperator = caller(url, session.token);
  const { body: made } = await byOperator('POST', `${base}/campaigns`, {
    campaign: { ...LATER, key: 'revised' },
  });
  assert.equal(made.revision, 1);
  assert.match(made.changedBy, /^[0-9a-f]{24}$/);
  const at = (revision: number) => ({ 'if-match': `"${revision}"` });
  const write = (name: string, revision: number) =>
    byOperator('POST', `${base}/campaigns`, { campaign: { ...LATER, key: 'revised', name } }, at(revision));
  const both = await Promise.all([write('One', 1), write('Two', 1)]);
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [201, 412],
  );
  const refused = both.find(({ status }) => status === 412)!;
  assert.match(JSON.stringify(refused.body), /has changed it meanwhile: it is at revision 2 now/);
  assert.doesNotMatch(JSON.stringify(refused.body), /somebody/, 'and who');
  const publish = (revision: number) =>
    call('POST', `${base}/campaigns/${made.id}/publish`, { people: 'move' }, at(revision));
  assert.equal((await publish(1)).status, 412);
  assert.equal((await publish(2)).status, 200);
  assert.equal((await ok('GET', `/campaigns/${made.id}`)).revision, 3);
  assert.equal((await write('Three', 2)).status, 412);
  assert.equal(
    (await call('POST', `${base}/campaigns`, { campaign: LATER }, { 'if-match': 'x' })).status,
    400,
  );
});

test('the gallery holds what is in examples; each of it is valid, and what is not is told by field', async () => {
  const { campaigns } = await ok('GET', '/campaigns/gallery');
  assert.ok(campaigns.length >= 6);
  for (const { key, about, file } of campaigns) {
    const checked = await ok('POST', '/campaigns/validate', { file });
    assert.ok(about.length > 10, key);
    // What other things of a workspace it names may not be there.
    if (checked.valid) assert.equal(checked.file, file, key);
    else assert.match(checked.problems[0].message, /template|segment|webhook|action/, key);
  }
  const wrong = await ok('POST', '/campaigns/validate', { campaign: { ...LATER, steps: [] } });
  assert.deepEqual([wrong.valid, wrong.file, wrong.problems[0].field], [false, null, 'campaign.steps']);
  const unread = await ok('POST', '/campaigns/validate', { file: 'a: [' });
  assert.equal(unread.valid, false);
});

test('a rehearsal tells what would be done with one contact, and does nothing', async () => {
  const contactId = await newContact('rehearsed');
  const run = async (more: object) =>
    await ok('POST', '/campaigns/rehearse', { campaign: LATER, contactId, ...more });
  const without = await run({});
  assert.match(without.steps.at(-1).why, /filter/);
  await ok('PATCH', `/contacts/${contactId}`, { attributes: { city: 'Paris' } });
  const unpaid = await run({});
  assert.deepEqual(
    unpaid.sends.map(({ step }: Json) => step),
    ['nudge'],
  );
  const days = (Date.parse(unpaid.sends[0].wantedAt) - Date.parse(unpaid.steps[0].at)) / 86_400_000;
  assert.equal(days, 3);
  const paid = await run({ events: [{ name: 'pay', after: '2d' }] });
  assert.deepEqual(
    paid.sends.map(({ step }: Json) => step),
    ['thanks'],
  );
  const called = await run({ campaign: { ...LATER, trigger: { hand: true } } });
  assert.equal(called.steps[0].what, 'entered');
  const odd = await call('POST', at('/campaigns/rehearse'), {
    campaign: LATER,
    contactId,
    events: [{ name: 'pay', after: 'soon' }],
  });
  assert.equal(odd.status, 400);
  const kept = await database.sql`SELECT 1 FROM campaigns WHERE key = 'later'`;
  assert.equal(kept.length, 0);
});

test('an audience is let in by hand: a forecast by the rules that let in, then each once for a key', async () => {
  const steps = [{ key: 'w', wait: { for: '1d' } }];
  // As often as there are keys.
  const often = { entry: 'every', whileActive: 'alongside' };
  const campaign = { parley: 'campaign/1', key: 'by-hand', trigger: { hand: true }, ...often, steps };
  const { id } = await ok('POST', '/campaigns', {
    campaign: { ...campaign, filter: { attribute: 'plan', is: 'pro' } },
  });
  const who = await Promise.all(['h1', 'h2', 'h3'].map(newContact));
  for (const [i, contactId] of who.entries())
    await ok('PATCH', `/contacts/${contactId}`, { attributes: { plan: i < 2 ? 'pro' : 'free' } });
  const given = { audience: { include: { contacts: who } }, key: 'may' };
  assert.equal((await call('POST', at(`/campaigns/${id}/hand/forecast`), given)).status, 409);
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  const all = { audience: { include: { all: true } }, key: 'may' };
  const forecast = await ok('POST', `/campaigns/${id}/hand/forecast`, all);
  assert.ok(forecast.asked === forecast.about && forecast.wouldEnter <= 2, JSON.stringify(forecast));
  const named = await ok('POST', `/campaigns/${id}/hand/forecast`, given);
  const { about, error, asked, wouldEnter, refused } = named;
  assert.deepEqual([about, error, asked, wouldEnter], [3, 0, 3, 2]);
  assert.deepEqual(
    refused.map(({ reason, people }: Json) => [reason, people]),
    [['filter', 1]],
  );
  for (const _ of [1, 2]) await ok('POST', `/campaigns/${id}/hand`, given);
  await until('all is done', async () => (await database.sql`SELECT 1 FROM campaign_tasks`).length === 0);
  const { people } = await ok('GET', `/campaigns/${id}/people`);
  assert.deepEqual(people.map(({ contactId }: Json) => contactId).toSorted(), who.slice(0, 2).toSorted());
  const places = await ok('GET', `/campaigns/${id}/steps`);
  assert.deepEqual(places, { steps: [{ step: 'w', version: 1, people: 2 }], exact: true });
  const trail = await ok('GET', `/campaigns/${id}/people/${who[0]}`);
  assert.deepEqual(
    trail.entries[0].trail.map(({ what }: Json) => what),
    ['entered', 'waits'],
  );
  const never = await ok('GET', `/campaigns/${id}/people/${who[2]}`);
  assert.deepEqual([never.entries, never.refused.reason], [[], 'filter']);
  const other = await ok('POST', '/campaigns', {
    campaign: { ...campaign, key: 'not-by-hand', trigger: LATER.trigger },
  });
  await ok('POST', `/campaigns/${other.id}/publish`, { people: 'move' });
  assert.equal((await call('POST', at(`/campaigns/${other.id}/hand`), given)).status, 422);
});

test('campaigns.md §3.10: lists go on where they were, also within one instant: entries of one call, purchases of one second', async () => {
  const contactId = await newContact('at-once');
  const goals = [{ key: 'bought', event: 'buy at once', within: '1d' }];
  const { id } = await ok('POST', '/campaigns', {
    campaign: {
      parley: 'campaign/1',
      key: 'at-once',
      trigger: { event: { did: 'in at once' } },
      entry: 'every',
      whileActive: 'alongside',
      goals,
      steps: [{ key: 'w', wait: { for: '1d' } }],
    },
  });
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  const { sql } = database;
  const [owner] = await sql<
    { id: number }[]
  >`SELECT workspace_id AS id FROM campaigns WHERE id = ${fromHex24(id)!}`;
  const of = { workspaceId: owner!.id, contactId: fromHex24(contactId)! };
  const bucket = bucketOf(of.contactId);
  // Four events that were told in one call were received at one instant; purchases are told by the second.
  await sql`
    INSERT INTO campaign_entries (bucket, contact_id, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm, entered_ms)
    SELECT ${bucket}, ${of.contactId}::bigint, ${fromHex24(id)!}::bigint, i, i, ${of.workspaceId}::bigint, 0, 1, 0, 1000 FROM generate_series(1, 4) i`;
  await sql`
    INSERT INTO conversions (bucket, contact_id, enrolment_id, goal, event_key, workspace_id, campaign_id, epoch, arm, at_ms, value)
    SELECT ${bucket}, ${of.contactId}::bigint, 1, 'bought', i, ${of.workspaceId}::bigint, ${fromHex24(id)!}::bigint, 1, 0, 1000, i
    FROM generate_series(1, 4) i`;
  const walked = async (path: string, list: string) => {
    const seen: Json[] = [];
    for (let more = ''; ; ) {
      const page = await ok('GET', `/campaigns/${id}/${path}?limit=1${more}`);
      seen.push(...page[list]);
      if (page.next === null || seen.length > 4) return seen;
      more = Object.entries(page.next)
        .map(([name, value]) => `&${name}=${encodeURIComponent(String(value))}`)
        .join('');
    }
  };
  assert.equal((await walked('people', 'people')).length, 4);
  const values = (await walked('conversions', 'conversions')).map(({ value }) => value);
  assert.deepEqual(
    values.toSorted((a: number, b: number) => a - b),
    [1, 2, 3, 4],
  );
  await sql`DELETE FROM campaign_entries WHERE campaign_id = ${fromHex24(id)!}`;
  await sql`DELETE FROM conversions WHERE campaign_id = ${fromHex24(id)!}`;
});

test('a contact’s campaigns: what they are in first, with step and due time, then what they were in, page by page', async () => {
  const contactId = await newContact('in-several');
  const often = { entry: 'every', whileActive: 'alongside', trigger: { api: true } };
  const made = async (key: string, wait: string) => {
    const steps = [{ key: 'w', wait: { for: wait } }];
    const { id } = await ok('POST', '/campaigns', {
      campaign: { parley: 'campaign/1', key, name: `Called ${key}`, ...often, steps },
    });
    await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
    return id as string;
  };
  const [long, short] = [await made('is-in', '3d'), await made('was-in', '1s')];
  const of = (query = '') => ok('GET', `/contacts/${contactId}/campaigns${query}`);
  assert.deepEqual(await of(), { campaigns: [], next: null });
  for (const [id, key] of [
    [long, 'a'],
    [short, 'b'],
    [long, 'c'],
    [short, 'd'],
  ])
    await ok('POST', `/campaigns/${id}/enter`, { contactId, key });
  const all = await until('two are over', async () => {
    const { campaigns } = await of();
    return campaigns.filter(({ endedAt }: Json) => endedAt).length === 2 ? campaigns : undefined;
  });
  assert.deepEqual(
    all.map(({ campaign, step, ending, endedAt }: Json) => [campaign.id, step, ending, endedAt === null]),
    [
      [long, 'w', null, true],
      [long, 'w', null, true],
      [short, null, 'completed', false],
      [short, null, 'completed', false],
    ],
  );
  const [first] = all;
  assert.deepEqual(first.campaign, { id: long, name: 'Called is-in', state: 'active' });
  assert.equal(Date.parse(first.dueAt) - Date.parse(first.enteredAt), 3 * 86_400_000);
  assert.equal(all[2].dueAt, null);
  const pages: Json[] = [];
  let after = '';
  do {
    const page = await of(`?limit=1${after}`);
    assert.equal(page.campaigns.length, 1);
    pages.push(...page.campaigns);
    after = page.next === null ? '' : `&after=${encodeURIComponent(page.next)}`;
  } while (after);
  assert.deepEqual(pages, all);
  for (const odd of [
    'x',
    'in.1',
    'is.1.000000000000000000000001',
    'in.99999999999999999.000000000000000000000001',
  ])
    assert.equal((await call('GET', at(`/contacts/${contactId}/campaigns?after=${odd}`))).status, 400, odd);
  assert.equal((await call('GET', at(`/contacts/${'0'.repeat(24)}/campaigns`))).status, 404);
});

test('what has ended is put aside, and taken back', async () => {
  const { id } = await ok('POST', '/campaigns', { campaign: { ...LATER, key: 'aside' } });
  assert.equal((await call('POST', at(`/campaigns/${id}/archive`))).status, 409);
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  await ok('POST', `/campaigns/${id}/end`);
  const keys = async (query = '') =>
    (await ok('GET', `/campaigns${query}`)).campaigns.map(({ key }: Json) => key);
  assert.ok((await ok('POST', `/campaigns/${id}/archive`)).archivedAt);
  assert.deepEqual([(await keys()).includes('aside'), await keys('?archived=true')], [false, ['aside']]);
  await ok('POST', `/campaigns/${id}/restore`);
  assert.ok((await keys()).includes('aside'));
});

test('scenario 23: an import sets nothing off, unless whoever begins it says of how many rows it may', async () => {
  const campaign = {
    parley: 'campaign/1',
    key: 'came',
    trigger: { attribute: { path: 'plan', is: 'gold' } },
    steps: [{ key: 'w', wait: { for: '1d' } }],
  };
  const { id } = await ok('POST', '/campaigns', { campaign });
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  await until(
    'it is looked at everywhere',
    async () => (await database.sql`SELECT 1 FROM campaign_tasks`).length === 0,
  );
  const bringIn = async (name: string, setsOff?: number): Promise<number> => {
    const text = `email,plan\n${name}1@example.com,gold\n${name}2@example.com,gold\n`;
    const sent = await call('POST', at('/imports'), text, { 'content-type': 'text/csv' });
    assert.equal(sent.status, 201, JSON.stringify(sent.body));
    const begun = await call('POST', at(`/imports/${sent.body.id}/start`), { setsOff });
    if (begun.status !== 200) return begun.status;
    await until('it is read', async () => (await ok('GET', `/imports/${sent.body.id}`)).state === 'done');
    await until('it is taken', async () => (await database.sql`SELECT 1 FROM event_arrivals`).length === 0);
    return begun.status;
  };
  const entered = async () => (await ok('GET', `/campaigns/${id}/people`)).people.length;
  assert.deepEqual([await bringIn('quiet'), await entered()], [200, 0]);
  assert.deepEqual([await bringIn('wrong', 3), await entered()], [400, 0]);
  assert.deepEqual([await bringIn('loud', 2), await entered()], [200, 2]);
});

test('a way through a back-test comes in pages, each thing once and in order, also many of one instant', async () => {
  const told = await fetch(`${url}/v2/track`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-outbound-key': demo.keys.outbound.private },
    body: JSON.stringify({ user_id: 'long-way', event: 'passed by', email: 'long@example.com' }),
  });
  assert.equal(told.status, 200, await told.text());
  const { sql } = database;
  const [event] = await until('what they did is known', async () => {
    const rows = await sql<{ contactId: number; atMs: number }[]>`
      SELECT e.contact_id AS "contactId", e.at_ms AS "atMs" FROM contact_events e JOIN event_names n ON n.id = e.name_id
      WHERE n.name = 'passed by'`;
    return rows.length ? rows : undefined;
  });
  const MANY = 250;
  // Five in each second, received when they were done.
  await sql`
    INSERT INTO contact_events (bucket, contact_id, name_id, at_ms, key, workspace_id, received_ms, flags, properties, arrival_id)
    SELECT bucket, contact_id, name_id, at_ms - (n / 5 + 1) * 1000, n, workspace_id, received_ms - (n / 5 + 1) * 1000, flags, properties,
      arrival_id - n - 1
    FROM contact_events, generate_series(1, ${MANY}) n WHERE contact_id = ${event!.contactId}`;
  const campaign = {
    parley: 'campaign/1',
    key: 'passing',
    trigger: { event: { did: 'passed by' } },
    entry: 'every',
    whileActive: 'alongside',
    steps: [{ key: 'hello', send: { content: { type: 'text', text: 'hello' }, channel: 'email' } }],
  };
  const begun = await ok('POST', '/backtests', { campaign, days: 30, all: true });
  await until('it is through', async () => (await ok('GET', `/backtests/${begun.id}`)).state === 'done');
  const contact = toHex24(event!.contactId);
  const page = async (more: string) =>
    await ok('GET', `/backtests/${begun.id}/path?contact=${contact}${more}`);
  const usual = await page('');
  assert.equal(usual.steps.length + usual.sends.length, 50);
  const pages: Json[] = [];
  for (let next: string | null = ''; next !== null; next = pages.at(-1).next) {
    pages.push(await page(`&limit=200${next && `&after=${next}`}`));
    if (pages.length > 400) assert.fail('it has no end');
  }
  assert.ok(pages.every(({ steps, sends }) => steps.length + sends.length <= 200));
  const [steps, sends] = [pages.flatMap((one) => one.steps), pages.flatMap((one) => one.sends)];
  assert.equal(sends.length, MANY + 1);
  assert.equal(steps.filter(({ what }: Json) => what === 'entered').length, MANY + 1);
  const times = steps.map(({ at: time }: Json) => time);
  assert.deepEqual(
    times,
    times.toSorted((a: string, b: string) => Date.parse(a) - Date.parse(b)),
  );
  for (const wrong of ['soon', '1', '-1.2', '1.2.3']) {
    const refused = await call('GET', at(`/backtests/${begun.id}/path?contact=${contact}&after=${wrong}`));
    assert.deepEqual([refused.status, refused.body.error.field], [400, 'after'], wrong);
  }
  // A long way is kept for its next page, and goes with whose it was.
  const erased = await call('DELETE', at(`/contacts/${contact}`));
  assert.ok(erased.status < 300, JSON.stringify(erased.body));
  const { steps: left, sends: unsent, next } = await page('');
  assert.deepEqual([left, unsent, next], [[], [], null]);
});

test('campaigns.md §3.11: who tries a campaign knows who is in the segments that it asks for, and splits people as it does', async () => {
  const headers = { 'x-outbound-key': demo.keys.outbound.private, 'content-type': 'application/json' };
  const ids: string[] = [];
  for (const town of ['Ghent', 'Bruges']) {
    const email = `of-${town.toLowerCase()}@example.com`;
    const body = JSON.stringify({ user_id: `of ${town}`, event: 'of ghent', user: { email } });
    assert.equal((await fetch(`${url}/v2/track`, { method: 'POST', headers, body })).status, 200);
    const { contacts } = await ok('GET', `/contacts?search=${email}`);
    ids.push(contacts[0].id);
    await ok('PATCH', `/contacts/${contacts[0].id}`, { attributes: { town } });
  }
  const segment = await ok('POST', '/segments', {
    key: 'ghent',
    rule: { attribute: 'town', is: 'Ghent' },
  });
  await until('who is in it is found', async () => {
    return (await ok('GET', `/segments/${segment.id}`)).state === 'live';
  });
  const asks = { trigger: { event: { did: 'of ghent' } }, filter: { inSegment: 'ghent' } };
  const sent = async (contactId: string) =>
    (await ok('POST', '/campaigns/rehearse', { ...small('of-ghent', asks), contactId })).sends.length;
  assert.deepEqual(await Promise.all(ids.map(sent)), [1, 0]);
  const begun = await ok('POST', '/backtests', { ...small('of-ghent', asks), all: true });
  const tried = await until('it was tried', async () => {
    const shown = await ok('GET', `/backtests/${begun.id}`);
    return shown.state === 'done' && shown;
  });
  assert.deepEqual([tried.result.entered.n, tried.result.refused.filter?.n], [1, 1]);
  assert.ok(tried.asOfToday.some((one: string) => one.includes('segments')));
  const steps = [
    { key: 'lots', split: { zebra: 1, ant: 1, cow: 1 } },
    { key: 'zebra', stop: { reason: 'zebra' } },
    { key: 'ant', stop: { reason: 'ant' } },
    { key: 'cow', stop: { reason: 'cow' } },
  ];
  const { id } = await ok('POST', '/campaigns', small('lots', { steps }));
  await ok('POST', `/campaigns/${id}/publish`, { people: 'move' });
  const drawnLive: string[] = [];
  const rehearsed: string[] = [];
  for (let n = 0; n < 8; n++) {
    const contactId = await newContact(`lots-${n}`);
    await ok('POST', `/campaigns/${id}/enter`, { contactId, key: '1' });
    drawnLive.push(
      await until('they are through', async () => {
        const { entries } = await ok('GET', `/campaigns/${id}/people/${contactId}`);
        return entries[0]?.ending;
      }),
    );
    const way = await ok('POST', '/campaigns/rehearse', { ...small('lots', { steps }), contactId });
    rehearsed.push(way.steps.at(-1).what.replace('exited: ', ''));
  }
  assert.deepEqual(rehearsed, drawnLive);
});
