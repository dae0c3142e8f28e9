/** Faults of what providers tell us: whom it is of, what it does to consent, what is kept of it, how often. */
import { inFile } from '../fault.ts';

const INBOUND = ['test/inbound.test.ts'];
const WHATSAPP = ['test/whatsapp.test.ts'];
const MAIL = ['test/mail.test.ts', 'test/mailgun.test.ts'];
const ONE_BAD = ['test/oneBad.test.ts'];
const TEXTS = ['test/textMessages.test.ts'];

export const receiptFaults = [
  ...inFile('src/receipts/receive.ts', INBOUND, [
    [
      'any key opens a callback',
      'return isCalled && sameText(integration.callbackKey, callbackKey) ? integration : NOT_THERE;',
      'return isCalled ? integration : NOT_THERE;',
      ['test/callbackPaths.test.ts'],
    ],
    [
      'a signature counts twice',
      'return !signed || (await believeOnce(integrationId, signed));',
      'return true;',
      ['test/mailgunOnce.test.ts'],
    ],
    [
      'receipts are forgotten where somebody wrote',
      'callback.receipts.length ? deps.takeReceipts',
      'callback.receipts.length && !callback.inbound.length ? deps.takeReceipts',
      [...WHATSAPP, ...INBOUND],
    ],
    [
      'what could not be taken is answered as taken',
      "for (const one of taken) if (one.status === 'rejected') throw one.reason;",
      '',
      [...ONE_BAD, 'test/lostDatabase.test.ts'],
    ],
    [
      'a test workspace’s receipts are of our time',
      'deps.clock.nowMs() + aheadMs),',
      'deps.clock.nowMs()),',
      ['test/workspaceClock.test.ts', ...WHATSAPP],
    ],
    [
      'a complaint opens a conversation',
      '(message) => !isConsentOnly(message) && message.movedTo === undefined',
      '(message) => message.movedTo === undefined',
      [...MAIL, ...WHATSAPP],
    ],
    [
      'a number that moved is a message',
      '(message) => !isConsentOnly(message) && message.movedTo === undefined',
      '(message) => !isConsentOnly(message)',
      WHATSAPP,
    ],
    [
      'a word on consent is heard again with each repeat',
      'return words.filter(({ messageId }) => fresh.has(messageId));',
      'return words;',
      [...MAIL, ...WHATSAPP],
    ],
    ['files of a repeat are kept twice', 'await dropFiles(deps, integration.workspaceId, repeats);', ''],
    ['a bounced word is of whoever is named', 'if (!sent) return [];', 'if (!sent) return word;', MAIL],
    [
      'a link request is a message',
      'met.filter(({ message }) => message.text.trim() !== linkRequestIn(message.text))',
      'met',
      ['test/links.test.ts'],
    ],
    [
      'what is repeated is news',
      'return conversationId === undefined ? [] : [{ ...one, conversationId }];',
      'return [{ ...one, conversationId: conversationId! }];',
      [...INBOUND, ...TEXTS, 'test/inboundText.test.ts'],
    ],
    ['a stop is not obeyed', '  await blockDestinations(tx, deps.ids, nowMs, blocks);\n', '', TEXTS],
    ['a start is not obeyed', '  await liftBlocks(tx, deps.ids, nowMs, lifts);\n', '', TEXTS],
    [
      'a switch of marketing stops all',
      "isSwitch: channel === 'whatsapp' && isConsentOnly(message),",
      'isSwitch: false,',
      WHATSAPP,
    ],
    [
      'a stop is a stop of its words, whatever the provider made of it',
      'word: message.handledKeyword ?? keywordOf(message.text),',
      'word: keywordOf(message.text),',
      [...TEXTS, ...MAIL],
    ],
  ]),
  ...inFile('src/receipts/incoming.ts', INBOUND, [
    [
      'the first file is sent twice',
      'message.location ? message.media : message.media.slice(1)',
      'message.media',
    ],
    ['two files are one', 'externalId: `${message.externalId}#${i + 2}`,', 'externalId: message.externalId,'],
    [
      'what somebody chose is not told',
      'const payload = message.payload === undefined ? {} : { payload: message.payload };',
      'const payload = {};',
    ],
    [
      'a hidden number is another person',
      'return own ? [own, ...also] : also;',
      'return own ? [own] : also;',
      WHATSAPP,
    ],
  ]),
  ...inFile('src/receipts/moved.ts', WHATSAPP, [
    [
      'a number that moved is still written to',
      '  await unlinkDestinations(tx, nowMs, workspaceId, old);\n',
      '',
    ],
    ['who moved is not heard of lately', 'if (lastMs > 0)', 'if (lastMs < 0)'],
  ]),
  ...inFile('src/receipts/help.ts', TEXTS, [
    ['help that the provider gave is given again', '!handledKeyword && keywordOf(text)', 'keywordOf(text)'],
    ['help by mail', "if (integration.channel !== 'sms') return;", '', [...TEXTS, ...MAIL]],
  ]),
  ...inFile('src/receipts/choices.ts', INBOUND, [
    ['a number is the choice behind it', 'choicesOf(content)[number! - 1]', 'choicesOf(content)[number!]'],
    [
      'a picture with a number is a choice',
      'payload === undefined && !media.length ? NUMBER',
      'payload === undefined ? NUMBER',
    ],
  ]),
  ...inFile('src/receipts/replies.ts', WHATSAPP, [
    [
      'an answer is one to another’s message',
      'one.contactId === contactId && one.externalId === replyTo',
      'one.externalId === replyTo',
      [...WHATSAPP, ...MAIL],
    ],
  ]),
  ...inFile(
    'src/receipts/signatures.ts',
    ['test/mailgunOnce.test.ts'],
    [
      [
        'in one call the last of a signature counts',
        'if (!first.has(token)) first.set(token, contentHash);',
        'first.set(token, contentHash);',
      ],
      [
        'a signature is forgotten at once',
        'await deleteSignatures(sql, nowMs - KEPT_MS);',
        'await deleteSignatures(sql, nowMs + KEPT_MS);',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/sql.ts',
    ['test/mailgunOnce.test.ts'],
    [
      [
        'what a signature is of is what it was last',
        'DO UPDATE SET content_hash = s.content_hash',
        'DO UPDATE SET content_hash = excluded.content_hash',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/gather.ts',
    ['src/receipts/gather.test.ts'],
    [
      ['two receipts of one delivery are one statement’s', '|| names.some((ref) => refs.has(ref))', ''],
      ['any number together', 'count > MOST_TOGETHER ||', ''],
    ],
  ),
  ...inFile(
    'src/receipts/clean.ts',
    ['test/inboundText.test.ts'],
    [
      [
        'what is too long is cut to the same',
        '`sha256:${sha256Hex(id)}`',
        'id.slice(0, LONGEST_ID)',
        ['test/inboundText.test.ts', 'test/strangers.test.ts'],
      ],
      [
        'nothing is too deep',
        'if (depth >= MOST_DEPTH) return null;',
        '',
        ['test/oddJson.test.ts', 'test/inboundText.test.ts'],
      ],
      [
        'what is told is kept however much it is',
        'if (left < 0) return { ...kept, cut: true };',
        '',
        ['test/inboundText.test.ts', 'test/bodies.test.ts'],
      ],
      [
        'an error has any length',
        'beginningOf(keepable(code), LONGEST_CODE)',
        'keepable(code)',
        ['test/inboundText.test.ts', ...ONE_BAD],
      ],
    ],
  ),
  ...inFile('src/receipts/files.ts', INBOUND, [
    ['a file that is there is fetched again', '(/^https?:/i.test(url) && !isKept)', 'false'],
    [
      'where files cannot be kept the message is told without them',
      "if (isFault(url)) throw Object.assign(new Error(url.message), { code: 'ECONNRESET' });",
      'if (isFault(url)) return file;',
      [...INBOUND, ...MAIL],
    ],
  ]),
  ...inFile(
    'src/receipts/listener.ts',
    ['src/receipts/listener.test.ts', ...MAIL],
    [
      ['one address takes all connections', 'if (peer.connections >= MOST_FROM_ONE) return false;', ''],
      [
        'who left still has a place',
        'if (--peer.connections === 0) peers.delete(peer.name);',
        'if (peer.connections === 0) peers.delete(peer.name);',
      ],
      ['what a mail held is held for ever', '        hold(-mine.bytes);\n', ''],
      [
        'who has none of ours is taken for',
        'return (await integrationsAt(ctx, address)).length ? undefined : UNKNOWN;',
        'return undefined;',
      ],
      [
        'a mail that one cannot read is refused for all',
        'if (answer.status < 300) refusal = undefined;',
        'if (answer.status < 300 && recipients.size < 2) refusal = undefined;',
      ],
      ['a mail that nobody read is lost', 'else if (answer.status >= 500) return TROUBLE;', ''],
      ['a mail too large is taken in part', 'if (stream.sizeExceeded) return TOO_BIG;', ''],
      [
        'a session lasts for ever',
        'desk.timers.set(session.id, ctx.clock.after(SESSION_MS, late));',
        'void late;',
      ],
    ],
  ),
];
