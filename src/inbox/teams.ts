/**
 * Teams of operators, one of each name in a workspace, whatever its case, and how operators stand. A conversation is with a team as it is
 * with somebody: by a change of its row (inbox.ts).
 */
import type { Availability } from '../../contract/doors/console/teams.ts';
import { GONE_MS } from '../../contract/consoleLive.ts';
import { fault, type Fault } from '../base/fault.ts';
import { isUniqueBreach } from '../db/errors.ts';
import { lockFor } from '../db/lock.ts';
import type { Tx } from '../db/pool.ts';
import {
  deleteTeamMembers,
  hasTeamNamed,
  insertTeam,
  insertTeamMembers,
  selectTeams,
  updateTeam,
  type OperatorStanding,
  type Team,
} from './sql.teams.ts';

export {
  deleteOperator,
  deleteTeam,
  selectStandings,
  selectTeams,
  teamNames,
  teamsOf,
  upsertAway,
  upsertHere,
  type OperatorStanding,
  type Team,
} from './sql.teams.ts';

/** Makes one with who is in it. */
export async function makeTeam(tx: Tx, team: Team, most: number): Promise<Team | Fault> {
  await lockFor(tx, 'inbox kept', `${team.workspaceId} teams`);
  if (!(await insertTeam(tx, team, most)))
    return (await hasTeamNamed(tx, team.workspaceId, team.name))
      ? taken(team.name)
      : fault('unprocessable', `A workspace has at most ${most} teams.`);
  if (team.memberIds.length) await insertTeamMembers(tx, team, team.memberIds);
  return team;
}

/** What is changed of a team: who comes and who goes, so that two who change it at once both have their way. */
type TeamChange = { name?: string | undefined; add: readonly number[]; remove: readonly number[] };

/** Changes one; undefined when it is not there. */
export async function changeTeam(
  tx: Tx,
  which: { workspaceId: number; id: number },
  { name, add, remove }: TeamChange,
): Promise<Team | Fault | undefined> {
  try {
    if (!(await tx.savepoint((inner) => updateTeam(inner, which, name)))) return undefined;
  } catch (error) {
    if (isUniqueBreach(error)) return taken(name ?? '');
    throw error;
  }
  if (add.length) await insertTeamMembers(tx, which, add);
  if (remove.length) await deleteTeamMembers(tx, which.id, remove);
  return (await selectTeams(tx, which.workspaceId, which.id))[0];
}

function taken(name: string): Fault {
  return fault('conflict', `There is a team “${name}” already.`, { field: 'name' });
}

/** How somebody stands, and since when: away by his own word, and gone where no page of his has been connected for long. */
export function availabilityOf(
  standing: Omit<OperatorStanding, 'operatorId'> | undefined,
  nowMs: number,
): { availability: Availability; sinceMs: number | null } {
  const { away = false, changedMs = null, seenMs = null } = standing ?? {};
  if (away) return { availability: 'away', sinceMs: changedMs };
  if (seenMs === null || nowMs - seenMs > GONE_MS) return { availability: 'gone', sinceMs: seenMs };
  return { availability: 'available', sinceMs: changedMs };
}
