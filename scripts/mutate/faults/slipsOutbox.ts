/** A third look at the outbox: what is accepted, what goes together, threads, what is learned, what follows. */
import { inFile } from '../fault.ts';

export const slipsOfOutbox = [
  ...inFile(
    'src/outbox/accept.ts',
    ['src/outbox/accept.test.ts'],
    [
      ['what is said quietly is told', 'accepted.filter(({ isQuiet }) => isQuiet !== true)', '[...accepted]'],
      [
        'what is for one channel moves on to another',
        '(send.integrationId ?? send.destinationId ?? send.channel) === undefined',
        '(send.integrationId ?? send.destinationId) === undefined',
      ],
      ['what is set apart waits with single messages', 'stream: send.stream ?? 0,', 'stream: 0,'],
      [
        'nobody knows what was set apart',
        'source: send.stream ? { ...send.source, stream: send.stream } : send.source,',
        'source: send.source,',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/together.ts',
    ['src/outbox/deliver/wire.test.ts'],
    [
      ['of five hundred the last goes alone', '(sum += size) > MOST', '(sum += size) >= MOST'],
      ['what is too many alone never goes', 'Math.max(1, end)', 'end'],
      ['single messages wait behind campaigns’', 'stream === 0 ? place : -place', 'place'],
      ['lanes of several shards go together', 'distributed ? lane + 1 : 1', 'distributed ? 1 : 1'],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/opens.ts',
    ['src/outbox/deliver/wire.test.ts'],
    [
      ['the picture stands in the middle of a mail', "lastIndexOf('</body>')", "indexOf('</body>')"],
      ['a mail without a body has no picture', 'end < 0 ? mail.html + pixel :', 'end < 0 ? mail.html :'],
      [
        'a mail without HTML gets some',
        'if (mail.html === undefined) return mail;',
        "if (mail.html === undefined) mail = { ...mail, html: '' };",
      ],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/threads.ts',
    ['src/outbox/deliver/wire.test.ts'],
    [
      ['an answer joins the thread of the first mail', 'Math.max(...mails)', 'Math.min(...mails)'],
      [
        'a text message counts as a mail',
        "channel === 'email' ? (lastInboundMs ?? []) : []",
        'channel ? (lastInboundMs ?? []) : []',
      ],
      ['what is no id stands in a header', '.filter(({ externalId }) => ID.test(externalId))', ''],
      ['the mail that is answered is named twice', 'ID.test(id) && id !== mail.externalId', 'ID.test(id)'],
      [
        'each answer has one more Re:',
        'IS_ANSWER.test(subject) ? subject : `Re: ${subject}`',
        '`Re: ${subject}`',
      ],
      ['references are in another order', '[...before, mail.externalId]', '[mail.externalId, ...before]'],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/shown.ts',
    ['src/outbox/deliver/wire.test.ts'],
    [
      [
        'what was said at the moment of disconnecting goes on',
        'saidMs > disconnectedMs',
        'saidMs >= disconnectedMs',
      ],
      [
        'a text of its own is cut off with the devices',
        "(named ? named.channel : channel) === 'push'",
        "channel === 'push'",
      ],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/wire.ts',
    ['src/outbox/deliver/wire.test.ts'],
    [['nobody leaves by a text message', "(channel === 'email' || isAsked)", "channel === 'email'"]],
  ),
  ...inFile(
    'src/outbox/outcome/learn.ts',
    ['src/outbox/outcome/follow.test.ts'],
    [
      [
        'what is learned in a test workspace is of our clock',
        'await learn(tx, deps.ids, some, nowMs + aheadMs);',
        'await learn(tx, deps.ids, some, nowMs);',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/overtaken.ts',
    ['src/outbox/outcome/follow.test.ts'],
    [['what was told too early is not learned', '  await learnNow(deps, tx, lessons, nowMs);\n', '']],
  ),
  ...inFile(
    'src/outbox/outcome/redial.ts',
    ['src/outbox/outcome/receipt.test.ts'],
    [
      [
        'somebody is called after the message’s life',
        'atMs + afterMs >= own.expiresMs',
        'atMs >= own.expiresMs',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/receipt.ts',
    ['src/outbox/outcome/receipt.test.ts'],
    [
      [
        'what is read counts as failed where that is told later',
        'state === STATE.failed ? STATE.accepted + 0.5 : state',
        'state',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/fallback.ts',
    ['src/outbox/outcome/receipt.test.ts'],
    [
      [
        'where delivered is the most that is told it is not read',
        "row.state === STATE.delivered && open.adapter.confirms === 'read'",
        'row.state === STATE.delivered',
      ],
      [
        'the same number through another integration is another way',
        '    (tried.channel === destination.channel && tried.address === destination.address)\n',
        '    false\n',
      ],
      [
        'what was read before it was said counts as read',
        'row.contactReadMs >= row.saidMs',
        'row.contactReadMs >= 0',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/write.ts',
    ['src/outbox/outcome/receipt.test.ts'],
    [
      [
        'reading is looked at in another kind of work',
        'kind: KIND.unread, dueMs',
        'kind: KIND.delivery, dueMs',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/write.ts',
    ['src/outbox/outcome/follow.test.ts'],
    [
      ['a message that takes three counts as four', 'extraSegments: segments - 1', 'extraSegments: segments'],
      [
        'what a run came to is told by person',
        '(bulk ? row.workspaceId : row.contactId)',
        '(bulk ? row.contactId : row.workspaceId)',
      ],
      ['one that was tried before is counted a second time', 'attempts > 1', 'attempts > 100'],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/write.ts',
    ['src/outbox/outcome/follow.test.ts: what a provider calls somebody'],
    [
      [
        'what a provider calls somebody who is erased is kept',
        'spellings.filter(({ contactId }) => !erased.has(contactId)),',
        'spellings,',
      ],
    ],
  ),
  ...inFile(
    'src/contacts/consent/blocks.ts',
    ['src/outbox/outcome/follow.test.ts: who is erased stays blocked'],
    [
      [
        'who is erased is blocked in one spelling only',
        'proofOf(db, workspaceId, channel, addressOf(channel, address));',
        'proofOf(db, workspaceId, channel, address);',
      ],
    ],
  ),
  ...inFile(
    'src/contacts/keys.ts',
    ['src/outbox/outcome/follow.test.ts: who is erased stays blocked'],
    [
      [
        'Ann@ is not ann@',
        "if (channel === 'email') return address.toLowerCase();",
        "if (channel === 'email') return address;",
      ],
      [
        'a number on WhatsApp is spelled as on a text message',
        "if (channel === 'whatsapp') return whatsappSpelling(address);",
        '',
      ],
      [
        'a number has two spellings',
        "KIND_OF_CHANNEL[channel] === 'phone' ? oneSpelling(address) : address;",
        'address;',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/learn.ts',
    ['src/outbox/outcome/follow.test.ts: who is erased stays blocked'],
    [
      [
        'who is erased is named by what blocks them',
        'blocks.filter((_, at) => lessons[at]!.isOfErased),',
        'blocks.filter((_, at) => !lessons[at]!.isOfErased),',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/outcome/retry.ts',
    ['src/outbox/deliver/deliver.test.ts: marketing that its provider'],
    [
      [
        'marketing is sent again where nobody can be asked',
        "if (messageClass === 'marketing' && !mayAsk) return { resend: false };",
        "if (messageClass === 'marketing' && attempt > 3) return { resend: false };",
      ],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/unknown.ts',
    ['src/outbox/deliver/deliver.test.ts: marketing that its provider'],
    [
      [
        'what a dead worker left is asked for where nobody can tell',
        'canTell: open?.canTell ?? false,',
        'canTell: true,',
      ],
    ],
  ),
];
