/** One change of many conversations. Each is done by itself: what cannot be done with one is said of that one, and the others are done. */
import {
  BulkChanged,
  BulkChange,
  MOST_IN_BULK,
  type ConversationShown,
} from '../../../../contract/doors/console/inbox.ts';
import { PRIORITIES } from '../../../../contract/inboxViews.ts';
import { isFault, type Fault } from '../../../base/fault.ts';
import { fromHex24 } from '../../../base/ids.ts';
import { changeStandings, contactsOf, takeUpAll, type InboxRow } from '../../../inbox/inbox.ts';
import { changeOf, namesNobody, tellGiven, tellOf } from './inbox.ts';
import { presentConversations } from './shown.ts';
import { idOf, idText, missing, timeText, writes, type Call, type Route, type Work } from '../route.ts';

/** `…/conversations/bulk`. */
export const inboxBulkRoutes: readonly Route[] = [
  writes({
    path: '/conversations/bulk',
    action: 'conversations.reply',
    does: `Gives to somebody or to a team, closes, opens or snoozes up to ${MOST_IN_BULK} conversations, or says how pressing they are; says of each what became of it, and what takes it back.`,
    body: BulkChange,
    answers: { 200: BulkChanged },
    handle: bulk,
  }),
];

async function bulk(call: Call<BulkChange>): Promise<Work<200, BulkChanged> | Fault> {
  const { ctx, workspace, body, workspaceNowMs } = call;
  const wanted = changeOf(body.change, workspaceNowMs);
  if (isFault(wanted)) return wanted;
  const ids = [...new Set(body.ids.map(idOf))];
  const contacts = await contactsOf(ctx.sql, workspace.id, ids);
  return async (tx) => {
    const broken = await namesNobody(tx, workspace.id, wanted, 'change.');
    if (broken) return broken;
    const before = await takeUpAll(tx, workspace.id, [...new Set(contacts.values())]);
    const after = await changeStandings(tx, [...before.values()], wanted);
    const shown = new Map(
      (await presentConversations(tx, workspace.id, after)).map((one) => [fromHex24(one.contact.id)!, one]),
    );
    for (const contactId of before.keys()) tellOf(call, contactId);
    tellGiven(call, [...before.values()], after);
    const results = body.ids.map((id) => {
      const contactId = contacts.get(idOf(id));
      return contactId === undefined
        ? resultOf(id, undefined, undefined)
        : resultOf(id, before.get(contactId), shown.get(contactId));
    });
    const subject = `conversations:${before.size}`;
    return {
      status: 200,
      body: { results },
      audit: { action: 'conversation.change', subject, detail: { ...body.change, ids: body.ids } },
    };
  };
}

function resultOf(
  id: string,
  before: InboxRow | undefined,
  conversation: ConversationShown | undefined,
): BulkChanged['results'][number] {
  if (!before || !conversation) {
    const { fault: code, message } = missing('conversation');
    return { id, conversation: null, before: null, fault: { code, message } };
  }
  const { assigneeId, teamId, closed, snoozedUntilMs, priority } = before;
  return {
    id,
    conversation,
    before: {
      assigneeId: idText(assigneeId),
      teamId: idText(teamId),
      closed,
      snoozedUntil: timeText(snoozedUntilMs),
      priority: PRIORITIES[priority]!,
    },
    fault: null,
  };
}
