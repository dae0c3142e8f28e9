/** The operators' inbox: its views, answers, notes, drafts and marks, and the sessions of the pages that show it. */
import assert from 'node:assert/strict';
import { USUAL_NOTICES } from '../contract/notices.ts';
import { describe, test } from 'node:test';
import { WebSocket } from 'ws';
import type { ConversationPage, ThreadPage } from '../contract/doors/console/inbox.ts';
import { GONE_MS } from '../contract/consoleLive.ts';
import { availabilityOf } from '../src/inbox/teams.ts';
import { MOST_COUNTED, VIEWS, type View } from '../contract/inboxViews.ts';
import { fromHex24, toHex24 } from '../src/base/ids.ts';
import type { Db } from '../src/db/pool.ts';
import { applyToConversation, applyToList, applyToThread, type ListOf } from '../web/console/live/apply.ts';
import { advance, caller, errors, startConsole, type Json } from './consoleProduct.ts';
import { inboxReader } from '../src/inbox/reader.ts';
import { givenTold } from '../src/doors/consoleLive/given.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { sql } = database;
const product = await startConsole(database);
const { url, base, demo, call } = product;
const PAGE = { 'x-parley-console': '1' };
const ok = ({ status, body }: { status: number; body: Json }, expected = 200): Json => {
  assert.equal(status, expected, JSON.stringify(body));
  return body;
};
const refused = ({ status, body }: { status: number; body: Json }, expected: number, field?: string) => {
  assert.equal(status, expected, JSON.stringify(body));
  assert.equal(body.error.field, field);
};

/** Signs in as a page does; gives what calls with the cookie. */
async function signIn(email: string, password: string) {
  const response = await fetch(`${url}/api/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...PAGE },
    body: JSON.stringify({ email, password }),
  });
  assert.equal(response.status, 201);
  const [cookie] = response.headers.get('set-cookie')!.split(';');
  const mine = caller(url);
  return {
    cookie: cookie!,
    body: (await response.json()) as Json,
    call: (method: string, at: string, body?: unknown, headers = {}) =>
      mine(method, at, body, { cookie: cookie!, ...PAGE, ...headers }),
  };
}

const dana = await signIn(demo.keys.console.email, demo.keys.console.password);
const { operator: danaShown } = ok(await dana.call('GET', '/api/bootstrap'));
ok(
  await call('POST', `${base}/members`, {
    email: 'eli@example.com',
    name: 'Eli',
    password: 'correct horse battery',
    role: 'agent',
  }),
  201,
);
const eli = await signIn('eli@example.com', 'correct horse battery');
const { operator: eliShown } = ok(await eli.call('GET', '/api/bootstrap'));

let people = 0;
/** Somebody who has written; gives the conversation and what writes again. */
async function somebody(name: string, text = `hello from ${name}`) {
  const address = `+1415555${String(1000 + ++people)}`;
  const contact = ok(await call('POST', `${base}/contacts`, { givenName: name }), 201);
  ok(await call('POST', `${base}/contacts/${contact.id}/destinations`, { channel: 'sms', address }), 201);
  ok(
    await call('POST', `${base}/messages`, { contactId: contact.id, content: { type: 'text', text: 'Hi' } }),
    202,
  );
  await until('it is on the phone', async () => {
    const seen = await call(
      'GET',
      `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(address)}`,
    );
    return seen.status === 200 && seen.body.messages.length > 0;
  });
  const write = async (said: string) =>
    ok(await call('POST', `${base}/simulator/reply`, { channel: 'sms', address, text: said }));
  await write(text);
  const row = await until(`${name} is in the inbox`, async () =>
    (await list('all')).find((one: Json) => one.contact.id === contact.id && one.last.text === text),
  );
  return { contact, address, id: row.id as string, write };
}

async function list(view: string, who: typeof dana = dana, more = ''): Promise<Json[]> {
  return ok(await who.call('GET', `${base}/conversations?view=${view}${more}`)).conversations;
}
const names = (rows: Json[]) => rows.map(({ contact }) => contact.name);
const at = (id: string, rest = '') => `${base}/conversations/${id}${rest}`;
const threadOf = async (id: string, query = ''): Promise<Json> =>
  ok(await dana.call('GET', at(id, `/messages${query}`)));
const textsOf = ({ entries }: Json) =>
  entries.map((one: Json) => (one.type === 'note' ? `note: ${one.text}` : one.message.content.text));
let clientIds = 0;
const reply = (text: string, more = {}) => ({
  clientId: `client-${++clientIds}`,
  content: { type: 'text', text },
  ...more,
});

/** A page's line, and what it is told. */
async function listen(who: typeof dana, cursor?: string, origin = url) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${base}/live`, {
    headers: { cookie: who.cookie },
    origin,
  });
  const told: Json[] = [];
  socket.on('message', (data) => told.push(JSON.parse(String(data))));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send(JSON.stringify({ type: 'hello', version: 1, ...(cursor ? { cursor } : {}) }));
  await until('welcome', () => told.length > 0);
  const events = (kind: string) => told.filter((one) => one.event?.kind === kind).map(({ event }) => event);
  return { socket, told, events, close: () => socket.close() };
}

