/**
 * What this door tells of what happened (S10 to S12): that an account connected or disconnected, in the transaction that takes it off the
 * feed. `data` holds the pair that a company keeps: `user_id` and its own `connect_id`.
 */
import type { Webhook } from '../../webhooks/webhook.ts';
import type { GrantTold } from '../../connect/ending.ts';
import { getWorkspace } from '../../accounts/workspaces.ts';
import type { Presenter } from '../../webhooks/expand.ts';
import { inOrder, timeIn } from './present.ts';

/** What a webhook of this door can be called for. */
export const SHOUT_EVENTS = ['api_client_granted_user_created', 'api_client_granted_user_deleted'] as const;
/** One of them. */
export type ShoutEvent = (typeof SHOUT_EVENTS)[number];

const TOLD_BY: Readonly<Record<string, ShoutEvent>> = {
  'grant.created': 'api_client_granted_user_created',
  'grant.deleted': 'api_client_granted_user_deleted',
};

/** A field that the company has added to every payload: a text, a number or a flag. */
type CustomFields = Readonly<Record<string, string | number | boolean>>;

/** The fields that a payload has of its own. */
export const OWN_FIELDS = ['user_id', 'connect_id', 'connect_import_order_history_at'] as const;

/** The presenter of this door's webhooks. */
export const shoutPresenter: Presenter = {
  door: 'shout',
  async present(db, events, webhooks) {
    const told = events.flatMap((event, eventIndex) => {
      const name = TOLD_BY[event.type];
      return name ? [{ event, eventIndex, name }] : [];
    });
    if (told.length === 0) return [];
    const timeZone = (await getWorkspace(db, events[0]!.workspaceId))?.timeZone ?? 'UTC';
    return told.flatMap(({ event, eventIndex, name }) => {
      const { connectId, userId, contactId } = event.payload as GrantTold;
      const of = { id: event.id, atMs: event.atMs, connectId, userId };
      return webhooks
        .filter(({ triggers }) => triggers.includes(name))
        .map((webhook) => ({
          webhookId: webhook.id,
          eventIndex,
          trigger: name,
          body: payloadOf(name, of, timeZone, fieldsOf(webhook)),
          contactId,
        }));
    });
  },
};

/** What is sent for one event. */
export function payloadOf(
  event: ShoutEvent,
  of: { id: number; atMs: number; connectId: string | null; userId: number },
  timeZone: string,
  fields: CustomFields,
): Record<string, unknown> {
  const own = { user_id: of.userId, connect_id: of.connectId, connect_import_order_history_at: null };
  return inOrder({
    id: of.id,
    created_at: timeIn(timeZone, of.atMs),
    data: { ...fields, ...own },
    event,
    object: 'webhook_event',
  });
}

/** What a company has added to the payloads of a webhook. */
export function fieldsOf({ options }: Pick<Webhook, 'options'>): CustomFields {
  return (options['fields'] ?? {}) as CustomFields;
}
