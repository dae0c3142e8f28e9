/** How a run is played on: up to an instant, or until nothing is due; leaping over the time in which nothing is. */
import { watchIds } from './ids.ts';
import type { Run } from './run.ts';

/** How far it is played at a time before it is asked whether it can leap. */
const SPELL_MS = 1_000;

/** Thrown out of a run whose time is over. */
export class Over extends Error {}

/** What is due, with everybody there to do it, and is the same for so long is due for ever: it is neither done nor put off. */
const STILL_MS = 90_000;

/** What is due by now and not under way, in a word that is another when any of it is done or put off. */
async function overdue({ look, stage }: Run): Promise<string> {
  const nowMs = Math.floor(stage.nowMs());
  const [row] = await look<{ all: string }[]>`
    SELECT concat_ws('/', (SELECT count(*) FROM due), (SELECT sum(due_ms + attempt) FROM due WHERE due_ms <= ${nowMs}),
      (SELECT max(id) FROM flights), (SELECT max(id) FROM feed)) AS all`;
  return row!.all;
}

/** Something is due for so long altogether, at most, before all is at rest: what is due for longer is due for ever. */
const RESTLESS_MS = 10 * 60_000;
/** A broadcast to a crowd by the slowest provider takes so long, and as long again where a cap has held everybody for a day. */
const SLOW_BROADCAST_MS = 12 * 60_000;

function restlessMs({ done }: Run): number {
  const slow = done.filter(({ step }) => step.room === 'broadcasts' && step['by'] === 'plain').length;
  return RESTLESS_MS + slow * SLOW_BROADCAST_MS;
}

/** Plays up to an instant, leaping over the time in which nothing is due. True when all is at rest and `toRest` asked for it. */
export async function playOn(run: Run, untilMs: number, toRest = false): Promise<boolean> {
  const { stage } = run;
  let stillMs = 0;
  let before = '';
  for (let busyMs = 0; stage.nowMs() < untilMs; busyMs += SPELL_MS) {
    if (run.isOver()) throw new Over();
    if (toRest && (busyMs > restlessMs(run) || stillMs > STILL_MS)) return false;
    await stage.play(Math.min(untilMs, stage.nowMs() + SPELL_MS));
    const nextMs = await nextDueMs(run);
    if (toRest && nextMs !== undefined && nextMs < stage.nowMs()) {
      const now = await overdue(run);
      stillMs = now === before ? stillMs + SPELL_MS : 0;
      before = now;
    }
    if (nextMs === undefined && toRest && stage.nextOutsideMs() === undefined) return true;
    const wakeMs = Math.min(untilMs, nextMs ?? Infinity, stage.nextOutsideMs() ?? Infinity) - AWAKE_BEFORE_MS;
    if (wakeMs > stage.nowMs() && Number.isFinite(wakeMs)) doze(run, wakeMs);
  }
  return false;
}

/** So long before something is due, everybody is awake again: who must renew a lease has done so. */
const AWAKE_BEFORE_MS = 500;

/** Nothing is due for a while: everybody sleeps, as a laptop does. */
function doze(run: Run, untilMs: number): void {
  for (const player of run.players())
    player.asleepUntilMs = Math.max(player.asleepUntilMs, untilMs);
  run.stage.leap(untilMs);
  watchIds(run, untilMs);
}

/** When something is due next; now, while something is under way; undefined when there is nothing. */
async function nextDueMs({ look, stage }: Run): Promise<number | undefined> {
  const [row] = await look<{ due_ms: number | null; under_way: boolean }[]>`
    SELECT least((SELECT min(d.due_ms) FROM due d LEFT JOIN streams s ON s.stream = d.stream
                  WHERE d.stream = 0 OR s.flowing),
                 (SELECT min(due_ms) FROM timers), (SELECT min(due_ms) FROM campaign_tasks)) due_ms,
           EXISTS (SELECT 1 FROM flights) OR EXISTS (SELECT 1 FROM feed) OR EXISTS (SELECT 1 FROM event_arrivals) under_way`;
  if (row!.under_way) return stage.nowMs();
  return row!.due_ms ?? undefined;
}
