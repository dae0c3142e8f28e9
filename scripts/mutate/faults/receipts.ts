/** Faults of what providers tell us: whom it is of, what it does to consent, how often it counts. */
import { inFile } from '../fault.ts';

export const receiptFaults = [
  ...inFile(
    'src/receipts/receive.ts',
    ['test/callbackPaths.test.ts'],
    [
      [
        'any key opens a callback',
        'return isCalled && sameText(integration.callbackKey, callbackKey) ? integration : NOT_THERE;',
        'return isCalled ? integration : NOT_THERE;',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/receive.ts',
    ['test/oneBad.test.ts'],
    [
      [
        'what could not be taken is answered as taken',
        "for (const one of taken) if (one.status === 'rejected') throw one.reason;",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/receive.ts',
    ['test/mail.test.ts'],
    [
      [
        'a word on consent is heard again with each repeat',
        'return words.filter(({ messageId }) => fresh.has(messageId));',
        'return words;',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/receive.ts',
    ['test/inbound.test.ts'],
    [['files of a repeat are kept twice', 'await dropFiles(deps, integration.workspaceId, repeats);', '']],
  ),
  ...inFile(
    'src/receipts/receive.ts',
    ['test/textMessages.test.ts'],
    [
      [
        'what is repeated is news',
        'return conversationId === undefined ? [] : [{ ...one, conversationId }];',
        'return [{ ...one, conversationId: conversationId! }];',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/obey.ts',
    ['test/textMessages.test.ts'],
    [['a stop is not obeyed', '    await blockDestinations(tx, ids, nowMs, blocks);\n', '']],
  ),
  ...inFile(
    'src/receipts/obey.ts',
    ['test/whatsapp.test.ts'],
    [
      [
        'a switch for marketing stops the channel',
        '? marketingSwitchBlock(one.at, integration.id)\n',
        "? stopBlock(one.at, integration.id, 'person')\n",
      ],
      [
        'a yes that is late takes back the no that came after it',
        "channel === 'email' ? undefined : message.atMs",
        'undefined',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/incoming.ts',
    ['test/whatsapp.test.ts'],
    [
      [
        'a hidden number is another person',
        'return own ? [own, ...also] : also;',
        'return own ? [own] : also;',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/moved.ts',
    ['test/whatsapp.test.ts'],
    [
      [
        'a number that moved is still written to',
        '  await unlinkDestinations(tx, nowMs, workspaceId, old);\n',
        '',
      ],
      ['who moved is not heard of lately', 'if (lastMs > 0)', 'if (lastMs < 0)'],
      [
        'who said no has taken it back by another number',
        '  await carryBlocks(tx, ids, nowMs, { workspaceId, channel, address: from }, movedTo);\n',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/contacts/consent/meanings.ts',
    ['test/whatsapp.test.ts'],
    [
      [
        'a switch for marketing stops all',
        "    classes: ['marketing'],\n    by: 'provider',\n    reason: SWITCHED_OFF,",
        "    classes: MESSAGE_CLASSES,\n    by: 'provider',\n    reason: SWITCHED_OFF,",
      ],
    ],
  ),
  ...inFile(
    'src/contacts/consent/blocks.ts',
    ['src/contacts/destinations.test.ts'],
    [
      [
        'an old bounce kills an address that has written since',
        'return untrue.size ? blocks.filter((block) => !untrue.has(block)) : blocks;',
        'return blocks;',
      ],
      [
        'a number that is left takes its death along',
        "filter(({ cause }) => cause !== 'dead')",
        'filter(() => true)',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/receive.ts',
    ['test/mail.test.ts'],
    [
      [
        'a complaint about a mail is of whom it names, and not of whom it went to',
        'return { ...word, from: sent.address, about };',
        'return { ...word, about };',
      ],
    ],
  ),
  ...inFile(
    'src/receipts/help.ts',
    ['test/textMessages.test.ts'],
    [['help that the provider gave is given again', '!handledKeyword && keywordOf(text)', 'keywordOf(text)']],
  ),
  ...inFile(
    'src/receipts/choices.ts',
    ['test/inbound.test.ts'],
    [
      [
        'a number answers an older question than the one that is on its way',
        'const saying = await beingSaidTo(deps, tx, asked);',
        'const saying = await beingSaidTo(deps, tx, []);',
      ],
    ],
  ),
];
