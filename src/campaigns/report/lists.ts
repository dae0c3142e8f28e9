/** Lists that are looked at: who is in a campaign, what happened on each day, and what was decided about one person. */
import { bucketOf, BUCKETS } from '../../base/ids.ts';
import { cutPage } from '../../base/page.ts';
import { mergesInto } from '../../contacts/merge.ts';
import { throughBuckets } from '../../contacts/walk.ts';
import type { Db } from '../../db/pool.ts';
import { deliveriesByCause } from '../../ledger/deliveries.ts';
import { stepsOf, type Why } from '../../ledger/why.ts';
import { countPlaces, countStanding, type PlaceCount } from '../enrol/sql.tasks.ts';
import {
  selectConversions,
  selectEntriesOf,
  selectEntryFurther,
  selectLastDone,
  selectLog,
  selectNextSteps,
  selectPeople,
  selectRefusal,
  selectSendsTo,
  selectSeries,
  selectStanding,
  type EntryPlace,
  type EntryRow,
  type LogRow,
} from './sql.ts';
import { whyNotSetOff } from './neverSetOff.ts';
import { selectEnteredBy, selectUndecided } from './sql.contact.ts';

/** Entries that a page is looked for among, where it is narrowed: 5 ms of them. */
const LOOKED_AT = 10_000;

/**
 * Who entered, newest first; `next` is before which to go on, undefined where there are no more. Of those at a step, or who ended in a way,
 * a page may hold fewer than were asked for, or none, and yet not be the last.
 */
export async function peopleIn(
  db: Db,
  campaignId: number,
  page: { before: EntryPlace; limit: number; step?: string | undefined; ending?: string | undefined },
): Promise<{ rows: EntryRow[]; next: EntryPlace | undefined }> {
  const { before, limit, step, ending } = page;
  const isNarrow = step !== undefined || ending !== undefined;
  const from = isNarrow
    ? await selectEntryFurther(db, campaignId, { before, further: LOOKED_AT })
    : undefined;
  const found = await selectPeople(db, campaignId, { ...page, from, limit: limit + 1 });
  const { rows, last } = cutPage(found, limit);
  return { rows, next: last ?? from };
}
/** What a contact entered, newest first. */
export const enteredBy = selectEnteredBy;
/** What comes next of each of some contacts. */
export const nextStepsOf = selectNextSteps;
/** When each of some contacts did something last. */
export const lastDoneBy = selectLastDone;
/** What a contact is in, and then what they were in. */
export { selectCampaignsOf as campaignsOf, type CampaignEntryPlace } from './sql.contact.ts';
/** What happened on each day. */
export const seriesOf = selectSeries;
/** What was reached. */
export const conversionsOf = selectConversions;

/** All that was decided about a contact in a campaign, in plain words; also for who never entered. */
export async function whyIn(
  db: Db,
  workspaceId: number,
  contactId: number,
  campaignId: number,
): Promise<Why> {
  const [log, standing, refusal, undecided, messageIds] = [
    await selectLog(db, contactId, campaignId),
    await selectStanding(db, contactId, campaignId),
    await selectRefusal(db, contactId, campaignId),
    await selectUndecided(db, contactId, campaignId),
    await selectSendsTo(db, contactId, campaignId, TOLD_OF),
  ];
  const steps = log.map((row) => ({ atMs: row.atMs, what: row.what, why: wordsOf(row) }));
  if (refusal)
    steps.push({ atMs: refusal.atMs, what: 'not entered', why: REFUSALS[refusal.reason] ?? refusal.reason });
  if (undecided) steps.push({ ...undecided, what: 'is not decided on yet', why: UNDECIDED });
  const isOut = standing ? wordOf(standing) : refusal ? 'refused' : 'never entered';
  const state = undecided && standing?.endedMs !== null ? 'not decided yet' : isOut;
  if (!steps.length && !standing) {
    const never = await whyNotSetOff(db, workspaceId, contactId, campaignId);
    if (never) steps.push({ atMs: never.atMs, what: 'not set off', why: never.why });
  }
  const deliveries = await deliveriesBy(db, workspaceId, contactId, messageIds);
  return { steps: [...steps, ...deliveries.flatMap(stepsOf)], deliveries, state };
}

const UNDECIDED =
  'an attribute that the filter asks for is not there; it is waited for, two minutes at the most';

/** Deliveries of messages to somebody. What was sent to who became them stays with who that was, in whose bucket its id is. */
async function deliveriesBy(
  db: Db,
  workspaceId: number,
  contactId: number,
  messageIds: readonly number[],
): Promise<Why['deliveries']> {
  if (!messageIds.length) return [];
  const merged = await mergesInto(db, workspaceId, contactId);
  const everyId = [contactId, ...merged.map((one) => one.contactId)];
  const found = new Map<number, Why['deliveries']>();
  for (const id of everyId) {
    const own = messageIds.filter((one) => !found.has(one) && bucketOf(one) === bucketOf(id));
    for (const [messageId, some] of await deliveriesByCause(db, workspaceId, id, own))
      found.set(messageId, some);
  }
  return messageIds.flatMap((id) => found.get(id) ?? []);
}

/** How somebody stands: in it, or how they left it last. What comes late of who has left changes neither, and decisions are kept less long. */
function wordOf({ endedMs, ending }: Pick<EntryRow, 'endedMs' | 'ending'>): string {
  if (endedMs === null) return 'in it';
  return ending === 'completed' ? ending : `exited: ${ending}`;
}