describe('sessions of pages', () => {
  test('a session opens as a cookie that scripts cannot read, and its token is told to no script', async () => {
    const response = await fetch(`${url}/api/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...PAGE },
      body: JSON.stringify(demo.keys.console),
    }).then(() => dana);
    assert.equal(response.body.token, undefined);
    assert.match(response.cookie, /^parley_session=ses_/);
  });

  test('the cookie counts with the header that another site cannot send, and ends with the session', async () => {
    const gone = await signIn('eli@example.com', 'correct horse battery');
    const { cookie } = gone;
    assert.equal((await caller(url)('GET', '/api/me', undefined, { cookie })).status, 401);
    ok(await gone.call('GET', '/api/me'));
    assert.equal((await gone.call('DELETE', '/api/sessions/current')).status, 204);
    assert.equal((await gone.call('GET', '/api/me')).status, 401);
  });

  test('a link signs in once: of two at the same moment, one', async () => {
    const code = product.signIn!.path.split('#')[1]!;
    const use = () => caller(url)('POST', '/api/sessions/link', { code }, PAGE);
    const both = await Promise.all([use(), use()]);
    assert.deepEqual(
      both.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 401],
    );
    assert.equal((await use()).status, 401);
    assert.equal((await caller(url)('POST', '/api/sessions/link', { code: 'x' }, PAGE)).status, 401);
  });

  test('what a page needs first is one answer', async () => {
    const first = ok(await dana.call('GET', '/api/bootstrap'));
    assert.equal(first.operator.email, demo.keys.console.email);
    const [workspace] = first.workspaces;
    assert.deepEqual(
      [workspace.id, workspace.role, workspace.environment],
      [demo.workspace.id, 'owner', 'test'],
    );
  });
});

describe('what an operator says of himself', () => {
  test('§16 the zone and locale in which he reads times: each by itself, refused by field and rule, his alone', async () => {
    const change = (body: unknown, who = eli) => who.call('PATCH', '/api/me', body);
    const first = ok(await eli.call('GET', '/api/bootstrap')).operator;
    assert.deepEqual([first.timeZone, first.locale], [null, null]);
    ok(await change({ timeZone: 'Asia/Tokyo' }));
    const shown = ok(await change({ locale: 'nl-be' }));
    assert.deepEqual([shown.name, shown.timeZone, shown.locale], ['Eli', 'Asia/Tokyo', 'nl-BE']);
    for (const [field, wrong] of [
      ['timeZone', 'Mars/Olympus'],
      ['timeZone', '+01:00'],
      ['timeZone', ''],
      ['timeZone', 7],
      ['locale', 'xx-not-one'],
      ['locale', 'q'],
      ['locale', 'a\u0000b'],
      ['locale', 'tlh'],
      ['name', ''],
      ['notices', null],
    ] as const)
      refused(await change({ timeZone: 'Europe/Paris', [field]: wrong }), 400, field);
    const { operator } = ok(await eli.call('GET', '/api/me'));
    assert.deepEqual(operator, shown, 'what is refused changes nothing');
    assert.equal(ok(await dana.call('GET', '/api/bootstrap')).operator.timeZone, null);
    refused(await call('PATCH', '/api/me', { timeZone: 'Asia/Tokyo' }), 403);
    // Of two changes at once each is kept: what is left out stays.
    const both = await Promise.all([change({ timeZone: null }), change({ locale: null })]);
    for (const one of both) ok(one);
    assert.deepEqual(ok(await eli.call('GET', '/api/me')).operator, first);
  });
});

describe('of what an operator is told', () => {
  test('§16 each by itself, kept; of two changes at once each holds; refused by field and rule', async () => {
    const change = (notices: unknown, who = eli) => who.call('PATCH', '/api/me', { notices });
    const { notices } = ok(await eli.call('GET', '/api/bootstrap')).operator;
    assert.deepEqual(notices, USUAL_NOTICES);
    const both = await Promise.all([change({ desktop: true }), change({ mentions: false })]);
    for (const one of both) ok(one);
    const kept = ok(await eli.call('GET', '/api/me')).operator.notices;
    assert.deepEqual(kept, { ...USUAL_NOTICES, desktop: true, mentions: false });
    refused(await change({ sound: 1 }), 400, 'notices.sound');
    refused(await change({ fax: true }), 400, 'notices.fax');
    assert.deepEqual(ok(await eli.call('GET', '/api/me')).operator.notices, kept);
    assert.deepEqual(ok(await dana.call('GET', '/api/me')).operator.notices, USUAL_NOTICES);
    ok(await change(USUAL_NOTICES));
  });
});

describe('the inbox', () => {
  test('who says something is in it; who is only written to is not', async () => {
    const contact = ok(await call('POST', `${base}/contacts`, { givenName: 'Quiet' }), 201);
    ok(
      await call('POST', `${base}/contacts/${contact.id}/destinations`, {
        channel: 'sms',
        address: '+14155550999',
      }),
      201,
    );
    ok(
      await call('POST', `${base}/messages`, {
        contactId: contact.id,
        content: { type: 'text', text: 'Hi' },
      }),
      202,
    );
    const { id } = await somebody('Ann');
    const [ann] = (await list('unassigned')).filter((one) => one.id === id);
    assert.deepEqual(
      [ann.contact.name, ann.channel, ann.unread, ann.last.text, ann.last.direction],
      ['Ann', 'sms', true, 'hello from Ann', 'in'],
    );
    assert.ok(ann.waitingSince);
    assert.ok(!names(await list('all')).includes('Quiet'));
  });

  test('views: who waits longest comes first where one works, the newest first in all; pages go on without a gap', async () => {
    const first = await somebody('First');
    const second = await somebody('Second');
    const third = await somebody('Third');
    const waiting = (await list('unassigned')).filter(({ contact }) =>
      /First|Second|Third/.test(contact.name),
    );
    assert.deepEqual(names(waiting), ['First', 'Second', 'Third']);
    ok(await dana.call('POST', at(first.id, '/messages'), reply('an answer')), 202);
    const after = (await list('unassigned')).filter(({ contact }) => /First|Second|Third/.test(contact.name));
    assert.deepEqual(names(after), ['Second', 'Third', 'First'], 'who has an answer does not wait');
    assert.equal(names(await list('all'))[0], 'First');
    await second.write('again');
    await until('it moved', async () => names(await list('all'))[0] === 'Second');
    for (const view of ['all', 'unassigned']) {
      const whole = names(await list(view));
      const paged: string[] = [];
      for (let next = ''; ; ) {
        const page = ok(await dana.call('GET', `${base}/conversations?view=${view}&limit=2${next}`));
        paged.push(...names(page.conversations));
        if (!page.next) break;
        next = `&after=${page.next}`;
      }
      assert.deepEqual(paged, whole, view);
    }
    void third;
  });

  test('assigned, snoozed, closed and opened; what is said in it opens it again, and a moment that is over wakes it', async () => {
    const { id, write } = await somebody('Bo');
    const patch = (body: object, who = dana) => who.call('PATCH', at(id), body);
    const mine = ok(await patch({ assigneeId: eliShown.id }));
    assert.equal(mine.assignee.name, 'Eli');
    assert.ok(names(await list('mine', eli)).includes('Bo'));
    assert.ok(!names(await list('unassigned')).includes('Bo'));
    refused(await patch({ assigneeId: 'a'.repeat(24) }), 400, 'assigneeId');
    refused(await patch({ snoozedUntil: '2020-01-01T00:00:00Z' }), 400, 'snoozedUntil');
    const { now } = ok(await call('GET', `${base}/clock`));
    const later = new Date(Date.parse(now) + 3_600_000).toISOString();
    ok(await patch({ snoozedUntil: later }));
    assert.deepEqual([names(await list('snoozed')), names(await list('mine', eli))], [['Bo'], []]);
    await advance(call, base, 3_600_001);
    await until('awake', async () => names(await list('mine', eli)).includes('Bo'));
    assert.deepEqual(names(await list('snoozed')), []);
    ok(await patch({ closed: true }));
    assert.ok(names(await list('closed')).includes('Bo'));
    await write('one more thing');
    await until('open again', async () => names(await list('mine', eli)).includes('Bo'));
    assert.ok(!names(await list('closed')).includes('Bo'));
  });

  test('§5 views are narrowed by channel, operator, tag and what is unread, and sorted by who waits longest or what is newest, page by page', async () => {
    const [first, second, third] = [await somebody('Nan'), await somebody('Ned'), await somebody('Nia')];
    const { id: tag } = ok(await call('POST', `${base}/tags`, { name: 'narrow' }), 201);
    const add = [first, second, third].map(({ contact }) => contact.id);
    ok(await call('POST', `${base}/tags/${tag}/members`, { add: add.slice(0, 2) }));
    ok(await dana.call('PATCH', at(second.id), { assigneeId: eliShown.id }));
    const whole = async (view: string, query: string) => names(await list(view, dana, query));
    assert.deepEqual(await whole('all', `&tag=${tag}`), ['Ned', 'Nan']);
    assert.deepEqual(await whole('all', `&tag=${tag}&sort=waiting`), ['Nan', 'Ned']);
    assert.deepEqual(await whole('unassigned', `&tag=${tag}`), ['Nan']);
    assert.deepEqual(await whole('all', `&tag=${tag}&assignee=${eliShown.id}`), ['Ned']);
    assert.deepEqual(await whole('all', `&tag=${tag}&channel=email`), []);
    assert.deepEqual(await whole('all', `&tag=${'0'.repeat(23)}7`), []);
    assert.deepEqual(await whole('all', `&tag=${tag}&q=Ned`), ['Ned']);
    const newest = await whole('unassigned', '&sort=newest');
    assert.deepEqual(newest, names((await list('all')).filter(({ assignee }: Json) => assignee === null)));
    ok(await dana.call('PATCH', at(third.id), { priority: 'high' }));
    // More have it than are looked up by their keys: those who were talked with are looked up among them.
    const { id: wide } = ok(await call('POST', `${base}/tags`, { name: 'wide' }), 201);
    ok(await call('POST', `${base}/tags/${wide}/members`, { add: add.slice(0, 2) }));
    await sql`INSERT INTO set_members (bucket, set_id, contact_id) SELECT 0, ${fromHex24(wide)!}, n FROM generate_series(1, 5001) n`;
    for (const query of ['', '&sort=waiting', '&sort=priority', `&assignee=${eliShown.id}`])
      assert.deepEqual(await whole('all', `&tag=${wide}${query}`), await whole('all', `&tag=${tag}${query}`));
    // Two teams of Dana's, each with some of them, and one that is not hers.
    const team = async (name: string, memberIds: string[], ...with_: string[]) => {
      const made = ok(await dana.call('POST', `${base}/teams`, { name, memberIds }), 201);
      for (const id of with_) ok(await dana.call('PATCH', at(id), { teamId: made.id }));
      return made.id as string;
    };
    const north = await team('North', [danaShown.id, eliShown.id], first.id, third.id);
    const south = await team('South', [danaShown.id], second.id);
    await team('Others', [eliShown.id], (await somebody('Nora')).id);
    assert.deepEqual(new Set(await whole('teams', '')), new Set(['Nan', 'Ned', 'Nia']));
    assert.deepEqual(new Set(await whole('all', `&team=${north}`)), new Set(['Nan', 'Nia']));
    assert.deepEqual(await whole('teams', `&team=${south}`), ['Ned']);
    assert.deepEqual(await whole('all', `&team=${north}&q=Nia`), ['Nia']);
    const narrowed = [
      '',
      `&tag=${tag}`,
      `&team=${north}`,
      `&tag=${wide}`,
      '&channel=sms',
      '&unread=true',
      '&priority=high',
    ];
    for (const query of [...narrowed, `&assignee=${eliShown.id}`])
      for (const view of VIEWS)
        for (const sort of ['', '&sort=waiting', '&sort=newest', '&sort=priority']) {
          if (sort && (view === 'snoozed' || view === 'closed')) continue;
          const paged: string[] = [];
          let next = '';
          do {
            const path = `${base}/conversations?view=${view}&limit=1${query}${sort}${next}`;
            const page = ok(await dana.call('GET', path));
            paged.push(...names(page.conversations));
            next = page.next === null ? '' : `&after=${page.next}`;
          } while (next);
          assert.deepEqual(paged, await whole(view, `${query}${sort}`), `${view} ${query} ${sort}`);
        }
    const asked = (query: string) => dana.call('GET', `${base}/conversations?${query}`);
    refused(await asked('sort=best'), 400, 'sort');
    refused(await asked('view=closed&sort=newest'), 400, 'sort');
    refused(await asked('tag=x'), 400, 'tag');
    const { next } = ok(await asked('limit=1'));
    refused(await asked(`sort=waiting&after=${next}`), 400, 'after');
    for (const { id } of [first, second, third]) ok(await dana.call('PATCH', at(id), { closed: true }));
  });

  test('§16 how pressing a conversation is: said, narrowed by, sorted by, of many at once and taken back; of two who become one the more pressing counts', async () => {
    const [pat, pam, pip, peg] = [
      await somebody('Pat'),
      await somebody('Pam'),
      await somebody('Pip'),
      await somebody('Peg'),
    ];
    const set = (id: string, priority: unknown, who = dana) => who.call('PATCH', at(id), { priority });
    assert.equal(ok(await dana.call('GET', at(pat.id))).priority, 'none');
    assert.equal(ok(await set(pip.id, 'urgent')).priority, 'urgent');
    ok(await set(pam.id, 'low'));
    ok(await set(peg.id, 'urgent', eli));
    for (const wrong of ['burning', 1, null]) refused(await set(pat.id, wrong), 400, 'priority');
    refused(await dana.call('GET', `${base}/conversations?priority=burning`), 400, 'priority');
    const ours = async (view: string, query: string) =>
      names(await list(view, dana, query)).filter((name) => /^P[aie][tmpg]$/.test(name));
    assert.deepEqual(await ours('all', '&sort=priority'), ['Pip', 'Peg', 'Pam', 'Pat']);
    assert.deepEqual(await ours('unassigned', '&sort=priority'), ['Pip', 'Peg', 'Pam', 'Pat']);
    assert.deepEqual(await ours('all', '&priority=urgent'), ['Peg', 'Pip']);
    assert.deepEqual(await ours('all', '&priority=urgent&q=pe'), ['Peg']);
    // Of two as pressing, who has an answer comes after who waits.
    ok(await dana.call('POST', at(pip.id, '/messages'), reply('on it')), 202);
    assert.deepEqual(await ours('all', '&sort=priority'), ['Peg', 'Pip', 'Pam', 'Pat']);
    refused(await dana.call('GET', `${base}/conversations?view=closed&sort=priority`), 400, 'sort');
    const ids = [pat.id, pam.id];
    const { results } = ok(await eli.call('POST', at('bulk'), { ids, change: { priority: 'medium' } }));
    assert.deepEqual(
      results.map(({ conversation, before }: Json) => [before.priority, conversation.priority]),
      [
        ['none', 'medium'],
        ['low', 'medium'],
      ],
    );
    refused(await dana.call('POST', at('bulk'), { ids, change: { priority: 'x' } }), 400, 'change.priority');
    // Two at once, whoever is first: one of them was the last, and what else is changed of it stays.
    const both = await Promise.all([
      set(pat.id, 'high'),
      set(pat.id, 'low', eli),
      eli.call('PATCH', at(pat.id), { assigneeId: eliShown.id }),
    ]);
    for (const one of both) ok(one);
    const now = ok(await dana.call('GET', at(pat.id)));
    assert.ok(['high', 'low'].includes(now.priority));
    assert.equal(now.assignee.name, 'Eli');
    const { entries } = ok(await dana.call('GET', `${base}/audit?limit=50`));
    assert.ok(JSON.stringify(entries).includes('"priority":"urgent"'));
    ok(
      await dana.call('POST', `${base}/contacts/merge`, {
        survivingId: pam.contact.id,
        discardedId: peg.contact.id,
      }),
    );
    assert.equal(ok(await dana.call('GET', at(pam.id))).priority, 'urgent');
    // What somebody says opens it again, as pressing as it was.
    ok(await dana.call('PATCH', at(pip.id), { closed: true }));
    await pip.write('again');
    await until('it is open', async () => !ok(await dana.call('GET', at(pip.id))).closed);
    assert.equal(ok(await dana.call('GET', at(pip.id))).priority, 'urgent');
    for (const { id } of [pat, pam, pip])
      ok(await dana.call('PATCH', at(id), { closed: true, priority: 'none' }));
  });

  test('§13 a list is gone into at a moment, and goes on from there; so is a conversation, whatever was said before and after it', async () => {
    const { id, write } = await somebody('Day', 'on the first day');
    const { lastAt: firstAt } = ok(await dana.call('GET', at(id)));
    await advance(call, base, 3 * 86_400_000);
    await write('on the fourth day');
    const there = await until('it is there', async () => {
      const page = await threadOf(id);
      return page.entries.length === 3 && page;
    });
    const later = new Date(Date.parse(firstAt) + 86_400_000).toISOString();
    // The inbox hears of it by the feed, after the conversation has it.
    await until('the inbox has heard of it', async () => ok(await dana.call('GET', at(id))).lastAt > later);
    const whole = names(await list('all'));
    const listed = await list('all', dana, `&until=${later}`);
    assert.ok(listed.length > 0 && listed.every(({ lastAt }: Json) => lastAt < later));
    assert.deepEqual(
      names(listed),
      whole.filter((name) => name !== 'Day'),
    );
    assert.ok(names(await list('all', dana, `&until=${there.entries[2].at}`)).length === listed.length);
    refused(await dana.call('GET', `${base}/conversations?view=mine&until=${later}`), 400, 'until');
    refused(await dana.call('GET', `${base}/conversations?until=yesterday`), 400, 'until');
    const around = async (when: string, more = '') => await threadOf(id, `?at=${when}${more}`);
    for (const when of ['1970-01-01T00:00:00Z', firstAt, later, there.entries[2].at, '2099-01-01T00:00:00Z'])
      assert.deepEqual((await around(when)).entries, there.entries, when);
    for (const text of ['2', '3', '4']) await write(text);
    await until('all are there', async () => (await threadOf(id)).entries.length === 6);
    const part = await around(later, '&limit=2');
    assert.deepEqual(textsOf(part), ['on the first day', 'on the fourth day']);
    assert.deepEqual(textsOf(await threadOf(id, `?before=${part.before}`)), ['Hi']);
    assert.deepEqual(textsOf(await threadOf(id, `?after=${part.after}`)), ['2', '3', '4']);
    refused(
      await dana.call('GET', at(id, `/messages?at=${later}&around=${there.entries[0].id}`)),
      400,
      'before',
    );
  });

  test('counts are bounded, and say what is unread of mine', async () => {
    const counts = ok(await eli.call('GET', `${base}/conversations/counts`));
    assert.equal(counts.mine, 1);
    assert.equal(counts.mineUnread, 1);
    assert.equal(MOST_COUNTED, 1_001);
  });

  test('a conversation is found by the beginning of a name', async () => {
    await somebody('Zebulon');
    assert.deepEqual(names(await list('all', dana, '&q=zebu')), ['Zebulon']);
    const { id } = await somebody('Zebedee');
    ok(await dana.call('PATCH', at(id), { closed: true }));
    const first = ok(await dana.call('GET', `${base}/conversations?q=zeb&limit=1`));
    const second = ok(await dana.call('GET', `${base}/conversations?q=zeb&limit=1&after=${first.next}`));
    assert.deepEqual(
      [names(first.conversations), names(second.conversations), second.next],
      [['Zebedee'], ['Zebulon'], null],
      'open or closed, page after page',
    );
    assert.deepEqual(names(await list('all', dana, '&q=zeb&channel=email')), []);
    refused(await dana.call('GET', `${base}/conversations?q=x&after=1.${'a'.repeat(24)}`), 400, 'after');
  });
});

describe('in a conversation', () => {
  test('an answer goes where the contact was heard, once for its name, and its delivery is beside it', async () => {
    const { id, address } = await somebody('Cy');
    const body = reply('Yes, we can.');
    const [one, two] = await Promise.all([
      dana.call('POST', at(id, '/messages'), body),
      dana.call('POST', at(id, '/messages'), body),
    ]);
    const statuses = [one.status, two.status].toSorted((a, b) => a - b);
    assert.ok(
      statuses.every((status) => status === 202 || status === 409),
      String(statuses),
    );
    const again = ok(await dana.call('POST', at(id, '/messages'), body), 202);
    const entry = await until('delivered', async () => {
      const { entries } = await threadOf(id);
      const found = entries.filter((entry: Json) => entry.id === again.messageId);
      return found[0]?.deliveries[0]?.state === 'delivered' && found;
    });
    assert.equal(entry.length, 1);
    assert.deepEqual(entry[0].message.author, { id: danaShown.id, name: danaShown.name });
    assert.deepEqual(entry[0].message.source, { type: 'console', id: body.clientId });
    assert.deepEqual([entry[0].deliveries[0].channel, entry[0].deliveries[0].address], ['sms', address]);
    const seen = ok(
      await call('GET', `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(address)}`),
    );
    const texts = seen.messages.map(({ content }: Json) => JSON.stringify(content));
    assert.equal(texts.filter((text: string) => text.includes('Yes, we can.')).length, 1);
  });

  test('two who answer at once: the second learns of the first, whoever is first, and may still send', async () => {
    const { id } = await somebody('Di');
    const { lastAt: seenUpTo } = ok(await dana.call('GET', at(id)));
    const both = await Promise.all([
      dana.call('POST', at(id, '/messages'), reply('from Dana', { seenUpTo })),
      eli.call('POST', at(id, '/messages'), reply('from Eli', { seenUpTo })),
    ]);
    assert.deepEqual(
      both.map(({ status }) => status).toSorted((a, b) => a - b),
      [202, 409],
    );
    const { entries } = await threadOf(id);
    assert.equal(entries.filter(({ message }: Json) => message.content.text.startsWith('from ')).length, 1);
    ok(await eli.call('POST', at(id, '/messages'), reply('all the same')), 202);
  });

  test('what was said is found by its words, in pages without a gap, whoever it was said by; who became another is shown as that one', async () => {
    const found = async (q: string, more = '') =>
      ok(await dana.call('GET', `${base}/messages/search?q=${encodeURIComponent(q)}${more}`));
    const { id, contact, write } = await somebody('Zoë', 'Où est mon colis bleu-vert?');
    for (const n of [1, 2, 3]) await write(`colis numéro ${n}`);
    ok(await dana.call('POST', at(id, '/messages'), reply('Votre COLIS arrive')), 202);
    const all = await until('all five are found', async () => {
      const { messages } = await found('colis');
      return messages.length === 5 && messages;
    });
    assert.deepEqual(
      all.map(({ text, marks: [[from, to]] }: Json) => text.slice(from, to)),
      ['COLIS', 'colis', 'colis', 'colis', 'colis'],
    );
    assert.ok(all.every((one: Json) => one.conversationId === id && one.contact.name === 'Zoë'));
    const pages: Json[] = [];
    for (let before = ''; ; ) {
      const page = await found('col', `&limit=2${before}`);
      pages.push(...page.messages);
      if (page.next === null) break;
      before = `&before=${page.next}`;
    }
    assert.deepEqual(pages, all);
    assert.deepEqual(textsOf(await threadOf(id, `?around=${all[2].id}&limit=2`)).length, 3);
    for (const [q, n] of [
      ['numero 2', 1],
      ['ou est colis', 1],
      ['oli', 0],
      ['2 colis zz', 0],
    ] as const)
      assert.equal((await found(q)).messages.length, n, q);
    refused(await dana.call('GET', `${base}/messages/search?q=%3F`), 400, 'q');
    const other = await somebody('Zed', 'le colis de Zed');
    await until('it is found', async () => (await found('colis zed')).messages.length === 1);
    ok(
      await dana.call('POST', `${base}/contacts/merge`, {
        survivingId: other.contact.id,
        discardedId: contact.id,
      }),
    );
    const after = (await found('colis')).messages;
    assert.equal(after.length, 6);
    assert.ok(after.every((one: Json) => one.conversationId === other.id && one.contact.name === 'Zed'));
    assert.equal((await call('DELETE', `${base}/contacts/${other.contact.id}`)).status, 204);
    assert.deepEqual(await found('colis'), { messages: [], next: null });
    const rows =
      await sql`SELECT FROM message_words WHERE contact_id = ANY(${[contact.id, other.contact.id].map(fromHex24) as number[]})`;
    assert.equal(rows.length, 0);
  });

  test('of two that become one the row tells the last that either was told, also where one of them never wrote', async () => {
    for (const heard of ['surviving', 'discarded']) {
      const one = await somebody(`Ida ${heard}`, 'good morning');
      const silent = ok(await call('POST', `${base}/contacts`, { givenName: 'Idaline' }), 201);
      const address = `+1415556${String(1000 + ++people)}`;
      ok(await call('POST', `${base}/contacts/${silent.id}/destinations`, { channel: 'sms', address }), 201);
      const content = { type: 'text', text: `to ${heard} later` };
      const said = ok(await call('POST', `${base}/messages`, { contactId: silent.id, content }), 202);
      const [survivingId, discardedId] = [one.contact.id, silent.id];
      const which =
        heard === 'surviving'
          ? { survivingId, discardedId }
          : { survivingId: discardedId, discardedId: survivingId };
      ok(await dana.call('POST', `${base}/contacts/merge`, which));
      const row = (await list('all')).find(({ contact }) => contact.id === which.survivingId)!;
      assert.equal(row['last'].text, content.text, JSON.stringify([heard, said, row]));
      // What the one was told answers nothing that the other asked.
      assert.ok(row['waitingSince'], 'still waits');
    }
  });

  test('what changes in a message that was said before its person became another is told where it is shown now', async () => {
    const [one, other] = [await somebody('Gus', 'as one'), await somebody('Guy', 'as another')];
    const offer = { clientId: 'before', text: 'Go on here:' };
    const { messageId } = ok(await dana.call('POST', at(other.id, '/link'), offer), 202);
    const [entry] = (await threadOf(other.id)).entries.filter(({ id }: Json) => id === messageId);
    const which = { survivingId: one.contact.id, discardedId: other.contact.id };
    ok(await dana.call('POST', `${base}/contacts/merge`, which));
    // A receipt of before names who it went to.
    const events = [
      {
        id: 1,
        ownerId: fromHex24(other.contact.id)!,
        workspaceId: fromHex24(demo.workspace.id)!,
        type: 'delivery.changed',
        atMs: 1,
        payload: {
          bulk: false,
          changes: [{ contactId: fromHex24(other.contact.id)!, causeId: fromHex24(messageId)! }],
        },
      },
    ];
    const news: unknown[] = [];
    const reader = inboxReader({ send: (some) => void news.push(...some) });
    await sql.begin((tx) => reader.read(tx, events as never));
    reader.committed!(events as never);
    assert.deepEqual(news, [
      {
        kind: 'inbox',
        workspaceId: fromHex24(demo.workspace.id)!,
        contactId: fromHex24(one.contact.id)!,
        entryId: fromHex24(messageId)!,
      },
    ]);
    const line = await listen(eli);
    await fetch(entry.message.content.actions[0].uri, {
      redirect: 'manual',
      headers: { 'user-agent': 'Mozilla/5.0' },
    });
    const told = await until('it is told', () =>
      // What becomes of the message before the click may be told first.
      line.events('entry').find((it) => it.entry.id === messageId && it.entry.offer.takenAt !== null),
    );
    assert.equal(told.conversationId, one.id);
    line.close();
  });

  test('what an operator had begun to write, and that he was mentioned, go with somebody who becomes another', async () => {
    const [one, other] = [await somebody('Una', 'as one'), await somebody('Ulf', 'as another')];
    ok(await eli.call('PUT', at(one.id, '/draft'), { text: 'to the one' }), 204);
    ok(await eli.call('PUT', at(other.id, '/draft'), { text: 'to the other' }), 204);
    ok(await dana.call('PUT', at(other.id, '/draft'), { text: 'begun once' }), 204);
    const note = { clientId: 'to-eli', text: 'look here', mentions: [eliShown.id] };
    ok(await dana.call('POST', at(other.id, '/notes'), note), 201);
    const which = { survivingId: one.contact.id, discardedId: other.contact.id };
    ok(await dana.call('POST', `${base}/contacts/merge`, which));
    assert.equal(ok(await eli.call('GET', at(one.id))).draft.text, 'to the one');
    assert.equal(ok(await dana.call('GET', at(one.id))).draft.text, 'begun once');
    const { conversations } = ok(await eli.call('GET', `${base}/conversations/mentioned`));
    assert.ok(
      conversations.some(({ id }: Json) => id === one.id),
      'he was mentioned, and is not told',
    );
    ok(await eli.call('POST', at(one.id, '/read'), { upTo: '2100-01-01T00:00:00Z' }), 204);
  });

  test('N4 what an operator does while somebody is erased leaves nothing of them: a draft, a mark, a note, a change', async () => {
    const doings = (id: string): (() => Promise<{ status: number; body: Json }>)[] => [
      () => dana.call('PUT', at(id, '/draft'), { text: 'dear' }),
      () => dana.call('POST', at(id, '/read'), { upTo: new Date().toISOString() }),
      () => dana.call('POST', at(id, '/notes'), { clientId: 'late', text: 'a name' }),
      () => dana.call('PATCH', at(id), { closed: true }),
    ];
    for (const i of doings('').keys()) {
      const silent = ok(await call('POST', `${base}/contacts`, { givenName: 'Silent' }), 201);
      const address = `+1415557${String(1000 + ++people)}`;
      ok(await call('POST', `${base}/contacts/${silent.id}/destinations`, { channel: 'sms', address }), 201);
      const content = { type: 'text', text: 'hello' };
      ok(await call('POST', `${base}/messages`, { contactId: silent.id, content }), 202);
      const contactId = fromHex24(silent.id)!;
      const [conversation] = await sql<
        { id: number }[]
      >`SELECT id FROM conversations WHERE contact_id = ${contactId}`;
      let doing: Promise<{ status: number; body: Json }> | undefined;
      let isOver = false;
      await sql.begin(async (tx) => {
        await tx`DELETE FROM contacts WHERE id = ${contactId}`;
        doing = doings(toHex24(conversation!.id))[i]!();
        void doing.then(() => (isOver = true));
        // It is held up by what is under way, or comes to its end without looking.
        await until('it waits', async () => isOver || (await waiting(tx)) > 0);
      });
      const { status } = await doing!;
      const [left] = await sql<{ n: number }[]>`
        SELECT (SELECT count(*) FROM inbox_seats WHERE contact_id = ${contactId})::int
          + (SELECT count(*) FROM inbox_notes WHERE contact_id = ${contactId})::int
          + (SELECT count(*) FROM inbox WHERE contact_id = ${contactId})::int AS n`;
      assert.deepEqual([i, status, left!.n], [i, 404, 0]);
    }
  });

  /** Statements that wait for a lock. */
  async function waiting(db: Db): Promise<number> {
    const [row] = await db<{ n: number }[]>`
      SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return row!.n;
  }

  test('what was said and taken away again before the inbox heard of either is not the last that was said', async () => {
    const { id, contact } = await somebody('Rem', 'are you there');
    const before = ok(await dana.call('GET', at(id)));
    const contactId = fromHex24(contact.id)!;
    const of = {
      workspaceId: fromHex24(demo.workspace.id)!,
      ownerId: contactId,
      atMs: Date.parse(before.lastAt) + 60_000,
    };
    const messageId = fromHex24(before.last.id)! + 4096;
    await sql.begin((tx) =>
      inboxReader({ send: () => {} }).read(tx, [
        { ...of, type: 'message.accepted', payload: { contactId, messageId, kind: 'message' } },
        { ...of, type: 'message.removed', payload: { contactId, messageIds: [messageId] } },
      ] as never),
    );
    const { last, lastAt, waitingSince } = ok(await dana.call('GET', at(id)));
    assert.deepEqual([last, lastAt, waitingSince], [before.last, before.lastAt, before.waitingSince]);
  });

  test('notes stand where they were written, and nobody is sent one', async () => {
    const { id, address, write } = await somebody('Ed', 'one');
    ok(await eli.call('POST', at(id, '/notes'), { clientId: 'n1', text: 'she is a VIP' }), 201);
    ok(await eli.call('POST', at(id, '/notes'), { clientId: 'n1', text: 'she is a VIP' }), 201);
    await write('two');
    await until('both', async () => (await threadOf(id)).entries.length === 4);
    assert.deepEqual(textsOf(await threadOf(id)), ['Hi', 'one', 'note: she is a VIP', 'two']);
    const seen = ok(
      await call('GET', `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(address)}`),
    );
    assert.ok(!JSON.stringify(seen).includes('VIP'));
    refused(await call('POST', at(id, '/notes'), { clientId: 'n2', text: 'by a key' }), 403);
  });

  test('pages before, after and around a message leave out nothing and repeat nothing', async () => {
    const { id, write } = await somebody('Fay', '0');
    for (let n = 1; n < 9; n++) await write(String(n));
    await until('all there', async () => (await threadOf(id)).entries.length === 10);
    const all = await threadOf(id);
    const end = await threadOf(id, '?limit=4');
    assert.deepEqual(textsOf(end), ['5', '6', '7', '8']);
    const older = await threadOf(id, `?limit=4&before=${end.before}`);
    assert.deepEqual(textsOf(older), ['1', '2', '3', '4']);
    assert.deepEqual(textsOf(await threadOf(id, `?limit=4&after=${older.after}`)), ['5', '6', '7', '8']);
    const middle = all.entries[5];
    const around = await threadOf(id, `?limit=4&around=${middle.id}`);
    assert.deepEqual(textsOf(around), ['2', '3', '4', '5', '6']);
    refused(await dana.call('GET', at(id, '/messages?before=nothing')), 400, 'before');
  });

  test('what one has begun to write is kept for him alone; who has seen it is told', async () => {
    const { id } = await somebody('Gus');
    assert.equal((await dana.call('PUT', at(id, '/draft'), { text: 'Dear Gus' })).status, 204);
    assert.equal(ok(await dana.call('GET', at(id))).draft.text, 'Dear Gus');
    assert.equal(ok(await eli.call('GET', at(id))).draft, null);
    assert.equal((await dana.call('PUT', at(id, '/draft'), { text: '' })).status, 204);
    const { lastAt } = ok(await dana.call('GET', at(id)));
    assert.equal((await eli.call('POST', at(id, '/read'), { upTo: lastAt })).status, 204);
    const whole = ok(await dana.call('GET', at(id)));
    assert.deepEqual(
      [whole.unread, whole.draft, whole.marks.map(({ operator }: Json) => operator.name)],
      [false, null, ['Eli']],
    );
  });

  test('ways to answer: the one the contact used first; one that cannot be used says why', async () => {
    const { id, contact } = await somebody('Hal');
    const email = ok(
      await call('POST', `${base}/contacts/${contact.id}/destinations`, {
        channel: 'email',
        address: 'hal@example.com',
      }),
      201,
    );
    ok(
      await call('POST', `${base}/contacts/${contact.id}/destinations/${email.id}/block`, {
        classes: ['transactional'],
      }),
    );
    const { ways } = ok(await dana.call('GET', at(id)));
    assert.deepEqual(
      ways.map(({ channel, reason }: Json) => [channel, reason === null]),
      [
        ['sms', true],
        ['email', false],
      ],
    );
    assert.match(ways[1].reason, /operator blocked/);
  });
});

describe('what operators have besides', () => {
  test('many are changed at once; what is not there is said of that one, and what was before takes it back', async () => {
    const [ida, joe] = [await somebody('Ida'), await somebody('Joe')];
    ok(await dana.call('PATCH', at(joe.id), { assigneeId: eliShown.id }));
    const ids = [ida.id, '0'.repeat(24), joe.id];
    const { results } = ok(await dana.call('POST', at('bulk'), { ids, change: { closed: true } }));
    assert.deepEqual(
      results.map(({ conversation, fault }: Json) => [conversation?.closed ?? null, fault?.code ?? null]),
      [
        [true, null],
        [null, 'not_found'],
        [true, null],
      ],
    );
    assert.deepEqual(results[2].before, {
      assigneeId: eliShown.id,
      teamId: null,
      closed: false,
      snoozedUntil: null,
      priority: 'none',
    });
    const back = ok(await dana.call('POST', at('bulk'), { ids: [ida.id], change: { closed: false } }));
    assert.equal(back.results[0].conversation.closed, false);
    refused(
      await dana.call('POST', at('bulk'), { ids, change: { assigneeId: '0'.repeat(24) } }),
      400,
      'change.assigneeId',
    );
    refused(
      await dana.call('POST', at('bulk'), { ids, change: { teamId: '0'.repeat(24) } }),
      400,
      'change.teamId',
    );
    const past = { snoozedUntil: '2020-01-01T00:00:00Z' };
    refused(await dana.call('POST', at('bulk'), { ids, change: past }), 400, 'snoozedUntil');
  });

  test('console.md §16 teams: made, changed by two at once, deleted; their conversations, the count, who leaves, and who is told', async () => {
    const teams = `${base}/teams`;
    const line = await listen(eli);
    const told = (what: string) => line.events('shared').filter((event) => event.what === what).length;
    const bo = ok(await dana.call('POST', teams, { name: ' Returns ', memberIds: [eliShown.id] }), 201);
    assert.deepEqual([bo.name, bo.members], ['Returns', [{ id: eliShown.id, name: 'Eli' }]]);
    await until('who has the console open is told', () => told('teams') === 1);
    refused(await dana.call('POST', teams, { name: 'returns' }), 409, 'name');
    refused(await dana.call('POST', teams, { name: '  ' }), 400, 'name');
    refused(await dana.call('POST', teams, { name: 'X', memberIds: ['0'.repeat(24)] }), 400, 'memberIds');
    refused(await eli.call('POST', teams, { name: 'Mine' }), 403);
    const [ann, ben] = [await somebody('Tess'), await somebody('Theo')];
    refused(await eli.call('PATCH', at(ann.id), { teamId: '0'.repeat(24) }), 400, 'teamId');
    const given = ok(await eli.call('PATCH', at(ann.id), { teamId: bo.id, assigneeId: danaShown.id }));
    assert.deepEqual(given.team, { id: bo.id, name: 'Returns' });
    ok(await eli.call('POST', at('bulk'), { ids: [ben.id], change: { teamId: bo.id } }));
    assert.deepEqual(
      names(await list('teams', eli)).filter((name) => name.startsWith('T')),
      ['Tess', 'Theo'],
    );
    assert.deepEqual(
      names(await list('unassigned', eli, `&team=${bo.id}`)),
      ['Theo'],
      'nobody of the team has it yet',
    );
    const mine = ok(await eli.call('GET', at('counts'))).teams;
    ok(await eli.call('PATCH', at(ben.id), { snoozedUntil: '2100-01-01T00:00:00Z' }));
    assert.equal(ok(await eli.call('GET', at('counts'))).teams, mine - 1);
    assert.equal(ok(await dana.call('GET', `${teams}/${bo.id}`)).open, 2, 'what sleeps is open');
    // Two at once: one takes somebody in, the other somebody out; both have their way.
    const one = `${teams}/${bo.id}`;
    await Promise.all([
      dana.call('PATCH', one, { add: [danaShown.id] }),
      dana.call('PATCH', one, { remove: [eliShown.id], name: 'Back office' }),
    ]);
    const now = ok(await dana.call('GET', one));
    assert.deepEqual(
      [now.name, now.members.map(({ name }: Json) => name)],
      ['Back office', [danaShown.name]],
    );
    refused(await dana.call('PATCH', one, { add: [eliShown.id], remove: [eliShown.id] }), 400, 'remove');
    refused(await dana.call('PATCH', one, { name: 'north' }), 409, 'name');
    const deleted = await Promise.all([
      dana.call('DELETE', one),
      eli.call('PATCH', at(ann.id), { teamId: bo.id }),
    ]);
    assert.equal(deleted[0].status, 204);
    const after = ok(await eli.call('GET', at(ann.id)));
    assert.deepEqual([after.team, after.assignee.name, after.closed], [null, danaShown.name, false]);
    assert.deepEqual(await list('all', eli, `&team=${bo.id}`), []);
    assert.equal((await dana.call('DELETE', one)).status, 404);
    const { entries } = ok(await dana.call('GET', `${base}/audit?action=team.`));
    assert.equal(entries[0].action, 'team.delete');
    assert.equal(entries[0].detail.name, 'Back office');
    line.close();
  });

  test('console.md §16 who is in a team and there is told of what it is given, once; not who gave it, who is away, or who is in none', async () => {
    const inTeam = async (name: string) => {
      const email = `${name.toLowerCase()}@example.com`;
      const member = { email, name, password: 'correct horse battery', role: 'agent' };
      const { id } = ok(await call('POST', `${base}/members`, member), 201);
      return { id, ...(await signIn(email, member.password)) };
    };
    const [una, vic, wim] = [await inTeam('Una'), await inTeam('Vic'), await inTeam('Wim')];
    const ids = [eliShown.id, una.id, vic.id];
    const team = ok(await dana.call('POST', `${base}/teams`, { name: 'Repairs', memberIds: ids }), 201);
    ok(await vic.call('PUT', `${base}/availability`, { away: true }));
    const lines = await Promise.all([eli, una, una, vic, wim, dana].map((who) => listen(who)));
    const heard = () => lines.map((line) => line.events('given').length);
    const [rob, sam] = [await somebody('Rob'), await somebody('Sam')];
    ok(await eli.call('PATCH', at(rob.id), { teamId: team.id }));
    await until('who is there is told', () => heard()[1] === 1 && heard()[2] === 1);
    const { id, ...told } = lines[1]!.events('given')[0];
    assert.equal(lines[2]!.events('given')[0].id, id, 'one thing in both tabs');
    assert.deepEqual(told, {
      kind: 'given',
      conversationId: rob.id,
      contact: 'Rob',
      count: 1,
      team: { id: team.id, name: 'Repairs' },
      by: { id: eliShown.id, name: 'Eli' },
    });
    // What it has already is not given again: of two who give it at once, one does.
    ok(await eli.call('PATCH', at(rob.id), { teamId: team.id, priority: 'high' }));
    await Promise.all([dana, dana].map((who) => who.call('PATCH', at(sam.id), { teamId: team.id })));
    await until('once more', () => heard()[0] === 1 && heard()[1] === 2);
    // Who was not there for a moment is told when back.
    const { cursor } = lines[1]!.told.at(-1)!;
    lines[1]!.close();
    const both = { ids: [rob.id, sam.id], change: { teamId: null } };
    ok(await dana.call('POST', at('bulk'), both));
    ok(await dana.call('POST', at('bulk'), { ...both, change: { teamId: team.id } }));
    await until('both at once', () => heard()[2] === 3);
    assert.equal(lines[2]!.events('given')[2].count, 2);
    const [back, other] = [await listen(una, cursor), await listen(wim, cursor)];
    await until('it is told then', () => back.events('given').length === 1);
    // The team is deleted between its being given something and its being told; another workspace has no such team.
    const numbers = { contactId: fromHex24(rob.contact.id)!, teamId: fromHex24(team.id)! };
    const news = { ...numbers, kind: 'given', operatorId: 0, count: 1, atMs: 1 } as const;
    const here = fromHex24(demo.workspace.id)!;
    assert.equal((await givenTold({ sql }, { ...news, workspaceId: here }))?.to.size, 2);
    assert.equal(await givenTold({ sql }, { ...news, workspaceId: here + 1 }), undefined);
    assert.equal((await dana.call('DELETE', `${base}/teams/${team.id}`)).status, 204);
    assert.equal(await givenTold({ sql }, { ...news, workspaceId: here }), undefined);
    await until('it is gone everywhere', () =>
      lines.slice(2).every((line) => line.events('shared').some(({ what }) => what === 'teams')),
    );
    assert.deepEqual([...heard(), other.events('given').length], [2, 2, 3, 0, 0, 0, 0]);
    for (const one of [...lines, back, other]) one.close();
    for (const { id: left } of [una, vic, wim])
      assert.equal((await call('DELETE', `${base}/members/${left}`)).status, 204);
  });

  test('console.md §16 availability: away by one’s own word, gone without a page, told to the others; who leaves is in no team', async () => {
    const standings = async () =>
      new Map<string, Json>(
        ok(await dana.call('GET', `${base}/availability`)).operators.map((one: Json) => [one.id, one]),
      );
    const zoe = ok(
      await call('POST', `${base}/members`, {
        email: 'zoe@example.com',
        name: 'Zoe',
        password: 'correct horse battery',
        role: 'agent',
      }),
      201,
    );
    const team = ok(await dana.call('POST', `${base}/teams`, { name: 'Night', memberIds: [zoe.id] }), 201);
    assert.deepEqual((await standings()).get(zoe.id), { id: zoe.id, availability: 'gone', since: null });
    const hers = await signIn('zoe@example.com', 'correct horse battery');
    const [line, page] = [await listen(dana), await listen(hers)];
    await until('she is here', async () => (await standings()).get(zoe.id)!.availability === 'available');
    ok(await hers.call('PUT', `${base}/availability`, { away: true }));
    await until('it is told', () => line.events('shared').some(({ what }) => what === 'availability'));
    const away = (await standings()).get(zoe.id)!;
    assert.equal(away.availability, 'away');
    ok(await hers.call('PUT', `${base}/availability`, { away: true }));
    assert.equal(
      (await standings()).get(zoe.id)!.since,
      away.since,
      'who says it again is away since the first time',
    );
    const key = ok(await call('POST', `${base}/keys`, { door: 'console', role: 'agent' }), 201);
    refused(await caller(url, key.token)('PUT', `${base}/availability`, { away: true }), 403);
    assert.equal((await call('DELETE', `${base}/members/${zoe.id}`)).status, 204);
    assert.equal((await standings()).get(zoe.id), undefined);
    assert.deepEqual(ok(await dana.call('GET', `${base}/teams/${team.id}`)).members, []);
    for (const one of [line, page]) one.close();
  });

  test('how one stands: a word of one’s own before all, and gone once no page was there for long', () => {
    const stands = (away: boolean, changedMs: number | null, seenMs: number | null, nowMs: number) =>
      availabilityOf({ away, changedMs, seenMs }, nowMs);
    assert.deepEqual(availabilityOf(undefined, 9), { availability: 'gone', sinceMs: null });
    assert.deepEqual(stands(false, null, 5, 5 + GONE_MS), { availability: 'available', sinceMs: null });
    assert.deepEqual(stands(false, 1, 5, 6 + GONE_MS), { availability: 'gone', sinceMs: 5 });
    assert.deepEqual(stands(true, 1, 5, 6 + GONE_MS), { availability: 'away', sinceMs: 1 });
  });

  test('what was seen is unread again when somebody wants it so', async () => {
    const { id } = await somebody('Kay');
    ok(await dana.call('POST', at(id, '/read'), { upTo: '2100-01-01T00:00:00Z' }), 204);
    assert.equal(ok(await dana.call('GET', at(id))).unread, false);
    assert.equal(ok(await dana.call('PATCH', at(id), { unread: true })).unread, true);
  });

  test('an answer crosses another’s and never one’s own, however fast one writes', async () => {
    const { id } = await somebody('Lea');
    const { lastAt: seenUpTo } = ok(await dana.call('GET', at(id)));
    ok(await dana.call('POST', at(id, '/messages'), reply('one', { seenUpTo })), 202);
    ok(await dana.call('POST', at(id, '/messages'), reply('two', { seenUpTo })), 202);
    refused(await eli.call('POST', at(id, '/messages'), reply('three', { seenUpTo })), 409, 'seenUpTo');
  });

  test('who is mentioned in a note is told, until he has seen it', async () => {
    const { id } = await somebody('Moe');
    const note = { clientId: 'm1', text: 'Can you look, @Eli?', mentions: [eliShown.id] };
    refused(
      await dana.call('POST', at(id, '/notes'), { ...note, mentions: ['0'.repeat(24)] }),
      400,
      'mentions[0]',
    );
    ok(await dana.call('POST', at(id, '/notes'), note), 201);
    assert.equal(ok(await eli.call('GET', at('counts'))).mentioned, 1);
    assert.equal(ok(await dana.call('GET', at('counts'))).mentioned, 0);
    assert.deepEqual(names(ok(await eli.call('GET', at('mentioned'))).conversations), ['Moe']);
    const { entries } = await threadOf(id);
    assert.deepEqual(entries.at(-1).mentions, [{ id: eliShown.id, name: 'Eli' }]);
    ok(await eli.call('POST', at(id, '/read'), { upTo: '2100-01-01T00:00:00Z' }), 204);
    assert.equal(ok(await eli.call('GET', at('counts'))).mentioned, 0);
  });

  test('§16 an operator offers to go on in the web chat: once, where there is one and they are not there; the thread says when it was taken', async () => {
    const { id, address, contact } = await somebody('Wes');
    const offer = (more = {}) =>
      dana.call('POST', at(id, '/link'), { clientId: `offer-${++clientIds}`, ...more });
    const { integrations } = ok(await call('GET', `${base}/integrations`));
    for (const one of integrations.filter(({ channel }: Json) => channel === 'webchat'))
      ok(await call('DELETE', `${base}/integrations/${one.id}`), 204);
    const reason = ok(await dana.call('GET', at(id))).noWebchat;
    assert.match(reason, /has no web chat/);
    const { error } = (await offer()).body;
    assert.deepEqual([error.code, error.message], ['unprocessable', reason]);
    const chat = ok(await call('POST', `${base}/integrations`, { type: 'webchat', settings: {} }), 201);
    assert.equal(ok(await dana.call('GET', at(id))).noWebchat, null);
    ok(await call('POST', `${base}/integrations/${chat.id}/disable`));
    assert.match(ok(await dana.call('GET', at(id))).noWebchat, /switched off/);
    assert.equal((await offer()).status, 422);
    ok(await call('POST', `${base}/integrations/${chat.id}/enable`));
    refused(await offer({ destinationId: '0'.repeat(24) }), 404, 'destinationId');
    const voice = { channel: 'voice', address };
    const { id: phone } = ok(await call('POST', `${base}/contacts/${contact.id}/destinations`, voice), 201);
    assert.match((await offer({ destinationId: phone })).body.error.message, /on a call/);
    refused(await offer({ seenUpTo: 'x' }), 400, 'seenUpTo');
    assert.equal((await threadOf(id)).entries.length, 2, 'what was refused was not sent');
    // Two tabs, or a line that broke: it is sent once.
    refused(await offer({ label: 'x'.repeat(129) }), 400, 'label');
    refused(await offer({ text: '' }), 400, 'text');
    const same = { clientId: 'web-1', text: 'Send us the picture here:', label: 'Naar de chat' };
    const both = await Promise.all([1, 2].map(() => dana.call('POST', at(id, '/link'), same)));
    const messageId = both.find(({ status }) => status === 202)!.body.messageId;
    assert.equal(ok(await dana.call('POST', at(id, '/link'), same), 202).messageId, messageId);
    refused(
      await eli.call('POST', at(id, '/link'), { clientId: 'w', seenUpTo: '2020-01-01T00:00:00Z' }),
      409,
      'seenUpTo',
    );
    const offered = async () => (await threadOf(id)).entries.filter((one: Json) => one.offer);
    const [entry, ...more] = await offered();
    assert.deepEqual([entry.id, entry.offer, more], [messageId, { takenAt: null }, []]);
    const device = `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(address)}`;
    await until('it came by SMS', async () =>
      JSON.stringify((await call('GET', device)).body.messages).includes(same.text),
    );
    const [{ uri, longUri, text: label }] = entry.message.content.actions;
    assert.equal(label, same.label);
    assert.match(uri, /\/l\/[A-Za-z0-9]{11}$/);
    assert.match(longUri, /\{authtoken\}/);
    // Who only looks at where it leads does not go there.
    await fetch(uri, { headers: { 'user-agent': 'WhatsApp/2' } });
    assert.deepEqual((await offered())[0].offer, { takenAt: null });
    const line = await listen(eli);
    const opened = await fetch(uri, { redirect: 'manual', headers: { 'user-agent': 'Mozilla/5.0' } });
    const to = new URL(opened.headers.get('location')!).searchParams;
    const told = await until('operators are told', () =>
      line.events('entry').find((one) => one.entry.id === messageId && one.entry.offer?.takenAt),
    );
    assert.deepEqual((await offered())[0].offer, told.entry.offer);
    line.close();
    // Who is on the web chat, and may have closed it, is called back by another address while there is one.
    const ask = async (path: string, body: object, token?: string): Promise<Json> => {
      const headers = {
        'content-type': 'application/json',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      };
      const answer = await fetch(`${url}/chat/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    };
    const { token } = ok(await ask('session', { id: to.get('id'), token: to.get('token') }), 201);
    ok(await ask('messages', { text: 'here I am' }, token), 201);
    await until(
      'they are on the web chat',
      async () => ok(await dana.call('GET', at(id))).channel === 'webchat',
    );
    const { ways, noWebchat } = ok(await dana.call('GET', at(id)));
    assert.equal(noWebchat, null);
    const wayBy = (name: string) => ways.find(({ channel }: Json) => channel === name).destinationId;
    ok(await offer({ text: 'Are you still there?' }), 202);
    await until('it came by SMS', async () =>
      JSON.stringify((await call('GET', device)).body.messages).includes('Are you still there?'),
    );
    // In the workspace's own words, where the operator says nothing else.
    const words = { text: 'Verder in de webchat:', label: 'Open de chat' };
    ok(await call('PATCH', base, { settings: { webchatOffer: words } }));
    ok(await offer({}), 202);
    await until('it says so', async () => {
      const { messages } = ok(await call('GET', device));
      return JSON.stringify(messages).includes(words.text) && JSON.stringify(messages).includes(words.label);
    });
    const blank = await call('PATCH', base, { settings: { webchatOffer: { ...words, label: ' ' } } });
    assert.deepEqual([blank.status, blank.body.error.field], [400, 'settings.webchatOffer.label']);
    ok(await call('PATCH', base, { settings: { webchatOffer: null } }));
    assert.match((await offer({ destinationId: wayBy('webchat') })).body.error.message, /sent elsewhere/);
    const texts = `${base}/contacts/${contact.id}/destinations/${wayBy('sms')}`;
    ok(await call('POST', `${texts}/block`, { classes: ['transactional'], reason: 'by phone' }));
    assert.match(ok(await dana.call('GET', at(id))).noWebchat, /no other address/);
    assert.match((await offer()).body.error.message, /on the web chat, and have no other address/);
    assert.equal((await offer({ destinationId: wayBy('sms') })).status, 422);
    ok(await call('POST', `${texts}/unblock`, { classes: ['transactional'] }));
    // Who becomes another has taken it still.
    const other = await somebody('Wesley');
    const which = { survivingId: other.contact.id, discardedId: contact.id };
    ok(await call('POST', `${base}/contacts/merge`, which));
    const shown = (await threadOf(other.id)).entries.find((one: Json) => one.id === messageId);
    assert.deepEqual(shown.offer, told.entry.offer);
  });

  test('saved replies: one of each word, whatever its case, also of two at the same moment', async () => {
    const saved = `${base}/saved-replies`;
    const keep = (shortcut: string) => eli.call('POST', saved, { shortcut, text: 'We are open from nine.' });
    const both = await Promise.all([keep('hours'), keep('Hours')]);
    assert.deepEqual(
      both.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 409],
    );
    const one = both.find(({ status }) => status === 201)!.body;
    const other = ok(await keep('away'), 201);
    refused(await eli.call('PATCH', `${saved}/${other.id}`, { shortcut: 'HOURS' }), 409, 'shortcut');
    assert.equal(ok(await eli.call('PATCH', `${saved}/${one.id}`, { text: 'From ten.' })).text, 'From ten.');
    // Two who change the same: the second learns of the first, and everybody's pages of both.
    const line = await listen(dana);
    const change = (text: string) => eli.call('PATCH', `${saved}/${one.id}`, { text }, { 'if-match': '"2"' });
    const two = await Promise.all([change('From eleven.'), change('From ten.')]);
    const won = two.find(({ status }) => status === 200)!.body;
    assert.deepEqual([one.revision, won.revision], [1, 3]);
    refused(two.find(({ status }) => status !== 200)!, 412, 'revision');
    await until('pages are told', () => line.events('shared').some(({ what }) => what === 'replies'));
    line.close();
    refused(
      await eli.call('PATCH', `${saved}/${one.id}`, { text: 'x' }, { 'if-match': 'x' }),
      400,
      'If-Match',
    );
    ok(await eli.call('PATCH', `${saved}/${one.id}`, { text: 'From ten.' }));
    const { savedReplies } = ok(await dana.call('GET', saved));
    assert.deepEqual(
      savedReplies.map(({ text }: Json) => text),
      ['We are open from nine.', 'From ten.'],
    );
    ok(await eli.call('DELETE', `${saved}/${other.id}`), 204);
    refused(await eli.call('DELETE', `${saved}/${other.id}`), 404);
    refused(await keep('two words'), 400, 'shortcut');
    // One that was deleted comes back as the one it was, of two at the same moment once, and no other in its place.
    const again = (id: string, shortcut = 'away') =>
      eli.call('POST', saved, { id, shortcut, text: 'Back on Monday.' });
    const back = await Promise.all([again(other.id), again(other.id, 'gone')]);
    assert.deepEqual(
      back.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 409],
    );
    const came = back.find(({ status }) => status === 201)!.body;
    assert.deepEqual([came.id, came.createdAt.slice(0, 19)], [other.id, other.createdAt.slice(0, 19)]);
    refused(await again(one.id, 'another'), 409, 'id');
    refused(await again('0'.repeat(24), 'another'), 400, 'id');
    refused(await again(toHex24(2 ** 53 - 1), 'another'), 400, 'id');
    refused(await eli.call('PATCH', `${saved}/${one.id}`, { id: other.id }), 400, 'id');
  });

  test('§5 views are kept, for oneself or for everybody: one of each name, also of two at the same moment', async () => {
    const views = `${base}/saved-views`;
    const look = { view: 'all', channel: 'sms', unread: true, sort: 'waiting' };
    const own = ok(await dana.call('POST', views, { name: ' By SMS ', look }), 201);
    assert.deepEqual([own.name, own.look, own.shared], ['By SMS', look, false]);
    const everybody = ok(await eli.call('POST', views, { name: 'By SMS', look, shared: true }), 201);
    const seen = async (who: typeof dana) =>
      ok(await who.call('GET', views)).savedViews.map(({ id }: Json) => id);
    assert.deepEqual(new Set(await seen(dana)), new Set([own.id, everybody.id]));
    assert.deepEqual(await seen(eli), [everybody.id]);
    const same = await Promise.all(['Late', 'late'].map((name) => dana.call('POST', views, { name, look })));
    assert.deepEqual(
      same.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 409],
    );
    refused(await dana.call('POST', views, { name: ' ', look }), 400, 'name');
    refused(await dana.call('POST', views, { name: 'x', look: { view: 'none' } }), 400, 'look.view');
    refused(
      await dana.call('POST', views, { name: 'x', look: { view: 'closed', sort: 'newest' } }),
      400,
      'look.sort',
    );
    // Renamed and changed by whom they are of; everybody's by everybody, and of two at once the last counts.
    const change = (who: typeof dana, id: string, to: object) => who.call('PATCH', `${views}/${id}`, to);
    const renamed = ok(await change(dana, own.id, { name: ' By text ' }));
    assert.deepEqual([renamed.id, renamed.name, renamed.look], [own.id, 'By text', look]);
    const narrower = { view: 'mine', priority: 'urgent' };
    assert.deepEqual(ok(await change(dana, own.id, { look: narrower })).look, narrower);
    const both = await Promise.all([
      change(dana, everybody.id, { name: 'Texts' }),
      change(eli, everybody.id, { name: 'SMS of all' }),
    ]);
    for (const one of both) ok(one);
    const [left] = ok(await eli.call('GET', views)).savedViews;
    assert.ok(['Texts', 'SMS of all'].includes(left.name));
    assert.deepEqual(left.look, look);
    refused(await change(eli, own.id, { name: 'Mine now' }), 404);
    refused(await change(dana, own.id, { name: 'LATE' }), 409, 'name');
    refused(await change(dana, own.id, { name: '  ' }), 400, 'name');
    refused(await change(dana, own.id, { look: { view: 'closed', sort: 'newest' } }), 400, 'look.sort');
    refused(await change(dana, own.id, { look: { view: 'all', priority: 'x' } }), 400, 'look.priority');
    const kept = ok(await dana.call('GET', views)).savedViews.find(({ id }: Json) => id === own.id);
    assert.deepEqual([kept.name, kept.look], ['By text', narrower]);
    refused(await eli.call('DELETE', `${views}/${own.id}`), 404);
    assert.equal((await dana.call('DELETE', `${views}/${own.id}`)).status, 204);
    refused(await dana.call('DELETE', `${views}/${own.id}`), 404);
    refused(await change(dana, own.id, { name: 'Gone' }), 404);
    // A deletion that is taken back keeps the id: links to it lead there still.
    const again = { id: everybody.id, name: 'Texts', look, shared: true };
    refused(await dana.call('POST', views, { ...again, name: 'Other' }), 409, 'id');
    assert.equal((await dana.call('DELETE', `${views}/${everybody.id}`)).status, 204);
    const back = await Promise.all([1, 2].map(() => dana.call('POST', views, again)));
    assert.deepEqual(
      back.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 409],
    );
    assert.ok((await seen(eli)).includes(everybody.id));
    for (const id of ['f'.repeat(24), '0'.repeat(24), 'x'])
      refused(await dana.call('POST', views, { ...again, id }), 400, 'id');
    assert.equal((await dana.call('DELETE', `${views}/${everybody.id}`)).status, 204);
    assert.deepEqual(await seen(eli), []);
  });

  test('a file is kept for a message to point to, and is served', async () => {
    const form = new FormData();
    form.append('source', new File(['a list'], 'list.txt', { type: 'text/plain' }));
    const headers = { cookie: eli.cookie, ...PAGE };
    const response = await fetch(`${url}${base}/files`, { method: 'POST', headers, body: form });
    assert.equal(response.status, 201);
    const kept = (await response.json()) as Json;
    assert.deepEqual([kept.name, kept.mediaType], ['list.txt', 'text/plain']);
    assert.equal(await (await fetch(kept.url)).text(), 'a list');
  });
});

describe('live', () => {
  /** A page's line: what it is told, in order. */
  test('only a page of this server with the cookie is let in', async () => {
    await assert.rejects(listen(dana, undefined, 'https://elsewhere.example'), /401/);
    await assert.rejects(listen({ ...dana, cookie: 'parley_session=ses_x' }), /401/);
  });

  test('what is said, answered and noted comes by itself, with its delivery; so does who looks', async () => {
    const line = await listen(dana);
    assert.equal(line.told[0].reset, true);
    const { id, write } = await somebody('Ida');
    await until('told', () => line.events('conversation').some(({ conversation }) => conversation.id === id));
    const { messageId } = ok(await eli.call('POST', at(id, '/messages'), reply('of course')), 202);
    await until('delivered by itself', () =>
      line
        .events('entry')
        .some(({ entry }) => entry.id === messageId && entry.deliveries[0]?.state === 'delivered'),
    );
    const other = await listen(eli);
    other.socket.send(JSON.stringify({ type: 'present', conversationId: id, as: 'typing' }));
    await until('told who types', () => line.events('presence').length > 0);
    assert.deepEqual(line.events('presence')[0], {
      kind: 'presence',
      conversationId: id,
      operator: { id: eliShown.id, name: 'Eli' },
      as: 'typing',
    });
    assert.equal(other.events('presence').length, 0, 'nobody is told of himself');
    // The line is lost; what happens meanwhile follows, and nothing is told twice.
    const { cursor } = line.told.findLast((one) => one.cursor);
    line.close();
    await write('while away');
    await until('others were told', () =>
      other.events('entry').some(({ entry }) => entry.message?.content.text === 'while away'),
    );
    const back = await listen(dana, cursor);
    await until('what was missed', () =>
      back.events('entry').some(({ entry }) => entry.message?.content.text === 'while away'),
    );
    assert.equal(back.told[0].reset, false);
    const unknown = await listen(dana, 'another.7');
    assert.equal(unknown.told[0].reset, true);
    for (const one of [back, unknown, other]) one.close();
  });

  test('every event, applied to what was fetched before it, gives what fetching again gives', async () => {
    const one = await somebody('Kim');
    const two = await somebody('Lou');
    const line = await listen(dana);
    const views = VIEWS.map((view) => ({ view, filter: {} }));
    const crew = ok(
      await dana.call('POST', `${base}/teams`, { name: 'Crew', memberIds: [danaShown.id] }),
      201,
    );
    const teams = ok(await dana.call('GET', `${base}/teams`))
      .teams.filter(({ members }: Json) => members.some(({ id }: Json) => id === danaShown.id))
      .map(({ id }: Json) => id);
    const lists: { view: View; filter: ListOf['filter'] }[] = [
      ...views,
      { view: 'all', filter: { unread: true } },
      { view: 'all', filter: { sort: 'waiting' } },
      { view: 'all', filter: { assignee: danaShown.id, channel: 'sms' } },
      { view: 'unassigned', filter: { sort: 'newest' } },
      { view: 'all', filter: { sort: 'priority' } },
      { view: 'unassigned', filter: { sort: 'priority' } },
      { view: 'all', filter: { priority: 'high' } },
      { view: 'teams', filter: {} },
      { view: 'teams', filter: { sort: 'newest' } },
      { view: 'unassigned', filter: { team: crew.id } },
    ];
    const fetchLists = async (): Promise<ConversationPage[]> =>
      await Promise.all(
        lists.map(async ({ view, filter }) => {
          const words = Object.entries(filter).map(([name, value]): [string, string] => [
            name,
            String(value),
          ]);
          const more = `&${new URLSearchParams(words).toString()}`;
          return ok(
            await dana.call('GET', `${base}/conversations?view=${view}&limit=5${more}`),
          ) as ConversationPage;
        }),
      );
    let stale = (await fetchLists()).map((page) => [page]);
    let thread: ThreadPage[] = [await threadOf(one.id)];
    let whole = ok(await dana.call('GET', at(one.id)));
    const { now } = ok(await call('GET', `${base}/clock`));
    const later = new Date(Date.parse(now) + 3_600_000).toISOString();
    await one.write('again');
    ok(await eli.call('POST', at(one.id, '/messages'), reply('an answer')), 202);
    ok(await eli.call('POST', at(one.id, '/notes'), { clientId: 'n7', text: 'noted' }), 201);
    ok(await dana.call('PATCH', at(one.id), { assigneeId: danaShown.id }));
    ok(await eli.call('PATCH', at(one.id), { priority: 'urgent' }));
    ok(await eli.call('PATCH', at(one.id), { teamId: crew.id }));
    ok(await eli.call('PATCH', at(two.id), { teamId: crew.id }));
    ok(await dana.call('PATCH', at(one.id), { priority: 'high' }));
    ok(await dana.call('PATCH', at(two.id), { snoozedUntil: later }));
    const seen = ok(await dana.call('GET', at(one.id))).lastAt;
    assert.equal((await dana.call('POST', at(one.id, '/read'), { upTo: seen })).status, 204);
    ok(await dana.call('PATCH', at(two.id), { closed: true }));
    const last = await somebody('Max');
    await until('all is told', () => {
      const shown = line.events('conversation');
      // The last word on the answer: what is fetched below is from after it.
      const answer = line
        .events('entry')
        .findLast(({ entry }) => JSON.stringify(entry.message ?? null).includes('an answer'));
      return (
        shown.some(
          ({ conversation }) => conversation.id === last.id && conversation.last.direction === 'in',
        ) &&
        shown.some(({ conversation }) => conversation.id === two.id && conversation.closed) &&
        line.events('entry').some(({ entry }) => entry.type === 'note') &&
        answer?.entry.deliveries[0]?.state === 'delivered'
      );
    });
    for (const { event } of line.told.filter(({ type }) => type === 'event')) {
      const nowMs = Date.parse(now);
      if (event.kind === 'conversation') {
        stale = stale.map((pages, n) =>
          applyToList(pages, { ...lists[n]!, me: danaShown.id, teams, nowMs }, event.conversation),
        );
        whole = applyToConversation(whole, event.conversation);
      }
      if (event.kind === 'entry' && event.conversationId === one.id)
        thread = applyToThread(thread, event.entry);
      // Told twice is told once.
      if (event.kind === 'entry' && event.conversationId === one.id)
        thread = applyToThread(thread, event.entry);
    }
    const fresh = await fetchLists();
    for (const [n, { conversations }] of fresh.entries()) {
      const kept = stale[n]!.flatMap((page) => page.conversations);
      // What stood beyond the last page is not known here, so a page may have become shorter, never other.
      assert.deepEqual(
        kept.slice(0, conversations.length),
        conversations.slice(0, kept.length),
        lists[n]!.view,
      );
      assert.ok(kept.length >= conversations.length - 3, lists[n]!.view);
    }
    assert.deepEqual(
      thread.flatMap(({ entries }) => entries),
      (await threadOf(one.id)).entries,
    );
    const { marks: _, ...before } = whole;
    const { marks, ...after } = ok(await dana.call('GET', at(one.id)));
    assert.deepEqual({ ...before, ways: [] }, { ...after, ways: [], contactReadAt: before.contactReadAt });
    assert.ok(marks.length > 0);
    line.close();
  });

  test('a frame that is none ends the line; who is signed out is let go', async () => {
    const line = await listen(dana);
    const closed = new Promise<number>((resolve) => line.socket.once('close', resolve));
    line.socket.send('nothing');
    assert.equal(await closed, 4400);
  });
});

test('somebody who is erased is not in it, also when what they said comes later', async () => {
  const { id, contact, write } = await somebody('Jo');
  ok(await dana.call('POST', at(id, '/notes'), { clientId: 'n9', text: 'soon gone' }), 201);
  ok(await dana.call('PUT', at(id, '/draft'), { text: 'Dear' }), 204);
  await Promise.all([write('last words').catch(() => {}), call('DELETE', `${base}/contacts/${contact.id}`)]);
  await until(
    'the feed is read',
    async () => (await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM feed`)[0]!.n === 0,
  );
  const contactId = fromHex24(contact.id)!;
  for (const table of ['inbox', 'inbox_notes', 'inbox_seats'])
    assert.equal(
      (
        await sql.unsafe<{ n: number }[]>(
          `SELECT count(*)::int AS n FROM ${table} WHERE contact_id = ${contactId}`,
        )
      )[0]!.n,
      0,
      table,
    );
  assert.equal((await dana.call('GET', at(id))).status, 404);
});

test('nothing was logged as an error', () => assert.deepEqual(errors, []));
