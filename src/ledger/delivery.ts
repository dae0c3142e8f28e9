/** A delivery, as those see it who read, decide and write. Holds types only. */
import { Content } from '../../contract/content.ts';
import type { ChannelName, ErrorClass, MessageClass } from '../../contract/channels.ts';
import type { StateCode } from './states.ts';
import type { DeliveryKey } from './ref.ts';

/** The first delivery of a single message, and when it is to be sent. */
export type FirstDelivery = Omit<DeliveryKey, 'seq'> & {
  workspaceId: number;
  class: MessageClass;
  integrationId: number | null;
  destinationId: number | null;
  /** The only channel it may go on; null: any. */
  channel: string | null;
  expiresMs: number;
  mayFallBack: boolean;
  /** By the workspace's clock, as all times of a delivery. */
  atMs: number;
  /** By our clock. */
  dueMs: number;
  /** In which it waits; it and what follows it. */
  stream: number;
};

/** A delivery as it is shown. */
export type Delivery = DeliveryKey & {
  workspaceId: number;
  state: StateCode;
  attempts: number;
  channel: string | null;
  integrationId: number | null;
  destinationId: number | null;
  address: string | null;
  code: string | null;
  detail: string | null;
  externalIds: string[] | null;
  vars: Record<string, unknown> | null;
  trail: { atMs: number; what: string; why: string }[] | null;
  sentMs: number | null;
  stateMs: number;
};

/** What was asked for with a single send. */
export type SingleFacts = {
  contactId: number;
  causeId: number;
  seq: number;
  workspaceId: number;
  conversationId: number;
  class: MessageClass;
  /** Null where the message is gone: erased, with whom it was for or by itself. */
  kind: string | null;
  /** When it was said, by the workspace's clock. */
  saidMs: number | null;
  content: Content | null;
  integrationId: number | null;
  destinationId: number | null;
  /** Where it went last; null until something was settled of it, unless there is only one that it may go on. */
  channel: ChannelName | null;
  expiresMs: number | null;
  state: StateCode;
  attempts: number;
  sentMs: number | null;
  mayFallBack: boolean | null;
  /** When the last attempt began, where its outcome is unclear; by our clock. */
  begunMs: number | null;
};

/** How a delivery stands, and where it goes. */
export type DeliveryStanding = DeliveryKey & {
  state: StateCode;
  attempts: number;
  sentMs: number | null;
  destinationId: number | null;
  /** When the last attempt began, where its outcome is unclear; by our clock. */
  begunMs: number | null;
};

/** What a batch decided about one delivery. */
export type OutcomeRow = DeliveryKey & {
  workspaceId: number;
  class: MessageClass;
  state: StateCode;
  attempts: number;
  channel: string | null;
  integrationId: number | null;
  destinationId: number | null;
  address: string | null;
  code: string | null;
  detail: string | null;
  externalIds: readonly string[] | null;
  vars: string | null;
  /** Text messages that it takes, where it is more than one. */
  segments: number | null;
  trail: string | null;
  sentMs: number | null;
  stateMs: number;
};

/** A delivery after a write: its state, and the one before (null: there was no row). */
export type StateChange = DeliveryKey & {
  state: StateCode;
  priorState: StateCode | null;
  /** Whom it was for was erased meanwhile. */
  erased?: boolean | null;
  /** Its provider had told that it failed before it was known where it went; `early` is the class of the error, or empty. */
  early?: { why: string; early: ErrorClass | '' } | null;
};

/** What a provider said of one delivery. */
export type ReceiptRow = DeliveryKey & {
  state: StateCode;
  code: string | null;
  class?: ErrorClass | undefined;
  detail: string | null;
  externalId: string | null;
  /** Addresses that it is about, where the provider says. */
  about?: readonly string[] | undefined;
  atMs: number;
};

/** What a receipt changed. `bulk`: its cause is a run; a single send has an end of its own, a run's delivery has not. */
export type ReceiptChange = StateChange & {
  bulk: boolean;
  channel: string | null;
  address: string | null;
  destinationId: number | null;
  integrationId: number | null;
  sentMs: number | null;
  mayFallBack: boolean | null;
};

/** Where a message went that failed after all. */
export type LateFailure = DeliveryKey & {
  channel: string | null;
  address: string | null;
  destinationId: number | null;
  integrationId: number | null;
  sentMs: number | null;
};

/** A delivery of a message that was tried, with what decides on the next. */
export type Tried = DeliveryKey & {
  workspaceId: number;
  state: StateCode;
  stateMs: number;
  code: string | null;
  channel: string | null;
  integrationId: number | null;
  destinationId: number | null;
  address: string | null;
  expiresMs: number | null;
  mayFallBack: boolean | null;
  class: MessageClass;
  contentType: string;
  saidMs: number;
  /** In which what follows it waits. */
  stream: number;
  /** When the contact last read the conversation or wrote in it. */
  contactReadMs: number | null;
};

/** A delivery to a destination that is decided on. */
export type Onward = DeliveryKey & {
  workspaceId: number;
  class: MessageClass;
  /** Sent through this one; else through the destination's own or its channel's. */
  integrationId?: number | null;
  destinationId: number;
  /** Null for a bulk run. */
  expiresMs: number | null;
  mayFallBack: boolean;
  trail: string | null;
  atMs: number;
};
