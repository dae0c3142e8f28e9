/**
 * The line of a tab and what it has fetched, as the console's own code keeps them, against two Parleys over one store: after an hour of
 * sleep, the end of the server that it was connected to, and whatever comes while something is fetched, what is shown is what there is.
 */
import assert from 'node:assert/strict';
import { InfiniteQueryObserver, QueryClient, QueryObserver } from '@tanstack/query-core';
import { test } from 'node:test';
import { WebSocket as Socket } from 'ws';
import { CONSOLE_ALIVE_MS, type ConsoleEvent } from '../contract/consoleLive.ts';
import { fromHex24 } from '../src/base/ids.ts';
import type { ConversationPage, ConversationWhole, ThreadPage } from '../contract/doors/console/inbox.ts';
import type { TimelinePage } from '../contract/doors/console/people.ts';
import type { DevicePage } from '../contract/doors/console/simulator.ts';
import { call as callPage } from '../web/console/api/call.ts';
import type { Gone } from '../web/console/live/gone.ts';
import { openLine } from '../web/console/live/line.ts';
import { errors, startConsole, type Json } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { sql } = database;
const one = await startConsole(database);
const two = await startConsole(database);
const { demo, call, base } = one;
const ws = demo.workspace.id;
const PAGE = { 'x-parley-console': '1' };
const signedIn = await fetch(`${one.url}/api/sessions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', ...PAGE },
  body: JSON.stringify({ email: demo.keys.console.email, password: demo.keys.console.password }),
});
const [cookie] = signedIn.headers.get('set-cookie')!.split(';') as [string];
const { operator: me } = (await signedIn.json()) as Json;

const ok = ({ status, body }: { status: number; body: Json }): Json => {
  assert.ok(status < 300, `${status} ${JSON.stringify(body)}`);
  return body;
};
const SMS = { channel: 'sms', address: '+14155550177' };
ok(await call('POST', `${base}/messages`, { destination: SMS, content: { type: 'text', text: 'Hi' } }));
const phone = `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(SMS.address)}`;
await until('it is on the phone', async () => ok(await call('GET', phone)).messages.length > 0);
const write = async (text: string) => ok(await call('POST', `${base}/simulator/reply`, { ...SMS, text }));
await write('first');
const id = await until('it is in the inbox', async () => {
  const { conversations } = ok(await call('GET', `${base}/conversations?view=all`));
  return conversations.find((row: Json) => row.last.text === 'first')?.id as string | undefined;
});
let clientIds = 0;
const clientId = () => `line-${++clientIds}`;
const answer = async (text: string) => {
  const body = { clientId: clientId(), content: { type: 'text', text } };
  return ok(await call('POST', `${base}/conversations/${id}/messages`, body));
};

// What a browser has: paths of the page's own server, its cookie, and answers that are on their way.
const outside = globalThis.fetch;
let server = one.url;
let onAnswer: (path: string) => Promise<void> | void = () => {};
globalThis.fetch = async (input, init = {}) => {
  if (typeof input !== 'string' || !input.startsWith('/')) return await outside(input, init);
  const headers = new Headers(init.headers);
  headers.set('cookie', cookie);
  const response = await outside(server + input, { ...init, headers });
  await onAnswer(input);
  return response;
};

/** A tab that shows the inbox and the conversation. */
function openTab() {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: 5_000, retry: false } } });
  // Keys and pages as api/queries.ts has them.
  const list = {
    queryKey: [ws, 'conversations', 'all', {}],
    initialPageParam: undefined,
    queryFn: () => callPage<ConversationPage>('GET', `/workspaces/${ws}/conversations?view=all`),
    getNextPageParam: () => undefined,
  };
  const thread = {
    queryKey: [ws, 'thread', id],
    initialPageParam: undefined,
    queryFn: () => callPage<ThreadPage>('GET', `/workspaces/${ws}/conversations/${id}/messages?limit=50`),
    getNextPageParam: () => undefined,
  };
  const whole = {
    queryKey: [ws, 'conversation', id],
    queryFn: () => callPage<ConversationWhole>('GET', `/workspaces/${ws}/conversations/${id}`),
  };
  const leave = [
    new InfiniteQueryObserver(client, list).subscribe(() => {}),
    new InfiniteQueryObserver(client, thread).subscribe(() => {}),
    new QueryObserver(client, whole).subscribe(() => {}),
  ];
  const told: ConsoleEvent[] = [];
  const welcomes: { cursor: string; reset: boolean }[] = [];
  const deaf = { to: '', held: [] as ConsoleEvent[] };
  const state = { wallMs: 0, isOnline: false, isAway: false, sockets: [] as Socket[] };
  const line = openLine({
    client,
    ws,
    me: me.id,
    nowMs: () => Date.now(),
    wallMs: () => state.wallMs,
    connect() {
      const at = state.isAway ? 'ws://127.0.0.1:9' : server.replace('http', 'ws');
      const socket = new Socket(`${at}${base}/live`, { headers: { cookie }, origin: server });
      socket.on('error', () => {});
      socket.on('message', (data) => {
        const frame: Json = JSON.parse((data as Buffer).toString('utf8'));
        if (frame.type === 'welcome') welcomes.push(frame);
      });
      state.sockets.push(socket);
      const listenTo = socket.addEventListener.bind(socket) as (
        type: string,
        listener: (told: Json) => void,
      ) => void;
      socket.addEventListener = ((type: string, listener: (told: Json) => void) =>
        listenTo(type, (told) => {
          const frame: Json = type === 'message' ? JSON.parse(String(told.data)) : {};
          if (frame.type === 'event' && frame.event.kind === deaf.to) deaf.held.push(frame.event);
          else listener(told);
        })) as never;
      return socket as unknown as WebSocket;
    },
    onOnline: (is) => (state.isOnline = is),
    onEvent: (event) => told.push(event),
  });
  const shown = async (from: QueryClient) => {
    const [pages, threads, conversation] = await Promise.all([
      from.ensureInfiniteQueryData(list),
      from.ensureInfiniteQueryData(thread),
      from.ensureQueryData(whole),
    ]);
    return {
      list: pages.pages.flatMap(({ conversations }) => conversations),
      entries: threads.pages.flatMap(({ entries }) => entries),
      last: conversation.last,
    };
  };
  return {
    state,
    line,
    told,
    welcomes,
    texts: async () =>
      (await shown(client)).entries.map((entry: Json) => entry.text ?? entry.message.content.text),
    listed: async () => (await shown(client)).list,
    show: (query: { queryKey: string[]; queryFn: () => Promise<unknown> }) =>
      new QueryObserver(client, query).subscribe(() => {}),
    shownAs: (queryKey: string[]): Json => client.getQueryData(queryKey),
    /** Events of a kind do not arrive from here on. */
    deafTo(kind: ConsoleEvent['kind']) {
      deaf.to = kind;
      return deaf.held;
    },
    refetch: () => client.invalidateQueries({ queryKey: [ws] }),
    fetches: () => client.getQueryState(thread.queryKey)!.dataUpdateCount,
    settled: () => until('all is fetched', () => state.isOnline && client.isFetching() === 0),
    /** Waits until what is shown is what there is, each thing once. */
    async isWhole(what: string, has: string) {
      await until(what, async () => (await this.texts()).includes(has));
      await until(`${what}: as fetched now`, async () => {
        const [mine, fresh] = [await shown(client), await shown(new QueryClient())];
        assert.deepEqual(mine, fresh);
        const ids = fresh.entries.map((entry) => entry.id);
        return new Set(ids).size === ids.length;
      });
    },
    close() {
      line.end();
      for (const end of leave) end();
      client.clear();
    },
  };
}

/** Notes of a team that had much to do meanwhile, in a conversation that is not open: each is new to those who have the workspace open. */
async function noteMuch(many: number): Promise<string> {
  const destination = { channel: 'sms', address: '+14155550178' };
  const busy = ok(
    await call('POST', `${base}/messages`, { destination, content: { type: 'text', text: 'Hi' } }),
  );
  const made = await fetch(`/api${base.slice(4)}/conversations/${busy.conversationId}/notes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...PAGE },
    body: JSON.stringify({ clientId: clientId(), text: 'the first' }),
  });
  assert.equal(made.status, 201);
  const { id: noteId } = (await made.json()) as Json;
  const notes = await sql<{ id: number }[]>`
    INSERT INTO inbox_notes (bucket, id, contact_id, workspace_id, operator_id, text, at_ms)
    SELECT bucket, id - n * (1 << 18)::bigint, contact_id, workspace_id, operator_id, 'note ' || n, at_ms
    FROM inbox_notes, generate_series(1, ${many}) AS n WHERE id = ${fromHex24(noteId)!} RETURNING id`;
  const words = notes.map((note) => {
    const ids = [fromHex24(ws)!, fromHex24(busy.contactId)!, note.id];
    return `i:${ids.map((part) => part.toString(36)).join(':')}`;
  });
  for (let from = 0; from < words.length; from += 150)
    await sql.notify('parley_live', `elsewhere ${words.slice(from, from + 150).join(' ')}`);
  return busy.conversationId as string;
}

