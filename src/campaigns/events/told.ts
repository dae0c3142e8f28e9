/**
 * What Parley tells of messages that campaigns sent, as events of the contact: read from the feed in the transaction that hands it on, and
 * taken in the lane's next turn like anything that arrives. Costs one look at a row where nobody has campaigns.
 */
import { hash53 } from '../../base/crypto.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import type { MessageReceived } from '../../conversations/conversations.ts';
import type { Tx } from '../../db/pool.ts';
import { changesOf, type DeliveryChanged } from '../../ledger/events.ts';
import { triedFor } from '../../ledger/onward.ts';
import { STATE } from '../../ledger/states.ts';
import type { LinkClicked } from '../../links/links.ts';
import type { FeedEvent, FeedReader } from '../../queue/feed/reader.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Names, OwnEvent } from './names.ts';
import { selectLastSends, selectSends, type Sent } from './sql.told.ts';
import { ARRIVAL, insertArrivals, type ArrivalRow } from './sql.ts';
import { FLAG } from './time.ts';
import { asTheyAre } from './whose.ts';

const BY_STATE: ReadonlyMap<number, OwnEvent> = new Map([
  [STATE.accepted, '$accepted'],
  [STATE.delivered, '$delivered'],
  [STATE.read, '$opened'],
  [STATE.failed, '$failed'],
  [STATE.expired, '$failed'],
  [STATE.suppressed, '$suppressed'],
]);

/** What nobody but Parley and a provider does: what it sets off counts on from the campaign that sent the message (`enrol/chain.ts`). */
const BY_ITSELF: ReadonlySet<OwnEvent> = new Set(['$accepted', '$delivered', '$failed', '$suppressed']);

/** What tells that a message came to nothing: on one of its ways, while it may come on another. */
const TO_NOTHING: ReadonlySet<OwnEvent> = new Set(['$failed', '$suppressed']);

/** Something that happened to a message; of a reply it is not known to which. */
type Happened = {
  name: OwnEvent;
  contactId: number;
  /** Who it was for, who may have become another since: the deliveries of it are theirs. */
  sentToId: number;
  messageId: number | undefined;
  workspaceId: number;
  atMs: number;
  key: string;
  more: Record<string, unknown>;
};

/** Reads the feed for campaigns. `hasCampaigns` says whether anything of a workspace may be theirs. */
export function toldReader(deps: {
  queue: Queue;
  ids: IdSource;
  names: Names;
  hasCampaigns: (tx: Tx) => Promise<(workspaceId: number) => Promise<boolean>>;
}): FeedReader {
  return {
    name: 'campaigns',
    async read(tx, events) {
      const all = events.flatMap(happenedIn);
      if (!all.length) return;
      const has = await deps.hasCampaigns(tx);
      const happened: Happened[] = [];
      for (const one of all) if (await has(one.workspaceId)) happened.push(one);
      if (!happened.length) return;
      const rows = await arrivalsOf(deps, tx, happened);
      if (!rows.length) return;
      await insertArrivals(tx, rows);
      deps.queue.turn(tx, new Set(rows.map(({ lane }) => lane)));
    },
  };
}

function happenedIn({ type, workspaceId, atMs, payload }: FeedEvent): Happened[] {
  if (type === 'delivery.changed') {
    const told = payload as DeliveryChanged;
    if (told.bulk) return [];
    return changesOf(told).flatMap(({ contactId, causeId, seq, to, atMs: changedMs }) => {
      const name = BY_STATE.get(to);
      const key = `${causeId}.${name}`;
      return name
        ? [
            {
              ...whose(name, contactId),
              messageId: causeId,
              workspaceId,
              atMs: changedMs,
              key,
              more: { seq },
            },
          ]
        : [];
    });
  }
  if (type === 'link.clicked') {
    const { contactId, causeId, position, longUri } = payload as LinkClicked;
    const more = { url: longUri };
    return [
      {
        ...whose('$clicked', contactId),
        messageId: causeId,
        workspaceId,
        atMs,
        key: `${causeId}.${position}.${atMs}`,
        more,
      },
    ];
  }
  if (type !== 'message.received') return [];
  const { contactId, messageId, channel } = payload as MessageReceived;
  return [
    {
      ...whose('$replied', contactId),
      messageId: undefined,
      workspaceId,
      atMs,
      key: `${messageId}`,
      more: { channel },
    },
  ];
}

function whose(name: OwnEvent, contactId: number): Pick<Happened, 'name' | 'contactId' | 'sentToId'> {
  return { name, contactId, sentToId: contactId };
}

async function arrivalsOf(
  { queue, ids, names }: { queue: Queue; ids: IdSource; names: Names },
  tx: Tx,
  happened: readonly Happened[],
): Promise<ArrivalRow[]> {
  const rows: ArrivalRow[] = [];
  const all = await asTheyAre(tx, happened, (some) => sendsOf(tx, some));
  const goesOn = await onAnotherWay(tx, all);
  for (const { one, found: of } of all) {
    if (TO_NOTHING.has(one.name) && goesOn.has(of.messageId)) continue;
    const nameIds = await names(one.workspaceId, [one.name]);
    const { enrolmentId, step, campaignId, campaign, epoch, messageId, variant, versionId } = of;
    const depth = BY_ITSELF.has(one.name) ? { depth: (of.depth ?? 0) + 1 } : {};
    const metric = one.name.slice(1);
    const own = { campaign: campaignId, epoch, metric, variant, version: versionId, ...depth };
    rows.push({
      id: ids.inOrder(),
      lane: queue.laneOf(bucketOf(one.contactId)),
      workspaceId: one.workspaceId,
      contactId: one.contactId,
      kind: ARRIVAL.event,
      nameId: nameIds.get(one.name)!,
      atMs: one.atMs,
      receivedMs: one.atMs,
      key: hash53(`${one.name} ${one.key}`),
      flags: FLAG.keyed | FLAG.own,
      properties: JSON.stringify({
        ...one.more,
        campaign,
        enrolment: enrolmentId,
        step,
        message: messageId,
        $own: own,
      }),
    });
  }
  return rows;
}

/**
 * Of messages that came to nothing on one of their ways those that came, or may come yet, on another: the next channel, or another of somebody's
 * devices. Costs nothing where none did.
 */
async function onAnotherWay(
  tx: Tx,
  all: readonly { one: Happened; found: Sent }[],
): Promise<ReadonlySet<number>> {
  const ended = all.flatMap(({ one, found: { messageId } }) =>
    TO_NOTHING.has(one.name) ? [{ contactId: one.sentToId, causeId: messageId }] : [],
  );
  const tried = await triedFor(tx, ended);
  const goOn = tried.filter(({ state }) => state < STATE.failed);
  return new Set(goOn.map(({ causeId }) => causeId));
}

/** Of which message that a campaign sent each is told; of a reply it is the last one. */
async function sendsOf(tx: Tx, happened: readonly Happened[]): Promise<(Sent | undefined)[]> {
  const keyed = happened.flatMap(({ contactId, messageId }) =>
    messageId === undefined ? [] : [{ contactId, messageId }],
  );
  const replied = happened.filter(({ messageId }) => messageId === undefined);
  const sent = new Map<string, Sent>();
  if (keyed.length)
    for (const row of await selectSends(tx, keyed)) sent.set(`${row.contactId}.${row.messageId}`, row);
  if (replied.length)
    for (const row of await selectLastSends(
      tx,
      replied.map(({ contactId }) => contactId),
    ))
      sent.set(`${row.contactId}.last`, row);
  return happened.map((one) => sent.get(`${one.contactId}.${one.messageId ?? 'last'}`));
}
