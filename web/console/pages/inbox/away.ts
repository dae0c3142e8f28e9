/** How it is said that an operator is not there. */
import { useQuery } from '@tanstack/react-query';
import type { Availability } from '../../../../contract/doors/console/teams.ts';
import { availabilityQuery } from '../../api/queries.ts';

/** The words for each operator; undefined for who is there, and where it is not known. */
export function useAway(ws: string): (id: string) => string | undefined {
  const standings = useQuery(availabilityQuery(ws)).data?.operators ?? [];
  return (id) => awayWords(standings.find((one) => one.id === id)?.availability);
}

function awayWords(availability: Availability | undefined): string | undefined {
  if (availability === 'away') return 'away';
  return availability === 'gone' ? 'not here' : undefined;
}
