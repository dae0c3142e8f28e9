/** What this room declares. */
import type { Db } from '../db/pool.ts';
import type { Comes, ComesOf, Coming } from '../db/room.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { backtestHandler } from './backtest/job.ts';
import { deleteBacktestsBefore } from './backtest/sql.ts';
import { decisionsIn, type DecisionRow } from './enrol/decisions.ts';
import { createLiveSource } from './enrol/live.ts';
import {
  bringTasksForward,
  bringTimersForward,
  hasTurns,
  selectTasksAhead,
  selectTimersAhead,
} from './enrol/sql.clock.ts';
import { ARRIVAL } from './events/sql.ts';
import { sweepEvents } from './events/sql.take.ts';
import { EVENT_LIMITS } from './events/time.ts';
import { formsReader } from './events/forms.ts';
import { toldReader } from './events/told.ts';
import { hearChanges, type HearDeps } from './segments/heard.ts';
import { EVENTS_KEPT_MS } from '../db/partitions.ts';
import { sweepStreams } from './streams.ts';
import { turnTaker } from './turn.ts';
import type { TurnDeps } from './turnPart.ts';
import { deleteComingsBefore, deleteHoursBefore } from './enrol/sql.brake.ts';
import { eraseEnrolments, holdForMerge, mergeEnrolments } from './enrol/people.ts';
import { eraseEvents, mergeEvents } from './events/people.ts';

/** How long back-tests are kept. */
const BACKTESTS_KEPT_MS = 90 * 86_400_000;

/** How long it is known how many entered in an hour. */
const HOURS_KEPT_MS = 86_400_000;
/** How long it is known how many came into a segment: a week is looked at. */
const COMINGS_KEPT_MS = 8 * 86_400_000;

/** Campaigns. */
export function campaignsRoom(deps: TurnDeps & HearDeps): WorkingRoom {
  const source = createLiveSource(deps);
  return {
    name: 'campaigns',
    ...OF_PEOPLE,
    async erase(erasing) {
      await eraseEvents(erasing);
      await eraseEnrolments(erasing);
    },
    mergeFirst: (merging) => holdForMerge(deps, merging),
    async merge(merging) {
      await mergeEvents(deps, merging);
      await mergeEnrolments(deps, merging);
    },
    turns: [turnTaker(deps, source)],
    adds: hearChanges(deps),
    handlers: [backtestHandler(deps)],
    readers: [
      formsReader(deps),
      toldReader({
        ...deps,
        async hasCampaigns(tx) {
          const liveOf = await source(tx);
          return async (workspaceId) => {
            const { versions, watches, goalsLeft } = await liveOf(workspaceId);
            return versions.size > 0 || watches.length > 0 || goalsLeft.size > 0;
          };
        },
      }),
    ],
    async advance(tx, workspaceId, byMs) {
      await bringTimersForward(tx, workspaceId, byMs);
      await bringTasksForward(tx, workspaceId, byMs, deps.clock.nowMs());
    },
    isBusy: hasTurns,
    comes,
    async sweep({ sql, nowMs }) {
      await sweepEvents(sql, nowMs - EVENT_LIMITS.keysKeptMs, nowMs - EVENTS_KEPT_MS);
      await sweepStreams(deps, nowMs);
      await deleteHoursBefore(sql, nowMs - HOURS_KEPT_MS);
      await deleteComingsBefore(sql, nowMs - COMINGS_KEPT_MS);
      await deleteBacktestsBefore(sql, nowMs - BACKTESTS_KEPT_MS);
    },
  };
}

/** What people in campaigns wait for, and what is done with many of them: each lane has its part of that. */
async function comes(db: Db, of: ComesOf): Promise<Comes> {
  const { timers, lastMs } = await selectTimersAhead(db, of);
  const tasks = await selectTasksAhead(db, of);
  const ends = [lastMs, tasks.length === of.most ? tasks.at(-1)!.dueMs : null].filter((ms) => ms !== null);
  const items = timers.map(
    ({ campaignId, contactId, dueMs }): Coming =>
      campaignId === null
        ? { dueMs, kind: 'segment', contactId, of: null }
        : { dueMs, kind: 'campaign', contactId, of: { type: 'campaign', id: campaignId } },
  );
  items.push(
    ...tasks.map(({ id, kind, campaignId, only, dueMs }): Coming => {
      if (kind === 'build' || kind === 'zone')
        return { dueMs, kind: 'segment', contactId: null, of: null, part: id };
      const sort = kind === 'since' || kind === 'hand' ? 'entering' : 'campaign';
      return { dueMs, kind: sort, contactId: only, of: { type: 'campaign', id: campaignId }, part: id };
    }),
  );
  return { items, untilMs: ends.length ? Math.min(...ends) : undefined };
}

/** Where its rows can name a person. */
const OF_PEOPLE = {
  personal: {
    event_arrivals: 'deleted',
    event_keys: 'deleted',
    contact_events: 'deleted',
    event_stats: 'deleted',
    event_names: 'names nobody',
    enrolments: 'deleted',
    timers: 'deleted',
    campaign_entries: 'deleted',
    campaign_sends: 'deleted',
    conversions: 'deleted',
    enrolment_log: 'deleted',
    campaign_refusals: 'deleted',
    campaign_optouts: 'deleted',
    campaigns: 'names nobody',
    campaign_versions: 'names nobody',
    campaign_epochs: 'names nobody',
    workspace_holdouts: 'names nobody: a share, and by what it is drawn',
    campaign_backtests: 'names nobody: counts, and the campaign that was tried',
    campaign_stamp: 'names nobody',
    campaign_stamps: 'names nobody',
    campaign_hours: 'names nobody: counts',
    segment_comings: 'names nobody: counts',
    campaign_tallies: 'names nobody: counts',
    campaign_tasks: 'names nobody but the contact up to whom a task is done, by id, until it is',
  },
  kept: {
    contact_events: { sort: 'events', by: 'at_ms' },
    enrolment_log: { sort: 'events', by: 'at_ms' },
  },
  parts: {
    event_keys: { column: 'contact_id', of: 'contacts' },
    campaign_hours: { column: 'campaign_id', of: 'campaigns' },
    segment_comings: { column: 'segment_id', of: 'segments' },
    campaign_tallies: { column: 'campaign_id', of: 'campaigns' },
  },
  exports: {
    event_arrivals: {
      by: 'contact',
      column: 'contact_id',
      unused: { column: 'kind', is: ARRIVAL.changed },
    },
    event_keys: { not: 'by what an event is known when it comes again; the events themselves are here' },
    contact_events: { by: 'contact', column: 'contact_id' },
    event_stats: { by: 'contact', column: 'contact_id' },
    enrolments: { by: 'contact', column: 'contact_id' },
    // When somebody is to be looked at, of a date say, they have done nothing yet.
    timers: { by: 'contact', column: 'contact_id', unused: { column: 'owner_id', is: 'their id' } },
    campaign_entries: { by: 'contact', column: 'contact_id' },
    campaign_sends: { by: 'contact', column: 'contact_id' },
    conversions: { by: 'contact', column: 'contact_id' },
    enrolment_log: { by: 'contact', column: 'contact_id', parts: (row) => decisionsIn(row as DecisionRow) },
    campaign_refusals: { by: 'contact', column: 'contact_id' },
    campaign_optouts: { by: 'contact', column: 'contact_id' },
    campaign_tasks: { not: 'how far a task is, which happens to be an id' },
  },
} satisfies Pick<WorkingRoom, 'personal' | 'kept' | 'parts' | 'exports'>;
