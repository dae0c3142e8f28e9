/** What several routes show alike. */
import type { ContactShown, DestinationShown } from '../../../contract/doors/console/contacts.ts';
import type { DeliveryShown, MessageShown } from '../../../contract/doors/console/messages.ts';
import type { Contact } from '../../contacts/contacts.ts';
import type { Destination } from '../../contacts/destinations.ts';
import { CLASS_BIT } from '../../contacts/consent/classes.ts';
import { readBlocks } from '../../contacts/consent/compiled.ts';
import { MESSAGE_CLASSES, type MessageClass } from '../../../contract/channels.ts';
import { isFault } from '../../base/fault.ts';
import { compile, type Compiled } from '../../content/compile.ts';
import type { RenderOptions } from '../../content/renderOptions.ts';
import { smsSize } from '../../content/smsSize.ts';
import type { Message } from '../../conversations/message.ts';
import type { Delivery } from '../../ledger/delivery.ts';
import { windowEndsMs } from '../../gate/gate.ts';
import { toRef } from '../../ledger/ref.ts';
import { stateName } from '../../ledger/states.ts';
import { idText, timeText } from './route.ts';

/** A contact. */
export function consoleContact(contact: Contact): ContactShown {
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
export function presentDestination(destination: Destination): DestinationShown {
  const { channel, address, status, displayName, blockedReason, blockedClasses } = destination;
  return {
    id: idText(destination.id),
    channel,
    address,
    integrationId: idText(destination.integrationId),
    status,
    displayName,
    blocked: classesOf(blockedClasses),
    blockedReason,
    // Each block by itself: lifting one leaves the others.
    blocks: (readBlocks(destination.blocks) ?? []).map(({ cause, classes, elsewhere, scope, reason }) => ({
      code: cause,
      classes: classesOf(classes),
      integrationId: scope === 0 ? null : idText(scope),
      elsewhere: classesOf(elsewhere),
      reason,
    })),
    linkedAt: timeText(destination.linkedMs),
    lastInboundAt: timeText(destination.lastInboundMs),
    // Until then free text may be sent on WhatsApp; later only a template.
    windowEndsAt: timeText(windowEndsMs(destination) ?? null),
  };
}

/** One thing said. */
export function consoleMessage(message: Message): MessageShown {
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
    source: presentSource(message.source),
    metadata,
    at: timeText(message.atMs),
  };
}

function presentSource({
  integrationId,
  repliesTo,
  stream: _stream,
  ...source
}: Message['source']): MessageShown['source'] {
  return {
    ...source,
    ...(integrationId === undefined ? {} : { integrationId: idText(integrationId) }),
    ...(repliesTo
      ? { repliesTo: { externalId: repliesTo.externalId, messageId: idText(repliesTo.messageId) } }
      : {}),
  };
}

/** One message to one address, and how it stands. `said` is what it says, where that is at hand: then SMS are counted. */
export function presentDelivery(delivery: Delivery, said?: Said): DeliveryShown {
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
    segments: segmentsOf(delivery, said),
    trail: (trail ?? []).map(({ atMs, what, why }) => ({ at: timeText(atMs), what, why })),
    sentAt: timeText(delivery.sentMs),
    stateAt: timeText(delivery.stateMs),
  };
}

/** What was said, ready to be counted. */
export type Said = { compiled: Compiled; options?: RenderOptions };

/** What a single message says. */
export function saidBy({ content }: Pick<Message, 'content'>): Said | undefined {
  const compiled = compile(content, { liquid: false });
  return isFault(compiled) ? undefined : { compiled };
}

/** How many text messages it is; null on other channels. */
function segmentsOf({ channel, vars }: Delivery, said: Said | undefined) {
  const size = said && channel === 'sms' ? smsSize(said.compiled, vars ?? {}, said.options) : undefined;
  return size ? { encoding: size.encoding, count: size.count } : null;
}

function classesOf(bits: number): MessageClass[] {
  return MESSAGE_CLASSES.filter((one) => (bits & CLASS_BIT[one]) !== 0);
}
