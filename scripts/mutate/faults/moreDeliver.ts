/** A second look at delivering and the line before a provider: what is carried along, what is asked first, rates. */
import { inFile } from '../fault.ts';

const DELIVER = ['src/outbox/deliver/deliver.test.ts'];
const WIRE = ['src/outbox/deliver/wire.test.ts'];
const LINE = ['src/senders/line.test.ts'];

export const moreDeliverFaults = [
  ...inFile('src/outbox/deliver/prepare.ts', DELIVER, [
    [
      'caps of a test workspace are by our clock',
      'nowMs: nowMs + clockAheadMs, capSetMs',
      'nowMs, capSetMs',
      ['test/workspaceClock.test.ts', 'src/outbox/deliver/deliver.test.ts: under a cap the second'],
    ],
    [
      'a channel that is named is left for the web chat',
      'draft.destinationId ?? draft.integrationId ?? draft.channel;',
      'draft.destinationId ?? draft.integrationId;',
      ['test/live.test.ts', 'test/connectReach.test.ts'],
    ],
  ]),
  ...inFile('src/outbox/deliver/drafts.ts', DELIVER, [
    [
      'what was tried once is not looked up',
      'batch.items.filter(({ attempt }) => attempt > 0)',
      'batch.items.filter(({ attempt }) => attempt > 1)',
      [
        'src/outbox/deliver/deliver.test.ts: what a dead worker left',
        'src/outbox/deliver/deliver.test.ts: a run goes through',
      ],
    ],
    [
      'attributes are left out',
      '/^(contact|workspace|links)\\./',
      '/^(contact|workspace|links|attributes)\\./',
      ['test/oracles.test.ts', 'test/broadcasts.test.ts: 30 broadcasts'],
    ],
    [
      'a mail has no phone number to name',
      '/^(contact\\.)?(email|phone|phone_number)$/',
      '/^(contact\\.)?(email)$/',
      ['test/oracles.test.ts'],
    ],
    [
      'what somebody says is a template',
      'const compiled = compile(content, { liquid: false });',
      'const compiled = compile(content, { liquid: true });',
      ['test/oracles.test.ts', 'src/outbox/deliver/deliver.test.ts: of unclear outcome'],
    ],
  ]),
  ...inFile('src/outbox/deliver/send.ts', DELIVER, [
    [
      'what cannot be told is sent again at once',
      'subject.item.attempt >= MOST_ASKED_IN_VAIN)',
      'subject.item.attempt >= 0)',
      ['src/outbox/deliver/deliver.test.ts: of unclear outcome'],
    ],
    [
      'another message’s id is taken for this one’s',
      'known: new Set(known)',
      'known: new Set<string>()',
      ['test/provider.test.ts', 'test/mailgunOnce.test.ts'],
    ],
    [
      'a provider is asked from when it became due',
      'sinceMs: unclearSinceMs ?? subject.item.dueMs - LOOK_BACK_MS',
      'sinceMs: subject.item.dueMs',
      ['src/outbox/deliver/deliver.test.ts: of unclear outcome'],
    ],
  ]),
  ...inFile('src/outbox/deliver/deliver.ts', DELIVER, [
    [
      'single messages wait behind what is set apart',
      "turnTo[interactive ? 'interactive' : 'apart']",
      'turnTo.apart',
      ['src/outbox/deliver/deliver.test.ts: messages to one person leave one after'],
    ],
    [
      'of hundreds it is unclear whether they began',
      'const WHOLE = 32;',
      'const WHOLE = 3_200;',
      ['src/outbox/deliver/deliver.test.ts: a few people’s messages begin'],
    ],
  ]),
  ...inFile(
    'src/outbox/deliver/collector.ts',
    ['src/outbox/deliver/collector.test.ts'],
    [
      ['two settle at once', '    if (settling) return;\n', ''],
      ['what comes after the end is settled', '      if (over) return;\n', ''],
      [
        'a lane that was lost is an error',
        'if (!(error instanceof LaneLost)) return reject(error);',
        'return reject(error);',
      ],
    ],
  ),
  ...inFile('src/outbox/deliver/shown.ts', WIRE, [
    [
      'who looks elsewhere is written to on the web chat',
      'isWeb(one) === isLooking',
      'isWeb(one) || isLooking',
    ],
    ['what is out of use is where a message goes', "one.status === 'active' && isWeb(one)", 'isWeb(one)'],
  ]),
  ...inFile('src/outbox/deliver/wire.ts', WIRE, [
    [
      'every mail can be left by one click',
      "draft.class === 'marketing' && (channel === 'email'",
      "(channel === 'email'",
    ],
    [
      'out-of-office notices answer broadcasts',
      'draft.conversationId === undefined ? BY_ITSELF : undefined',
      'draft.conversationId === undefined ? undefined : BY_ITSELF',
    ],
    [
      'a test workspace’s messages live by our clock',
      '(draft.expiresMs - nowMs - workspace.clockAheadMs)',
      '(draft.expiresMs - nowMs)',
    ],
    [
      'what is idempotent one by one is taken for so in batches',
      'draft.bulk ? open.bulkIdempotent : open.idempotent',
      'open.idempotent',
    ],
    [
      'two messages to one person have one key',
      'idempotencyKey: ref,',
      'idempotencyKey: String(draft.item.ownerId),',
    ],
    ['an id of WhatsApp is a phone number', ' || WHATSAPP_USER_ID.test(phone)', ''],
    ['what is long is not counted', 'if (count > 1) subject.segments = count;', ''],
    [
      'every mail is watched for being opened',
      "channel === 'email' && outboxSettings(workspace.settings).tracksOpens",
      "channel === 'email'",
    ],
  ]),
  ...inFile(
    'src/senders/breaker.ts',
    ['src/senders/breaker.test.ts'],
    [
      ['a provider may fail two hundred times', 'FAILURES_TO_OPEN = 20', 'FAILURES_TO_OPEN = 200'],
      ['how often it was open is never forgotten', '        openings = 0;\n', ''],
      ['it stays open as short each time', '      openings++;\n', ''],
    ],
  ),
  ...inFile('src/senders/line.ts', LINE, [
    [
      'a rate below one a second sends nothing',
      'Math.min(Math.max(1, perS), tokens +',
      'Math.min(perS, tokens +',
    ],
    ['bulk begins as much as it likes in a turn', 'begun >= A_TURN,', 'begun >= 1e9,'],
    [
      'a batch that is larger than the rate never goes',
      'Math.min(messages, Math.max(1, perS)) - tokens',
      'messages - tokens',
    ],
  ]),
  ...inFile('src/senders/ahead.ts', LINE, [
    ['bulk goes though only single messages may', 'firstOnly ? [first] : sides', 'sides'],
    ['far more is written down than begins', 'const AHEAD = 0.4;', 'const AHEAD = 4;'],
  ]),
  ...inFile(
    'src/senders/senders.ts',
    ['src/senders/senders.test.ts'],
    [
      [
        'each process has the whole rate',
        'ratePerS: rateOf(integration, workspace, adapter),\n    share: deps.share,',
        'ratePerS: rateOf(integration, workspace, adapter),\n    share: () => 1,',
      ],
      ['a rate that is changed is not used', '        integration.ratePerS,\n', ''],
      ['a batch is one for its adapter', '(adapter.batchSize ?? 1)', '1'],
    ],
  ),
  ...inFile(
    'src/senders/health.ts',
    ['src/senders/health.test.ts'],
    [
      ['an error rate is of a minute more', '- RECENT_MINUTES + 1;', '- RECENT_MINUTES;'],
      [
        'the last failure is any process’s',
        'row.lastFailureMs !== null && row.lastFailureMs === lastFailureMs',
        'row.lastFailureMs !== null',
      ],
      [
        'what is unclear counts as refused',
        "outcome.kind === 'unclear' ? 'deferred'",
        "outcome.kind === 'unclear' ? 'refused'",
      ],
    ],
  ),
];
