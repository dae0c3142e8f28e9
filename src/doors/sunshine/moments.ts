/** What this door has to tell of the events of the feed, before anything is loaded (api/sunshine.md §8.3). Pure. */
import { LINK_TOLD, type LinkTold } from '../../confirmations/told.ts';
import type { MessageReceived } from '../../conversations/conversations.ts';
import type {
  ConversationRead,
  ConversationStarted,
  ConversationTyping,
} from '../../conversations/events.ts';
import type { DeliveryChange, DeliveryChanged, MessageAccepted } from '../../ledger/events.ts';
import { STATE } from '../../ledger/states.ts';
import type { FeedEvent } from '../../queue/feed/reader.ts';
import { SUNSHINE_TOLD, type SunshineTold } from './told.ts';
import type { Trigger } from '../../../contract/doors/sunshine/triggers.ts';
import type { Moment } from './webhookBodies.ts';

/** What the delivery of the message that confirms a link tells of the link (api/sunshine.md §9.1). */
export const LINKED_BY: Readonly<Record<'channel' | 'user' | 'failure', readonly Trigger[]>> = {
  channel: ['link:match', 'link:success', 'client:add'],
  user: [],
  failure: ['link:failure'],
};

/** True when somebody asked to be told of it. */
type Heard = (trigger: Trigger) => boolean;

/**
 * What there is to tell of an event, of what somebody asked to hear. Whether a delivery was a notification's is only known once
 * its message is loaded.
 */
export function momentsOf(event: FeedEvent, eventIndex: number, heard: Heard): Moment[] {
  if (event.type === 'delivery.changed') return ofDeliveries(event, eventIndex, heard);
  const told =
    event.type === LINK_TOLD
      ? ofLink(event)
      : event.type === 'message.received'
        ? ofHeard(event)
        : [momentOf(event)];
  return told.flatMap((moment) =>
    moment && heard(moment.trigger) ? [{ ...moment, workspaceId: event.workspaceId, eventIndex }] : [],
  );
}

type Untold = Omit<Moment, 'workspaceId' | 'eventIndex'>;

/** Whether something that was heard is a click on a postback is only known once it is loaded; each is told as one of the two. */
function ofHeard({ payload }: FeedEvent): Untold[] {
  const { contactId, messageId, destinationId } = payload as MessageReceived;
  const about = { contactId, messageId, destinationId };
  return [
    { ...about, trigger: 'postback' },
    { ...about, trigger: 'message:appUser' },
  ];
}

/** A link that is made is a client more. */
function ofLink({ payload, atMs }: FeedEvent): Untold[] {
  const { what, contactId, destinationId, channel, criteria, error } = payload as LinkTold;
  const timestamp = atMs / 1000;
  const about = { contactId, ...(destinationId === undefined ? {} : { destinationId }) };
  const more = { channel, criteria, timestamp, ...(error === undefined ? {} : { error }) };
  if (what !== 'made')
    return [{ ...about, trigger: what === 'matched' ? 'link:match' : 'link:failure', more }];
  return [
    { ...about, trigger: 'link:success', more },
    {
      ...about,
      trigger: 'client:add',
      more: { reason: 'channelLinking', source: { type: 'api' }, timestamp },
    },
  ];
}

function momentOf(event: FeedEvent): Untold | undefined {
  const timestamp = event.atMs / 1000;
  switch (event.type) {
    case 'message.accepted': {
      const { contactId, messageId, kind } = event.payload as MessageAccepted;
      return kind === 'message' ? { trigger: 'message:appMaker', contactId, messageId } : undefined;
    }
    case 'conversation.started': {
      const { contactId, destinationId } = event.payload as ConversationStarted;
      return { trigger: 'conversation:start', contactId, destinationId, more: { timestamp } };
    }
    case 'conversation.read': {
      const { contactId, by, source } = event.payload as ConversationRead;
      const more = { source: { type: source ?? 'web' }, timestamp };
      return by === 'contact' ? { trigger: 'conversation:read', contactId, more } : undefined;
    }
    case 'conversation.typing': {
      const { contactId, by, on } = event.payload as ConversationTyping;
      const more = { activity: { type: on ? 'typing:start' : 'typing:stop' }, timestamp };
      return by === 'contact' ? { trigger: 'typing:appUser', contactId, more } : undefined;
    }
    case SUNSHINE_TOLD: {
      const { trigger, contactId, destinationId, more, appUser } = event.payload as SunshineTold;
      return {
        trigger,
        contactId,
        more: { ...more, timestamp },
        ...(destinationId === undefined ? {} : { destinationId }),
        ...(appUser === undefined ? {} : { appUser }),
      };
    }
    default:
      return undefined;
  }
}

function ofDeliveries({ workspaceId, payload }: FeedEvent, eventIndex: number, heard: Heard): Moment[] {
  const { bulk, changes } = payload as DeliveryChanged;
  // A broadcast's message is not a message of this API.
  if (bulk) return [];
  return changes.flatMap((change) =>
    stepsOf(change)
      .filter(
        (step) =>
          heard(`message:delivery:${step}`) ||
          heard(`notification:delivery:${step}`) ||
          LINKED_BY[step].some(heard),
      )
      .map(
        (step): Moment => ({
          trigger: `message:delivery:${step}`,
          workspaceId,
          eventIndex,
          contactId: change.contactId,
          messageId: change.causeId,
          change,
        }),
      ),
  );
}

/** A delivery may pass several steps at once: one that is delivered was accepted, too. */
function stepsOf({ from, to }: DeliveryChange): ('channel' | 'user' | 'failure')[] {
  const was = from ?? STATE.queued;
  switch (to) {
    case STATE.accepted:
    case STATE.delivered:
    case STATE.read:
      return [
        ...(was < STATE.accepted ? (['channel'] as const) : []),
        ...(was < STATE.delivered && to !== STATE.accepted ? (['user'] as const) : []),
      ];
    case STATE.failed:
    case STATE.suppressed:
    case STATE.expired:
      return ['failure'];
    default:
      return [];
  }
}