test('§7 an hour of sleep: a tab that was away for longer than is kept for it shows all, and nothing twice', async () => {
  const [tab, awake] = [openTab(), openTab()];
  await Promise.all([tab.settled(), awake.settled()]);
  tab.state.isAway = true;
  tab.state.sockets.at(-1)!.terminate();
  await until('it is noticed', () => !tab.state.isOnline);
  await answer('while it slept');
  const busy = await noteMuch(520);
  const noted = () =>
    new Set(
      awake.told.flatMap((event) =>
        event.kind === 'entry' && event.conversationId === busy && event.entry.type === 'note'
          ? [event.entry.id]
          : [],
      ),
    );
  // More at once than are read together: who is there is told of every one.
  await until('who is awake is told of each', () => noted().size === 521);
  await write('and answered');
  await awake.isWhole('who is awake has it', 'and answered');
  tab.state.isAway = false;
  tab.line.wake();
  await until('it is back', () => tab.state.isOnline);
  assert.deepEqual(
    tab.welcomes.map(({ reset }) => reset),
    [true, true],
  );
  const [before, after] = tab.welcomes.map(({ cursor }) => cursor.split('.')[0]);
  assert.equal(before, after, 'it was away for too long, and the log is the same');
  await tab.isWhole('what was missed', 'and answered');
  assert.ok((await tab.texts()).includes('while it slept'));
  for (const open of [tab, awake]) open.close();
});

