/** Which view an address names, and what it is narrowed to: one there always is, or one that is kept (`v-…`). */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { SavedLook, SavedViewShown } from '../../../../contract/doors/console/savedViews.ts';
import { USUAL_SORT, VIEWS, type View } from '../../../../contract/inboxViews.ts';
import { savedViewsQuery } from '../../api/queries.ts';
import type { Narrowed } from '../../live/apply.ts';

/** How an address names a view that is kept. */
export const keptAt = (id: string): string => `v-${id}`;

/** What a view is narrowed to that is kept with it: neither what is searched nor a day. */
export type Kept = Pick<Narrowed, 'channel' | 'assignee' | 'team' | 'tag' | 'priority' | 'unread' | 'sort'>;

/** That of what is given, without what goes without saying in a view. */
export function keptOf(view: View, { channel, assignee, team, tag, priority, unread, sort }: Kept): Kept {
  const isSorted = USUAL_SORT[view] !== undefined && sort !== USUAL_SORT[view];
  return {
    channel,
    // Whose the conversations are is said by these views already.
    assignee: view === 'mine' || view === 'unassigned' ? undefined : assignee,
    team,
    tag,
    priority,
    unread: unread || undefined,
    sort: isSorted ? sort : undefined,
  };
}

/** Whether nothing of it is given. */
export const isNone = (kept: Kept): boolean => Object.values(kept).every((one) => one === undefined);

/** What is looked at, as it is kept. */
export function lookOf(view: View, kept: Kept): SavedLook {
  const set = Object.entries(keptOf(view, kept)).filter(([, value]) => value !== undefined);
  return { view, ...Object.fromEntries(set) };
}

/** Whether two show the same. */
export function isSame(a: SavedLook, b: SavedLook): boolean {
  return JSON.stringify(lookOf(a.view, a)) === JSON.stringify(lookOf(b.view, b));
}

/** The view of an address; one that is kept is looked for once more before it is said to be gone. */
export function useNamed(
  ws: string,
  given: string,
): { view: View; kept?: SavedViewShown } | { error: Error; retry: () => void } | 'waiting' | 'gone' {
  const id = /^v-([0-9a-f]{24})$/.exec(given)?.[1];
  const { data, error, refetch } = useQuery(savedViewsQuery(ws));
  const kept = data?.savedViews.find((one) => one.id === id);
  const [lookedFor, setLookedFor] = useState<string>();
  const isMissing = id !== undefined && kept === undefined && lookedFor !== id;
  useEffect(() => {
    if (isMissing) void refetch().then(() => setLookedFor(id));
  }, [id, isMissing, refetch]);
  const view = VIEWS.find((one) => one === given);
  if (view) return { view };
  if (kept) return { view: kept.look.view, kept };
  if (error && id !== undefined && !data) return { error, retry: () => void refetch() };
  return isMissing ? 'waiting' : 'gone';
}
