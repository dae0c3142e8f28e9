/** More conditions on the workspace that are the only wall there is: what neighbours that are alike do not show, tried statement by statement. */
import { inFile, type Fault } from '../fault.ts';

export const tenantFaultsAlone: readonly Fault[] = [
  ...inFile(
    'src/queue/work/sql.coming.ts',
    ['src/queue/work.test.ts'],
    [['selectStreamsAhead: another workspace’s counts, too', 's.workspace_id = ${of.workspaceId}', 'true']],
  ),
  ...inFile(
    'src/queue/work/sql.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'bringForward: another workspace’s counts, too',
        'HERE workspace_id = ${workspaceId}`;\n}\n',
        'HERE true`;\n}\n',
      ],
    ],
  ),
  ...inFile(
    'src/queue/feed/sql.history.ts',
    ['src/queue/feed.test.ts'],
    [['selectHistory: another workspace’s counts, too', 'workspace_id = ${workspaceId}', 'true']],
  ),
  ...inFile(
    'src/queue/feed/sql.ts',
    ['src/queue/feed.test.ts'],
    [['deleteEvents: another workspace’s counts, too', 'workspace_id = ${workspaceId}', 'true']],
  ),
  ...inFile(
    'src/webhooks/sql.ts',
    ['src/webhooks/webhooks.test.ts'],
    [
      [
        'deleteWebhookRow: another workspace’s counts, too',
        'WHERE id = ${key.id} AND workspace_id = ${key.workspaceId} AND door = ${key.door}`;',
        'WHERE id = ${key.id} AND true AND door = ${key.door}`;',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/sql.ts',
    ['src/broadcasts/broadcasts.test.ts'],
    [
      [
        'audienceOf: another workspace’s counts, too',
        'ts c\n    WHERE c.workspace_id = ${workspaceId} AND c.bucket =',
        'ts c\n    WHERE true AND c.bucket =',
      ],
      [
        'selectSample: another workspace’s counts, too',
        'ts c\n    WHERE c.workspace_id = ${workspaceId} AND c.bucket >',
        'ts c\n    WHERE true AND c.bucket >',
      ],
      [
        'selectOneByOne: another workspace’s counts, too',
        'OfCap(db, on)}\n    WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0 AND (c',
        'OfCap(db, on)}\n    WHERE true AND c.bucket >= 0 AND (c',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/sql.removal.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'lockRemoval: another workspace’s counts, too',
        'HERE workspace_id = ${workspaceId} FOR ',
        'HERE true FOR ',
      ],
      ['updateRemoval: another workspace’s counts, too', 'workspace_id = ${at.workspaceId}', 'true'],
      [
        'deleteRemoved: another workspace’s counts, too',
        'HERE workspace_id = ${workspaceId}`;\n}\n',
        'HERE true`;\n}\n',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/sql.keeping.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'lockKeeping: another workspace’s counts, too',
        'HERE workspace_id = ${workspaceId} AND ',
        'HERE true AND ',
      ],
      ['updateKeeping: another workspace’s counts, too', 'workspace_id = ${k.workspaceId}', 'true'],
      [
        'hastenKeeping: another workspace’s counts, too',
        'HERE workspace_id = ${workspaceId}`;\n}\n',
        'HERE true`;\n}\n',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/sql.access.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'deleteMembership: another workspace’s counts, too',
        ' AND workspace_id = ${m.workspaceId}`;\n  ',
        ' AND true`;\n  ',
      ],
      ['hasOtherOwner: another workspace’s counts, too', 'm.workspace_id = ${m.workspaceId}', 'true'],
    ],
  ),
  ...inFile(
    'src/accounts/sql.access.ts',
    ['src/accounts/access.test.ts'],
    [
      [
        'markKeyRevoked: another workspace’s counts, too',
        ': db`workspace_id = ${k.workspaceId}`;\n  ',
        ': db`true`;\n  ',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/sql.requests.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'selectRequests: another workspace’s counts, too',
        '    WHERE workspace_id = ${workspaceId}\n      ${k',
        '    WHERE true\n      ${k',
      ],
      [
        'trimRequests: another workspace’s counts, too',
        'HERE workspace_id = ${workspaceId} AND ',
        'HERE true AND ',
      ],
      [
        'trimRequests: another workspace’s counts, too',
        'log WHERE workspace_id = ${workspaceId}\n      ORD',
        'log WHERE true\n      ORD',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/sql.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'updateIntegrationStatus: another workspace’s counts, too',
        's}\n    WHERE id = ${i.id} AND workspace_id = ${i.workspaceId} AND deleted_ms IS NULL`;\n  re',
        's}\n    WHERE id = ${i.id} AND true AND deleted_ms IS NULL`;\n  re',
      ],
      [
        'selectProvidersEver: another workspace’s counts, too',
        'HERE workspace_id = ${workspaceId}`;\n  ',
        'HERE true`;\n  ',
      ],
      ['selectAudit: another workspace’s counts, too', 'workspace_id = ${a.workspaceId}', 'true'],
    ],
  ),
  ...inFile(
    'src/accounts/signIn/sql.invitations.ts',
    ['src/accounts/walls.test.ts'],
    [
      ['deleteInvitation: another workspace’s counts, too', 'workspace_id = ${one.workspaceId}', 'true'],
      ['selectInvitations: another workspace’s counts, too', 'i.workspace_id = ${workspaceId}', 'true'],
    ],
  ),
  ...inFile(
    'src/contacts/sql.search.ts',
    ['src/contacts/contacts.test.ts'],
    [
      ['collectIdentities: another workspace’s counts, too', 'i.workspace_id = ${page.workspaceId}', 'true'],
      ['collectNames: another workspace’s counts, too', 'd.workspace_id = ${page.workspaceId}', 'true'],
    ],
  ),
  ...inFile(
    'src/contacts/sql.walk.ts',
    ['src/contacts/contacts.test.ts'],
    [
      [
        'selectNth: another workspace’s counts, too',
        'OM contacts c WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0 A',
        'OM contacts c WHERE true AND c.bucket >= 0 A',
      ],
      [
        'selectBetween: another workspace’s counts, too',
        '    WHERE c.workspace_id = ${workspaceId} AND c.buc',
        '    WHERE true AND c.buc',
      ],
      [
        'selectHolding: another workspace’s counts, too',
        ' AND c.workspace_id = ${workspaceId} AND ',
        ' AND true AND ',
      ],
    ],
  ),
  ...inFile(
    'src/contacts/sql.segments.ts',
    ['src/contacts/contacts.test.ts'],
    [
      ['fillSegment: another workspace’s counts, too', 'c.workspace_id = ${segment.workspaceId}', 'true'],
      [
        'selectNextWhere: another workspace’s counts, too',
        '.id FROM contacts c\n    WHERE c.workspace_id = ${workspaceId} AND c.bucket = ANY(${[...buck',
        '.id FROM contacts c\n    WHERE true AND c.bucket = ANY(${[...buck',
      ],
      [
        'countWhere: another workspace’s counts, too',
        'S n FROM contacts c\n    WHERE c.workspace_id = ${workspaceId} AND c.bucket = ANY(${[...buck',
        'S n FROM contacts c\n    WHERE true AND c.bucket = ANY(${[...buck',
      ],
    ],
  ),
  ...inFile(
    'src/contacts/sql.sets.ts',
    ['src/contacts/contacts.test.ts'],
    [
      [
        'selectNamed: another workspace’s counts, too',
        'sets s\n    WHERE s.workspace_id = ${workspaceId} AND s.kind = ${kind} AND s.name = ANY(${[...names]}::text[])`;',
        'sets s\n    WHERE true AND s.kind = ${kind} AND s.name = ANY(${[...names]}::text[])`;',
      ],
      [
        'updateSetName: another workspace’s counts, too',
        ' AND s.workspace_id = ${workspaceId} RETU',
        ' AND true RETU',
      ],
      [
        'deleteSetRow: another workspace’s counts, too',
        ' AND workspace_id = ${workspaceId}`;\n  ',
        ' AND true`;\n  ',
      ],
      ['insertPairs: another workspace’s counts, too', 'c.workspace_id = ${workspaceId}', 'true'],
    ],
  ),
  ...inFile(
    'src/contacts/sql.destinations.ts',
    ['src/contacts/contacts.test.ts'],
    [
      [
        'selectDestinations: another workspace’s counts, too',
        'nt[]) AND d.workspace_id = ${workspaceId}\n    ORDER',
        'nt[]) AND true\n    ORDER',
      ],
      [
        'deleteDestinations: another workspace’s counts, too',
        't_id = r.contact_id AND d.id = r.id AND d.workspace_id = ${workspaceId}\n    RETURNING ${COLUMNS(db)}`;\n}\n\n/** D',
        't_id = r.contact_id AND d.id = r.id AND true\n    RETURNING ${COLUMNS(db)}`;\n}\n\n/** D',
      ],
      [
        'updateStatus: another workspace’s counts, too',
        't_id = r.contact_id AND d.id = r.id AND d.workspace_id = ${workspaceId}\n    RETURNING ${COLUMNS(db)}`;\n}\n\n/** A',
        't_id = r.contact_id AND d.id = r.id AND true\n    RETURNING ${COLUMNS(db)}`;\n}\n\n/** A',
      ],
    ],
  ),
];
