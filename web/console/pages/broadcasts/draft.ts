/** A draft of a broadcast, which saves itself. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { BroadcastChanged } from '../../../../contract/doors/console/broadcasts.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { selfSaving, type SelfSaving, type Written } from '../../forms/selfSaving.ts';
import { broadcastQuery, type Broadcast } from './queries.ts';

const NAMES = ['name', 'content', 'channel', 'class', 'audience', 'integrationId', 'ratePerS'] as const;

/** What of a broadcast is written by hand. */
export type Fields = Pick<Broadcast, (typeof NAMES)[number]>;

/** A draft in the page. */
export type Draft = Written<Fields, Broadcast> & Pick<SelfSaving<Fields, Broadcast>, 'change' | 'choose'>;

const fieldsOf = (broadcast: Broadcast): Fields =>
  Object.fromEntries(NAMES.map((name) => [name, broadcast[name]])) as Fields;

/** The draft of a broadcast. */
export function useDraft(ws: string, broadcast: Broadcast): Draft {
  const client = useQueryClient();
  const [draft] = useState(() => {
    const query = broadcastQuery(ws, broadcast.id);
    return selfSaving<Fields, Broadcast>({
      first: broadcast,
      fieldsOf,
      async save(body, revision) {
        const path = at(ws, `/broadcasts/${broadcast.id}`);
        const { problems: _, ...made } = await call<BroadcastChanged>('PATCH', path, { body, revision });
        const whole = { ...broadcast, ...made };
        client.setQueryData(query.queryKey, (before) => ({ ...(before ?? whole), ...made }));
        return whole;
      },
      read: () => client.fetchQuery({ ...query, staleTime: 0 }),
      store: localStorage,
      key: `parley.draft.${broadcast.id}`,
      later: (act, ms) => window.setTimeout(act, ms),
      never: (timer) => window.clearTimeout(timer),
    });
  });
  useEffect(() => draft.flush, [draft]);
  useEffect(() => draft.see(broadcast), [draft, broadcast]);
  return { ...useSyncExternalStore(draft.watch, draft.now), change: draft.change, choose: draft.choose };
}
