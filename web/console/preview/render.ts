/** What content is on a channel for somebody, asked of the server a moment after the last key. */
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { RenderShown } from '../../../contract/doors/console/render.ts';
import type { MadeUp } from '../../../contract/preview.ts';
import { call } from '../api/call.ts';
import { at } from '../api/queries.ts';

/** As whom it is shown. */
export type Seer = { contactId: string; name: string } | { madeUp: MadeUp };

const PATIENCE_MS = 300;

/** A value that has not changed for a moment. */
export function useSettled<T>(value: T, afterMs = PATIENCE_MS): T {
  const [settled, setSettled] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(JSON.parse(text) as T), afterMs);
    return () => window.clearTimeout(timer);
  }, [text, afterMs]);
  return settled;
}

/** What it comes to; the last answer stays until the next is there. */
export function useRender(
  ws: string,
  asked: { content: unknown; channel: string; seer: Seer; locale?: string | undefined },
): UseQueryResult<RenderShown> {
  const { content, channel, seer, locale } = useSettled(asked);
  const as = 'contactId' in seer ? { contactId: seer.contactId } : seer;
  const body = { content, channel, ...as, ...(locale ? { locale } : {}) };
  return useQuery({
    queryKey: [ws, 'render', body] as const,
    queryFn: ({ signal }) => call<RenderShown>('POST', at(ws, '/render'), { body, signal }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}
