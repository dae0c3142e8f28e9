/** How it is said that an operator is not there. */
import type { Availability } from '../../../../contract/doors/console/teams.ts';

/** The words; undefined for who is there, and where it is not known. */
export function awayWords(availability: Availability | undefined): string | undefined {
  if (availability === 'away') return 'away';
  return availability === 'gone' ? 'not here' : undefined;
}
