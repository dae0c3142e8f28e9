/** From a delivery that may go to the message on the wire: rendered for its channel, with what is one recipient's own. */
import {
  WHATSAPP_USER_ID,
  type ChannelName,
  type MessageClass,
  type Rendered,
} from '../../../contract/channels.ts';
import { fullName } from '../../../contract/personName.ts';
import type { Vault } from '../../base/crypto.ts';
import { toHex24 } from '../../base/ids.ts';
import { storableJson } from '../../base/storable.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import type { Outgoing } from '../../channels/adapter.ts';
import type { Person, Reachable } from '../../contacts/person.ts';
import type { Compiled } from '../../content/compile.ts';
import { isRenderFailure } from '../../content/failure.ts';
import type { RenderOptions } from '../../content/renderOptions.ts';
import { segments } from '../../../contract/smsSegments.ts';
import type { Variables } from '../../content/variables.ts';
import type { WorkItem } from '../../queue/work/work.ts';
import { decideFailure, type Decision, type Subject } from '../outcome/decide.ts';
import { outboxSettings } from '../settings.ts';
import { openUrl, withPixel, type Opened } from './opens.ts';
import { toRef } from '../../ledger/ref.ts';
import type { OpenIntegration } from '../../senders/senders.ts';
import { listUnsubscribe, unsubscribeUrls, type UnsubscribeUrl } from './unsubscribe.ts';

/** A message ready for the wire. */
export type Ready = {
  subject: Subject;
  open: OpenIntegration;
  outgoing: Outgoing;
  wasUnknown: boolean;
  unclearSinceMs?: number;
};

/** A delivery in the making. */
export type Draft = {
  item: WorkItem;
  bulk: boolean;
  class: MessageClass;
  channel: ChannelName | undefined;
  integrationId: number | null;
  destinationId: number | null;
  expiresMs: number;
  compiled: Compiled;
  /** What is said names the way out, which is put in: by the address that it leads to. */
  leavingBy?: (url: string) => Compiled;
  isTemplate: boolean;
  /** It names a sender of its own for SMS. */
  fromName?: boolean;
  /** It was sent, and failed; what is missing is where it went. */
  endedEarly?: boolean;
  /** What was to be said is erased. */
  isGone?: boolean;
  confirms?: boolean;
  /** The conversation it is said in; none for what reaches out by itself. */
  conversationId?: number;
  canceled: boolean;
  /** When it was said, or its run began, by the workspace's clock. */
  saidMs: number;
  /** Why it is called off for this contact alone. */
  why?: { code: string; detail: string };
  wasUnknown: boolean;
  /** When the attempt of unclear outcome may have begun, by our clock. */
  unclearSinceMs?: number;
  mayFallBack: boolean;
  /** Its contact looks at the web chat now. */
  isLooking?: boolean;
  /** Short links of its contact, or the thread of mail that it answers in. */
  options?: RenderOptions;
};

/**
 * A notification or broadcast is no answer of a person's (RFC 3834 §5.1): nobody's out-of-office notice is wanted for it. What is said
 * in a conversation is, or stands for one, and has no mark, which means `no`.
 */
const BY_ITSELF = { 'Auto-Submitted': 'auto-generated' };

/** Makes addresses that are one recipient's own. */
export type OwnUrls = { unsubscribeUrl: UnsubscribeUrl; pixelUrl: (opened: Opened) => string };

/** The variable for the address by which a recipient leaves. */
const LEAVE = 'links.unsubscribe';

/** The addresses of an install. */
export function ownUrls(deps: { vault: Vault; publicUrl: () => string }): OwnUrls {
  return { unsubscribeUrl: unsubscribeUrls(deps), pixelUrl: (opened) => openUrl(deps, opened) };
}

