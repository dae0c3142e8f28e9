/** What a provider's refusal or receipt teaches about an address: it is dead, or its owner said stop. From then on the gate knows. */
import type { ChannelName, ErrorClass } from '../../../contract/channels.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Directory } from '../../accounts/directory.ts';
import { blockDestinations, eraseBlocked, type Block } from '../../contacts/consent/blocks.ts';
import { deadBlock, marketingSwitchBlock, stopBlock } from '../../contacts/consent/meanings.ts';
import { setDestinationStatus } from '../../contacts/destinations.ts';
import { kindOfChannel } from '../../contacts/keys.ts';
import type { Tx } from '../../db/pool.ts';

/** One lesson. */
export type Lesson = {
  workspaceId: number;
  channel: string;
  address: string;
  /** The provider's code. */
  code: string;
  contactId: number;
  destinationId: number | null;
  integrationId: number | null;
  /** When it was sent what taught this, where it is told later; unix ms. */
  sentMs?: number | null | undefined;
  /** The address will never work; otherwise its owner said stop to the provider. */
  dead: boolean;
  /** Whose it was is erased: it is blocked by its proof, and named nowhere. */
  isOfErased?: boolean;
};

/** Where something was sent. */
type SentTo = {
  workspaceId: number;
  contactId: number;
  destinationId: number | null;
  channel: string | null;
  address: string | null;
  integrationId: number | null;
  sentMs?: number | null | undefined;
};

/** The lesson in an error, when it says something of the address and not of the message or the day. */
export function lessonOf(
  at: SentTo,
  error: { class?: ErrorClass | undefined; code: string },
): Lesson | undefined {
  const { channel, address } = at;
  if (!channel || !address) return undefined;
  if (error.class === 'recipient') return { ...at, channel, address, code: error.code, dead: true };
  if (error.class === 'optout') return { ...at, channel, address, code: error.code, dead: false };
  return undefined;
}

/** A device's dead token is out of use for good: the device gets another. */
async function retireTokens(tx: Tx, lessons: readonly Lesson[]): Promise<void> {
  const dead = lessons.filter(({ channel, dead: isDead }) => isDead && channel === 'push');
  const byWorkspace = Map.groupBy(dead, ({ workspaceId }) => workspaceId);
  for (const [workspaceId, tokens] of byWorkspace) {
    const refs = tokens.flatMap(({ contactId, destinationId }) =>
      destinationId === null ? [] : [{ contactId, destinationId, status: 'inactive' as const }],
    );
    await setDestinationStatus(tx, workspaceId, refs);
  }
}

/** Writes lessons into suppression and consent; part of the transaction that records what taught them. */
export async function learn(tx: Tx, ids: IdSource, lessons: readonly Lesson[], nowMs: number): Promise<void> {
  if (!lessons.length) return;
  const blocks = lessons.map(blockOf);
  await blockDestinations(tx, ids, nowMs, blocks);
  await eraseBlocked(
    tx,
    blocks.filter((_, at) => lessons[at]!.isOfErased),
  );
  await retireTokens(tx, lessons);
}

/** As `learn`, of any workspaces at a moment of our clock: each has what it learns by its own. */
export async function learnNow(
  deps: { directory: Directory; ids: IdSource },
  tx: Tx,
  lessons: readonly Lesson[],
  nowMs: number,
): Promise<void> {
  const aheadOf = new Map<number, number>();
  for (const { workspaceId } of lessons)
    if (!aheadOf.has(workspaceId))
      aheadOf.set(workspaceId, (await deps.directory.workspace(workspaceId))?.clockAheadMs ?? 0);
  const byClock = Map.groupBy(lessons, ({ workspaceId }) => aheadOf.get(workspaceId)!);
  for (const [aheadMs, some] of byClock) await learn(tx, deps.ids, some, nowMs + aheadMs);
}

function blockOf({
  workspaceId,
  channel: name,
  address,
  contactId,
  integrationId,
  code,
  dead,
  sentMs,
  isOfErased,
}: Lesson): Block {
  const channel = name as ChannelName;
  const at = {
    workspaceId,
    channel,
    address,
    // A token says nothing about whose it is; a number's or a mail address's owner is looked up, it may have changed.
    ...(kindOfChannel(channel) || isOfErased ? {} : { contactId }),
  };
  if (dead) return deadBlock(at, `dead address (${code})`, sentMs);
  // Elsewhere than on text messages a provider's opt-out is one from marketing; on WhatsApp, from one number's.
  if (channel === 'whatsapp' && integrationId !== null) return marketingSwitchBlock(at, integrationId);
  return stopBlock(at, integrationId ?? 0, 'provider');
}
