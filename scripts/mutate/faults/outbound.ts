/** Faults of the Outbound door: whose a device is, whom a phone may tell of, and what two calls at one moment come to. */
import { inFile } from '../fault.ts';

const ONCE = ['test/outboundOnce.test.ts'];
const AT_ONCE = ['test/outboundAtOnce.test.ts'];
const RECEIPTS = ['test/outboundReceipts.test.ts'];

export const outboundFaults = [
  ...inFile('src/accounts/toldOnce.ts', ONCE, [
    ['what is told again is done again', '!key || taken.delete(textOf(key))', 'true'],
  ]),
  ...inFile('src/campaigns/events/arrive.ts', ONCE, [
    ['what was refused is taken for done', '    await giveBack(tx, workspaceId, refused);\n', ''],
  ]),
  ...inFile('src/doors/outbound/repeat.ts', ONCE, [
    ['of two that say something else under one id one is lost', ' ${what} ${canonicalJson(said)}`', '`'],
  ]),
  ...inFile('src/contacts/resolve/plan.ts', AT_ONCE, [
    [
      'a device of a user is a word on who another is',
      "!named.has(id) || (key.kind === 'anonymous' && !isNamed)",
      "!named.has(id) || key.kind === 'anonymous'",
    ],
    [
      'of two in one batch who claim one device, the second is the first',
      "if (keys.get(text)!.kind === 'external') named.add(contactId);",
      '',
    ],
  ]),
  ...inFile('src/contacts/resolve/apply.ts', AT_ONCE, [
    [
      'who was named in between is taken for who names them',
      'plan.unnamed.has(id) && alive.get(id) !== externalId',
      'false',
    ],
  ]),
  ...inFile('src/contacts/merge.ts', AT_ONCE, [
    [
      'a device that became a user is made another one',
      'if (merge.onlyUnnamed && alive.get(discardedId) !== null)',
      'if (false)',
    ],
  ]),
  ...inFile('src/contacts/held.ts', AT_ONCE, [
    ['who became another is nobody', 'contactId = became.get(contactId);', 'contactId = undefined;'],
  ]),
  ...inFile('src/contacts/follow.ts', AT_ONCE, [
    [
      'of two addresses that are told at one moment none stays',
      'const gone = replacedBy(told, await destinationsOf(tx, workspaceId, people));',
      'const gone = before;',
    ],
  ]),
  ...inFile(
    'src/contacts/follow.ts',
    ['test/outboundTwice.test.ts'],
    [
      [
        'of addresses that one call tells all stay',
        'instead !== one.id &&',
        'instead !== one.id && !told.some(({ destinations }) => destinations.some(({ id }) => id === one.id)) &&',
      ],
    ],
  ),
  ...inFile(
    'src/doors/outbound/groups.ts',
    ['test/outboundGroups.test.ts'],
    [['who names a group alone has nothing of it', 'byId.get(ids[i]!) ?? {}', '{}']],
  ),
  ...inFile(
    'src/doors/outbound/wanted.ts',
    ['test/outboundTwice.test.ts'],
    [['who is the user already is another', ' && owners[2 * n] !== owners[2 * n + 1]', '']],
  ),
  ...inFile(
    'src/doors/outbound/tell.ts',
    ['test/outboundPhones.test.ts'],
    [['one entry keeps back the list of a phone', 'broken && !isListOfPhone(call)', 'broken']],
  ),
  ...inFile('src/doors/outbound/tell.ts', AT_ONCE, [
    ['a join is lost in which one becomes a third', 'const MOST_MERGES = 8;', 'const MOST_MERGES = 1;'],
  ]),
  ...inFile('src/doors/outbound/phones.ts', RECEIPTS, [
    [
      'a phone opens a mail that is on its way',
      '!(await mayBePush(call, key, delivery?.destinationId))',
      'false',
    ],
    ['a phone has what was not sent', 'if (isWaiting && !(await hasBegun(call, key))) return undefined;', ''],
    [
      'a phone tells of a push of another user',
      'if (who && (await isAnothers(call, key, who))) return undefined;',
      '',
    ],
  ]),
];
