/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { createLiveSource } from './enrol/live.ts';
import { bringTimersForward, hasTurns } from './enrol/sql.clock.ts';
import { sweepEvents } from './events/sql.take.ts';
import { EVENT_LIMITS } from './events/time.ts';
import { toldReader } from './events/told.ts';
import { hearChanges, type HearDeps } from './segments/heard.ts';
import { sweepStreams } from './streams.ts';
import { turnTaker } from './turn.ts';
import type { TurnDeps } from './turnPart.ts';

/** How long events are kept. */
const EVENTS_KEPT_MS = 400 * 86_400_000;

/** Campaigns. */
export function campaignsRoom(deps: TurnDeps & HearDeps): WorkingRoom {
  const source = createLiveSource(deps);
  return {
    name: 'campaigns',
    turns: [turnTaker(deps, source)],
    adds: hearChanges(deps),
    readers: [
      toldReader({
        ...deps,
        async hasCampaigns(tx) {
          const liveOf = await source(tx);
          return async (workspaceId) => (await liveOf(workspaceId)).versions.size > 0;
        },
      }),
    ],
    advance: bringTimersForward,
    isBusy: hasTurns,
    async sweep({ sql, nowMs }) {
      await sweepEvents(sql, nowMs - EVENT_LIMITS.keysKeptMs, nowMs - EVENTS_KEPT_MS);
      await sweepStreams(deps, nowMs);
    },
  };
}
