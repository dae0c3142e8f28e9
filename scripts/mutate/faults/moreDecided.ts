/** A second look at what is decided: small slips of constants, order and limits in the gate, outcomes and receipts. */
import { inFile } from '../fault.ts';

const GATE = ['src/gate/gate.test.ts', 'src/gate/choose.test.ts'];
const CHOOSE = ['src/gate/choose.test.ts'];
const DECIDE = ['src/outbox/outcome/decide.test.ts'];
const RULES = ['src/outbox/rules.test.ts'];
const DELIVER = ['src/outbox/deliver/deliver.test.ts'];
const RECEIPT = ['src/outbox/outcome/receipt.test.ts'];

export const moreDecidedFaults = [
  ...inFile('src/gate/gate.ts', GATE, [
    ['WhatsApp’s window is as long as Meta’s, by another clock', '24 * HOUR_MS - 60_000', '24 * HOUR_MS'],
    [
      'a stop to one sender is told as such for another',
      'integrationId !== undefined && scope !== integrationId',
      'integrationId === undefined',
    ],
    [
      'a forecast counts as open whose window was over',
      'return asOfMs - WHATSAPP_WINDOW_MS;',
      'return asOfMs - 2 * WHATSAPP_WINDOW_MS;',
    ],
  ]),
  ...inFile('src/gate/window.ts', GATE, [
    [
      'hours open some seconds late',
      'const candidate = at - (at % MINUTE_MS) + left',
      'const candidate = at + left',
    ],
    ['a jump of the wall is not seen', 'if (openAt(changeMs) !== open) return', 'if (changeMs < 0) return'],
  ]),
  ...inFile('src/base/zones.ts', GATE, [
    [
      'hours of a night that jumps open a minute late',
      'while (high - low > 1)',
      'while (high - low > 60_000)',
    ],
  ]),
  ...inFile('src/gate/settings.ts', CHOOSE, [
    ['hours from eleven at night on are none', '([01]\\d|2[0-3])', '([01]\\d|2[0-2])'],
    ['the order of channels is another', "'sms',\n  'push',", "'push',\n  'sms',"],
  ]),
  ...inFile('src/gate/terms.ts', CHOOSE, [
    [
      'a channel is served by any integration',
      'inPreference(await directory.integrationsOf(workspace.id))',
      '(await directory.integrationsOf(workspace.id)).toReversed()',
    ],
    [
      'nobody’s SMS comes from a name',
      'isName: integration.sendsAs !== undefined',
      'isName: false',
      ['src/gate/choose.test.ts', 'test/textMessages.test.ts'],
    ],
  ]),
  ...inFile('src/gate/standing.ts', CHOOSE, [
    ['a name that a message brings is no name', 'fromName === true || sms.isName', 'sms.isName'],
    ['a name of the integration is no name', 'fromName === true || sms.isName', 'fromName === true'],
  ]),
  ...inFile('src/gate/choose.ts', CHOOSE, [
    [
      'the next to try is the one linked first',
      'indexIn(a, order) - indexIn(b, order) || b.linkedMs - a.linkedMs);\n}',
      'indexIn(a, order) - indexIn(b, order) || a.linkedMs - b.linkedMs);\n}',
    ],
  ]),
  ...inFile(
    'src/gate/senderNames.ts',
    ['src/gate/senderNames.test.ts'],
    [
      [
        'what one provider refuses is refused for all',
        'patterns.set(provider, (pattern = new RegExp(refusingNames(provider))))',
        "patterns.set(provider, (pattern = new RegExp(refusingNames('twilio'))))",
      ],
      [
        'a country is found in the middle of a number',
        '`^\\\\+(?:${[NO_NAMES_UNDER_1',
        '`(?:${[NO_NAMES_UNDER_1',
      ],
    ],
  ),
  ...inFile('src/outbox/outcome/decide.ts', DECIDE, [
    [
      'why something was not sent is told by a code alone',
      '{ code, detail: said }),\n',
      "{ code, detail: '' }),\n",
    ],
    [
      'what is unclear is asked for for ever',
      'policy.afterMs), attempt: attempts } }',
      'policy.afterMs), attempt: item.attempt } }',
    ],
    ['a provider’s words are lost', 'detail: why?.detail ? storable(why.detail) : null', 'detail: null'],
    [
      'a provider’s id that cannot be stored costs the outcome',
      'externalIds: externalIds?.map(storable) ?? null',
      'externalIds: externalIds ?? null',
    ],
    [
      'long text messages count as one',
      'segments: subject.segments ?? null',
      'segments: null',
      [...DECIDE, 'test/textMessages.test.ts'],
    ],
    [
      'the device that was chosen is left out',
      'destinationIds: devices.map(',
      'destinationIds: devices.slice(1).map(',
    ],
    [
      'what is unclear waits past its life',
      'dueMs: dueWithin(subject, nowMs + policy.afterMs)',
      'dueMs: nowMs + policy.afterMs',
    ],
    [
      'a test workspace’s time to live is ours',
      'const atMs = nowMs + subject.aheadMs;\n  return {\n    contactId',
      'const atMs = nowMs - subject.aheadMs;\n  return {\n    contactId',
    ],
  ]),
  ...inFile(
    'src/outbox/outcome/retry.ts',
    [...DECIDE, ...RULES],
    [
      [
        'retries come every fifteen hours',
        'LONGEST_RETRY_MS = 15 * MINUTE_MS',
        'LONGEST_RETRY_MS = 15 * HOUR_MS',
      ],
      ['a receipt is hardly waited for', 'UNKNOWN_WAIT_MS = 10_000', 'UNKNOWN_WAIT_MS = 1_000'],
      ['asked in vain thirty times', 'MOST_ASKED_IN_VAIN = 3;', 'MOST_ASKED_IN_VAIN = 30;'],
      ['asked once more than enough', 'attempt < (code === CANNOT_TELL', 'attempt <= (code === CANNOT_TELL'],
      [
        'of two to one person that are put off the later may come first',
        '(contactId) => (hash32(String(contactId)) >>> 0) / 2 ** 32',
        '() => Math.random()',
      ],
      [
        'seconds that a provider asks for are milliseconds',
        'Math.max(1, askedMs)',
        'Math.max(1, askedMs / 1000)',
      ],
      ['a hold of a day is an hour’s', 'return 24 * HOUR_MS;', 'return HOUR_MS;'],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/redial.ts',
    [...RECEIPT, 'test/calls.test.ts'],
    [
      [
        'a call again takes the place of another',
        'seq: tried.at(-1)!.seq + 1',
        'seq: own.seq',
        ['src/outbox/outcome/receipt.test.ts: a call that did not come about'],
      ],
    ],
  ),
  ...inFile('src/outbox/outcome/receipt.ts', RECEIPT, [
    [
      'a message moves on before it is known where it went',
      'change.mayFallBack && change.address !== null,',
      'change.mayFallBack &&',
      ['test/fallback.test.ts: comes before the answer to the call'],
    ],
    [
      'what was read after all is not known',
      'state === STATE.delivered || state === STATE.read);',
      'state === STATE.delivered);',
      ['src/broadcasts/broadcasts.test.ts: a receipt that comes late, before anybody'],
    ],
  ]),
  ...inFile('src/outbox/outcome/overtaken.ts', RECEIPT, [
    [
      'texts are tried again as calls are',
      "row.channel === 'voice' && why === 'transient'",
      "why === 'transient'",
      ['src/outbox/outcome/receipt.test.ts: only calls are made again'],
    ],
    [
      'what was learned too early of who is erased names them',
      'isOfErased: change.erased === true',
      'isOfErased: false',
      ['src/outbox/outcome/follow.test.ts: told too early'],
    ],
  ]),
  ...inFile(
    'src/outbox/outcome/fallback.ts',
    [...RECEIPT, 'test/fallback.test.ts'],
    [
      [
        'a second fall-back takes the place of the first',
        'const first = tried.at(-1)!.seq + 1;',
        'const first = own.seq + 1;',
        ['src/outbox/outcome/receipt.test.ts: a failed message moves on once'],
      ],
      [
        'free text goes after WhatsApp’s window when a message moves on',
        "isTemplate: own.contentType === 'nativeTemplate'",
        'isTemplate: true',
        ['src/outbox/outcome/receipt.test.ts: words of one’s own do not move on'],
      ],
      [
        'all deliveries of a message are looked at for one',
        'messageKey(key) === messageKey(row) && key.seq === row.seq',
        'messageKey(key) === messageKey(row)',
        ['src/outbox/outcome/receipt.test.ts: who has read or answered'],
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/learn.ts',
    [...RECEIPT, ...DELIVER],
    [
      [
        'a stop to one sender is one to all',
        "stopBlock(at, integrationId ?? 0, 'provider')",
        "stopBlock(at, 0, 'provider')",
        [
          'src/outbox/outcome/receipt.test.ts: what a receipt teaches of an address',
          'src/outbox/outcome/follow.test.ts: what a refusal says of an address',
        ],
      ],
      [
        'an opt-out of WhatsApp’s marketing is a stop to all',
        "if (channel === 'whatsapp' && integrationId !== null)",
        'if (integrationId === -1)',
        ['test/whatsapp.test.ts'],
      ],
      [
        'a dead number is a device out of use',
        "isDead && channel === 'push'",
        "isDead && channel !== 'push'",
        ['src/outbox/outcome/receipt.test.ts: what a receipt teaches of an address', 'test/push.test.ts'],
      ],
    ],
  ),
];
