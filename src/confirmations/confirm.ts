/**
 * How a link between a person and an address is confirmed (api/sunshine.md §9.1): by a message sent, by a sign of life, or by a
 * yes. What comes of it is told on the feed: by the delivery of the message, or by what the person answers (answers.ts).
 */
import { CONFIRMATIONS } from '../../contract/channels.ts';
import type { Content } from '../../contract/content.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import { activate, awaitPerson } from '../contacts/pending.ts';
import type { Tx } from '../db/pool.ts';
import type { AcceptDeps } from '../outbox/accept.ts';
import { say } from '../outbox/say.ts';
import { tellOfLinks } from './told.ts';

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

/** True when a link to an address on a channel can be confirmed in this way. */
export function canConfirm(type: ConfirmationType, channel: string): boolean {
  return WAITS[type]?.includes(channel) ?? true;
}

/** Whose link it is, and when by our clock. */
export type Confirming = { tools: AcceptDeps; workspace: Workspace; nowMs: number; contactId: number };

/** Confirms a link as was asked for. `destinationId` is pending when something is waited for, or was. */
export async function confirmLink(
  whose: Confirming,
  tx: Tx,
  destination: { id: number; isPending: boolean },
  linking: Linking,
): Promise<void> {
  const { workspace, nowMs, contactId } = whose;
  const ref = { contactId, destinationId: destination.id };
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
  if (!linking.message) return await tellLinked(whose, tx, destination.id, linking);
  const { integration, criteria, message } = linking;
  const metadata = { ...criteria, channel: integration.provider, ...(waits ? { waits } : {}) };
  await sendConfirmation(whose, tx, { integration, destinationId: destination.id }, message, metadata);
}

/** Sends a message that is not part of the conversation. With `metadata` it confirms a link. */
export async function sendConfirmation(
  whose: Confirming,
  tx: Tx,
  to: { integration: Integration; destinationId: number },
  content: Content,
  metadata?: Record<string, string | boolean>,
): Promise<void> {
  await say(whose.tools, tx, whose, [
    {
      to: { contactId: whose.contactId, destinationId: to.destinationId },
      kind: 'confirmation',
      class: 'transactional',
      content,
      author: {},
      source: { type: 'api' },
      ...(metadata === undefined ? {} : { metadata }),
      integrationId: to.integration.id,
    },
  ]);
}

async function tellLinked(
  { tools, workspace, nowMs, contactId }: Confirming,
  tx: Tx,
  destinationId: number,
  { integration, criteria }: Linking,
): Promise<void> {
  const about = { contactId, destinationId, channel: integration.provider, criteria };
  await tellOfLinks(tools, tx, workspace.id, nowMs + workspace.clockAheadMs, [
    { ...about, what: 'matched' },
    { ...about, what: 'made' },
  ]);
}
