/** What is known of the event stream after more of it was told: each event is in it once, the newest first. Pure. */
import type { EventStream } from '../../../../contract/doors/console/feed.ts';

/** An event. */
export type StreamEvent = EventStream['events'][number];
/** Which events are wanted. */
export type Filter = { type?: string | undefined; contact?: string | undefined };
/** What is known of the stream. */
export type Followed = {
  events: readonly StreamEvent[];
  cursor: string | undefined;
  next: string | null;
  skipped: boolean;
  error: Error | undefined;
};

/** More than these are not kept on the page: the oldest go. */
const MOST_SHOWN = 1_000;
/** Before anything was told. */
export const NOTHING: Followed = {
  events: [],
  cursor: undefined,
  next: null,
  skipped: false,
  error: undefined,
};

type Told =
  | { what: 'first' | 'since' | 'older'; page: EventStream }
  | { what: 'failed'; error: Error }
  | { what: 'anew' };

/** What is known after something was told. Pure; an event is in it once, the newest first. */
export function followed(known: Followed, told: Told): Followed {
  if (told.what === 'anew') return NOTHING;
  if (told.what === 'failed') return { ...known, error: told.error };
  const { page } = told;
  if (told.what === 'first') return { ...NOTHING, ...page };
  const seen = new Set(known.events.map(({ id }) => id));
  const fresh = page.events.filter(({ id }) => !seen.has(id));
  // Ids of 24 hex digits sort by time as texts do.
  const all = [...known.events, ...fresh].sort((a, b) => (a.id < b.id ? 1 : -1));
  if (told.what === 'older') return { ...known, events: all, next: page.next, error: undefined };
  const events = all.slice(0, MOST_SHOWN);
  return {
    events,
    cursor: page.cursor,
    next: events.length < all.length ? events.at(-1)!.id : known.next,
    skipped: known.skipped || page.skipped,
    error: undefined,
  };
}
