/** When what somebody waits for by a wall or a date comes by now, that may be another than when they came to it. Pure. */
import type { Step } from '../../../contract/campaign.ts';
import type { Facts } from '../match/facts.ts';
import { comesAt } from './date.ts';
import { nextInWindow } from './local.ts';
import type { Place } from './run.ts';
import { windowOf } from './version.ts';
import { restOver } from './waits.ts';

/**
 * When the date comes by now that somebody waits for at a step, where that is another time than they wait until, and when the wall of another zone than
 * they wait by shows what is waited for. Undefined where it is the same, and where the date is past or none: then it is asked when it was due, since that may be
 * over already and nobody has come to it yet.
 */
export function retimed(
  current: Step | undefined,
  place: Pick<Place, 'phase' | 'dueMs' | 'zone' | 'sinceMs' | 'heldMs'>,
  { contact, zone }: Facts,
  asOfMs: number,
): Pick<Place, 'dueMs' | 'zone'> | undefined {
  if (place.phase || !current) return undefined;
  if ('wait_until' in current && 'attribute' in current.wait_until) {
    const comesMs = comesAt(current.wait_until, contact.attributes, zone, asOfMs);
    return typeof comesMs === 'number' && comesMs !== place.dueMs ? { dueMs: comesMs } : undefined;
  }
  if (place.zone === undefined || place.zone === zone) return undefined;
  if ('wait' in current) return { dueMs: Math.max(asOfMs, restOver(current, place, zone)!), zone };
  const hours =
    'wait_until' in current && !('attribute' in current.wait_until) ? current.wait_until : undefined;
  if (!hours || hours.zone !== undefined) return undefined;
  return { dueMs: nextInWindow(windowOf(hours), zone, asOfMs), zone };
}
