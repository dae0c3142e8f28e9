/** `…/contacts`: people, their addresses and what may be sent there. */
import { type Static, Type } from 'typebox';
import { CHANNELS, MESSAGE_CLASSES } from '../../channels.ts';
import { CAUSES } from '../../reasons.ts';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { FaultShown } from './fault.ts';
import { Address, Channel, Class, Name, pageOf } from './fields.ts';

const text = (maxLength: number) => Type.Optional(orNull(Type.String({ minLength: 1, maxLength })));
const contactFields = {
  externalId: text(256),
  givenName: text(255),
  surname: text(255),
  timeZone: text(64),
  locale: text(35),
  attributes: Type.Optional(AnyObject),
};
/** `POST …/contacts`. */
export const NewContact = Type.Object({
  ...contactFields,
  phone: Type.Optional(Address),
  email: Type.Optional(Address),
});
/** `PATCH …/contacts/{id}`: what is not named stays, null takes away. */
export const ContactPatch = Type.Object(contactFields);
/** `POST …/contacts/{id}/destinations`. */
export const NewDestination = Type.Object({
  channel: Channel,
  address: Address,
  integrationId: Type.Optional(Id),
});
/** `POST …/contacts/{id}/destinations/{id}/block` and `…/unblock`. */
export const BlockClasses = Type.Object({
  classes: Type.Array(Class, { minItems: 1, maxItems: MESSAGE_CLASSES.length }),
  reason: Type.Optional(Name),
});

const known = orNull(Type.String());
const contact = {
  id: Id,
  externalId: known,
  givenName: known,
  surname: known,
  attributes: AnyObject,
  timeZone: known,
  locale: known,
  signedUpAt: orNull(Time),
  createdAt: Time,
  changedAt: Time,
  lastInboundAt: orNull(Time),
};
/** A contact. */
export const ContactShown = Type.Object(contact);
export type ContactShown = Static<typeof ContactShown>;
/** A contact in a list, with what one looks for there. */
export const ContactRow = Type.Object({
  ...contact,
  /** The address that one would write to first, of those that people can read; `open` where something may be sent there. */
  address: orNull(Type.Object({ channel: Channel, address: Type.String(), open: Type.Boolean() })),
  channels: Type.Array(Channel),
  /** The first by name, and how many there are besides. */
  tags: Type.Array(Type.String()),
  moreTags: Count,
  /** When they wrote or did something last. */
  lastSeenAt: orNull(Time),
  /** What comes next: a message that waits for its time, or a step of a campaign. */
  nextDue: orNull(Type.Object({ at: Time, campaign: orNull(Type.String()) })),
});
export type ContactRow = Static<typeof ContactRow>;
/** A page of contacts, newest first. */
export const ContactPage = pageOf('contacts', ContactRow);
export type ContactPage = Static<typeof ContactPage>;

const classes = Type.Array(Class);
/** An address of a contact. `blocked` are the classes that may not be sent there. */
export const DestinationShown = Type.Object({
  id: Id,
  channel: Channel,
  address: Type.String(),
  integrationId: orNull(Id),
  status: oneOf(['active', 'inactive', 'pending', 'blocked'] as const),
  displayName: known,
  blocked: classes,
  blockedReason: known,
  /** Each block by itself: lifting one leaves the others. */
  blocks: Type.Array(
    Type.Object({
      code: oneOf(CAUSES),
      classes,
      integrationId: orNull(Id),
      /** Classes that the same person may not be sent by the channel's other senders either. */
      elsewhere: classes,
      reason: known,
    }),
  ),
  linkedAt: Time,
  lastInboundAt: orNull(Time),
  /** Until then free text may be sent on WhatsApp; later only a template. */
  windowEndsAt: orNull(Time),
});
export type DestinationShown = Static<typeof DestinationShown>;
/** The addresses of a contact. */
export const DestinationsShown = Type.Object({ destinations: Type.Array(DestinationShown) });

const sets = Type.Array(Type.Object({ id: Id, name: Type.String() }));
/** A contact with its addresses, the lists and tags it is in, and its conversation where anything was said. */
export const ContactWhole = Type.Object({
  ...contact,
  destinations: Type.Array(DestinationShown),
  lists: sets,
  tags: sets,
  conversationId: orNull(Id),
});
export type ContactWhole = Static<typeof ContactWhole>;

/** What a contact, a provider or an operator said about what may be sent, newest first. */
export const ConsentShown = Type.Object({
  entries: Type.Array(
    Type.Object({
      at: Time,
      channel: oneOf([...CHANNELS, 'none'] as const),
      address: Type.String(),
      blocked: classes,
      reason: Type.String(),
    }),
  ),
});

/** Everything that is kept about a contact: rows by room and table. Ids and times as elsewhere in this API. */
export const ContactExport = Type.Object({
  contactId: Id,
  exportedAt: Time,
  rooms: Type.Record(Type.String(), Type.Record(Type.String(), Type.Array(AnyObject))),
});
export type ContactExport = Static<typeof ContactExport>;

const stopped = Type.Object({ line: Count, reason: Type.String() });
/**
 * One line of the answer to `POST …/contacts/import`, which is JSON by lines: how far it is, about four times a second, and a last
 * one with `done`. rows = created + updated + rejected.
 */
export const ImportLine = Type.Object({
  /** Of the file, so far. */
  bytes: Type.Optional(Count),
  rows: Type.Optional(Count),
  created: Type.Optional(Count),
  updated: Type.Optional(Count),
  rejected: Type.Optional(Count),
  /** False when it ended before the end. */
  done: Type.Optional(Type.Boolean()),
  /** The first 1,000 of the rows that were rejected, and why. */
  faults: Type.Optional(Type.Array(Type.Object({ line: Count, field: Type.String(), rule: Type.String() }))),
  /** Where the file could be read no further, and why. */
  stopped: Type.Optional(stopped),
  error: Type.Optional(FaultShown.properties.error),
});
export type ImportLine = Static<typeof ImportLine>;
