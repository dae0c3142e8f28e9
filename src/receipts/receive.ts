/**
 * What providers tell us: verified and parsed by the channel, handed on in one transaction. A repeat changes nothing: receipts
 * only move deliveries forward, and an inbound message is kept once.
 */
import { MESSAGE_CLASSES, type ChannelName } from '../../contract/channels.ts';
import { sameText } from '../base/crypto.ts';
import { fault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Directory } from '../accounts/directory.ts';
import type { Integration } from '../accounts/integrations.ts';
import type {
  CallbackAnswer,
  CallbackRequest,
  Inbound,
  Receipt,
  SignedOnce,
  TakeReceipts,
} from '../channels/adapter.ts';
import { hear, hears, type Hearing } from '../channels/apart.ts';
import { CLASS_BIT } from '../contacts/consent/classes.ts';
import { recordInbound } from '../contacts/destinations.ts';
import { addressesBehind } from '../contacts/spellings.ts';
import { resolveContacts } from '../contacts/resolve/resolve.ts';
import { firstHeard, receiveMessages } from '../conversations/conversations.ts';
import { apart } from '../db/apart.ts';
import type { Sql, Tx } from '../db/pool.ts';
import { tellOfLinks } from '../confirmations/told.ts';
import { arriveByRequest, linkRequestIn } from '../links/authCodes.ts';
import type { Links } from '../links/links.ts';
import { applyReceipts } from '../outbox/outcome/receipt.ts';
import { fromRef, toRef } from '../ledger/ref.ts';
import type { RunSource } from '../ledger/run.ts';
import { addressesOf } from '../ledger/deliveries.ts';
import type { Queue } from '../queue/queue.ts';
import { readChoices } from './choices.ts';
import type { NoteCalled } from './called.ts';
import { cleanInbound, cleanReceipt } from './clean.ts';
import { dropFiles, keepFiles, type FileDeps } from './files.ts';
import { answerHelp } from './help.ts';
import { identitiesOf, incomingsOf } from './incoming.ts';
import { moveAddress } from './moved.ts';
import { inParts } from './parts.ts';
import { isConsentOnly, obeyKeywords, type ConsentWord } from './obey.ts';
import { readReplies } from './replies.ts';
import type { BelieveOnce } from './signatures.ts';

/** What taking in needs. */
export type ReceiveDeps = FileDeps & {
  sql: Sql;
  queue: Queue;
  ids: IdSource;
  directory: Directory;
  runs: RunSource;
  links: Links;
};

const NOT_THERE = fault('not_found', 'there is no such callback');

/** Whose callback an address is. An unknown integration, one that is never called and a wrong key look the same. */
export async function calledIntegration(
  { directory, adapters }: Pick<ReceiveDeps, 'directory' | 'adapters'>,
  integrationId: number,
  callbackKey: string,
): Promise<Integration | Fault> {
  const integration = await directory.integration(integrationId);
  const isCalled = integration && hears(adapters[integration.provider]);
  return isCalled && sameText(integration.callbackKey, callbackKey) ? integration : NOT_THERE;
}

/** Takes the callback of a provider in; returns how to answer it. */
export async function receiveCallback(
  deps: ReceiveDeps & { takeReceipts: TakeReceipts; believeOnce: BelieveOnce; noteCalled: NoteCalled },
  integration: Integration,
  request: CallbackRequest,
): Promise<CallbackAnswer> {
  const integrationId = integration.id;
  const callback = await hear(
    deps.adapters[integration.provider] as Hearing,
    request,
    integration.settings,
    integration.workspaceId,
  );
  if (callback.kind === 'unread') {
    deps.log.error(
      { integrationId, provider: integration.provider, detail: callback.detail },
      'a callback could not be read; the provider is asked to come again',
    );
    return callback.answer;
  }
  if (callback.kind === 'forged' || !(await isBelieved(deps, integrationId, callback.signed))) {
    deps.log.warn(
      { integrationId, provider: integration.provider, purpose: request.purpose },
      'a callback with a wrong signature was refused',
    );
    return callback.kind === 'forged' ? callback.answer : callback.signed!.forged;
  }
  deps.noteCalled(integrationId);
  if (callback.kind === 'malformed') {
    deps.log.warn(
      { integrationId, provider: integration.provider, detail: callback.detail },
      'a callback was not understood',
    );
    return callback.answer;
  }
  // What a person said is taken even if what was said of deliveries cannot be: the provider repeats all of it.
  const taken = await Promise.allSettled([
    inParts(callback.receipts, (part) => deps.takeReceipts(integrationId, part)),
    inParts(callback.inbound, (part) => takeInbound(deps, integrationId, part)),
  ]);
  for (const one of taken) if (one.status === 'rejected') throw one.reason;
  return callback.answer;
}

