/** What a tab keeps of people who are gone: nothing, once no page shows them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueryClient, QueryObserver } from '@tanstack/query-core';
import { goneKey, noteGone, watchGone } from '../web/console/live/gone.ts';

test('words of who was erased leave the memory of a tab: at once, or with the page that shows them', () => {
  const client = new QueryClient();
  const at = { client, ws: 'w' };
  const stop = watchGone(at);
  client.setQueryData(['w', 'conversation', 'c1'], { id: 'c1', contact: { id: 'p1' } });
  client.setQueryData(['w', 'thread', 'c1'], 'what she said');
  client.setQueryData(['w', 'contact', 'p1'], 'who she is');
  client.setQueryData(['w', 'contact', 'p2'], 'somebody else');
  const shows = new QueryObserver(client, {
    queryKey: ['w', 'thread', 'c1'],
    queryFn: () => 'again',
    staleTime: Infinity,
  });
  const leave = shows.subscribe(() => {});
  noteGone(at, 'p1', { how: 'erased' });
  assert.equal(client.getQueryData(['w', 'contact', 'p1']), undefined);
  assert.equal(client.getQueryData(['w', 'conversation', 'c1']), undefined);
  assert.equal(client.getQueryData(['w', 'thread', 'c1']), 'what she said', 'a page shows it');
  leave();
  assert.equal(client.getQueryData(['w', 'thread', 'c1']), undefined);
  assert.equal(client.getQueryData(['w', 'contact', 'p2']), 'somebody else');
  assert.deepEqual(client.getQueryData(goneKey('w', 'c1')), { how: 'erased' });
  stop();
  client.clear();
});
