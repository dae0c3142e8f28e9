/** Following the event stream: what came since is fetched every moment, and joined to what is there; some is told twice. */
import { useEffect, useReducer } from 'react';
import type { EventStream } from '../../../../contract/doors/console/feed.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { followed, NOTHING, type Filter } from './followed.ts';

const LOOK_MS = 2_000;

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
        if (!stop.signal.aborted) tell({ what: 'failed', error: error as Error });
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
      tell({ what: 'failed', error: error as Error });
    }
  };
  return { ...known, older };
}
