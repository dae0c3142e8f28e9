/** Faults of Connect: who may act for whom, and where somebody is led. */
import { inFile } from '../fault.ts';

const GRANTS = ['test/connectGrants.test.ts'];
const CONSOLE = ['test/connectConsole.test.ts'];
const CHATS = ['test/connectChats.test.ts'];
const REACH = ['test/connectReach.test.ts'];
const CAMPAIGNS = ['test/connectCampaigns.test.ts'];
const ACTIONS = ['test/onboarding.test.ts'];
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
  ...inFile('src/connect/grants.ts', GRANTS, [
    ['a company is connected to itself', 'if (holderWorkspaceId === client.workspaceId)', 'if (false)'],
    [
      'who is connected already is connected anew',
      'if (standing) return { grant: grantOfRow(standing) as LiveGrant, created: false };',
      '',
    ],
    [
      'one connect id is two accounts’',
      'row.connectId === pair.connectId && row.holderId !== pair.holderId)',
      'false)',
    ],
    [
      'one account is two connect ids',
      'row.holderId === pair.holderId && row.connectId !== pair.connectId)',
      'false)',
    ],
    [
      'of two at once both are told that they are connected',
      'if (!(await insertGrant(tx, row)))',
      'await insertGrant(tx, row);\n  if (false)',
    ],
    [
      'a grant allows what is asked for now',
      '    allows: [...client.asks],\n',
      "    allows: ['messages'],\n",
    ],
    ['nobody is told of who connects', "await tell(deps, tx, 'grant.created', [grant], clientNowMs);", ''],
    [
      'nothing ends with a grant',
      'await cutOff(deps, tx, [grant], at.clientNowMs);',
      '',
      [...GRANTS, ...CHATS, ...REACH],
    ],
    [
      'a workspace that goes leaves its grants',
      '  await cutOff(\n    deps,\n    tx,\n    ended.map',
      '  if (workspaceId < 0) await cutOff(\n    deps,\n    tx,\n    ended.map',
    ],
    ['who is erased is named by a grant', 'await forgetContacts(tx, of.workspaceId, of.contactIds);', ''],
    [
      'who acts by a grant does not hold it',
      'return lasting(await selectGrant(tx, clientWorkspaceId, who, true), who);',
      'return lasting(await selectGrant(tx, clientWorkspaceId, who, false), who);',
    ],
    [
      'where Connect is switched off a company acts',
      "if (!row.enabled) return fault('forbidden', 'Connect is not enabled for this workspace.');",
      '',
    ],
    [
      'for who is no owner any more a company acts',
      'row.disconnectedMs !== null || !row.open',
      'row.disconnectedMs !== null',
      CONSOLE,
    ],
    [
      'a connect id that nobody vouched for is somebody’s external id',
      "...(signed ? [{ kind: 'external' as const, value: connectId }] : [])",
      "...[{ kind: 'external' as const, value: connectId }]",
      [...GRANTS, ...PAGE],
    ],
    [
      'who has not allowed it is put into groups',
      'if (isFault(may)) refused.set(contactId, may);',
      '',
      ['test/holderChats.test.ts'],
    ],
    [
      'who has connected again is kept out',
      'grants.find(({ disconnectedMs }) => disconnectedMs === null) ?? grants[0]!',
      'grants.at(-1)!',
      ['test/holderChats.test.ts'],
    ],
    [
      'the address that was shown to be theirs stays pending',
      '  await activate(\n    tx,\n    client.workspaceId,\n    waiting',
      '  if (clientNowMs < 0) await activate(\n    tx,\n    client.workspaceId,\n    waiting',
      PAGE,
    ],
    [
      'the log of the account does not tell',
      'for (const workspaceId of [clientWorkspaceId, holderWorkspaceId])',
      'for (const workspaceId of [clientWorkspaceId])',
      [...CONSOLE, ...GRANTS],
    ],
  ]),
  ...inFile('src/connect/sql.ts', GRANTS, [
    [
      'another company ends a grant',
      'db`g.holder_id = ${of.holderId}` : db`g.client_workspace_id = ${of.clientWorkspaceId}`;\n  const rows = await db<GrantRow[]>`\n    UPDATE',
      'db`g.holder_id = ${of.holderId}` : db`true`;\n  const rows = await db<GrantRow[]>`\n    UPDATE',
      CONSOLE,
    ],
    [
      'a grant ends twice',
      'WHERE g.id = ${of.id} AND ${whose} AND g.disconnected_ms IS NULL',
      'WHERE g.id = ${of.id} AND ${whose}',
      [...GRANTS, ...CONSOLE],
    ],
    [
      'the grant that ended counts before the one that lasts',
      'ORDER BY (g.disconnected_ms IS NULL) DESC, g.id DESC LIMIT 1',
      'ORDER BY g.id LIMIT 1',
    ],
    [
      'a company knows another’s accounts',
      'WHERE g.client_workspace_id = ${clientWorkspaceId} AND ${named}',
      'WHERE ${named}',
      [...GRANTS, ...CONSOLE],
    ],
    [
      'a grant ended counts among those that last',
      'AND g.disconnected_ms IS NULL\n      AND (g.connect_id = ANY',
      'AND (g.connect_id = ANY',
    ],
    [
      'a grant stays with the contact that is gone',
      'UPDATE connect_grants SET contact_id = ${merge.survivingId}',
      'UPDATE connect_grants SET contact_id = contact_id + 0 * ${merge.survivingId}::bigint',
    ],
    [
      'a workspace that goes ends everybody’s grants',
      '(g.client_workspace_id = ${workspaceId} OR g.holder_workspace_id = ${workspaceId}) AND',
      '(g.client_workspace_id = ${workspaceId} OR true) AND',
    ],
    [
      'the accounts of a workspace that goes stay connected',
      '(g.client_workspace_id = ${workspaceId} OR g.holder_workspace_id = ${workspaceId}) AND',
      '(g.client_workspace_id = ${workspaceId}) AND',
    ],
  ]),
  ...inFile('src/connect/ending.ts', REACH, [
    [
      'who disconnects stays in groups and conversations',
      'await closeChats(tx, atMs, contactsOf(ended));',
      '',
      [...CHATS, ...REACH],
    ],
    [
      'what is on its way goes to who has disconnected',
      'await noteDisconnected(tx, workspaceId, contactsOf(grants), atMs);',
      'void workspaceId, grants;',
      [...CAMPAIGNS, ...REACH],
    ],
    ['nobody is told of who disconnects', "await tell(deps, tx, 'grant.deleted', ended, atMs);", '', GRANTS],
  ]),
  ...inFile('src/connect/told.ts', GRANTS, [
    [
      'who is erased sets a campaign off',
      'if (connectId === null) return [];',
      '',
      [...GRANTS, ...CAMPAIGNS],
    ],
    ['a grant sets off once what it set off before', 'key: String(grantId),', "key: '',", CAMPAIGNS],
  ]),
  ...inFile('src/connect/identity.ts', PAGE, [
    ['nothing need be signed', 'return client.signedOnly\n', 'return client.id < 0\n', [...PAGE, ...CONSOLE]],
    [
      'any signature is the company’s',
      "sameText(signature.toLowerCase(), hmac('sha256', client.secret, connectId, 'hex'))",
      'signature',
    ],
    ['a token without an end is taken', "requiredClaims: ['sub', 'exp']", "requiredClaims: ['sub']"],
    [
      'another client’s token is taken',
      'if (aud !== undefined && ![aud].flat().includes(String(client.id)))',
      'if (aud === null)',
    ],
  ]),
  ...inFile('src/connect/clients.ts', GRANTS, [
    [
      'a page of Connect is there though it is switched off',
      "return row?.enabled ? clientOf(row) : fault('not_found', 'There is no such connect client.');",
      "return row ? clientOf(row) : fault('not_found', 'There is no such connect client.');",
      PAGE,
    ],
    [
      'somebody is sent to any page',
      "return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal);",
      'return isLocal || Boolean(url.protocol);',
    ],
    [
      'an address with a part of it behind # is one',
      "if (!url || text.includes('#')) return false;",
      'if (!url) return false;',
    ],
    [
      'the secret stays what it was',
      'secretSealed: vault.seal(secret, sealContext(row.id)),\n    changedMs: of.nowMs',
      'changedMs: of.nowMs',
    ],
  ]),
  ...inFile('src/connect/actions.ts', ACTIONS, [
    [
      'an action is offered to who has not allowed it',
      "const may = mayOnBehalf(grant, 'actions');\n  if (isFault(may)) return may;",
      '',
    ],
    [
      'a company writes over a campaign of the account',
      'if (there && offered?.clientWorkspaceId !== of.clientWorkspaceId)',
      'if (false)',
    ],
    [
      'an older version is offered again',
      'if (there && offered && offered.version >= version)',
      'if (false)',
    ],
    [
      'a newer version forgets what the account changed',
      '? carriedOver(action.file, (await fileOf(tx, there)) ?? action.file, action.mayChange)',
      '? action.file',
    ],
    [
      'an account changes anything of an action',
      'const path = strayed(action.file, file, action.mayChange);',
      'const path = undefined;',
    ],
  ]),
];
