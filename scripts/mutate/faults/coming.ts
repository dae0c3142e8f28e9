/** Faults of how people come in, are there, and are answered: links and sessions, threads, the log of the web chat, devices. */
import { inFile, type Fault } from '../fault.ts';

const LINKS = ['test/links.test.ts'];
const THREADS = ['test/web1on1Delays.test.ts'];
const WHERE = ['src/threads/where.test.ts'];
const LOG = ['test/liveLog.test.ts', 'test/live.test.ts'];

export const comingFaults: readonly Fault[] = [
  ...inFile('src/links/sql.access.ts', LINKS, [
    [
      'an auth code that has expired opens',
      'AND contact_id = ${of.contactId} AND expires_ms > ${nowMs}',
      'AND contact_id = ${of.contactId}',
    ],
    [
      'an auth code opens somebody else’s conversation',
      'AND contact_id = ${of.contactId} AND expires_ms > ${nowMs}',
      'AND expires_ms > ${nowMs}',
    ],
    [
      'a link request that has expired is good',
      '      AND expires_ms > ${nowMs}\n    RETURNING contact_id',
      '    RETURNING contact_id',
    ],
    [
      'a link request is good on every integration',
      ' AND (integration_id IS NULL OR integration_id = ${of.integrationId})',
      '',
    ],
    [
      'who is seen again after a line of theirs ended is away',
      ' AND seen_ms <= ${leftMs}::bigint',
      '',
      ['test/links.test.ts: presence'],
    ],
    [
      'a note that comes late makes who is there away sooner',
      'seen_ms = greatest(p.seen_ms, excluded.seen_ms)',
      'seen_ms = excluded.seen_ms',
      ['test/links.test.ts: presence'],
    ],
    ['who was there once is there for good', 'WHERE p.seen_ms > ${sinceMs}', 'WHERE true'],
  ]),
  ...inFile('src/links/authCodes.ts', LINKS, [
    [
      'an auth code is good for an hour',
      'AUTH_CODE_LIFE_MS = 10 * 60_000',
      'AUTH_CODE_LIFE_MS = 60 * 60_000',
    ],
    [
      'a link request is taken out of the middle of a word',
      '/(?<![\\w-])lr_[\\w-]{18}(?![\\w-])/',
      '/lr_[\\w-]{18}/',
      ['src/links/codes.test.ts', 'test/links.test.ts'],
    ],
  ]),
  ...inFile('src/threads/due.ts', THREADS, [
    [
      'typing is shown after the message is there',
      'const ends = due.some(({ typingMs }) => typingMs !== null);',
      'const ends = due.length < 0;',
      ['test/web1on1Delays.test.ts: W11 W12 a message exists'],
    ],
    [
      'what a client says by the API is answered by the API',
      "ofOne.findLast(({ channel }) => channel !== 'api')?.channel",
      'ofOne.at(-1)?.channel',
      ['test/web1on1Delays.test.ts: a contact message with a delay'],
    ],
  ]),
  ...inFile('src/threads/removed.ts', THREADS, [
    [
      'typing stays when what was being typed is taken away',
      'held.some(({ typingMs }) => typingMs !== null && typingMs <= atMs)',
      'held.some(({ typingMs }) => typingMs !== null || atMs > 0) || atMs > 0',
    ],
  ]),
  ...inFile('src/threads/where.ts', WHERE, [
    [
      'an address is written to that waits for the answer of its person',
      "one.channel === channel && one.status !== 'pending'",
      'one.channel === channel',
    ],
    [
      'an integration that is disabled is chosen',
      "one.channel === channel && one.status === 'active'",
      'one.channel === channel',
    ],
    [
      'no template is sent after a day of silence',
      "  if (message.said.content.type === 'nativeTemplate') return undefined;\n",
      '',
    ],
    [
      'who names the web gets the channel before',
      "touchpoint === undefined && channel === 'webchat'",
      "channel === 'webchat'",
    ],
  ]),
  ...inFile('src/live/log.ts', LOG, [
    ['a number of the log is used twice', 'seq: before + index + 1', 'seq: before + Math.min(index, 0) + 1'],
    [
      'a place that is not there yet is gone on from',
      'if (!head || cursor.seq > head.seq) return false;',
      'if (!head) return false;',
    ],
    [
      'who has missed one that is deleted is not shown all again',
      'oldest <= cursor.seq + 1)',
      'oldest <= cursor.seq + 2)',
    ],
    [
      'all that was logged is deleted',
      'old.push({ contactId, seq: seq - KEPT });',
      'old.push({ contactId, seq });',
    ],
  ]),
  ...inFile(
    'src/contacts/devices.ts',
    ['src/contacts/destinations.test.ts: a device is of whoever'],
    [
      [
        'a device stays with who was signed in before',
        '  if (taken.length || passed.length) await deleteDevices(tx, [...before, ...passed]);\n',
        '',
      ],
      ['a device’s token stays theirs who had it', '  if (taken.length) await moveTokens(tx, taken);\n', ''],
    ],
  ),
];