/** Entries of one contact that are told of, and messages, the newest. */
const TOLD_OF = 100;

/** A contact's way through a campaign: each entry with what was decided; and why they did not enter, the last time. */
type Trail = {
  entries: (EntryRow & { trail: LogRow[] })[];
  refused: { atMs: number; reason: string } | undefined;
};

/** All of a contact in a campaign, entry by entry. */
export async function trailIn(db: Db, contactId: number, campaignId: number): Promise<Trail> {
  const entries = await selectEntriesOf(db, contactId, campaignId, TOLD_OF);
  const log = Map.groupBy(await selectLog(db, contactId, campaignId), ({ enrolmentId }) => enrolmentId);
  const refused = await selectRefusal(db, contactId, campaignId);
  return {
    entries: entries.map((entry) => ({ ...entry, trail: log.get(entry.enrolmentId) ?? [] })),
    refused,
  };
}

/** So many who are in a campaign are counted; of more it is said about how many there are, by parts of them that are a fair sample. */
const COUNTED = 3_000;
const SAMPLE_MS = 20;

/** How many are in a campaign, and of how many something has fallen due: what going on after a pause would go on with. */
export async function standingIn(
  db: Db,
  campaignId: number,
  nowMs: number,
): Promise<{ people: number; overdue: number; exact: boolean }> {
  const first = await countStanding(db, campaignId, nowMs, { most: COUNTED + 1 });
  if (first.people <= COUNTED) return { ...first, exact: true };
  const seen = { people: 0, overdue: 0 };
  const { whole, exact } = await sampled(async (buckets) => {
    const some = await countStanding(db, campaignId, nowMs, { buckets });
    seen.people += some.people;
    seen.overdue += some.overdue;
    return seen.people;
  });
  return { people: whole(seen.people), overdue: whole(seen.overdue), exact };
}

/** How many stand at each step of each version; where they are sampled (not `exact`), a step at which few stand may be missing. */
export async function placesIn(
  db: Db,
  campaignId: number,
): Promise<{ places: PlaceCount[]; exact: boolean }> {
  const first = await countPlaces(db, campaignId, { most: COUNTED + 1 });
  if (peopleAt(first) <= COUNTED) return { places: first, exact: true };
  const seen = new Map<string, PlaceCount>();
  const { whole, exact } = await sampled(async (buckets) => {
    for (const place of await countPlaces(db, campaignId, { buckets })) {
      const key = `${place.versionId}|${place.step}`;
      seen.set(key, { ...place, people: place.people + (seen.get(key)?.people ?? 0) });
    }
    return peopleAt([...seen.values()]);
  });
  const places = [...seen.values()].toSorted(
    (a, b) => a.versionId - b.versionId || (a.step < b.step ? -1 : 1),
  );
  return { places: places.map((place) => ({ ...place, people: whole(place.people) })), exact };
}

function peopleAt(places: readonly PlaceCount[]): number {
  return places.reduce((sum, { people }) => sum + people, 0);
}

/** Looks at parts of those who are in a campaign until it saw enough of them; `whole` makes of what was seen what there is of all. */
async function sampled(
  look: (buckets: readonly number[]) => Promise<number>,
): Promise<{ whole: (n: number) => number; exact: boolean }> {
  const looked = await throughBuckets(SAMPLE_MS, async (buckets) => (await look(buckets)) < COUNTED);
  return { whole: (n) => Math.round((n * BUCKETS) / looked), exact: looked === BUCKETS };
}

/** Why somebody does not enter, in plain words. */
export const REFUSALS: Readonly<Record<string, string>> = {
  filter: 'the filter did not hold when it was asked',
  active: 'the contact was in it already',
  entered_before: 'the contact entered before, and may not again',
  cooldown: 'the contact entered not long enough ago',
  paused: 'the campaign let nobody in at the time',
  too_old: 'what would have set it off was done too long before it came',
  anonymous: 'nobody knew yet who it is; what they did is looked at once when somebody does',
  unsubscribed: 'the contact has left this campaign',
  chain: 'campaigns led to each other too often in a row',
  campaign_ended: 'the campaign ended before it was decided',
  not_set_off: 'nothing that the contact did since then sets it off',
  no_entry_key: 'the trigger has nothing at the path by which entries are told apart',
};

const WORDS: Readonly<Record<string, string>> = {
  entered: 'it was set off',
  'entered the holdout': 'it was set off; the contact is of those who get nothing, for comparison',
  'entered the workspace holdout':
    'it was set off; the contact is of those who get nothing of any campaign, for comparison',
  waits: 'the step waits',
  sends: 'the step sends its message; the gate decides when and where',
  'would have sent': 'of the holdout: nothing is sent',
  timeout: 'what was waited for did not come',
  late: 'what was waited for came when the time for it was over, and changes nothing',
  done: 'what was waited for came',
  moved: 'the campaign was published anew while the contact was in it',
  refreshed: 'it was set off again, and goes on with that',
  completed: 'the last step was taken',
  suppressed: 'the message is not sent',
  'not sent': 'the message could not be let in',
};

/** A decision in plain words. */
export function wordsOf({ what, step, detail }: Pick<LogRow, 'what' | 'step' | 'detail'>): string {
  const words = WORDS[what] ?? (what.startsWith('exited: ') ? 'the contact left' : 'the step was taken');
  return [words, step ? `at ${step}` : '', detail ?? ''].filter(Boolean).join(', ');
}