/** Renders a delivery for its destination, with what is its recipient's own. */
export function toWire(
  { own, nowMs }: { own: OwnUrls; nowMs: number },
  draft: Draft,
  subject: Subject,
  open: OpenIntegration,
  destination: Reachable,
  person: Person,
  workspace: Workspace,
): Ready | Decision {
  const channel = open.adapter.channel;
  subject.channel = channel;
  subject.idempotent = draft.bulk ? open.bulkIdempotent : open.idempotent;
  subject.canTell = open.canTell;
  let variables: Variables = {};
  const isAsked = draft.leavingBy !== undefined || draft.compiled.variables.includes(LEAVE);
  const leave =
    draft.class === 'marketing' && (channel === 'email' || isAsked)
      ? own.unsubscribeUrl({ ...destination, workspaceId: workspace.id, contactId: person.contactId })
      : undefined;
  if (draft.compiled.variables.length) {
    variables = variablesOf(person, destination, workspace);
    if (leave !== undefined) variables.links = { unsubscribe: leave };
    subject.vars = storableJson(draft.compiled.pick(variables));
  }
  const compiled = leave === undefined ? draft.compiled : (draft.leavingBy?.(leave) ?? draft.compiled);
  const rendered = compiled.renderFor(channel, variables, draft.options);
  if (isRenderFailure(rendered)) return decideFailure(subject, rendered.failed, rendered.detail, nowMs);
  if (rendered.channel === 'sms' && !rendered.media?.length) {
    const { count } = segments(rendered.text);
    if (count > 1) subject.segments = count;
  }
  const headers = {
    ...(draft.conversationId === undefined ? BY_ITSELF : undefined),
    ...(leave === undefined ? undefined : listUnsubscribe(leave)),
  };
  const ref = toRef({ contactId: draft.item.ownerId, causeId: draft.item.causeId, seq: draft.item.seq });
  const pixel =
    channel === 'email' && outboxSettings(workspace.settings).tracksOpens
      ? own.pixelUrl({ integrationId: open.integration.id, ref })
      : undefined;
  const ttlS = Math.floor((draft.expiresMs - nowMs - workspace.clockAheadMs) / 1000);
  return {
    subject,
    open,
    wasUnknown: draft.wasUnknown,
    ...(draft.unclearSinceMs === undefined ? {} : { unclearSinceMs: draft.unclearSinceMs }),
    outgoing: {
      ref,
      idempotencyKey: ref,
      to: destination.address,
      rendered: withOwn(rendered, headers, pixel, draft, workspace),
      callbackUrl: open.callbackBase + ref,
      ttlS,
      messageClass: draft.class,
    },
  };
}

/** What is rendered is shared by all recipients; what is one recipient's own is put in here. */
function withOwn(
  rendered: Rendered,
  headers: Record<string, string>,
  pixel: string | undefined,
  { conversationId }: Draft,
  workspace: Workspace,
): Rendered {
  if (rendered.channel === 'email') return ownMail(rendered, headers, pixel);
  return rendered.channel === 'push' && conversationId !== undefined && !rendered.silent
    ? inConversation(rendered, conversationId, workspace)
    : rendered;
}

/** A push says whose it is, and to the app which conversation a tap opens (N29). */
function inConversation(
  push: Extract<Rendered, { channel: 'push' }>,
  conversationId: number,
  { name }: Workspace,
): Rendered {
  return { title: name, ...push, data: { ...push.data, conversationId: toHex24(conversationId) } };
}

function ownMail(
  mail: Extract<Rendered, { channel: 'email' }>,
  headers: Record<string, string>,
  pixel: string | undefined,
): Rendered {
  const seen = pixel === undefined ? mail : withPixel(mail, pixel);
  return Object.keys(headers).length ? { ...seen, headers: { ...seen.headers, ...headers } } : seen;
}

/** What a message to a person can be made from. */
export function variablesOf(
  person: Person,
  destination: Reachable,
  workspace: Pick<Workspace, 'name'>,
): Variables {
  const address = (...channels: string[]) =>
    channels.includes(destination.channel)
      ? destination.address
      : person.destinations.find(({ channel }) => channels.includes(channel))?.address;
  const phone = address('sms', 'voice', 'whatsapp');
  return {
    contact: {
      id: person.contactId,
      externalId: person.externalId,
      givenName: person.givenName,
      surname: person.surname,
      name: fullName(person),
      email: address('email') ?? null,
      // A person on WhatsApp may be known by an id alone.
      phone: phone === undefined || WHATSAPP_USER_ID.test(phone) ? null : phone,
      locale: person.locale,
      timezone: person.timeZone,
    },
    attributes: person.attributes ?? {},
    workspace: { name: workspace.name },
  };
}
