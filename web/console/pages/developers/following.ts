/** Following the event stream: what came since is fetched every moment, and joined to what is there; some is told twice. */
import { useEffect, useReducer } from 'react';
import type { EventStream } from '../../../../contract/doors/console/feed.ts';
import { call, type ApiFault } from '../../api/call.ts';
import { at } from '../../api/queries.ts';

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
  error: ApiFault | undefined;
};

const LOOK_MS = 2_000;
/** More than these are not kept on the page: the oldest go. */
const MOST_SHOWN = 1_000;
const NOTHING: Followed = {
  events: [],
  cursor: undefined,
  next: null,
  skipped: false,
  error: undefined,
};

type Told =
  | { what: 'first' | 'since' | 'older'; page: EventStream }
  | { what: 'failed'; error: ApiFault }
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

/** The stream, followed until it is paused; goes on from where it was. */
export function useStream(ws: string, { type, contact }: Filter, isPaused: boolean, may: boolean) {
  const [known, tell] = useReducer(followed, NOTHING);
  const { cursor, next } = known;
  const fetchPage = (more: Record<string, string>, signal?: AbortSignal) =>
    call<EventStream>(
      'GET',
      at(
        ws,
        `/event-stream?${new URLSearchParams({ limit: '100', ...(type ? { type } : {}), ...(contact ? { contact } : {}), ...more })}`,
      ),
      signal ? { signal } : {},
    );
  useEffect(() => tell({ what: 'anew' }), [ws, type, contact]);
  useEffect(() => {
    if (!may || (isPaused && cursor !== undefined)) return;
    const stop = new AbortController();
    const look = async () => {
      if (document.hidden && cursor !== undefined) return again();
      try {
        const page = await fetchPage(cursor === undefined ? {} : { after: cursor }, stop.signal);
        if (!stop.signal.aborted) tell({ what: cursor === undefined ? 'first' : 'since', page });
      } catch (error) {
        if (!stop.signal.aborted) tell({ what: 'failed', error: error as ApiFault });
      }
      return again();
    };
    let timer = 0;
    const again = () => {
      if (!stop.signal.aborted) timer = window.setTimeout(() => void look(), LOOK_MS);
    };
    // What is known changes with every answer, and this begins anew.
    timer = window.setTimeout(() => void look(), cursor === undefined ? 0 : LOOK_MS);
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [ws, type, contact, isPaused, may, cursor]);
  const older = async () => {
    if (next === null) return;
    try {
      tell({ what: 'older', page: await fetchPage({ before: next }) });
    } catch (error) {
      tell({ what: 'failed', error: error as ApiFault });
    }
  };
  return { ...known, older };
}
