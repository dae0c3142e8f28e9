/**
 * Messages with a delay: nobody who is written to sees anything of them before (W11, W12, W34). By the clock of a test workspace, on top
 * of one that stands while there are delays: typing is shown for a second, and a busy machine may let two go by.
 */
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { isFault } from '../src/base/fault.ts';
import { toHex24 } from '../src/base/ids.ts';
import { mergePeople } from '../src/people/people.ts';
import type { LiveEvent } from '../contract/live.ts';
import { webhooksOf } from './support/web1on1Webhooks.ts';
import { stoppableClock } from './support/clock.ts';
import { closeTabs, newSigner, openTab, type Tab } from './support/live.ts';
import { until } from './support/until.ts';
import { errors } from './sunshineProduct.ts';
import { callerOf, newBot, startProduct, type Json } from './web1on1Product.ts';

const clock = stoppableClock();
const product = await startProduct({}, clock);
const { url, ctx, simulator } = product;
const bot = await newBot(product);
const call = callerOf(url, bot.token);
const signer = await newSigner(ctx, bot.workspaceId);
const hook = await webhooksOf(call);
after(closeTabs);
afterEach(() => clock.goOn());

const LONG = 'I was typing for a while before you saw what I have to say.';
let people = 0;

/** Somebody on the web chat, and what their page was told. */
async function onTheWeb() {
  const userId = `web-${++people}`;
  const tab = openTab(url, await signer.tokenOf(userId));
  const events: LiveEvent[] = [];
  tab.on('event', (event) => events.push(event));
  await tab.say({ type: 'text', text: 'hello' });
  const [contact] =
    (await product.sql`SELECT id FROM contacts WHERE workspace_id = ${bot.workspaceId} AND external_id = ${userId}`) as Json[];
  const [conversation] =
    (await product.sql`SELECT id FROM conversations WHERE contact_id = ${contact.id}`) as Json[];
  const id = toHex24(Number(conversation.id));
  // Threads hear of it behind the answer to the page: a test that looks sooner meets a conversation that nobody waits in yet.
  await until(
    'it is queued',
    async () => (await call('GET', `/conversations/${id}`)).body.status === 'queued',
  );
  clock.stop();
  return {
    id,
    tab,
    events,
    contactId: contact.id as number,
    userId,
    post: (body: unknown) => call('POST', `/conversations/${id}/messages`, body),
    texts: async () =>
      ((await call('GET', `/conversations/${id}/messages`)).body as Json[]).map(({ text }) => text),
    said: () => textsOf(tab),
  };
}

const textsOf = (tab: Tab) => tab.messages().map(({ content }) => ('text' in content ? content.text : ''));
const typing = (events: readonly LiveEvent[]) =>
  events.flatMap((event) => (event.kind === 'typing' && event.by === 'business' ? [event.on] : []));
const advance = async (byMs: number) =>
  assert.ok(!('fault' in (await simulator.advanceClock(bot.workspaceId, byMs))));
const theirNow = async () =>
  ctx.clock.nowMs() + (await ctx.directory.workspace(bot.workspaceId))!.clockAheadMs;

/** What a page was told, in order: typing that began and ended, and messages. */
const story = (events: readonly LiveEvent[]) =>
  events.flatMap((event) => {
    if (event.kind === 'typing' && event.by === 'business') return [event.on ? 'typing' : 'typing ends'];
    return event.kind === 'message' && event.message.from === 'business'
      ? [textOf(event.message.content)]
      : [];
  });
const textOf = (content: object) => ('text' in content ? String(content.text) : '');
const MINUTES_MS = 10 * 60_000;

test('W11 W12 a message exists for the person when its delay is over, and typing is shown before it and ends with it', async () => {
  const { id, tab, events, post, texts, said, contactId } = await onTheWeb();
  const posted = await post({ text: LONG, role: 'agent', touchpoint: 'web', delay: MINUTES_MS });
  assert.equal(posted.status, 201, JSON.stringify(posted.body));
  assert.ok(Date.parse(posted.body.createdAt) <= (await theirNow()), 'createdAt lies in the future');
  assert.deepEqual(await texts(), ['hello']);
  assert.deepEqual((await call('GET', `/conversations/${id}?select=messages`)).body.messages.length, 1);
  const before =
    await product.sql`SELECT 1 FROM messages WHERE contact_id = ${contactId} AND direction = 'out'`;
  assert.equal(before.length, 0);

  await advance(MINUTES_MS / 2);
  assert.deepEqual([said(), hook.texts(id), story(events)], [['hello'], ['hello'], []]);
  await advance(MINUTES_MS / 2 - 2_000);
  await until('typing is shown', () => story(events).includes('typing'));
  await advance(2_000);
  await until('the message is there', () => said().length === 2);
  await until('typing has ended', () => story(events).includes('typing ends'));
  assert.deepEqual(
    story(events).filter((one) => one !== 'typing ends'),
    ['typing', LONG],
  );
  assert.deepEqual(typing(events), [true, false]);
  assert.deepEqual(await texts(), ['hello', LONG]);
  const shown = (await call('GET', `/messages/${posted.body.id}`)).body;
  assert.ok(Date.parse(shown.createdAt) >= Date.parse(posted.body.createdAt) + MINUTES_MS);
  assert.ok(Date.parse(shown.createdAt) <= (await theirNow()));
  assert.equal(tab.messages().at(-1)!.id, posted.body.id, 'it has one id');
  await until('the webhook is told', () => hook.texts(id).length === 2);
});

