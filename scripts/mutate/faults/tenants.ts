/** Statements that forget whose rows they are about: each condition on the workspace that is the only wall there is. */
import { inFile, type Fault } from '../fault.ts';

const READS = ['test/neighbours.test.ts: what one reads'];
const STRANGE = ['test/neighbours.test.ts: by the ids of another'];
const CHANGES = ['test/neighbours.test.ts: what one changes'];

export const tenantFaults: readonly Fault[] = [
  ...inFile('src/accounts/sql.access.ts', READS, [
    [
      'selectKeys: what is another workspace’s counts',
      ': db`k.workspace_id = ${k.workspaceId}`',
      ': db`true`',
    ],
    [
      'countKeys: what is another workspace’s counts',
      'WHERE workspace_id = ${k.workspaceId} AND door',
      'WHERE door',
    ],
  ]),
  ...inFile('src/accounts/sql.access.ts', STRANGE, [
    ['selectMembers: what is another workspace’s counts', 'm.workspace_id = ${workspaceId}', 'true'],
  ]),
  ...inFile('src/accounts/sql.ts', READS, [
    [
      'selectIntegrationsOf: what is another workspace’s counts',
      'workspace_id = ANY(${workspaceIds}::bigint[])',
      'true',
    ],
  ]),
  ...inFile('src/accounts/sql.ts', STRANGE, [
    ['lockIntegration: what is another workspace’s counts', 'workspace_id = ${workspaceId} ', 'true '],
    [
      'markIntegrationDeleted: what is another workspace’s counts',
      'NULL\n    WHERE id = ${i.id} AND workspace_id = ${i.workspaceId} AND deleted_ms IS NULL`;\n  return',
      'NULL\n    WHERE id = ${i.id} AND true AND deleted_ms IS NULL`;\n  return',
    ],
  ]),
  ...inFile('src/audiences/sql.ts', STRANGE, [
    [
      'selectJob: what is another workspace’s counts',
      'WHERE workspace_id = ${workspaceId} AND id',
      'WHERE true AND id',
    ],
  ]),
  ...inFile('src/audiences/sql.ts', READS, [
    [
      'selectJobs: what is another workspace’s counts',
      'WHERE workspace_id = ${workspaceId} AND kind',
      'WHERE true AND kind',
    ],
  ]),
  ...inFile('src/broadcasts/sql.ts', STRANGE, [
    ['selectBroadcast: what is another workspace’s counts', ' workspace_id = ${workspaceId} $', ' true $'],
  ]),
  ...inFile('src/broadcasts/sql.ts', READS, [
    [
      'selectBroadcasts: what is another workspace’s counts',
      'WHERE workspace_id = ${workspaceId} AND origin',
      'WHERE true AND origin',
    ],
    [
      'selectAlike: what is another workspace’s counts',
      'marksOfCap(db, on)}\n    WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0 AND $',
      'marksOfCap(db, on)}\n    WHERE true AND c.bucket >= 0 AND $',
    ],
  ]),
  ...inFile('src/campaigns/backtest/sql.ts', STRANGE, [
    [
      'selectBacktest: what is another workspace’s counts',
      'FROM campaign_backtests WHERE workspace_id = ${workspaceId} AND id = ${id}`;\n  return rows',
      'FROM campaign_backtests WHERE true AND id = ${id}`;\n  return rows',
    ],
  ]),
  ...inFile('src/campaigns/backtest/sql.ts', READS, [
    [
      'selectBacktests: what is another workspace’s counts',
      'campaign_backtests WHERE workspace_id = ${workspaceId} AND id <',
      'campaign_backtests WHERE true AND id <',
    ],
  ]),
  ...inFile('src/campaigns/enrol/sql.live.ts', READS, [
    [
      'selectLiveOfKey: what is another workspace’s counts',
      'workspace_id = ANY(${[...workspaceIds]}::bigint[])',
      'true',
    ],
    [
      'selectByKey: what is another workspace’s counts',
      ' WHERE c.workspace_id = ${workspaceId} AND c.key',
      ' WHERE true AND c.key',
    ],
    [
      'selectCampaigns: what is another workspace’s counts',
      'campaigns c WHERE c.workspace_id = ${workspaceId} AND c.id <',
      'campaigns c WHERE true AND c.id <',
    ],
  ]),
  ...inFile('src/campaigns/enrol/sql.live.ts', STRANGE, [
    [
      'selectCampaign: what is another workspace’s counts',
      'campaigns c WHERE c.workspace_id = ${workspaceId} AND c.id =',
      'campaigns c WHERE true AND c.id =',
    ],
  ]),
  ...inFile('src/campaigns/events/sql.history.ts', READS, [
    [
      'selectNamesAfter: what is another workspace’s counts',
      ' workspace_id = ${page.workspaceId} ',
      ' true ',
    ],
  ]),
  ...inFile('src/campaigns/events/sql.ts', READS, [
    [
      'selectNames: what is another workspace’s counts',
      'WHERE workspace_id = ${workspaceId} AND name',
      'WHERE true AND name',
    ],
  ]),
  ...inFile('src/campaigns/report/sql.audit.ts', READS, [
    ['selectHeld: what is another workspace’s counts', 'c.workspace_id = ${workspaceId}', 'true'],
    ['selectHeld: what is another workspace’s counts (2)', ' workspace_id = ${workspaceId}\n', ' true\n'],
    [
      'selectHeld: what is another workspace’s counts (3)',
      'campaign_entries\n      WHERE workspace_id = ${workspaceId} GROUP BY 1, 2,',
      'campaign_entries\n      WHERE true GROUP BY 1, 2,',
    ],
  ]),
  ...inFile('src/campaigns/segments/sql.rule.ts', READS, [
    [
      'memberOf: what is another workspace’s counts',
      's WHERE s.workspace_id = ${workspaceId} AND s.kind',
      's WHERE true AND s.kind',
    ],
    [
      'insideOf: what is another workspace’s counts',
      's WHERE s.workspace_id = ${workspaceId} AND s.key',
      's WHERE true AND s.key',
    ],
  ]),
  ...inFile('src/connect/sql.ts', CHANGES, [
    ['updateClientRow: what is another workspace’s counts', 'workspace_id = ${c.workspaceId}', 'true'],
  ]),
  ...inFile('src/connect/sql.ts', READS, [
    ['selectClient: what is another workspace’s counts', 'c.workspace_id = ${workspaceId}', 'true'],
  ]),
  ...inFile('src/contacts/imports/sql.ts', STRANGE, [
    [
      'selectImport: what is another workspace’s counts',
      ' imports WHERE workspace_id = ${workspaceId} AND id = ${id} ',
      ' imports WHERE true AND id = ${id} ',
    ],
    [
      'deleteImport: what is another workspace’s counts',
      ' imports WHERE workspace_id = ${workspaceId} AND id = ${id}`',
      ' imports WHERE true AND id = ${id}`',
    ],
  ]),
  ...inFile('src/contacts/imports/sql.ts', READS, [
    [
      'selectImports: what is another workspace’s counts',
      'imports WHERE workspace_id = ${workspaceId} AND id <',
      'imports WHERE true AND id <',
    ],
  ]),
  ...inFile('src/contacts/sql.audience.ts', READS, [
    [
      'memberOf: what is another workspace’s counts',
      'WHERE s.workspace_id = ${workspaceId} AND (',
      'WHERE true AND (',
    ],
  ]),
  ...inFile('src/contacts/sql.people.ts', STRANGE, [
    [
      'selectPresent: what is another workspace’s counts',
      ' = k.bucket AND c.workspace_id = k.workspace_id AND c.id = k.id\n',
      ' = k.bucket AND true AND c.id = k.id\n',
    ],
  ]),
  ...inFile('src/contacts/sql.segments.ts', STRANGE, [
    ['selectSegment: what is another workspace’s counts', ' s.workspace_id = ${workspaceId} $', ' true $'],
  ]),
  ...inFile('src/contacts/sql.segments.ts', READS, [
    ['selectPage: what is another workspace’s counts', ' s.workspace_id = ${workspaceId} AND', ' true AND'],
    [
      'selectAll: what is another workspace’s counts',
      ' s.workspace_id = ${workspaceId} ORDER',
      ' true ORDER',
    ],
  ]),
  ...inFile('src/contacts/sql.sets.ts', READS, [
    ['selectSets: what is another workspace’s counts', ' s.workspace_id = ${workspaceId} $', ' true $'],
  ]),
  ...inFile('src/contacts/sql.sets.ts', STRANGE, [
    [
      'selectSet: what is another workspace’s counts',
      'AND s.workspace_id = ${workspaceId}`;\n ',
      'AND true`;\n ',
    ],
  ]),
  ...inFile('src/contacts/sql.ts', READS, [
    ['selectNewest: what is another workspace’s counts', 'c.workspace_id = ${page.workspaceId}', 'true'],
  ]),
  ...inFile('src/contacts/sql.ts', STRANGE, [
    ['updateContactRow: what is another workspace’s counts', 'c.workspace_id = ${ref.workspaceId}', 'true'],
  ]),
  ...inFile('src/contacts/sql.walk.ts', READS, [
    [
      'selectValuesSeen: what is another workspace’s counts',
      ' contacts c WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0\n',
      ' contacts c WHERE true AND c.bucket >= 0\n',
    ],
  ]),
  ...inFile('src/content/sql.ts', STRANGE, [
    ['updateTemplate: what is another workspace’s counts', 't.workspace_id = ${workspaceId}', 'true'],
    [
      'selectTemplate: what is another workspace’s counts',
      ' AND workspace_id = ${workspaceId}`;\n  return',
      ' AND true`;\n  return',
    ],
    [
      'deleteTemplateRow: what is another workspace’s counts',
      ' workspace_id = ${workspaceId} RETURNING',
      ' true RETURNING',
    ],
  ]),
  ...inFile('src/content/sql.ts', CHANGES, [
    ['updateTemplate: what is another workspace’s counts (2)', 'o.workspace_id = ${workspaceId}', 'true'],
  ]),
  ...inFile('src/content/sql.ts', READS, [
    [
      'selectTemplates: what is another workspace’s counts',
      'WHERE workspace_id = ${workspaceId}\n    ORDER',
      'WHERE true\n    ORDER',
    ],
    [
      'selectTemplatesAfter: what is another workspace’s counts',
      'WHERE workspace_id = ${workspaceId}\n     ',
      'WHERE true\n     ',
    ],
  ]),
  ...inFile('src/conversations/groups/sql.groups.ts', STRANGE, [
    [
      'selectGroup: what is another workspace’s counts',
      'AND g.workspace_id = ${workspaceId} $',
      'AND true $',
    ],
  ]),
  ...inFile('src/conversations/groups/sql.groups.ts', READS, [
    [
      'selectGroups: what is another workspace’s counts',
      'WHERE g.workspace_id = ${workspaceId} $',
      'WHERE true $',
    ],
  ]),
  ...inFile('src/conversations/sql.ts', STRANGE, [
    [
      'selectConversationsById: what is another workspace’s counts',
      'AND workspace_id = ${workspaceId}`;',
      'AND true`;',
    ],
    [
      'selectMessages: what is another workspace’s counts',
      'WHERE workspace_id = ${workspaceId}`;',
      'WHERE true`;',
    ],
  ]),
  ...inFile('src/inbox/sql.saved.ts', READS, [
    [
      'selectSaved: what is another workspace’s counts',
      ' workspace_id = ${workspaceId} ORDER',
      ' true ORDER',
    ],
  ]),
  ...inFile('src/inbox/sql.saved.ts', STRANGE, [
    ['updateSaved: what is another workspace’s counts', 'workspace_id = ${which.workspaceId} ', 'true '],
    ['deleteSaved: what is another workspace’s counts', 'workspace_id = ${which.workspaceId}`', 'true`'],
  ]),
  ...inFile('src/inbox/sql.ts', READS, [
    ['inView: what is another workspace’s counts', '`workspace_id = ${workspaceId} ', '`true '],
  ]),
  ...inFile('src/ledger/sql.usage.ts', READS, [
    ['selectUsedMessages: what is another workspace’s counts', ' workspace_id = ${workspaceId} ', ' true '],
    ['countActivePeople: what is another workspace’s counts', 'p.workspace_id = ${workspaceId}', 'true'],
  ]),
  ...inFile('src/orders/sql.ts', READS, [
    ['orderOf: what is another workspace’s counts', 'o.workspace_id = ${workspaceId}`', 'true`'],
  ]),
  ...inFile('src/reconcile/sql.ts', STRANGE, [
    ['selectRuns: what is another workspace’s counts', 'd.workspace_id = ${p.workspaceId}', 'true'],
    [
      'countMessages: what is another workspace’s counts',
      "n FROM messages m\n    WHERE m.bucket = ANY(${[...p.buckets]}::smallint[]) AND m.workspace_id = ${p.workspaceId} AND m.direction = 'out'\n      AND m.id BETWEEN ${p.fromCause} AND ${p.toCause",
      "n FROM messages m\n    WHERE m.bucket = ANY(${[...p.buckets]}::smallint[]) AND true AND m.direction = 'out'\n      AND m.id BETWEEN ${p.fromCause} AND ${p.toCause",
    ],
    [
      'countCalls: what is another workspace’s counts',
      ' AND workspace_id = ${p.workspaceId} AND id',
      ' AND true AND id',
    ],
  ]),
  ...inFile('src/simulator/sql.directory.ts', READS, [
    [
      'selectLast: what is another workspace’s counts',
      '       WHERE m.bucket = k.bucket AND m.workspace_id = ${workspaceId} AND m.channel = k.channel AND m.address',
      '       WHERE m.bucket = k.bucket AND true AND m.channel = k.channel AND m.address',
    ],
  ]),
  ...inFile('src/simulator/sql.ts', CHANGES, [
    [
      'forgetDevices: what is another workspace’s counts',
      '  AND workspace_id = ${workspaceId} AND channel',
      '  AND true AND channel',
    ],
  ]),
  ...inFile('src/simulator/sql.ts', READS, [
    [
      'selectDevice: what is another workspace’s counts',
      'k.bucket AND workspace_id = ${workspaceId} AND channel ',
      'k.bucket AND true AND channel ',
    ],
    [
      'selectRules: what is another workspace’s counts',
      ' workspace_id = ${workspaceId} ORDER',
      ' true ORDER',
    ],
  ]),
  ...inFile('src/simulator/sql.ts', STRANGE, [
    ['selectAddresses: what is another workspace’s counts', 'c.workspace_id = ${workspaceId}', 'true'],
    [
      'deleteRule: what is another workspace’s counts',
      'WHERE workspace_id = ${workspaceId} AND id',
      'WHERE true AND id',
    ],
  ]),
  ...inFile('src/threads/sql.ts', STRANGE, [
    ['selectThreads: what is another workspace’s counts', 't.workspace_id = ${workspaceId}\n', 'true\n'],
  ]),
  ...inFile('src/threads/sql.ts', READS, [
    ['searchThreads: what is another workspace’s counts', 't.workspace_id = ${workspaceId}`', 'true`'],
  ]),
  ...inFile('src/webhooks/sql.calls.ts', STRANGE, [
    ['selectCall: what is another workspace’s counts', 'c.workspace_id = ${workspaceId}', 'true'],
  ]),
  ...inFile('src/webhooks/sql.ts', READS, [
    [
      'countWebhooks: what is another workspace’s counts',
      'FROM webhooks WHERE workspace_id = ${workspaceId} AND door = ${door}`',
      'FROM webhooks WHERE true AND door = ${door}`',
    ],
    [
      'selectWebhooksOf: what is another workspace’s counts',
      'FROM webhooks WHERE workspace_id = ${workspaceId} AND door = ${door} ',
      'FROM webhooks WHERE true AND door = ${door} ',
    ],
  ]),
  ...inFile('src/webhooks/sql.ts', STRANGE, [
    [
      'selectWebhook: what is another workspace’s counts',
      'WHERE id = ${key.id} AND workspace_id = ${key.workspaceId} AND door = ${key.door} ',
      'WHERE id = ${key.id} AND true AND door = ${key.door} ',
    ],
  ]),
];
