/** Where somebody stands once a pause is over. Pure. */
import type { Place, Run } from './run.ts';
import type { Version } from './version.ts';
import { restOver } from './waits.ts';

/**
 * A pause, by the workspace's clock: when it began, by how much what is waited for moves (0 where what fell due meanwhile is caught up
 * with), and over how long those leave whom it makes due. Milliseconds.
 */
export type Pause = { pausedMs: number; byMs: number; overMs: number };

/**
 * The place of somebody after a pause. What is waited for lasts as much longer as they stood there while it was paused: who came to the
 * step meanwhile, or since, waits no longer for that. A wall and a date do not move: they are asked again when they fall due. What is
 * caught up with is as late as it is, for `lateBy` to say whether it is still sent.
 */
export function resumed(
  version: Version,
  { id, place }: Pick<Run, 'id' | 'place'>,
  zone: string,
  { pausedMs, byMs, overMs }: Pause,
  nowMs: number,
): Place {
  if (place.stoodFromMs === pausedMs) return place;
  const current = version.steps[version.index.get(place.step) ?? -1];
  const stoodMs = Math.max(0, byMs - Math.max(0, place.sinceMs - pausedMs));
  const heldMs = (place.heldMs ?? 0) + stoodMs;
  const stood = stoodMs > 0 ? { stoodFromMs: pausedMs } : {};
  const held: Place = { ...place, ...stood, ...(heldMs > 0 ? { heldMs } : {}) };
  // By what it is by now: an edit that made it shorter while it stood still knew nothing of the pause.
  const isAskedAgain = byMs > 0 || (place.zone !== undefined && place.zone !== zone);
  const restMs = isAskedAgain && current && !place.phase ? restOver(current, held, zone) : undefined;
  if (restMs !== undefined && place.zone !== undefined) held.zone = zone;
  held.dueMs = restMs ?? place.dueMs + (current && 'wait_until' in current ? 0 : stoodMs);
  if (held.dueMs > nowMs) return held;
  // What another pause held up before is later still.
  if (byMs === 0) held.lateMs = (place.lateMs ?? 0) + nowMs - held.dueMs;
  return { ...held, dueMs: nowMs + (overMs > 0 ? id % overMs : 0) };
}
