/** The statements on teams, on who is in them, and on how operators stand. */
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';

/** A team of operators. */
export type Team = { id: number; workspaceId: number; name: string; createdMs: number; memberIds: number[] };

/** Teams of a workspace, or one of them, by name, with who is in them. */
export async function selectTeams(db: Db, workspaceId: number, id?: number): Promise<Team[]> {
  return await db<Team[]>`
    SELECT t.id, t.workspace_id AS "workspaceId", t.name, t.created_ms AS "createdMs",
      coalesce(json_agg(m.operator_id ORDER BY m.operator_id) FILTER (WHERE m.operator_id IS NOT NULL), '[]') AS "memberIds"
    FROM inbox_teams t LEFT JOIN inbox_team_members m ON m.team_id = t.id
    WHERE t.workspace_id = ${workspaceId} ${id === undefined ? db`` : db`AND t.id = ${id}`}
    GROUP BY t.id ORDER BY lower(t.name)`;
}

/** Names of the teams of a workspace, by id. */
export async function teamNames(db: Db, workspaceId: number): Promise<Map<number, string>> {
  const rows = await db<{ id: number; name: string }[]>`
    SELECT id, name FROM inbox_teams WHERE workspace_id = ${workspaceId}`;
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Teams that an operator is in. */
export async function teamsOf(db: Db, workspaceId: number, operatorId: number): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT team_id AS id FROM inbox_team_members WHERE workspace_id = ${workspaceId} AND operator_id = ${operatorId}`;
  return rows.map(({ id }) => id);
}

/** Makes one; false when there is one of that name, or the workspace has `most`. */
export async function insertTeam(db: Db, team: Omit<Team, 'memberIds'>, most: number): Promise<boolean> {
  const { count } = await db`
    INSERT INTO inbox_teams (id, workspace_id, name, created_ms)
    SELECT ${team.id}::bigint, ${team.workspaceId}::bigint, ${team.name}::text, ${team.createdMs}::bigint
    WHERE (SELECT count(*) FROM inbox_teams WHERE workspace_id = ${team.workspaceId}) < ${most}
    ON CONFLICT DO NOTHING`;
  return count > 0;
}

/** Whether a workspace has a team of a name. */
export async function hasTeamNamed(db: Db, workspaceId: number, name: string): Promise<boolean> {
  const rows = await db`
    SELECT 1 FROM inbox_teams WHERE workspace_id = ${workspaceId} AND lower(name) = lower(${name})`;
  return rows.length > 0;
}

/** Holds a team, so that it is not deleted while somebody comes into it, and gives it a name where one is given; false when it is not there. */
export async function updateTeam(
  db: Db,
  which: { workspaceId: number; id: number },
  name: string | undefined,
): Promise<boolean> {
  const { count } = await db`
    UPDATE inbox_teams SET name = coalesce(${name ?? null}, name) WHERE id = ${which.id} AND workspace_id = ${which.workspaceId}`;
  return count > 0;
}

/** Puts operators into a team, who may be in it. */
export async function insertTeamMembers(
  db: Db,
  which: { workspaceId: number; id: number },
  operatorIds: readonly number[],
): Promise<void> {
  const ids = [...new Set(operatorIds)].sort((a, b) => a - b);
  await db`
    INSERT INTO inbox_team_members (team_id, operator_id, workspace_id)
    SELECT ${which.id}::bigint, o, ${which.workspaceId}::bigint FROM unnest(${ids}::bigint[]) AS o
    ON CONFLICT DO NOTHING`;
}

/** Takes operators out of a team. */
export async function deleteTeamMembers(db: Db, id: number, operatorIds: readonly number[]): Promise<void> {
  await db`DELETE FROM inbox_team_members WHERE team_id = ${id} AND operator_id = ANY(${[...operatorIds]}::bigint[])`;
}

/** Deletes a team, and who was in it; false when it is not there. */
export async function deleteTeam(db: Db, which: { workspaceId: number; id: number }): Promise<boolean> {
  const { count } = await db`
    DELETE FROM inbox_teams WHERE id = ${which.id} AND workspace_id = ${which.workspaceId}`;
  if (count > 0) await db`DELETE FROM inbox_team_members WHERE team_id = ${which.id}`;
  return count > 0;
}

/** Forgets an operator who leaves a workspace: in which teams he was, and how he stood. */
export async function deleteOperator(db: Db, workspaceId: number, operatorId: number): Promise<void> {
  await db`DELETE FROM inbox_team_members WHERE workspace_id = ${workspaceId} AND operator_id = ${operatorId}`;
  await db`DELETE FROM inbox_operators WHERE workspace_id = ${workspaceId} AND operator_id = ${operatorId}`;
}

/** How an operator stands. Times by the clock on the wall; null: never. */
export type OperatorStanding = {
  operatorId: number;
  away: boolean;
  changedMs: number | null;
  seenMs: number | null;
};

/** How operators of a workspace stand, of whom that is known. */
export async function selectStandings(db: Db, workspaceId: number): Promise<OperatorStanding[]> {
  return await db<OperatorStanding[]>`
    SELECT operator_id AS "operatorId", away, changed_ms AS "changedMs", seen_ms AS "seenMs" FROM inbox_operators
    WHERE workspace_id = ${workspaceId}`;
}

/** Notes that an operator is away, or is not any more. Who says again what he has said is away since he said it first. */
export async function upsertAway(
  db: Db,
  at: { workspaceId: number; operatorId: number; away: boolean; nowMs: number },
): Promise<OperatorStanding> {
  const [row] = await db<OperatorStanding[]>`
    INSERT INTO inbox_operators AS o (workspace_id, operator_id, away, changed_ms, seen_ms)
    VALUES (${at.workspaceId}, ${at.operatorId}, ${at.away}, ${at.nowMs}, ${at.nowMs})
    ON CONFLICT (workspace_id, operator_id) DO UPDATE SET away = EXCLUDED.away,
      changed_ms = CASE WHEN o.away = EXCLUDED.away THEN o.changed_ms ELSE EXCLUDED.changed_ms END,
      seen_ms = greatest(o.seen_ms, EXCLUDED.seen_ms)
    RETURNING operator_id AS "operatorId", away, changed_ms AS "changedMs", seen_ms AS "seenMs"`;
  return row!;
}

/** Notes that operators have a page connected: one statement for all who have, in the order in which everybody locks them. */
export async function upsertHere(
  db: Db,
  operators: readonly { workspaceId: number; operatorId: number }[],
  nowMs: number,
): Promise<void> {
  await db`
    INSERT INTO inbox_operators AS o (workspace_id, operator_id, seen_ms)
    SELECT workspace_id, operator_id, ${nowMs}::bigint FROM unnest(
      ${column(operators, ({ workspaceId }) => workspaceId)}::bigint[], ${column(operators, ({ operatorId }) => operatorId)}::bigint[])
      AS n (workspace_id, operator_id)
    GROUP BY workspace_id, operator_id ORDER BY workspace_id, operator_id
    ON CONFLICT (workspace_id, operator_id) DO UPDATE SET seen_ms = greatest(o.seen_ms, EXCLUDED.seen_ms)`;
}
