/** What a dead worker left in flight: whether it was sent is not known. Settled by the message's class (retry.ts). */
import { isRun } from '../../queue/work/stream.ts';
import type { Batch, WorkItem } from '../../queue/work/work.ts';
import { apart } from '../../db/apart.ts';
import { patiently } from '../../db/patiently.ts';
import type { Spread } from '../outcome/retry.ts';
import { decideBroken, decideOutcome, type Decision, type Subject } from '../outcome/decide.ts';
import type { Outcome } from '../../channels/adapter.ts';
import { hasEndedEarly } from './drafts.ts';
import { prepare, type PrepareDeps } from './prepare.ts';
import type { CollectDeps } from './collector.ts';
import { factsOfSingles, standingsInRuns } from '../../ledger/deliveries.ts';
import type { SingleFacts } from '../../ledger/delivery.ts';
import { isWaiting } from '../../ledger/states.ts';

const OUTCOME = {
  kind: 'unclear',
  code: 'worker_died',
  detail: 'the worker ended between the attempt and its answer',
} as const;

/** What deciding on what was left needs. */
type LeftDeps = PrepareDeps & CollectDeps & { spread: Spread };

/** Decides on an abandoned batch. What a receipt has settled meanwhile is done. */
export async function abandonedDecisions(deps: LeftDeps, batch: Batch): Promise<Decision[]> {
  const bulk = isRun(batch.stream);
  const parts = await apart(
    batch.items,
    (items) => patiently(deps, 'settling what was left', () => decideOn(deps, batch, items)),
    (item, error) => {
      deps.log.error({ error, item }, 'what became of a message could not be decided');
      return [decideBroken({ item, bulk, class: 'transactional' }, error, deps.clock.nowMs())];
    },
  );
  return parts.flat();
}

async function decideOn(
  deps: LeftDeps,
  { stream, noted, claimedMs }: Batch,
  items: readonly WorkItem[],
): Promise<Decision[]> {
  const keys = items.map((item) => ({ contactId: item.ownerId, causeId: item.causeId, seq: item.seq }));
  const bulk = isRun(stream);
  const run = bulk ? await deps.runs(stream) : undefined;
  const known: (Pick<SingleFacts, 'contactId' | 'causeId' | 'seq' | 'state'> & Partial<SingleFacts>)[] = bulk
    ? await standingsInRuns(deps.sql, keys)
    : await factsOfSingles(deps.sql, keys);
  const factsOf = new Map(known.map((row) => [`${row.contactId}.${row.causeId}.${row.seq}`, row]));
  const subjects = await subjectsOf(
    deps,
    stream,
    items.filter((item) => noted.has(item)),
  );
  const decisions: Decision[] = [];
  // One for all: what is put off together comes back together, and is then claimed in its order.
  const nowMs = deps.clock.nowMs();
  const early = items.filter((item) => {
    const facts = factsOf.get(keyOf(item));
    return facts !== undefined && hasEndedEarly(facts);
  });
  if (early.length) decisions.push(...(await prepare(deps, { stream, items: early }, nowMs)).decided);
  for (const item of items.filter((one) => !early.includes(one))) {
    const row = factsOf.get(keyOf(item));
    const workspace = await deps.directory.workspace(item.workspaceId);
    const messageClass = run?.class ?? row?.class;
    if (!workspace || !messageClass || (row && !isWaiting(row.state))) {
      decisions.push({ item, bulk });
      continue;
    }
    const integrationId = run?.integrationId ?? row?.integrationId ?? null;
    const open = integrationId ? await deps.senders.open(integrationId) : undefined;
    const subject: Subject = subjects.get(item) ?? {
      item,
      workspaceId: item.workspaceId,
      class: messageClass,
      bulk,
      channel: run?.channel ?? open?.adapter.channel ?? null,
      integrationId,
      destination: undefined,
      vars: null,
      expiresMs: run?.expiresMs ?? row?.expiresMs ?? Number.MAX_SAFE_INTEGER,
      aheadMs: workspace.clockAheadMs,
      idempotent: (bulk ? open?.bulkIdempotent : open?.idempotent) ?? false,
      canTell: open?.canTell ?? false,
      begunMs: claimedMs,
      mayFallBack: false,
    };
    const outcome = (noted.get(item) as Outcome | undefined) ?? OUTCOME;
    decisions.push(decideOutcome(subject, outcome, nowMs, deps.spread(item.ownerId)));
  }
  return decisions;
}

function keyOf({ ownerId, causeId, seq }: WorkItem): string {
  return `${ownerId}.${causeId}.${seq}`;
}

/** What is known of those whose answer was noted, as when they were sent: what they came to is written as if nothing had happened. */
async function subjectsOf(
  deps: LeftDeps,
  stream: number,
  items: WorkItem[],
): Promise<Map<WorkItem, Subject>> {
  if (!items.length) return new Map();
  const { ready } = await prepare(deps, { stream, items }, deps.clock.nowMs());
  return new Map(ready.map(({ subject }) => [subject.item, subject]));
}
