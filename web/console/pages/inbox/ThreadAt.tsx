/** A conversation around one message of it, or at a day. What is said meanwhile is at its end, to which one button leads. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { ConversationWhole, ThreadEntry, ThreadPage } from '../../../../contract/doors/console/inbox.ts';
import { dayBeginsMs, dayIn } from '../../../shared/days.ts';
import { dayText, useNow } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { Failed, Waiting } from '../../ui/states.tsx';
import { Entry, isNewDay } from './Thread.tsx';
import '../../styles/messageHits.css';

type Props = { ws: string; conversation: ConversationWhole; at: string; onEnd: () => void };

const intoView = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'center' });
/** Who went to a day reads on from there, by keys too. */
const toTop = (element: HTMLElement | null) => {
  element?.scrollIntoView({ block: 'start' });
  element?.closest<HTMLElement>('.thread')?.focus({ preventScroll: true });
};

/** The part of it. */
export function ThreadAt({ ws, conversation, at: place, onEnd }: Props): ReactElement {
  const { id } = conversation;
  const day = dayIn(place);
  const query = useInfiniteQuery({
    queryKey: [ws, 'thread-at', id, place] as const,
    initialPageParam: (day === undefined
      ? { around: place }
      : { at: new Date(dayBeginsMs(day)).toISOString() }) as Record<string, string>,
    queryFn: ({ pageParam, signal }) =>
      call<ThreadPage>(
        'GET',
        at(ws, `/conversations/${id}/messages?${new URLSearchParams({ limit: '50', ...pageParam })}`),
        { signal },
      ),
    getNextPageParam: ({ before }) => (before === null ? undefined : { before }),
    getPreviousPageParam: ({ after }) => (after === null ? undefined : { after }),
  });
  const nowMs = useNow();
  if (query.error && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Waiting rows={4} height={64} />;
  const entries = [...query.data.pages].reverse().flatMap((page) => page.entries);
  const found = day === undefined ? place : idAt(entries, dayBeginsMs(day));
  return (
    <div className="thread thread-at" role="log" aria-label="What was said" tabIndex={0}>
      {query.hasNextPage ? (
        <button
          type="button"
          className="earlier"
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Earlier
        </button>
      ) : null}
      {entries.map((entry, n) => (
        <div
          key={`${entry.type}-${entry.id}`}
          ref={entry.id !== found ? undefined : day === undefined ? intoView : toTop}
          className="entry"
          aria-current={entry.id === place || undefined}
        >
          {isNewDay(entries[n - 1], entry) ? (
            <h3 className="day">{dayText(Date.parse(entry.at), nowMs)}</h3>
          ) : null}
          <Entry ws={ws} entry={entry} conversation={conversation} isRepeated />
        </div>
      ))}
      {query.hasPreviousPage ? (
        <button
          type="button"
          className="earlier"
          disabled={query.isFetchingPreviousPage}
          onClick={() => void query.fetchPreviousPage()}
        >
          Later
        </button>
      ) : null}
      <button type="button" className="fresh to-end" onClick={onEnd}>
        To the newest
      </button>
    </div>
  );
}

/** The first that was said from a moment on; the last of all where nothing was. */
function idAt(entries: readonly ThreadEntry[], fromMs: number): string | undefined {
  return (entries.find(({ at: when }) => Date.parse(when) >= fromMs) ?? entries.at(-1))?.id;
}
