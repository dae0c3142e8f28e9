/** `…/teams` and `…/availability`: operators who answer together, and who of them is there. */
import {
  AvailabilitiesShown,
  AvailabilityShown,
  MOST_TEAMS,
  NewAvailability,
  NewTeam,
  TeamPatch,
  TeamShown,
  TeamsShown,
  TeamWhole,
} from '../../../../contract/doors/console/teams.ts';
import { Nothing } from '../../../../contract/doors/fields.ts';
import { MOST_COUNTED } from '../../../../contract/inboxViews.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { toHex24 } from '../../../base/ids.ts';
import type { Db } from '../../../db/pool.ts';
import { countView } from '../../../inbox/inbox.ts';
import {
  availabilityOf,
  changeTeam,
  deleteTeam,
  makeTeam,
  selectStandings,
  selectTeams,
  upsertAway,
  type OperatorStanding,
  type Team,
} from '../../../inbox/teams.ts';
import { operatorIn, tellShared } from './inbox.ts';
import { operatorNames } from './shown.ts';
import {
  acts,
  idIn,
  idOf,
  missing,
  reads,
  timeText,
  writes,
  type Call,
  type Route,
  type Work,
} from '../route.ts';

const one = '/teams/:teamId';

/** The routes. */
export const teamRoutes: readonly Route[] = [
  reads({
    path: '/teams',
    action: 'members.read',
    does: 'The teams of operators with who is in them, by name.',
    answer: TeamsShown,
    async handle({ ctx, workspace }) {
      const [teams, names] = await Promise.all([
        selectTeams(ctx.sql, workspace.id),
        operatorNames(ctx.sql, workspace.id),
      ]);
      return { teams: teams.map((team) => present(team, names)) };
    },
  }),
  writes({
    path: '/teams',
    action: 'members.manage',
    does: 'Makes a team of operators, with whom conversations can be.',
    body: NewTeam,
    answers: { 201: TeamShown },
    handle: make,
  }),
  reads({
    path: one,
    action: 'members.read',
    does: `A team with who is in it and how many open conversations are with it; counting ends at ${MOST_COUNTED}.`,
    answer: TeamWhole,
    handle: whole,
  }),
  writes({
    method: 'PATCH',
    path: one,
    action: 'members.manage',
    does: 'Gives a team another name, takes operators into it and out of it.',
    body: TeamPatch,
    answers: { 200: TeamShown },
    handle: change,
  }),
  acts({
    method: 'DELETE',
    path: one,
    action: 'members.manage',
    does: 'Deletes a team. Its conversations are with no team from then on; whose they are, and whether they are open, stays.',
    answers: { 204: Nothing },
    handle: async (call) => async (tx) => {
      const which = whichIn(call);
      const [team] = await selectTeams(tx, which.workspaceId, which.id);
      if (!team || !(await deleteTeam(tx, which))) return missing('team');
      tellShared(call, 'teams');
      return { status: 204, body: undefined, audit: noted('delete', which.id, { name: team.name }) };
    },
  }),
  reads({
    path: '/availability',
    action: 'members.read',
    does: 'How the members stand: available, away by their own word, or gone: without a page of the console for long.',
    answer: AvailabilitiesShown,
    async handle({ ctx, workspace, nowMs }) {
      const [names, standings] = await Promise.all([
        operatorNames(ctx.sql, workspace.id),
        selectStandings(ctx.sql, workspace.id),
      ]);
      const byId = new Map(standings.map((standing) => [standing.operatorId, standing]));
      return { operators: [...names.keys()].map((id) => presentStanding(id, byId.get(id), nowMs)) };
    },
  }),
  writes({
    method: 'PUT',
    path: '/availability',
    action: 'conversations.reply',
    does: 'Says that the caller is away, or available again: others are told where they assign.',
    body: NewAvailability,
    answers: { 200: AvailabilityShown },
    handle: stand,
  }),
];

