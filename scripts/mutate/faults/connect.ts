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
    [
      'of two who connect at once both are told',
      'if (!(await insertGrant(tx, row)))',
      'if (!(await insertGrant(tx, row)) && row.id === 0)',
    ],
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
    [
      'of two that want a reference alone the second leaves its person behind',
      'taken.add(referenceText(named));',
      '',
      ['test/orders.test.ts: a reference names'],
    ],
  ]),
  ...inFile('src/connect/sql.ts', ORDERS, [
    [
      'an order goes to an account that has disconnected',
      'g.disconnected_ms IS NULL\n      AND (g.connect_id = ANY(${[...who.connectIds]}::text[]) OR g.holder_id = ANY(${[...who.userIds]}::bigint[]))\n      AND c.enabled',
      'true\n      AND (g.connect_id = ANY(${[...who.connectIds]}::text[]) OR g.holder_id = ANY(${[...who.userIds]}::bigint[]))\n      AND c.enabled',
      ['test/shoutOrders.test.ts: four faults'],
    ],
  ]),
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
    ['two windows make two workspaces', "  await lockFor(tx, 'connect holder', holder.id);\n", ''],
  ]),
  ...inFile(
    'src/connect/grants.ts',
    ['test/connectGrants.test.ts'],
    [
      [
        'one connect id is two accounts’',
        'row.connectId === pair.connectId && row.holderId !== pair.holderId)',
        'false)',
      ],
      [
        'a grant allows what is asked for now',
        '    allows: [...client.asks],\n',
        "    allows: ['messages'],\n",
      ],
      ['who is erased is named by a grant', 'await forgetContacts(tx, of.workspaceId, of.contactIds);', ''],
      [
        'who acts by a grant does not hold it',
        'return lasting(await selectGrant(tx, clientWorkspaceId, who, true), who);',
        'return lasting(await selectGrant(tx, clientWorkspaceId, who, false), who);',
      ],
      [
        'the log of the account does not tell',
        'for (const workspaceId of [clientWorkspaceId, holderWorkspaceId])',
        'for (const workspaceId of [clientWorkspaceId])',
      ],
    ],
  ),
  ...inFile(
    'src/connect/grants.ts',
    ['test/connectConsole.test.ts'],
    [
      [
        'for who is no owner any more a company acts',
        'row.disconnectedMs !== null || !row.open',
        'row.disconnectedMs !== null',
      ],
    ],
  ),
  ...inFile(
    'src/connect/grants.ts',
    ['test/holderChats.test.ts'],
    [['who has not allowed it is put into groups', 'if (isFault(may)) refused.set(contactId, may);', '']],
  ),
  ...inFile(
    'src/connect/sql.ts',
    ['test/connectGrants.test.ts'],
    [
      [
        'a grant ends twice',
        'WHERE g.id = ${of.id} AND ${whose} AND g.disconnected_ms IS NULL',
        'WHERE g.id = ${of.id} AND ${whose}',
      ],
      [
        'another company ends a grant',
        'WHERE g.id = ${of.id} AND ${whose} AND g.disconnected_ms IS NULL',
        'WHERE g.id = ${of.id} AND g.disconnected_ms IS NULL',
      ],
      [
        'a company knows another’s accounts',
        'WHERE g.client_workspace_id = ${clientWorkspaceId} AND ${named}',
        'WHERE ${named}',
      ],
      [
        'a grant stays with the contact that is gone',
        'UPDATE connect_grants SET contact_id = ${merge.survivingId}',
        'UPDATE connect_grants SET contact_id = contact_id + 0 * ${merge.survivingId}::bigint',
      ],
      [
        'the accounts of a workspace that goes stay connected',
        '(g.client_workspace_id = ${workspaceId} OR g.holder_workspace_id = ${workspaceId}) AND',
        '(g.client_workspace_id = ${workspaceId}) AND',
      ],
    ],
  ),
  ...inFile(
    'src/connect/ending.ts',
    ['test/connectCampaigns.test.ts'],
    [
      [
        'what is on its way goes to who has disconnected',
        'await noteDisconnected(tx, workspaceId, gone, atMs);',
        'void workspaceId;',
      ],
    ],
  ),
  ...inFile('src/connect/ending.ts', GRANTS, [
    [
      'of two accounts that are one person both are cut off when one disconnects',
      'const gone = contactIds.filter((id) => !still.has(id));',
      'const gone = contactIds.filter((id) => !still.has(-id));',
    ],
  ]),
];
