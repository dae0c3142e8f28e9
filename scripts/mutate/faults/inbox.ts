/** Faults of the operators' inbox, and of the sessions of its pages. */
import { inFile } from '../fault.ts';

const INBOX = ['test/inbox.test.ts'];

export const inboxFaults = [
  ...inFile('src/inbox/inbox.ts', INBOX, [
    [
      'two who answer at once do not learn of each other',
      'row.lastOutMs > at.seenMs',
      'row.lastOutMs < at.seenMs',
    ],
    [
      'an answer is noted by the feed alone',
      '  await updateSaid(tx, [{ contactId, messageId, atMs }]);\n',
      '',
    ],
  ]),
  ...inFile('contract/inboxViews.ts', INBOX, [
    [
      'who waits longest comes last',
      'return one.waitingMs ?? LATEST_MS - one.lastMs;',
      'return -(one.waitingMs ?? one.lastMs);',
    ],
  ]),
  ...inFile('src/doors/console/cookie.ts', INBOX, [
    [
      'a cookie counts without the header of pages',
      'headers.authorization === undefined && isPage(headers)',
      'headers.authorization === undefined',
    ],
    ['scripts are told the token of a cookie', '    return rest;', '    return payload;'],
  ]),
  ...inFile('src/doors/consoleLive/door.ts', INBOX, [
    [
      'a page of another site listens',
      'if (origin === undefined || !isOwn(ctx, origin, host)) return undefined;',
      '',
    ],
  ]),
];
