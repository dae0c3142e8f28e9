/** What several routes show alike. */
import type { Contact } from '../../contacts/contacts.ts';
import type { Destination } from '../../contacts/destinations.ts';
import { CLASS_BIT } from '../../contacts/destinations.ts';
import { MESSAGE_CLASSES } from '../../../contract/channels.ts';
import type { Message } from '../../conversations/conversations.ts';
import type { Delivery } from '../../outbox/sql.ts';
import { toRef } from '../../outbox/ref.ts';
import { stateName } from '../../outbox/states.ts';
import { idText, timeText } from './route.ts';

/** A contact. */
export function presentContact(contact: Contact) {
  const { externalId, givenName, surname, attributes, timeZone, locale } = contact;
  return {
    id: idText(contact.id),
    externalId,
    givenName,
    surname,
    attributes,
    timeZone,
    locale,
    signedUpAt: timeText(contact.signedUpMs),
    createdAt: timeText(contact.createdMs),
    changedAt: timeText(contact.changedMs),
    lastInboundAt: timeText(contact.lastInboundMs),
  };
}

/** An address of a contact. `blocked` are the classes that may not be sent there. */
export function presentDestination(destination: Destination) {
  const { channel, address, status, displayName, blockedReason, blockedClasses } = destination;
  return {
    id: idText(destination.id),
    channel,
    address,
    integrationId: idText(destination.integrationId),
    status,
    displayName,
    blocked: MESSAGE_CLASSES.filter((one) => (blockedClasses & CLASS_BIT[one]) !== 0),
    blockedReason,
    linkedAt: timeText(destination.linkedMs),
    lastInboundAt: timeText(destination.lastInboundMs),
  };
}

/** One thing said. */
export function presentMessage(message: Message) {
  const { direction, kind, content, author, metadata } = message;
  return {
    id: idText(message.id),
    conversationId: idText(message.conversationId),
    contactId: idText(message.contactId),
    direction,
    kind,
    class: message.class,
    content,
    author,
    source: { ...message.source, ...sourceIds(message) },
    metadata,
    at: timeText(message.atMs),
  };
}

function sourceIds({ source }: Message) {
  return source.integrationId === undefined ? {} : { integrationId: idText(source.integrationId) };
}

/** One message to one address, and how it stands. */
export function presentDelivery(delivery: Delivery) {
  const { state, attempts, channel, address, code, detail, externalIds, vars, trail } = delivery;
  return {
    ref: toRef(delivery),
    state: stateName(state),
    channel,
    address,
    integrationId: idText(delivery.integrationId),
    destinationId: idText(delivery.destinationId),
    attempts,
    code,
    detail,
    externalIds: externalIds ?? [],
    variables: vars ?? {},
    trail: (trail ?? []).map(({ atMs, what, why }) => ({ at: timeText(atMs), what, why })),
    sentAt: timeText(delivery.sentMs),
    stateAt: timeText(delivery.stateMs),
  };
}