test('§7 a process that heard nothing of the others for a moment has its tabs look again', async () => {
  server = two.url;
  const tab = openTab();
  await tab.settled();
  await sql`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'LISTEN "parley_live"%'`;
  await write('while nobody listened');
  await until('it looks again', () => tab.welcomes.length > 1 && tab.welcomes.at(-1)!.reset);
  await tab.isWhole('what was missed', 'while nobody listened');
  tab.close();
});

test('§9 what comes onto a device, and what becomes of it, is there by itself for who shows it, at another process too', async () => {
  server = two.url;
  const tab = openTab();
  const device = {
    queryKey: [ws, 'device', SMS.channel, SMS.address],
    queryFn: () => callPage<DevicePage>('GET', phone.slice('/api'.length)),
    // Nothing looks by itself: what is seen was told of.
    staleTime: Infinity,
  };
  const leave = tab.show(device);
  await tab.settled();
  const has = (text: string) => JSON.stringify(tab.shownAs(device.queryKey)).includes(text);
  await answer('onto the phone');
  await until('it is on the phone', () => has('onto the phone'));
  await until('and was delivered', () => {
    const { messages } = tab.shownAs(device.queryKey) as DevicePage;
    return (
      messages.find(({ content }) => JSON.stringify(content).includes('onto the phone'))?.state ===
      'delivered'
    );
  });
  await write('from the phone');
  await until('so is what was said there', () => has('from the phone'));
  tab.state.isAway = true;
  tab.state.sockets.at(-1)!.terminate();
  await until('it is noticed', () => !tab.state.isOnline);
  await answer('while the line was gone');
  await until('it is on the phone', async () =>
    JSON.stringify(ok(await call('GET', phone))).includes('while the line was gone'),
  );
  tab.state.isAway = false;
  tab.line.wake();
  await until('who is back looks again', () => has('while the line was gone'));
  leave();
  tab.close();
});

/** A person's own page, as a tab shows it. */
const pageOf = (contactId: string) => ({
  queryKey: [ws, 'timeline', contactId],
  queryFn: () => callPage<TimelinePage>('GET', `/workspaces/${ws}/contacts/${contactId}/timeline?limit=30`),
  // Nothing looks by itself: what is seen was told of.
  staleTime: Infinity,
});

