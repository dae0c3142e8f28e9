/** Who has somebody's page open is told what happens to them; nobody else costs or is told anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHOWN_MS } from '../../contract/consoleLive.ts';
import type { FeedEvent } from '../queue/feed/reader.ts';
import type { ContactsGone } from './gone.ts';
import type { News, NewsHeard } from './notices.ts';
import { shownReader } from './shown.ts';

const [HERE, ELSEWHERE] = [1, 2];

function made() {
  const sent: News[] = [];
  let hear: (news: readonly NewsHeard[]) => void = () => {};
  let nowMs = 1_000;
  const reader = shownReader({
    notices: { send: (news) => void sent.push(...news), onNews: (listener) => void (hear = listener) },
    clock: { nowMs: () => nowMs },
  });
  return {
    show: (contactId: number, ofId = contactId) =>
      hear([{ kind: 'shown', workspaceId: HERE, contactId, ofId }]),
    pass: (ms: number) => (nowMs += ms),
    told: (...events: Partial<FeedEvent>[]) => {
      sent.length = 0;
      for (const one of events) one.workspaceId ??= HERE;
      reader.committed!(events as FeedEvent[]);
      return sent.map((one) => (one.kind === 'person' ? one.contactId : one));
    },
  };
}

test('of whose page is open it is told, once for what comes together, and as whom they are now', () => {
  const { show, told } = made();
  show(7);
  show(6, 7);
  assert.deepEqual(told({ payload: { contactId: 7 } }, { payload: { contactId: 7 } }), [7]);
  assert.deepEqual(told({ payload: { contactId: 6 } }), [7], 'what was sent to who was merged');
  assert.deepEqual(told({ payload: { bulk: false, changes: [{ contactId: 5 }, { contactId: 7 }] } }), [7]);
  assert.deepEqual(told({ payload: { bulk: true, changes: [], accepted: [{ contactIds: [5, 7] }] } }), [7]);
  assert.deepEqual(told({ payload: { orders: [{ contactId: 7 }] } }), [7]);
  assert.deepEqual(told({ payload: { contactId: 5 } }, { payload: {} }), [], 'of nobody else');
});

test('a workspace of which no page is open is not looked into, however much happens in it', () => {
  const { show, told, pass } = made();
  const unread = (workspaceId: number): Partial<FeedEvent> => ({
    workspaceId,
    get payload(): unknown {
      throw new Error('it was looked into');
    },
  });
  assert.deepEqual(told(unread(HERE), unread(ELSEWHERE)), []);
  show(7);
  assert.deepEqual(told(unread(ELSEWHERE), { payload: { contactId: 7 } }), [7]);
  // A page that asks again goes on being told; one that does not is forgotten.
  pass(SHOWN_MS - 1);
  show(8);
  pass(1);
  assert.deepEqual(told({ payload: { contactId: 7 } }, { payload: { contactId: 8 } }), [8]);
  pass(SHOWN_MS);
  assert.deepEqual(told(unread(HERE)), []);
  // Who is asked for again keeps nobody else.
  for (const contactId of [7, 8, 7]) {
    show(contactId);
    pass(1);
  }
  pass(SHOWN_MS - 2);
  assert.deepEqual(told({ payload: { contactId: 8 } }, { payload: { contactId: 7 } }), [7]);
});

test('who is gone is told of where they were in the inbox or their page is open; whom they became has news', () => {
  const { show, told } = made();
  const gone = (payload: ContactsGone) => told({ type: 'contact.gone', payload });
  assert.deepEqual(gone({ contactIds: [5, 6], listedIds: [] }), [], 'of an import that is taken back');
  const of = (contactId: number, intoId = 0) => ({ kind: 'gone', workspaceId: HERE, contactId, intoId });
  assert.deepEqual(gone({ contactIds: [5, 6], listedIds: [6] }), [of(6)]);
  show(5);
  assert.deepEqual(gone({ contactIds: [5, 6], listedIds: [6] }), [of(6), of(5)]);
  show(7);
  assert.deepEqual(gone({ contactIds: [5], listedIds: [5], intoId: 7 }), [
    of(5, 7),
    { kind: 'inbox', workspaceId: HERE, contactId: 7 },
    7,
  ]);
});
