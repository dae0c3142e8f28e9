/**
 * How a link is confirmed (api/sunshine.md §9.1): by a message sent, by a sign of life, or by a yes. What comes of it is told by
 * webhooks: by the delivery of the message (webhookEvents.ts), and by what the person answers (linkAnswers.ts).
 */
import type { Content } from '../../../contract/content.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { activate, awaitPerson } from '../../contacts/pending.ts';
import type { Contact } from '../../contacts/sql.ts';
import { ensureConversations } from '../../conversations/conversations.ts';
import type { Tx } from '../../db/pool.ts';
import { accept } from '../../outbox/accept.ts';
import { readMessages } from './messageInput.ts';
import { breaks, type Call, type SunshineFault } from './route.ts';
import { tell } from './told.ts';

/** How a link may be confirmed. */
export const CONFIRMATIONS = ['immediate', 'userActivity', 'prompt'] as const;
/** One of them. */
export type ConfirmationType = (typeof CONFIRMATIONS)[number];

/** What linking comes down to. */
export type Linking = {
  integration: Integration;
  /** As the caller wrote it: webhooks give it back. */
  criteria: Record<string, string>;
  confirmation: ConfirmationType;
  message: Content | undefined;
};

/** Channels on which a sign of life, or a yes, can be waited for. */
const WAITS: Readonly<Record<ConfirmationType, readonly string[] | undefined>> = {
  immediate: undefined,
  userActivity: ['sms', 'whatsapp'],
  prompt: ['sms'],
};

/** The message that is sent for a confirmation; undefined when there is none. */
export async function readConfirmation(
  call: Call<unknown>,
  integration: Integration,
  given: { type: ConfirmationType; message?: Record<string, unknown> },
): Promise<Content | undefined | SunshineFault> {
  const { type, message } = given;
  if (WAITS[type]?.includes(integration.channel) === false)
    return breaks('confirmation.type', `${type} cannot be used with ${integration.provider}`);
  if (type === 'prompt') return promptOf(call.workspace.name);
  if (message) return await readOwn(call, message);
  return type === 'userActivity'
    ? breaks('confirmation.message', 'is required with userActivity')
    : undefined;
}

/** Fixed, so that everybody who is asked is told what a yes means. */
function promptOf(appName: string): Content {
  const text = `${appName} would like to send you messages here. Reply YES to accept or NO to decline.`;
  return { type: 'text', text };
}

/** A confirmation is a text or an image whose actions, if any, are links; it is not part of the conversation. */
async function readOwn(call: Call<unknown>, given: Record<string, unknown>): Promise<Content | Fault> {
  const path = 'confirmation.message';
  const { role, ...rest } = given;
  if (role !== undefined && role !== 'appMaker') return breaks(`${path}.role`, 'must be appMaker');
  const contents = await readMessages(call, rest, { path });
  if (isFault(contents)) return contents;
  const [content, ...more] = contents;
  if (!content || more.length > 0 || (content.type !== 'text' && content.type !== 'image'))
    return breaks(`${path}.type`, 'must be text or image');
  return content.actions?.some(({ type }) => type !== 'link')
    ? breaks(`${path}.actions`, 'may be links only')
    : content;
}

/** Confirms a link as was asked for. `destinationId` is pending when something is waited for, or was. */
export async function confirmLink(
  call: Call<unknown>,
  tx: Tx,
  contact: Contact,
  destination: { id: number; isPending: boolean },
  linking: Linking,
): Promise<void> {
  const { workspace, nowMs } = call;
  const ref = { contactId: contact.id, destinationId: destination.id };
  const waits = destination.isPending && linking.confirmation !== 'immediate';
  if (waits)
    await awaitPerson(tx, {
      ...ref,
      workspaceId: workspace.id,
      confirmation: linking.confirmation === 'prompt' ? 'prompt' : 'activity',
      told: { channel: linking.integration.provider, criteria: linking.criteria },
      askedMs: nowMs + workspace.clockAheadMs,
    });
  else if (destination.isPending) await activate(tx, workspace.id, [ref]);
  if (!linking.message) return await tellLinked(call, tx, contact, destination.id, linking);
  const { integration, criteria, message } = linking;
  const metadata = { ...criteria, channel: integration.provider, ...(waits ? { waits } : {}) };
  await sendConfirmation(
    call,
    tx,
    contact,
    { integration, destinationId: destination.id },
    message,
    metadata,
  );
}

/** Sends a message that is not part of the conversation. With `metadata` it confirms a link. */
export async function sendConfirmation(
  call: Call<unknown>,
  tx: Tx,
  contact: Contact,
  to: { integration: Integration; destinationId: number },
  content: Content,
  metadata?: Record<string, string | boolean>,
): Promise<void> {
  const { ctx, workspace, nowMs } = call;
  const conversations = await ensureConversations(tx, ctx.ids, nowMs + workspace.clockAheadMs, [
    { contactId: contact.id, workspaceId: workspace.id },
  ]);
  await accept(ctx, tx, nowMs, [
    {
      workspaceId: workspace.id,
      contactId: contact.id,
      conversationId: conversations.get(contact.id)!.id,
      kind: 'confirmation',
      class: 'transactional',
      content,
      author: {},
      source: { type: 'api' },
      ...(metadata === undefined ? {} : { metadata }),
      integrationId: to.integration.id,
      destinationId: to.destinationId,
      aheadMs: workspace.clockAheadMs,
    },
  ]);
}

async function tellLinked(
  call: Call<unknown>,
  tx: Tx,
  contact: Contact,
  destinationId: number,
  { integration, criteria }: Linking,
): Promise<void> {
  const about = { contactId: contact.id, destinationId };
  const more = { channel: integration.provider, criteria };
  await tell(call, tx, [
    { ...about, trigger: 'link:match', more },
    { ...about, trigger: 'link:success', more },
    { ...about, trigger: 'client:add', more: { reason: 'channelLinking', source: { type: 'api' } } },
  ]);
}
