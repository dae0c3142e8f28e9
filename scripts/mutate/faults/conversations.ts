/** Faults of conversations, of links that wait for the person, and of the audit: what two do at once, and what one moment is. */
import { inFile } from '../fault.ts';

const CONVERSATIONS = ['src/conversations/conversations.test.ts'];
const CONFIRMATIONS = ['src/confirmations/confirmations.test.ts'];
const RECONCILE = ['src/reconcile/reconcile.test.ts'];

const REMOVED = ['test/live.test.ts', 'test/consoleLine.test.ts'];

export const conversationFaults = [
  ...inFile('src/conversations/sql.removed.ts', REMOVED, [
    [
      'that something was sent is forgotten with it',
      "taken.filter(({ direction }) => direction === 'out')",
      "taken.filter(({ direction }) => direction === 'removed')",
    ],
  ]),
  ...inFile('src/conversations/removed.ts', REMOVED, [
    ['nobody is told that something was removed', 'if (events.length) await', 'if (!events.length) await'],
  ]),
  ...inFile('src/inbox/takenBack.ts', REMOVED, [
    [
      'a conversation of which nothing is left stays in the inbox',
      'if (messageId === null || atMs === null) await',
      'if (messageId === null || atMs === null) continue; else if (messageId < 0) await',
    ],
  ]),
  ...inFile('src/inbox/find.ts', REMOVED, [
    ['words of what was removed are kept', 'if (removed.length) await', 'if (!removed.length) await'],
  ]),
  ...inFile('src/conversations/sql.ts', CONVERSATIONS, [
    [
      'a read mark goes back',
      'contact_read_ms = greatest(contact_read_ms, ${nowMs}::bigint)\n         WHERE',
      'contact_read_ms = ${nowMs}::bigint\n         WHERE',
    ],
    [
      'a conversation is begun twice',
      'WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId} AND NOT started',
      'WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}',
    ],
    [
      'of those merged before nothing is read',
      '|| ${[taken.id, ...taken.mergedFrom]}::bigint[]',
      '|| ${[taken.id]}::bigint[]',
    ],
    ['what was unread of the other is read', 'unread_count = c.unread_count + ${taken.unreadCount},', ''],
  ]),
  ...inFile('src/conversations/sql.live.ts', CONVERSATIONS, [
    [
      'of messages of one millisecond the second stays unread',
      'OR (contact_read_ms = ${upTo.atMs}::bigint AND unread_count > after.n)',
      '',
    ],
  ]),
  ...inFile('src/conversations/conversations.ts', CONVERSATIONS, [
    [
      'who was second has no conversation',
      'return others.length ? new Map',
      'return others.length < 0 ? new Map',
    ],
    [
      'who says something where nobody is does not learn of it',
      'return there === said.length;',
      'return true;',
    ],
    [
      'a message that a provider repeats is kept twice',
      'numbered.filter(({ messageId }) => fresh.has(messageId))',
      'numbered',
    ],
  ]),
  ...inFile('src/confirmations/failures.ts', CONFIRMATIONS, [
    [
      'an address that is theirs is taken back',
      '[...refs.filter(({ waits }) => !waits), ...waiting]',
      'refs',
    ],
    [
      'what was linked at once stays though it failed',
      '[...refs.filter(({ waits }) => !waits), ...waiting]',
      'waiting',
    ],
  ]),
  ...inFile('src/reconcile/sql.ts', RECONCILE, [
    ['the audit looks at several moments', 'ISOLATION LEVEL REPEATABLE READ READ ONLY', 'READ ONLY'],
  ]),
  ...inFile('src/reconcile/reconcile.ts', RECONCILE, [
    ['a lane is left out where a piece ends', 'nextLane: lane }', 'nextLane: lane + 1 }'],
    ['of a contact all lanes are read', '.filter(({ lane }) => own === undefined || lane === own)', ''],
  ]),
];
