/** Rows as an export shows them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex24 } from '../base/ids.ts';
import { presentRow } from './export.ts';

const ROWS: [string, Record<string, unknown>, Record<string, unknown>][] = [
  ['ids are 24 hex digits', { id: 5, contact_id: 258 }, { id: toHex24(5), contactId: toHex24(258) }],
  [
    'an id of somebody else’s making stays',
    { external_id: 'ann', user_id: 'u1' },
    { externalId: 'ann', userId: 'u1' },
  ],
  ['times are ISO 8601', { created_ms: 0 }, { createdAt: '1970-01-01T00:00:00.000Z' }],
  ['no time is null', { read_ms: null }, { readAt: null }],
  ['where it is kept is left out', { bucket: 7, hash: 9, lane: 1, name: 'x' }, { name: 'x' }],
  [
    'what is nested stays as it is',
    { content: { text_id: 1 }, tags: ['a_b'] },
    { content: { text_id: 1 }, tags: ['a_b'] },
  ],
  ['other numbers stay', { unread_count: 3, state: 5 }, { unreadCount: 3, state: 5 }],
];
for (const [what, row, wanted] of ROWS)
  test(`a row of an export: ${what}`, () => assert.deepEqual(presentRow(row), wanted));
