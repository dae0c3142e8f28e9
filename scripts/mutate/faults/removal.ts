/** Faults of what a workspace keeps for fewer days, and of deleting one for good. */
import { inFile, type Fault } from '../fault.ts';

const KEPT = ['test/workspaceSettings.test.ts'];

/** What is deleted for good. */
const GONE = ['test/workspaceSettings.test.ts: no row and no file'];

export const removalFaults: readonly Fault[] = [
  ...inFile('src/accounts/removal.ts', GONE, [
    [
      'rows that belong to rows of a deleted workspace stay',
      '  return [laned, ...parts, ...tables];',
      '  return [laned, ...tables];',
    ],
    [
      'what a deleted workspace has under way stays in the queue',
      '  return [laned, ...parts, ...tables];',
      '  return [...parts, ...tables];',
    ],
    [
      'a restart begins with the first table again',
      '  await updateRemoval(tx, { workspaceId, ...next });\n',
      '',
    ],
    [
      'it is over while rows are left that came in meanwhile',
      'if (step === undefined && gone === 0) {',
      'if (step === undefined) {',
    ],
    [
      'nobody can see who had it deleted',
      "  await appendAudit(tx, ids, { actor: 'parley', action: 'workspace.removed', subject, detail, nowMs });\n",
      '',
    ],
    [
      'it is asked for and never done',
      '  await insertRemoval(tx, { workspaceId: id, askedMs: nowMs, askedBy: actor, name });\n',
      '',
    ],
    [
      'its rows go while calls of it are under way',
      'selectRemovals(sql, clock.nowMs() - GRACE_MS)',
      'selectRemovals(sql, clock.nowMs())',
    ],
  ]),
  ...inFile('src/accounts/sql.removal.ts', GONE, [
    [
      'two processes delete one at once',
      'WHERE workspace_id = ${workspaceId} FOR NO KEY UPDATE SKIP LOCKED',
      'WHERE workspace_id = ${workspaceId}',
    ],
    [
      'every other part of a table is passed over',
      "if (spread === 'bucket') return [from, to - 1];",
      "if (spread === 'bucket') return [from, from];",
    ],
    [
      'what is spread by a hash stays',
      '-(2 ** 31) + to * HASHES_A_PART - 1];',
      '-(2 ** 31) + from * HASHES_A_PART];',
    ],
    [
      'the workspace itself stays',
      '  await tx`DELETE FROM workspaces WHERE id = ${workspaceId} AND deleted_ms IS NOT NULL`;\n',
      '',
    ],
    [
      'rows of another workspace go with it',
      'WHERE o.workspace_id = $1 ${together}',
      'WHERE o.workspace_id <> $1 ${together}',
    ],
  ]),
  ...inFile('src/accounts/walk.ts', KEPT, [
    [
      'parts that were gone through are not counted on',
      '? { step: step.name, part: to, gone }',
      '? { step: step.name, part: from, gone }',
    ],
    ['the second table is passed over', 'steps[index + 1]?.name', 'steps[index + 2]?.name'],
    [
      'a part of the next table is passed over',
      ': { step: steps[index + 1]?.name, part: 0, gone };',
      ': { step: steps[index + 1]?.name, part: to, gone };',
    ],
  ]),
  ...inFile('src/accounts/keeping.ts', KEPT, [
    [
      'what is kept for few days goes a day early',
      'const beforeMs = nowMs - kept * DAY_MS;',
      'const beforeMs = nowMs - (kept - 2) * DAY_MS;',
    ],
    ['what is too old stays', 'const kept = days[sort];', 'const kept = days[sort] && 10 * days[sort];'],
    ['it is looked at all day', 'nextMs: nowMs + DAY_MS,', 'nextMs: nowMs,'],
    [
      'days of one sort hold for all',
      'const kept = days[sort];\n      if (kept === undefined) return [];',
      'const kept = days[sort] ?? Object.values(days)[0];\n      if (kept === undefined) return [];',
    ],
  ]),
  ...inFile('src/accounts/sql.keeping.ts', KEPT, [
    [
      'what others keep goes, too',
      'DELETE FROM ${table} WHERE workspace_id = $1 AND bucket BETWEEN',
      'DELETE FROM ${table} WHERE workspace_id IS NOT NULL AND $1 > 0 AND bucket BETWEEN',
    ],
    [
      'a workspace that keeps everything is gone through, and one that does not is not',
      "WHERE w.deleted_ms IS NULL AND w.settings ? 'keptDays' ON CONFLICT DO NOTHING",
      "WHERE w.deleted_ms IS NULL AND NOT w.settings ? 'keptDays' ON CONFLICT DO NOTHING",
    ],
  ]),
  ...inFile(
    'src/db/partitions.ts',
    ['src/db/partitions.test.ts'],
    [
      [
        'while a month waits to go nobody reads or writes its table, as long as a backup takes',
        'SET LOCAL lock_timeout = ${WAITS_MS}',
        'SET LOCAL lock_timeout = 0',
      ],
    ],
  ),
];
