/** Faults of campaigns where two things happen at one moment, or one between two others. */
import { inFile } from '../fault.ts';

export const campaignRacedFaults = [
  ...inFile(
    'src/campaigns/events/whose.ts',
    ['test/campaignsRaced.test.ts'],
    [
      [
        'what is told of a message to who became another is nobody’s',
        'const second = others.length ? await find(others) : [];',
        'const second: (R | undefined)[] = [];',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/sql.tasks.ts',
    ['test/campaignsRaced.test.ts'],
    [
      [
        'who becomes another while it ends is in it for ever',
        "kind IN ('resume', 'end', ",
        "kind IN ('resume', ",
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/events/sql.people.ts',
    ['test/campaignsRaced.test.ts'],
    [['what both did is counted twice', 'f.count - coalesce(t.n, 0)', 'f.count']],
  ),
  ...inFile(
    'src/campaigns/steps/date.ts',
    ['test/campaignsRaced.test.ts'],
    [
      [
        'a date that no calendar has stops who has it',
        'Math.abs(atMs) <= LAST_MS',
        'Math.abs(atMs) < Infinity',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/backtest/backtests.ts',
    ['test/campaignsRaced.test.ts'],
    [
      [
        'back-tests that are begun at once are as many as one likes',
        "  await lockFor(tx, 'back-tests', workspaceId);\n",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/turnPart.ts',
    ['test/campaignsRaced.test.ts'],
    [['a deleted workspace keeps its lanes at nothing', 'dueMs: nowMs + GONE_MS', 'dueMs: one.dueMs']],
  ),
  ...inFile(
    'src/contacts/upsert.ts',
    ['test/outboundAtOnce.test.ts'],
    [
      [
        'what is told of who becomes another at that moment is lost',
        '  await stillThere(tx, rows, written);\n',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/room.ts',
    ['test/importUndo.test.ts'],
    [
      [
        'whom a birthday is waited for is used',
        "unused: { column: 'owner_id', is: 'their id' }",
        "unused: { column: 'owner_id', is: 0 }",
      ],
      ['who has not been looked at yet is used', 'is: ARRIVAL.changed }', 'is: 0 }'],
    ],
  ),
  ...inFile(
    'src/contacts/sql.segments.ts',
    ['test/campaignsRaced.test.ts'],
    [
      [
        'a campaign is published by a segment that goes in that moment',
        'ORDER BY s.id FOR KEY SHARE',
        'ORDER BY s.id',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/backtest/sql.ts',
    ['test/campaignsHot.test.ts'],
    [
      [
        'one who did very much takes the process with them',
        'ORDER BY d.at_ms DESC, d.key DESC LIMIT ${MOST_DONE}',
        'ORDER BY d.at_ms DESC, d.key DESC',
      ],
    ],
  ),
];