test('W12 typing is shown for a second before a short text, however long its delay', async () => {
  const { events, post, said } = await onTheWeb();
  const posted = await post({ text: 'short', role: 'agent', touchpoint: 'web', delay: MINUTES_MS });
  const [held] = await product.sql<{ dueMs: number; typingMs: number }[]>`
    SELECT due_ms AS "dueMs", typing_ms AS "typingMs" FROM posts WHERE due_ms IS NOT NULL
      AND conversation_id = (SELECT conversation_id FROM posts WHERE id = ${Number.parseInt(posted.body.id.slice(8), 16)})`;
  assert.equal(held!.dueMs - held!.typingMs, 1_000);
  await advance(MINUTES_MS / 2);
  await post({ text: 'at once', role: 'agent', touchpoint: 'web' });
  await until('the other is there', () => said().includes('at once'));
  assert.deepEqual(typing(events), []);
  await advance(MINUTES_MS / 2 - 1_000);
  await until('typing is shown', () => typing(events)[0] === true);
  await advance(1_000);
  await until('it is there', () => said().at(-1) === 'short' && typing(events).at(-1) === false);
});

test('W34 what is posted together keeps its order, whatever the delays; a command among it comes in its turn', async () => {
  const { id, events, post, said } = await onTheWeb();
  await post([
    { text: 'one', role: 'agent', touchpoint: 'web', delay: MINUTES_MS },
    { text: 'two', role: 'agent', delay: 0 },
    { text: 'three', role: 'agent', delay: MINUTES_MS / 2 },
    { text: '/leave', type: 'command' },
  ]);
  assert.equal(
    (await call('GET', `/conversations/${id}`)).body.status,
    'queued',
    'nobody has said anything yet',
  );
  await advance(MINUTES_MS);
  await until('two are there', () => said().length === 3);
  assert.deepEqual(said(), ['hello', 'one', 'two']);
  assert.equal((await call('GET', `/conversations/${id}`)).body.status, 'active');
  await advance(MINUTES_MS / 2 - 1_000);
  await until(
    'the third is being typed',
    () => story(events).lastIndexOf('typing') > story(events).indexOf('two'),
  );
  await advance(1_000);
  await until('all are there', () => said().length === 4);
  assert.deepEqual(said(), ['hello', 'one', 'two', 'three']);
  await until('it is left', async () => (await call('GET', `/conversations/${id}`)).body.status === 'closed');
});

test('two posts at once, all of it due at the same moment: each once, each request in its order', async () => {
  const { post, said } = await onTheWeb();
  const batch = (name: string) =>
    Array.from({ length: 20 }, (_, n) => ({
      text: `${name}${n}`,
      role: 'agent',
      touchpoint: 'web',
      delay: n === 0 ? 5000 : 0,
    }));
  await Promise.all([post(batch('a')), post(batch('b'))]);
  await advance(10_000);
  await until('all are there', () => said().length === 41);
  for (const name of ['a', 'b'])
    assert.deepEqual(
      said().filter((text) => text.startsWith(name)),
      batch(name).map(({ text }) => text),
    );
});

test('a message that is taken away before its delay is over is never said', async () => {
  const { events, post, said, texts } = await onTheWeb();
  const gone = await post({ text: 'never', role: 'agent', touchpoint: 'web', delay: 60_000 });
  const changed = await call('PATCH', `/messages/${gone.body.id}`, { text: 'else' });
  assert.equal(changed.status, 422, JSON.stringify(changed.body));
  await advance(59_500);
  await until('it is being typed', () => typing(events).at(-1) === true);
  assert.equal((await call('DELETE', `/messages/${gone.body.id}`)).status, 204);
  await until('and is not any more', () => typing(events).at(-1) === false);
  await post({ text: 'after', role: 'agent', touchpoint: 'web', delay: 60_000 });
  await advance(60_000);
  await until('the other is there', () => said().includes('after'));
  assert.deepEqual(await texts(), ['hello', 'after']);
});

test('a contact message with a delay is heard when it is over', async () => {
  const { post, said, texts } = await onTheWeb();
  await post({ text: 'and one more thing', role: 'contact', delay: MINUTES_MS });
  assert.deepEqual(await texts(), ['hello']);
  await advance(MINUTES_MS);
  await until('it is heard', async () => (await texts()).length === 2);
  // Where they were heard is where they are answered, and not the API.
  const answered = await post({ text: 'noted', role: 'agent' });
  assert.equal(answered.status, 201, JSON.stringify(answered.body));
  await until('it is there', () => said().includes('noted'));
});

test('W34 what is held for somebody who becomes another is said to who they are then, once, and nothing waits for ever', async () => {
  const [first, second] = [await onTheWeb(), await onTheWeb()];
  const posted = await first.post({ text: 'see you', role: 'agent', touchpoint: 'web', delay: MINUTES_MS });
  assert.equal(posted.status, 201, JSON.stringify(posted.body));
  const pair = { workspaceId: bot.workspaceId, survivingId: second.contactId, discardedId: first.contactId };
  const nowMs = await theirNow();
  const merged = await ctx.queue.transact((tx) => mergePeople(ctx, tx, nowMs, pair));
  assert.ok(!isFault(merged), JSON.stringify(merged));
  await advance(MINUTES_MS);
  const saidTo = (contactId: number) =>
    product.sql`SELECT 1 FROM messages WHERE contact_id = ${contactId} AND content ->> 'text' = 'see you'`;
  await until('it is said', async () => (await saidTo(second.contactId)).length === 1);
  assert.equal((await saidTo(first.contactId)).length, 0);
  const left = await product.sql`SELECT 1 FROM posts WHERE due_ms IS NOT NULL`;
  assert.equal(left.length, 0);
  const late = await first.post({ text: 'and now', role: 'agent', touchpoint: 'web' });
  assert.ok(late.status < 500, JSON.stringify(late.body));
});

test('nothing was an error', () => assert.deepEqual(errors, []));
