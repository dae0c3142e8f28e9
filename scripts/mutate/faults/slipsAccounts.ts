/** A third look at accounts: conditions on the workspace that are the only wall, each with its statement. */
import { inFile } from '../fault.ts';

export const slipsOfAccounts = [
  ...inFile(
    'src/accounts/sql.requests.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'requests of other workspaces are in the log',
        'fault FROM request_log\n    WHERE workspace_id = ${workspaceId}',
        'fault FROM request_log\n    WHERE true',
      ],
      [
        'the log of one workspace lets go of another’s',
        'DELETE FROM request_log WHERE workspace_id = ${workspaceId} AND at_ms',
        'DELETE FROM request_log WHERE at_ms',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/sql.access.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'an owner elsewhere lets the last owner here go',
        'WHERE m.workspace_id = ${m.workspaceId} AND m.role',
        'WHERE m.role',
      ],
      [
        'who leaves one workspace leaves all',
        'DELETE FROM memberships WHERE operator_id = ${m.operatorId} AND workspace_id = ${m.workspaceId}',
        'DELETE FROM memberships WHERE operator_id = ${m.operatorId}',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/signIn/sql.invitations.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'an answer to one invitation answers all',
        'WHERE operator_id = ${one.operatorId} AND workspace_id = ${one.workspaceId}\n    RETURNING',
        'WHERE operator_id = ${one.operatorId}\n    RETURNING',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/sql.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'an integration of another workspace is switched off',
        'WHERE id = ${i.id} AND workspace_id = ${i.workspaceId} AND deleted_ms IS NULL`;\n  return done.count > 0;\n}\n\n/** Marks an',
        'WHERE id = ${i.id} AND deleted_ms IS NULL`;\n  return done.count > 0;\n}\n\n/** Marks an',
      ],
      ['another’s audit log is read', 'AND workspace_id = ${a.workspaceId} AND id <', 'AND id <'],
      [
        'providers of other workspaces were ever here',
        'FROM integrations WHERE workspace_id = ${workspaceId}`;\n  return rows.map(({ provider })',
        'FROM integrations`;\n  return rows.map(({ provider })',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/sql.keeping.ts',
    ['src/accounts/walls.test.ts'],
    [
      [
        'what one workspace keeps for fewer days goes of all',
        'DELETE FROM ${table} WHERE workspace_id = $1 AND bucket',
        'DELETE FROM ${table} WHERE $1::bigint > 0 AND bucket',
      ],
    ],
  ),
];