test('§7 a person’s page has what happens to them by itself, at another process too, also of who never wrote; nobody else costs a page anything', async () => {
  server = two.url;
  const person = async (givenName: string, address: string) => {
    const made = ok(await call('POST', `${base}/contacts`, { givenName }));
    ok(await call('POST', `${base}/contacts/${made.id}/destinations`, { channel: 'sms', address }));
    return made.id as string;
  };
  const [ann, bob] = [await person('Ann', '+14155550171'), await person('Bob', '+14155550172')];
  const tell = async (contactId: string, text: string) =>
    ok(await call('POST', `${base}/messages`, { contactId, content: { type: 'text', text } }));
  const tab = openTab();
  const page = pageOf(ann);
  const leave = tab.show(page);
  await tab.settled();
  const entryWith = (text: string) =>
    (tab.shownAs(page.queryKey) as TimelinePage).entries.find((entry) =>
      JSON.stringify(entry).includes(text),
    );
  assert.deepEqual((tab.shownAs(page.queryKey) as TimelinePage).entries, []);
  await tell(bob, 'to Bob alone');
  await tell(ann, 'to Ann, who never wrote');
  await until('it is on her page', () => entryWith('to Ann, who never wrote'));
  await until('and what became of it', () =>
    JSON.stringify(entryWith('to Ann, who never wrote')).includes('"delivered"'),
  );
  // What was on its way to whom she was made one with is hers.
  const late = await tell(bob, 'on its way to Bob');
  ok(await call('POST', `${base}/contacts/merge`, { survivingId: ann, discardedId: bob }));
  await tell(ann, 'to both');
  await until('the page has it all', () => entryWith('on its way to Bob') && entryWith('to both'));
  await until('with what became of it', () =>
    JSON.stringify(entryWith(late.messageId as string)).includes('"delivered"'),
  );
  // Of many at once.
  const tag = ok(await call('POST', `${base}/tags`, { name: 'news' }));
  ok(await call('POST', `${base}/tags/${tag.id}/members`, { add: [ann] }));
  const news = {
    name: 'News for all',
    content: { type: 'text', text: 'News' },
    channel: 'sms',
    class: 'transactional',
    audience: { include: { tags: ['news'] } },
  };
  const { id: broadcast } = ok(await call('POST', `${base}/broadcasts`, news));
  ok(await call('POST', `${base}/broadcasts/${broadcast}/start`));
  await until('a broadcast is there', () =>
    JSON.stringify(entryWith('News for all')).includes('"delivered"'),
  );
  const told = tab.told.filter((event) => event.kind === 'person');
  assert.ok(
    told.every(({ contactId }) => contactId === ann),
    'told of somebody whose page is not open',
  );
  leave();
  tab.close();
});

/** The way to somebody who has written, in the inbox. */
async function heard(address: string, text: string): Promise<{ id: string; contactId: string }> {
  const destination = { channel: 'sms', address };
  ok(await call('POST', `${base}/messages`, { destination, content: { type: 'text', text: 'Hi' } }));
  const at = `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(address)}`;
  await until('it is on the phone', async () => ok(await call('GET', at)).messages.length > 0);
  ok(await call('POST', `${base}/simulator/reply`, { ...destination, text }));
  return await until('it is in the inbox', async () => {
    const { conversations } = ok(await call('GET', `${base}/conversations?view=all`));
    const row = conversations.find(({ last }: Json) => last.text === text);
    return row && { id: row.id as string, contactId: row.contact.id as string };
  });
}

test('§7 who is erased or becomes another is told of at once, also at another process; what shows them asks no more, however it hears', async () => {
  server = two.url;
  const erased = await heard('+14155550141', 'forget me');
  const merged = await heard('+14155550142', 'I am somebody else');
  const other = await heard('+14155550144', 'and I am them');
  const tab = openTab();
  const asked: string[] = [];
  const conversationOf = (of: string) => ({
    queryKey: [ws, 'conversation', of],
    queryFn: () => {
      asked.push(of);
      return callPage<ConversationWhole>('GET', `/workspaces/${ws}/conversations/${of}`);
    },
  });
  const leave = [erased, merged].map((one) => tab.show(conversationOf(one.id)));
  await tab.settled();
  const gone = (of: string) => tab.shownAs([ws, 'gone', of]) as Gone | undefined;
  asked.length = 0;
  ok(await call('DELETE', `${base}/contacts/${erased.contactId}`));
  await until('it is told', () => gone(erased.id)?.how === 'erased' && gone(erased.contactId));
  const pair = { survivingId: other.contactId, discardedId: merged.contactId };
  ok(await call('POST', `${base}/contacts/merge`, pair));
  await until('and whom one became', () => {
    const told = gone(merged.id);
    return (
      told?.how === 'became' && told.became.id === other.contactId && told.became.conversationId === other.id
    );
  });
  await until('the list has neither, and the other', async () => {
    const there = (await tab.listed()).map((row) => row.id);
    return !there.includes(erased.id) && !there.includes(merged.id) && there.includes(other.id);
  });
  assert.deepEqual(asked, [], 'who is gone was asked for');
  for (const end of leave) end();
  // Whoever hears nothing finds out by asking, once.
  const unheard = await heard('+14155550143', 'nobody tells of me');
  const end = tab.show(conversationOf(unheard.id));
  await tab.settled();
  const held = tab.deafTo('gone');
  ok(await call('DELETE', `${base}/contacts/${unheard.contactId}`));
  await until('the server has told', () => held.length > 0);
  assert.equal(gone(unheard.id), undefined);
  void tab.refetch();
  await until('it is found out', () => gone(unheard.id)?.how === 'erased');
  end();
  tab.close();
});