async function isBelieved(
  { believeOnce }: { believeOnce: BelieveOnce },
  integrationId: number,
  signed: SignedOnce | undefined,
): Promise<boolean> {
  return !signed || (await believeOnce(integrationId, signed));
}

/** Applies receipts. One that cannot be stored is stored as little as can be, and if not even that, only its sender is told. */
export async function takeReceipts(
  deps: ReceiveDeps,
  integrationId: number,
  receipts: readonly Receipt[],
): Promise<void> {
  const called = await calledFor(deps, integrationId);
  if (!called) return;
  const { integration, aheadMs } = called;
  const apply = async (part: readonly Receipt[]): Promise<void> => {
    await deps.queue.transact(
      (tx) => applyReceipts(deps, tx, integration, part, deps.clock.nowMs() + aheadMs),
      'keyed',
    );
  };
  const failures: unknown[] = [];
  await apart(receipts.map(cleanReceipt), apply, async ({ ref, state, class: errorClass }, error) => {
    deps.log.error({ error, integrationId, ref }, 'a receipt could not be stored as it was');
    const bare = {
      state,
      ...(ref === undefined ? {} : { ref }),
      ...(errorClass ? { class: errorClass } : {}),
    };
    await apply([bare]).catch((again: unknown) => failures.push(again));
  });
  if (failures.length) throw failures[0];
}

/** Takes in messages from people: contact and conversation are found or made, stop words are obeyed. */
export async function takeInbound(
  deps: ReceiveDeps,
  integrationId: number,
  given: readonly Inbound[],
): Promise<void> {
  const called = await calledFor(deps, integrationId);
  if (!called) return;
  const { integration, aheadMs } = called;
  const received = await respelt(deps, integration, given.map(cleanInbound));
  // A number that changed is nothing that was said either.
  const moved = received.filter(({ movedTo }) => movedTo !== undefined);
  // A complaint or an unsubscription is a word on consent and nothing that was said: it opens no conversation.
  const said = received.filter((message) => !isConsentOnly(message) && message.movedTo === undefined);
  const inbound = await keepFiles(deps, integration, said);
  const nowMs = deps.clock.nowMs() + aheadMs;
  const fresh = await deps.queue.transact(async (tx) => {
    for (const one of await newAmong(deps, tx, integrationId, moved, nowMs))
      await moveAddress(tx, deps.ids, integration, one, nowMs);
    const fresh = await newAmong(deps, tx, integrationId, received.filter(isConsentOnly), nowMs);
    await obeyKeywords(deps.ids, tx, integration, await addressed(tx, integration, fresh), nowMs);
    return inbound.length ? await takeSaid(deps, tx, integration, inbound, nowMs) : new Set<string>();
  });
  const repeats = inbound.filter(({ externalId }) => !fresh.has(externalId));
  await dropFiles(deps, integration.workspaceId, repeats);
}

/** Messages under the address that we know their sender by, where the provider told us of another (`contacts/spellings.ts`). */
async function respelt(
  { sql }: Pick<ReceiveDeps, 'sql'>,
  { workspaceId, channel }: Integration,
  received: readonly Inbound[],
): Promise<readonly Inbound[]> {
  if (channel !== 'whatsapp') return received;
  const from = await addressesBehind(
    sql,
    workspaceId,
    channel,
    received.map((message) => message.from),
  );
  return received.map((message, at) => ({ ...message, from: from[at]! }));
}

/** Facts (not messages) that were not taken in before: each counts once, however often the provider repeats it. */
async function newAmong(
  deps: ReceiveDeps,
  tx: Tx,
  integrationId: number,
  told: readonly Inbound[],
  nowMs: number,
): Promise<Inbound[]> {
  const words = told.map((message) => ({ ...message, integrationId, messageId: deps.ids.spread() }));
  if (!words.length) return [];
  const fresh = await firstHeard(tx, words, nowMs);
  return words.filter(({ messageId }) => fresh.has(messageId));
}

/** Words about a delivery are of whom it went to; those about one that is nobody's here are left out. */
async function addressed(
  tx: Tx,
  { workspaceId }: Integration,
  words: readonly Inbound[],
): Promise<ConsentWord[]> {
  const keys = words.flatMap(({ ofDelivery }) => (ofDelivery && fromRef(ofDelivery)) || []);
  if (!keys.length) return [...words];
  const sentTo = await addressesOf(tx, workspaceId, keys);
  const byRef = new Map(sentTo.map((row) => [toRef(row), row]));
  return words.flatMap((word) => {
    if (word.ofDelivery === undefined) return word;
    const sent = byRef.get(word.ofDelivery);
    if (!sent) return [];
    const about = MESSAGE_CLASSES.find((one) => CLASS_BIT[one] === sent.classBit);
    return { ...word, from: sent.address, about };
  });
}

