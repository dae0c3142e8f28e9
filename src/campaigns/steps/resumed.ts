/** Where somebody stands once a pause is over. Pure. */
import { durationMs } from '../match/duration.ts';
import type { Place, Run } from './run.ts';
import type { Version } from './version.ts';
import { restsUntil } from './waits.ts';

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
  const current = version.steps[version.index.get(place.step) ?? -1];
  const stoodMs = Math.max(0, byMs - Math.max(0, place.sinceMs - pausedMs));
  const heldMs = (place.heldMs ?? 0) + stoodMs;
  const held: Place = { ...place, ...(heldMs > 0 ? { heldMs } : {}) };
  if (current && 'wait_until' in current) held.dueMs = place.dueMs;
  else if (current && 'wait' in current && current.wait.thenAt !== undefined && place.phase !== 'go') {
    held.dueMs = restsUntil(current.wait, zone, place.sinceMs + heldMs + durationMs(current.wait.for)!);
    held.zone = zone;
  } else held.dueMs = place.dueMs + stoodMs;
  if (held.dueMs > nowMs) return held;
  if (byMs === 0) held.lateMs = nowMs - held.dueMs;
  return { ...held, dueMs: nowMs + (overMs > 0 ? id % overMs : 0) };
}
