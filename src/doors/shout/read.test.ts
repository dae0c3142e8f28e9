/** Whom a call is about: one of two names, as a number or a text. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../../base/fault.ts';
import { readHeaders, readWho } from './read.ts';

const shown = (outcome: object) => (isFault(outcome) ? outcome.field : outcome);

test('S23 S54 both, none and neither of the right form are three different errors', () => {
  const headers = (connectId?: string, userId?: string) => readHeaders({ query: {}, connectId, userId });
  deepEqual(shown(headers('123abc')), { connectId: '123abc' });
  deepEqual(shown(headers(undefined, '315')), { userId: 315 });
  const messages = [headers('1', '2'), headers(), headers(undefined, 'x')].map((one) =>
    isFault(one) ? one.message : '',
  );
  equal(new Set(messages).size, 3);
  deepEqual(shown(readWho({ connect_id: 1933 }, 'message')), { connectId: '1933' });
  deepEqual(shown(readWho({ connect_id: '1933', user_id: null }, 'message')), { connectId: '1933' });
  deepEqual(shown(readWho({ user_id: '315' }, 'message')), { userId: 315 });
  for (const odd of [0, -1, 1.5, 2 ** 53, '0', '1e3', {}, [], true])
    equal(shown(readWho({ user_id: odd }, 'message')), 'message.user_id', JSON.stringify(odd));
  for (const odd of ['', ' ', {}, [1], true, 1.5, 'a\0b', 'x'.repeat(201)])
    equal(shown(readWho({ connect_id: odd }, 'message')), 'message.connect_id', JSON.stringify(odd));
});