test('§7 two processes over one store, and the end of one: what happens at the other comes by itself; then all is looked at again', async () => {
  server = two.url;
  const tab = openTab();
  await tab.settled();
  const fetched = tab.fetches();
  await write('heard by one, seen at two');
  await answer('answered at one');
  await until('its delivery is told', () =>
    tab.told.some((event) => event.kind === 'entry' && JSON.stringify(event.entry).includes('"delivered"')),
  );
  await tab.isWhole('nothing is missing', 'answered at one');
  assert.ok(tab.told.length > 0 && fetched > 0);
  // The server that it hangs on ends; the next one at its address has never heard of its cursor.
  tab.state.isAway = true;
  await two.stop();
  await until('it is noticed', () => !tab.state.isOnline);
  await write('while nobody was there');
  server = one.url;
  tab.state.isAway = false;
  await until('it is back by itself', () => tab.state.isOnline);
  assert.equal(tab.welcomes.at(-1)!.reset, true);
  await tab.isWhole('what was missed', 'while nobody was there');
  tab.close();
});

test('§7 what is told while something is fetched is in it, though what comes is from before', async () => {
  const tab = openTab();
  await tab.settled();
  const read = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  // The server has read, and its answer is on its way for long.
  onAnswer = async (path) => {
    if (!path.includes('/messages') && !path.includes('view=all')) return;
    read.resolve();
    await held.promise;
  };
  void tab.refetch();
  await read.promise;
  onAnswer = () => {};
  await write('told meanwhile');
  await until('it is told', () =>
    tab.told.some(
      (event) => event.kind === 'entry' && JSON.stringify(event.entry).includes('told meanwhile'),
    ),
  );
  held.resolve();
  await tab.settled();
  await tab.isWhole('it is still there', 'told meanwhile');
  tab.close();
});

test('§7 after sleep a line that is there in name only is made anew at once, and one that was heard lately is kept', async () => {
  const tab = openTab();
  await tab.settled();
  tab.line.wake();
  assert.equal(tab.state.sockets.length, 1);
  tab.state.wallMs += 2 * CONSOLE_ALIVE_MS;
  tab.line.wake();
  assert.equal(tab.state.sockets.length, 2);
  await until('it is back', () => tab.welcomes.length === 2);
  assert.equal(tab.welcomes[1]!.reset, false, 'what was missed follows; nothing is fetched again');
  await write('after sleep');
  await tab.isWhole('it comes', 'after sleep');
  const said = tab.told.filter(
    (event) => event.kind === 'entry' && JSON.stringify(event.entry).includes('"after sleep"'),
  );
  assert.equal(new Set(said.map((event) => JSON.stringify(event))).size, said.length, 'each is told once');
  tab.close();
});

test('what is taken away by the API goes from open tabs, the list and the search; with the last word the conversation leaves the inbox', async () => {
  const tab = openTab();
  await tab.settled();
  const before = await tab.texts();
  await write('a slip of the pen');
  await answer('Which slip?');
  await tab.isWhole('both are there', 'Which slip?');
  const found = () => callPage<Json>('GET', `/workspaces/${ws}/messages/search?q=slip`);
  await until('both are found', async () => (await found()).messages.length === 2);
  const { contact } = ok(await call('GET', `${base}/conversations/${id}`));
  const { keyId, secret } = demo.keys.sunshine;
  const remove = async (path: string) => {
    const response = await fetch(`${one.url}/v1.1/appusers/${contact.id}/messages${path}`, {
      method: 'DELETE',
      headers: { authorization: `Basic ${Buffer.from(`${keyId}:${secret}`).toString('base64')}` },
    });
    assert.equal(response.status, 200);
  };
  for (const { id: messageId } of (await found()).messages) await remove(`/${messageId}`);
  await until('both are gone', async () => (await tab.texts()).length === before.length);
  await tab.isWhole('the list says what is left', before.at(-1));
  assert.deepEqual((await found()).messages, []);
  const words = () => sql`SELECT 1 FROM message_words WHERE conversation_id = ${fromHex24(id)!}`;
  assert.ok((await words()).length > 0);
  await remove('');
  await until('it has left the list', async () => (await tab.listed()).every((row) => row.id !== id));
  await until('and no word of it is kept', async () => (await words()).length === 0);
  assert.deepEqual(await tab.texts(), []);
  await write('all the same');
  await until('who writes again is back', async () => (await tab.listed()).some((row) => row.id === id));
  tab.close();
});

test('nothing was logged as an error', () => assert.deepEqual(errors, []));
