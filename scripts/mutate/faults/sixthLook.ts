/** A sixth look, at sending and at broadcasts: faults that somebody planted who knew no test, and that none noticed then. */
import { inFile } from '../fault.ts';

const DELIVER = 'src/outbox/deliver/deliver.test.ts';
const RECEIPT = 'src/outbox/outcome/receipt.test.ts';
const ITS_HOUR = ['src/broadcasts/broadcasts.test.ts: its hour is by its workspace’s clock'];

export const sixthLookFaults = [
  ...inFile(
    'src/outbox/deliver/unknown.ts',
    [`${DELIVER}: what a dead worker left`],
    [
      [
        'what a dead worker may have sent is asked for since it was found, and sent again',
        'begunMs: claimedMs,',
        'begunMs: nowMs,',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/send.ts',
    [`${DELIVER}: a run that is paused`],
    [
      [
        'whose batch has ended goes on beginning what somebody else sends',
        'if (over || !batch.holds())',
        'if (!batch.holds())',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/deliver.ts',
    [`${DELIVER}: what ends without being sent`],
    [
      [
        'behind what ended without being sent nothing goes to the same person',
        'for (const { item } of decided) turns?.get(item)!.forget();',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/redial.ts',
    [`${RECEIPT}: a call that did not come about`],
    [
      [
        'calls to another number count',
        'tried.filter(({ destinationId }) => destinationId === own.destinationId)',
        '[...tried]',
      ],
      [
        'a call that was missed before it was answered is made again twice',
        'if (calls.at(-1)!.seq !== seq) return undefined;',
        '',
        ['src/outbox/outcome/follow.test.ts: a call that was missed'],
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/fallback.ts',
    [`${RECEIPT}: who has read or answered`],
    [
      [
        'what was moved on from, and may still arrive, keeps the next from moving on',
        'mayArrive(own.state) && onward.some',
        '!mayArrive(own.state) && onward.some',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/prepare.ts',
    [`${DELIVER}: under a cap`],
    [
      [
        'what is called off takes room under a cap, and others are held',
        ' || draft.canceled) return [];',
        ') return [];',
      ],
      [
        'who waits a moment for the rate is put off',
        'waitMs > LONGEST_WAIT_MS)',
        'waitMs > LONGEST_WAIT_MS / 10)',
        [`${DELIVER}: would wait long for the rate`],
      ],
      [
        'one address is watched as if there were another',
        'subject.mayFallBack && person.destinations.length > 1 &&',
        'subject.mayFallBack &&',
        [`${RECEIPT}: who has read or answered`],
      ],
      [
        'whether it was read is looked at where nothing moves on',
        'draft.mayFallBack && terms.fallback.on',
        'draft.mayFallBack',
        [`${RECEIPT}: who has read or answered`],
      ],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/typing.ts',
    [`${DELIVER}: that the business types`],
    [
      ['that a person types is told to their own provider', "by === 'business' && on ?", 'on ?'],
      ['that nobody types any more is told as typing', "by === 'business' && on ?", "by === 'business' ?"],
    ],
  ),
  ...inFile(
    'src/outbox/sql.ts',
    [`${DELIVER}: that the business types`, `${DELIVER}: of two mails`],
    [
      [
        'what we wrote since is taken for what was heard, and no typing is shown',
        "AND m.conversation_id = k.id AND m.direction = 'in'",
        'AND m.conversation_id = k.id',
      ],
      [
        'of two mails of one moment the first is answered',
        'ORDER BY m.conversation_id, m.id DESC`',
        'ORDER BY m.conversation_id, m.id`',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/settings.ts',
    ['src/outbox/deliver/wire.test.ts'],
    [
      [
        'mail tells of being opened unless that is refused',
        "settings['trackOpens'] === true",
        "settings['trackOpens'] !== false",
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/receipt.ts',
    [`${RECEIPT}: receipts of one call after the other`],
    [
      [
        'of two receipts of one call that say the same the last holds',
        'return rank(next) > rank(seen);',
        'return rank(next) >= rank(seen);',
      ],
    ],
  ),
  ...inFile('src/broadcasts/broadcasts.ts', ITS_HOUR, [
    [
      'an hour that has passed in a test workspace is waited for',
      'atMs !== undefined && atMs > wsNowMs',
      'atMs !== undefined && atMs > nowMs',
    ],
  ]),
  ...inFile('src/broadcasts/steps.ts', ITS_HOUR, [
    [
      'what is called off in a test workspace is dated by our clock',
      'deps.clock.nowMs() + (workspace?.clockAheadMs ?? 0);\n  const all',
      'deps.clock.nowMs();\n  const all',
    ],
  ]),
];
