/** Ids that there are in a workspace, by the names that parameters have: for examples that can be run as they stand. */
import { queryOptions } from '@tanstack/react-query';
import { whyNot, type Role } from '../../../../contract/roles.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { knownIn, type Found } from './example.ts';

/** The ids. */
export const knownQuery = (ws: string, role: Role) =>
  queryOptions({
    queryKey: [ws, 'known ids', role] as const,
    queryFn: ({ signal }) =>
      knownIn(
        ws,
        (path) => call<Found>('GET', at(ws, path), { signal }),
        (action) => whyNot(role, action) === undefined,
      ),
    staleTime: 60_000,
  });
