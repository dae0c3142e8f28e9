/** Back-tests as people ask for them: made, looked at, and one contact's way through. */
import type { CampaignFile } from '../../../contract/campaign.ts';
import { randomToken } from '../../base/crypto.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import { segmentsNamed } from '../../contacts/segments.ts';
import { lockFor } from '../../db/lock.ts';
import type { Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { withTemplates } from '../templates.ts';
import { selectByKey } from '../enrol/sql.live.ts';
import { readCampaign } from '../steps/definition.ts';
import { segmentsAsked, versionOf } from '../steps/version.ts';
import type { Replayed } from './replay.ts';
import {
  ALL_BUCKETS,
  countUnderWay,
  deleteBacktest,
  insertBacktest,
  selectBacktest,
  selectBacktests,
  type BacktestRow,
} from './sql.ts';
import { readyOf, tryBuckets, type TryDeps } from './try.ts';

export type { BacktestRow } from './sql.ts';

/** Buckets of the first answer: one in 64 of all people. */
const SAMPLE_BUCKETS = 64;
/** Back-tests of a workspace that may be under way at once. */
const MOST_UNDER_WAY = 3;

/** What is asked for. `all`: every contact after the sample. */
type Asked = {
  campaign: unknown;
  fromMs: number;
  toMs: number;
  orderedBy: 'received' | 'at';
  all: boolean;
};

/** Begins a back-test; part of the caller's transaction. */
export async function beginBacktest(
  deps: { ids: IdSource; queue: Queue },
  tx: Tx,
  workspaceId: number,
  { campaign, fromMs, toMs, orderedBy, all }: Asked,
  nowMs: number,
): Promise<BacktestRow | Fault> {
  const read = readCampaign(campaign);
  if (isFault(read)) return read;
  const file = await withTemplates(tx, workspaceId, read);
  if (isFault(file)) return file;
  if (!canBeTried(file))
    return fault('unprocessable', 'campaign.trigger: only what an event sets off can be tried over events', {
      field: 'campaign.trigger',
    });
  const segments = await segmentsNamed(tx, workspaceId, segmentsAsked(file));
  if (isFault(segments)) return segments;
  const known = await selectByKey(tx, workspaceId, file.key);
  // Each counts those before it, however many are begun at once.
  await lockFor(tx, 'back-tests', workspaceId);
  if ((await countUnderWay(tx, workspaceId)) >= MOST_UNDER_WAY)
    return fault(
      'conflict',
      `${MOST_UNDER_WAY} back-tests are under way: wait for one of them, or delete it`,
    );
  const row: BacktestRow = {
    id: deps.ids.spread(),
    workspaceId,
    campaignId: known?.id ?? null,
    file,
    // Arms are drawn as the campaign that runs draws them.
    salt: known?.salt ?? randomToken(12),
    fromMs,
    toMs,
    orderedBy,
    wanted: all ? ALL_BUCKETS : SAMPLE_BUCKETS,
    done: 0,
    sums: {},
    note: null,
    createdMs: nowMs,
    endedMs: null,
  };
  await insertBacktest(tx, row);
  const key = { kind: KIND.backtest, ownerId: row.id, causeId: row.id, seq: 0, stream: 0 };
  await deps.queue.put(tx, [{ ...key, workspaceId, dueMs: nowMs }]);
  return row;
}

function canBeTried(file: CampaignFile): boolean {
  return versionOf({ id: 1, campaignId: 1, workspaceId: 1, number: 1, file }).trigger !== null;
}

/** A back-test. */
export const findBacktest = selectBacktest;
/** Back-tests, newest first. */
export const listBacktests = selectBacktests;
/** Takes a back-test away; one that is under way stops. */
export const dropBacktest = deleteBacktest;

/** What would have happened to one contact, decision by decision; undefined when nothing they did sets it off. */
export async function pathIn(
  deps: TryDeps,
  backtest: BacktestRow,
  contactId: number,
): Promise<Replayed | undefined> {
  const ready = await readyOf(deps, backtest);
  let found: Replayed | undefined;
  if (ready)
    await tryBuckets(
      deps.sql,
      ready,
      { buckets: [bucketOf(contactId)], contactId },
      (_id, one) => (found = one),
    );
  return found;
}
