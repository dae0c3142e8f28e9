/** Faults of Connect: who may act for whom, and where somebody is led. */
import { inFile } from '../fault.ts';

const GRANTS = ['test/connectGrants.test.ts'];
const ORDERS = ['test/shoutOrders.test.ts'];
const PAGE = ['test/connectPage.test.ts'];

export const connectFaults = [
  ...inFile('src/connect/grants.ts', GRANTS, [
    [
      'who has disconnected is acted for',
      "    return fault('forbidden', `${field}: ${value} has disconnected`, { field });\n",
      '    void value;\n',
    ],
    [
      'a connect id that nobody vouched for goes to whoever asks for it next',
      'row.disconnectedMs === null || !signed',
      'row.disconnectedMs === null',
    ],
    ['who agrees in two windows at once is refused in one', '  await lockPair(tx, pair);\n', ''],
  ]),
  ...inFile('src/connect/sql.ts', GRANTS, [
    ['a grant ends while somebody acts by it', 'hold ? db`FOR SHARE OF g` : db``', 'db``'],
    [
      'an erased contact’s connect id is kept',
      'SET connect_id = NULL, contact_id = NULL',
      'SET contact_id = NULL',
    ],
  ]),
  ...inFile('src/connect/grants.ts', GRANTS, [
    [
      'nobody is told that a company erased an account',
      '    ended.map((row) => ({ ...(grantOfRow(row) as LiveGrant), connectId: null })),\n',
      '    [],\n',
    ],
  ]),
  ...inFile(
    'src/outbox/deliver/shown.ts',
    ['test/connectCampaigns.test.ts'],
    [
      [
        'what a broadcast has on its way goes to who has disconnected',
        'if (item.stream !== 0) return true;',
        'if (item.stream < 0) return true;',
      ],
      [
        'what a campaign has on its way goes to who has disconnected',
        'if (item.stream !== 0) return true;',
        'if (item.stream > 0) return true;',
      ],
      [
        'nothing goes any more to who has disconnected',
        'disconnectedMs === null || saidMs > disconnectedMs',
        'disconnectedMs === null',
      ],
    ],
  ),
  ...inFile('src/orders/orders.ts', ORDERS, [
    [
      'a company names the profile of one account in another',
      'whose.get(contactId) !== telling.workspaceId',
      'whose.get(contactId) === undefined',
    ],
    ['of two that want a reference alone both get it', 'taken.add(referenceText(named));', ''],
  ]),
  ...inFile('src/connect/sql.ts', ORDERS, [
    [
      'an order goes to an account that has disconnected',
      'g.disconnected_ms IS NULL\n      AND (g.connect_id = ANY(${[...who.connectIds]}::text[]) OR g.holder_id = ANY(${[...who.userIds]}::bigint[]))\n      AND c.enabled',
      'true\n      AND (g.connect_id = ANY(${[...who.connectIds]}::text[]) OR g.holder_id = ANY(${[...who.userIds]}::bigint[]))\n      AND c.enabled',
    ],
  ]),
  ...inFile(
    'src/queue/work/sql.ts',
    ['test/connectPlans.test.ts'],
    [['a look at what is due goes through the queue', 'LIMIT 1) first`.unprepared();', 'LIMIT 1) first`;']],
  ),
  ...inFile('src/connect/abilities.ts', GRANTS, [
    ['a grant allows all that there is', 'return grant.allows.includes(ability)', 'return true'],
  ]),
  ...inFile('src/doors/pages/connect/asked.ts', PAGE, [
    [
      'somebody is led to an address that the company never registered',
      'given !== undefined && !registered.includes(given)',
      'false',
    ],
    ['another site posts the form', 'return !isNew && sameText(given, formToken);', 'return !isNew;'],
  ]),
  ...inFile('src/doors/pages/connect/agree.ts', PAGE, [
    ['what is agreed to is not what was shown', 'if (shown !== wordsOf(client))', 'if (false)'],
  ]),
  ...inFile('src/connect/holders.ts', PAGE, [
    ['two windows make two workspaces', '  await lockHolder(tx, holder.id);\n', ''],
  ]),
];