async function make(call: Call<NewTeam>): Promise<Work<201, TeamShown> | Fault> {
  const { ctx, workspace, body, nowMs } = call;
  const name = body.name.trim();
  if (!name) return breaks('name', 'must not be blank');
  const memberIds = [...new Set((body.memberIds ?? []).map(idOf))];
  const team = { id: ctx.ids.spread(), workspaceId: workspace.id, name, createdMs: nowMs, memberIds };
  return async (tx) => {
    const names = await membersAmong(tx, workspace.id, memberIds, 'memberIds');
    if (isFault(names)) return names;
    const made = await makeTeam(tx, team, MOST_TEAMS);
    if (isFault(made)) return made;
    tellShared(call, 'teams');
    return {
      status: 201,
      body: present(made, names),
      audit: noted('create', made.id, { name, memberIds: memberIds.map(toHex24) }),
    };
  };
}

async function change(call: Call<TeamPatch>): Promise<Work<200, TeamShown> | Fault> {
  const { workspace, body } = call;
  const name = body.name?.trim();
  if (name === '') return breaks('name', 'must not be blank');
  const [add, remove] = [(body.add ?? []).map(idOf), (body.remove ?? []).map(idOf)];
  if (add.some((id) => remove.includes(id))) return breaks('remove', 'must name nobody whom add names');
  return async (tx) => {
    const names = await membersAmong(tx, workspace.id, add, 'add');
    if (isFault(names)) return names;
    const changed = await changeTeam(tx, whichIn(call), { name, add, remove });
    if (isFault(changed)) return changed;
    if (!changed) return missing('team');
    tellShared(call, 'teams');
    return { status: 200, body: present(changed, names), audit: noted('change', changed.id, body) };
  };
}

async function whole(call: Call): Promise<TeamWhole | Fault> {
  const { ctx, workspace, workspaceNowMs } = call;
  const { id } = whichIn(call);
  const look = { workspaceId: workspace.id, operatorId: 0, teamIds: [id], nowMs: workspaceNowMs };
  const [[team], names, awake, asleep] = await Promise.all([
    selectTeams(ctx.sql, workspace.id, id),
    operatorNames(ctx.sql, workspace.id),
    countView(ctx.sql, { ...look, view: 'teams' }, MOST_COUNTED),
    countView(ctx.sql, { ...look, view: 'snoozed', teamId: id }, MOST_COUNTED),
  ]);
  return team ? { ...present(team, names), open: Math.min(awake + asleep, MOST_COUNTED) } : missing('team');
}

async function stand(call: Call<NewAvailability>): Promise<Work<200, AvailabilityShown> | Fault> {
  const { workspace, body, nowMs } = call;
  const operatorId = operatorIn(call);
  if (isFault(operatorId)) return operatorId;
  return async (tx) => {
    const standing = await upsertAway(tx, { workspaceId: workspace.id, operatorId, away: body.away, nowMs });
    tellShared(call, 'availability');
    return {
      status: 200,
      body: presentStanding(operatorId, standing, nowMs),
      audit: {
        action: body.away ? 'operator.away' : 'operator.available',
        subject: `operator:${operatorId}`,
      },
    };
  };
}

/** Names of the members, where all who are named are among them. */
async function membersAmong(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
  field: string,
): Promise<Map<number, string> | Fault> {
  const names = await operatorNames(db, workspaceId);
  return ids.every((id) => names.has(id)) ? names : breaks(field, 'must be members of the workspace');
}

function whichIn(call: Call<unknown>): { workspaceId: number; id: number } {
  return { workspaceId: call.workspace.id, id: idIn(call, 'teamId') };
}

function noted(what: string, id: number, detail: Record<string, unknown>) {
  return { action: `team.${what}`, subject: `team:${id}`, detail };
}

/** Who has left the workspace is in no team of it. */
function present({ id, name, memberIds, createdMs }: Team, names: ReadonlyMap<number, string>): TeamShown {
  const members = memberIds.flatMap((one) => {
    const called = names.get(one);
    return called === undefined ? [] : [{ id: toHex24(one), name: called }];
  });
  return { id: toHex24(id), name, members, createdAt: timeText(createdMs) };
}

function presentStanding(
  id: number,
  standing: OperatorStanding | undefined,
  nowMs: number,
): AvailabilityShown {
  const { availability, sinceMs } = availabilityOf(standing, nowMs);
  return { id: toHex24(id), availability, since: timeText(sinceMs) };
}