/** Takes in what was said; returns the provider's ids of what is new. */
async function takeSaid(
  deps: ReceiveDeps,
  tx: Tx,
  integration: Integration,
  inbound: readonly Inbound[],
  nowMs: number,
): Promise<Set<string>> {
  const who = await whoWrote(deps, tx, integration, inbound, nowMs);
  const met = await readChoices(deps, tx, integration, who);
  const replies = await readReplies(tx, met);
  // A link request brings somebody here; it is nothing that was said.
  const spoken = met.filter(({ message }) => message.text.trim() !== linkRequestIn(message.text));
  const incoming = spoken.flatMap((one) => {
    const repliesTo = replies.get(one.message.externalId);
    return incomingsOf(integration, one.message, { ...one, ...(repliesTo ? { repliesTo } : {}) }, nowMs);
  });
  const placed = new Map(
    (await receiveMessages(deps, tx, nowMs, incoming)).map((one) => [one.externalId, one.conversationId]),
  );
  const news = spoken.flatMap((one) => {
    const conversationId = placed.get(one.message.externalId);
    return conversationId === undefined ? [] : [{ ...one, conversationId }];
  });
  const { workspaceId } = integration;
  await recordInbound(
    tx,
    deps.ids,
    nowMs,
    news.map(({ message: { profileName, raw }, contactId, destinationId }) => ({
      contactId,
      destinationId,
      workspaceId,
      atMs: nowMs,
      displayName: profileName,
      raw,
    })),
  );
  await obeyKeywords(
    deps.ids,
    tx,
    integration,
    news.map(({ message }) => message),
    nowMs,
  );
  await answerHelp(deps, tx, integration, news, deps.clock.nowMs());
  return new Set(placed.keys());
}

type Met = { message: Inbound; contactId: number; destinationId: number };

/** Finds or makes who wrote. */
async function whoWrote(
  deps: ReceiveDeps,
  tx: Tx,
  integration: Integration,
  inbound: readonly Inbound[],
  nowMs: number,
): Promise<Met[]> {
  const channel = integration.channel as ChannelName;
  for (const message of inbound) await arrive(deps, tx, integration, message, nowMs);
  const people = await resolveContacts(
    tx,
    deps.ids,
    nowMs,
    inbound.map((message) => ({
      workspaceId: integration.workspaceId,
      identities: identitiesOf(channel, message),
      destination: {
        channel,
        integrationId: integration.id,
        address: message.from,
        status: 'active',
        ...(message.profileName ? { displayName: message.profileName } : {}),
        raw: message.raw,
      },
    })),
  );
  return inbound.flatMap((message, index) => {
    const { contactId, destinationId } = people[index]!;
    // Without a destination the address would be another contact's on this very channel, which its being an identity excludes.
    return destinationId === undefined ? [] : [{ message, contactId, destinationId }];
  });
}

/**
 * Somebody who brings a link request becomes known here as the contact it was made for. Whose address is another contact's already
 * stays that one: who they are is not to be changed by a code that may have been passed on.
 */
async function arrive(
  deps: ReceiveDeps,
  tx: Tx,
  integration: Integration,
  message: Inbound,
  nowMs: number,
): Promise<void> {
  const code = linkRequestIn(message.text);
  if (code === undefined) return;
  const channel = integration.channel as ChannelName;
  const { from: address } = message;
  const { workspaceId, id: integrationId } = integration;
  const arrived = await arriveByRequest(tx, deps.ids, nowMs, {
    workspaceId,
    integrationId,
    code,
    destination: { channel, integrationId, address, status: 'active' },
  });
  if (!arrived || !('destinationId' in arrived)) return;
  const { contactId, destinationId } = arrived;
  const about = { contactId, destinationId, channel: integration.provider, criteria: {} };
  await tellOfLinks(deps, tx, workspaceId, nowMs, [{ ...about, what: 'made' }]);
}

async function calledFor(
  deps: ReceiveDeps,
  integrationId: number,
): Promise<{ integration: Integration; aheadMs: number } | undefined> {
  const integration = await deps.directory.integration(integrationId);
  const workspace = integration && (await deps.directory.workspace(integration.workspaceId));
  return workspace && { integration, aheadMs: workspace.clockAheadMs };
}
