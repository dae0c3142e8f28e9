/** Waiting for a lost database: what says nothing of what was asked for (`isPassing`) is asked again, and is nobody's failure. */
import { pause, type Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { isPassing } from './errors.ts';

/** What waiting needs. */
type PatientDeps = { clock: Clock; log: Log };

const AGAIN_AFTER_MS = 200;

/**
 * Does `work` again while the database is lost or busy with another, so it must be repeatable; anything else is thrown on. Told at
 * debug: that the database is lost, and that it is back, the pool tells once. Gives up when `goesOn` says so: a lane may have been
 * lost meanwhile.
 */
export async function patiently<T>(
  { clock, log }: PatientDeps,
  what: string,
  work: () => Promise<T>,
  goesOn: () => boolean = () => true,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || !goesOn()) throw error;
      log.debug({ error }, `${what} waits for the database`);
      await pause(clock, AGAIN_AFTER_MS);
    }
  }
}

/** At which level whoever tries again tells of an error: what passes is told once, by the pool; all else is a bug. */
export function levelOf(error: unknown): 'debug' | 'error' {
  return isPassing(error) ? 'debug' : 'error';
}
