/**
 * Who does the steps of campaigns that are of other rooms: a list, as `parley.ts` is one of rooms. A room that does a kind of step adds
 * its handler here; a kind that is not in it is refused by name.
 */
import { breaks, fault, isFault } from './base/fault.ts';
import { bucketOf, fromHex24, toHex24, type IdSource } from './base/ids.ts';
import type { StepHandler } from './campaigns/steps/handlers.ts';
import type { HandedKind } from './campaigns/steps/kinds.ts';
import { findAction, offerToContact } from './connect/actions.ts';
import { keptOutOfGroups } from './connect/grants.ts';
import { findGroup, joinGroup, leaveGroup } from './conversations/groups/groups.ts';
import type { Queue } from './queue/queue.ts';
import { putCalls } from './webhooks/expand.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

/** The handlers, by the kind of step. */
export function stepHandlersOf(deps: {
  queue: Queue;
  ids: IdSource;
  webhooks: Webhooks;
}): ReadonlyMap<HandedKind, StepHandler> {
  const handlers: StepHandler[] = [webhookSteps(deps), groupChatSteps(), connectSteps(deps)];
  return new Map(handlers.map((handler) => [handler.kind, handler]));
}

/** `webhook: { to, body }`: a webhook of the workspace is called, signed and tried again as for anything it is told. */
function webhookSteps({ queue, ids, webhooks }: Parameters<typeof stepHandlersOf>[0]): StepHandler {
  return {
    kind: 'webhook',
    async check(tx, workspaceId, given, path) {
      const odd = Object.keys(given).find((key) => key !== 'to' && key !== 'body');
      if (odd !== undefined)
        return fault('bad_request', `${path}.${odd}: is not known; known are to, body`, {
          field: `${path}.${odd}`,
        });
      const { to, body } = given;
      if (body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body)))
        return fault('bad_request', `${path}.body: must be an object`, { field: `${path}.body` });
      const id = typeof to === 'string' ? fromHex24(to) : undefined;
      const known = (await webhooks.subscriptions.active(tx, [workspaceId])).get(workspaceId) ?? [];
      return known.some((one) => one.id === id)
        ? undefined
        : fault('bad_request', `${path}.to: must be the id of a webhook of this workspace that is active`, {
            field: `${path}.to`,
          });
    },
    async act(tx, workspace, handed, nowMs) {
      const active = (await webhooks.subscriptions.active(tx, [workspace.id])).get(workspace.id) ?? [];
      const ready = handed.map((one) => {
        const webhookId = fromHex24(String(one.given['to']));
        return active.some(({ id }) => id === webhookId) ? { ...one, webhookId: webhookId! } : undefined;
      });
      const calls = ready.flatMap((one) => {
        if (!one) return [];
        const { contactId, webhookId, campaign, step, event, given, key } = one;
        const contact = { id: toHex24(contactId) };
        const body = { type: 'campaign.step', id: key, campaign: campaign.key, step, contact, event };
        return {
          id: ids.inBucket(bucketOf(contactId)),
          workspaceId: workspace.id,
          webhookId,
          trigger: 'campaign.step',
          body: JSON.stringify({ ...body, ...(given['body'] ? { body: given['body'] } : {}) }),
          contactId,
        };
      });
      await putCalls(tx, queue, nowMs, calls);
      return ready.map((one) => (one ? undefined : 'there is no such webhook, or it was switched off'));
    },
  };
}

/** `group_chat: { join }` or `{ leave }`: the contact is put into a group chat of the workspace, by its id, or taken out of it. */
function groupChatSteps(): StepHandler {
  const named = (given: Readonly<Record<string, unknown>>) => {
    const [how, ...others] = Object.keys(given);
    return (how === 'join' || how === 'leave') && !others.length
      ? { how, groupId: fromHex24(String(given[how])) ?? 0 }
      : undefined;
  };
  return {
    kind: 'group_chat',
    async check(tx, workspaceId, given, path) {
      const of = named(given);
      if (!of) return breaks(path, 'must have one of join and leave');
      return isFault(await findGroup(tx, workspaceId, of.groupId))
        ? breaks(`${path}.${of.how}`, 'must be the id of a group chat of this workspace')
        : undefined;
    },
    async act(tx, workspace, handed, nowMs) {
      const joining = handed.filter(({ given }) => named(given)!.how === 'join');
      const refused = await keptOutOfGroups(
        tx,
        workspace.id,
        joining.map(({ contactId }) => contactId),
      );
      const failed: (string | undefined)[] = [];
      for (const { contactId, given } of handed) {
        const { how, groupId } = named(given)!;
        const of = { workspaceId: workspace.id, groupId };
        const kept = how === 'join' ? refused.get(contactId) : undefined;
        if (kept) {
          failed.push(kept.message);
          continue;
        }
        const came =
          how === 'join'
            ? await joinGroup(tx, nowMs + workspace.clockAheadMs, of, [contactId])
            : await leaveGroup(tx, of, [contactId]);
        failed.push(isFault(came) ? came.message : undefined);
      }
      return failed;
    },
  };
}

/** `connect: { share }`: the account that stands here as a contact is offered an action of the company, by its key. */
function connectSteps(deps: { ids: IdSource }): StepHandler {
  return {
    kind: 'connect',
    async check(tx, workspaceId, given, path) {
      const odd = Object.keys(given).find((name) => name !== 'share');
      if (odd !== undefined) return breaks(`${path}.${odd}`, 'is not known; known is share');
      const { share: key } = given;
      return typeof key === 'string' && (await findAction(tx, workspaceId, key))
        ? undefined
        : breaks(`${path}.share`, 'must be the key of an action that this workspace shares');
    },
    async act(tx, workspace, handed, nowMs) {
      const failed: (string | undefined)[] = [];
      for (const { contactId, given } of handed) {
        const of = { clientWorkspaceId: workspace.id, contactId, key: String(given['share']) };
        failed.push(await offerToContact(deps, tx, of, nowMs + workspace.clockAheadMs));
      }
      return failed;
    },
  };
}
