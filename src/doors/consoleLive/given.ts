/**
 * Who is told that conversations were given to a team: those in it who are there, and not who gave them. It is read when it is told, so
 * a team that is deleted, or has it no more, is told nothing.
 */
import type { ConsoleEvent } from '../../../contract/consoleLive.ts';
import { toHex24 } from '../../base/ids.ts';
import { selectRows } from '../../inbox/inbox.ts';
import { selectStandings, selectTeams } from '../../inbox/teams.ts';
import type { News } from '../../live/notices.ts';
import { operatorNames, operatorOf, presentConversations } from '../console/inbox/shown.ts';
import type { HttpContext } from '../kit/context.ts';

/** What is told, and to whom of those who have a page open. */
type GivenTold = { event: ConsoleEvent; to: ReadonlySet<number> };

/** Reads it; undefined when nobody is to be told. */
export async function givenTold(
  { sql }: Pick<HttpContext, 'sql'>,
  { workspaceId, contactId, teamId, operatorId, count, atMs }: Extract<News, { kind: 'given' }>,
): Promise<GivenTold | undefined> {
  const [[team], standings, names, rows] = await Promise.all([
    selectTeams(sql, workspaceId, teamId),
    selectStandings(sql, workspaceId),
    operatorNames(sql, workspaceId),
    selectRows(sql, workspaceId, [contactId]),
  ]);
  const [conversation] = await presentConversations(sql, workspaceId, rows);
  if (!team || conversation?.team?.id !== toHex24(teamId)) return undefined;
  const away = new Set(standings.filter((one) => one.away).map((one) => one.operatorId));
  const to = new Set(team.memberIds.filter((id) => id !== operatorId && names.has(id) && !away.has(id)));
  if (to.size === 0) return undefined;
  const event: ConsoleEvent = {
    kind: 'given',
    id: `${conversation.id}.${atMs}`,
    conversationId: conversation.id,
    contact: conversation.contact.name,
    count,
    team: { id: toHex24(teamId), name: team.name },
    by: operatorId === 0 ? null : operatorOf(names, operatorId),
  };
  return { event, to };
}
