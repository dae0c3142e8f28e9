/** Faults of the operators' inbox, and of the sessions of its pages. */
import { inFile } from '../fault.ts';

const INBOX = ['test/inbox.test.ts'];
const LINE = ['test/consoleLine.test.ts'];
const SILENT = ['test/consoleLineSilent.test.ts'];

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
    [
      'what is written of somebody while they are erased stays',
      'return (await holdContacts(tx, [of])).present.has(of.contactId);',
      'return (await holdContacts(tx, [])).present.has(of.contactId) || true;',
    ],
  ]),
  ...inFile('src/inbox/room.ts', INBOX, [
    [
      'whoever was mentioned in the conversation that goes is not told',
      'if (mentionedMs !== null)',
      'if (mentionedMs === 0)',
    ],
  ]),
  ...inFile('src/inbox/sql.notes.ts', INBOX, [
    [
      'what was begun in the conversation that stays is overwritten',
      'draft = coalesce(s.draft, EXCLUDED.draft)',
      'draft = coalesce(EXCLUDED.draft, s.draft)',
    ],
  ]),
  ...inFile('contract/inboxViews.ts', INBOX, [
    [
      'who waits longest comes last',
      'return one.waitingMs ?? LATEST_MS - one.lastMs;',
      'return -(one.waitingMs ?? one.lastMs);',
    ],
    [
      'of two that are as pressing, who waits longest comes last',
      '+ (one.waitingMs ?? PRIORITY_APART / 2',
      '- (one.waitingMs ?? PRIORITY_APART / 2',
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
  ...inFile('web/console/live/line.ts', LINE, [
    [
      'what is told while something is fetched is lost',
      '    for (const event of missed) applyEvent(of, event);\n',
      '',
    ],
    [
      'after sleep a line that is there in name only is kept',
      'of.wallMs() - heardMs < WOKEN_SILENCE_MS',
      'true',
    ],
    [
      'who comes back does not look again',
      '    if (frame.reset) void of.client.invalidateQueries({ queryKey: [of.ws] });\n',
      '',
    ],
    [
      'who comes back is told nothing of the time in between',
      '...(cursor === undefined ? {} : { cursor }),',
      '',
    ],
    ['a line that was closed stays closed', 'timer = setTimeout(connect, waitMs);', ''],
    ['nobody sees that the line is away', 'if (tries > 1) of.onOnline(false);', ''],
    [
      'a line that was given up is believed',
      '        if (socket !== made) return;\n        heardMs',
      '        heardMs',
      SILENT,
    ],
    [
      'two lines go on after one was given up',
      'if (ended || socket !== made) return;',
      'if (ended) return;',
      SILENT,
    ],
    [
      'a line that is silent is kept',
      'silence = setTimeout(() => socket.close(), SILENCE_MS);',
      'silence = setTimeout(() => {}, SILENCE_MS);',
      SILENT,
    ],
    [
      'of what was told in a flood some is lost',
      'for (const hash of begun.keys()) begun.set(hash, undefined);',
      '',
      SILENT,
    ],
  ]),
  ...inFile(
    'src/inbox/teams.ts',
    ['test/inbox.test.ts'],
    [
      [
        'who has had no page for long is available',
        'seenMs === null || nowMs - seenMs > GONE_MS',
        'seenMs === null',
      ],
      [
        'nobody is taken out of a team',
        '  if (remove.length) await deleteTeamMembers(tx, which.id, remove);\n',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/inbox/sql.ts',
    ['test/inbox.test.ts'],
    [
      [
        'of several teams one page has those of the first only',
        'SELECT * FROM inbox ${where} AND team_id = t.team ORDER BY rank',
        'SELECT * FROM inbox ${where} AND team_id = ${look.teamIds[0] ?? 0} ORDER BY rank',
      ],
    ],
  ),
  ...inFile('src/doors/consoleLive/hub.ts', LINE, [
    [
      'of many new entries at once some are told to nobody',
      '    if (taken.size === entryIds.size) changed.delete(contactId);\n    else for (const id of taken) entryIds.delete(id);',
      '    changed.delete(contactId);',
    ],
    [
      'what was missed while nobody listened is not looked at',
      "      if (one.kind === 'missed') for (const there of open.values()) reset(there);\n      else if (one.kind === 'inbox')",
      "      if (one.kind === 'inbox')",
    ],
  ]),
  ...inFile(
    'src/links/hours.ts',
    ['test/links.test.ts'],
    [['of two people who become one both have opened a link', '    people: -1,', '    people: 0,']],
  ),
  ...inFile(
    'src/inbox/inbox.ts',
    ['src/inbox/seenBefore.test.ts'],
    [
      [
        'who sees what is heard at that moment waits for nobody',
        'await Promise.all([lockUnheard(tx, [at.contactId]), updateRead(tx, at.contactId, at.readMs)]);',
        'await updateRead(tx, at.contactId, at.readMs);',
      ],
      [
        'who has waited for whoever hears does not look again',
        'await Promise.all([lockUnheard(tx, [at.contactId]), updateRead(tx, at.contactId, at.readMs)]);',
        'await lockUnheard(tx, [at.contactId]);',
      ],
      [
        'who turns to a conversation takes nothing over that was seen',
        'if (await insertRow(tx, row)) await takeOverSeen(tx, [row.contactId]);',
        'await insertRow(tx, row);',
      ],
    ],
  ),
  ...inFile(
    'src/inbox/seenBefore.ts',
    ['src/inbox/seenBefore.test.ts'],
    [
      [
        'whoever hears does not wait for who sees',
        'await Promise.all([lockUnheard(tx, contactIds), updateSeenBefore(tx, contactIds)]);',
        'await updateSeenBefore(tx, contactIds);',
      ],
      [
        'whoever hears looks before it has waited',
        '[lockUnheard(tx, contactIds), updateSeenBefore(tx, contactIds)]',
        '[updateSeenBefore(tx, contactIds), lockUnheard(tx, contactIds)]',
      ],
    ],
  ),
  ...inFile(
    'src/inbox/sql.ts',
    ['src/inbox/seenBefore.test.ts'],
    [['a row that is new is taken for one that was there', 'xmax = 0 AS "isNew"', 'xmax <> 0 AS "isNew"']],
  ),
  ...inFile(
    'src/live/shown.ts',
    ['src/live/shown.test.ts'],
    [
      [
        'a page that is closed is told of for ever',
        '      if (!byWorkspace.size) return;\n      forget(byWorkspace, clock.nowMs());\n',
        '      if (!byWorkspace.size) return;\n',
      ],
      ['who is asked for again keeps whose page was closed since', 'shown.delete(one.contactId);', ''],
      ['what was sent to who was merged is told as theirs', 'found.push(one.ofId)', 'found.push(contactId)'],
      [
        'of who was in no inbox every page is told that they are gone',
        'contactIds.filter((id) => shown?.has(id))',
        'contactIds',
      ],
      [
        'the list keeps whom somebody became as they were',
        "gone.push({ kind: 'inbox', ...into })",
        'void into',
      ],
    ],
  ),
];
