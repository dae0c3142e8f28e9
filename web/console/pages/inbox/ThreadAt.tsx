/** A conversation around one message of it. What is said meanwhile is at its end, to which one button leads. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { ConversationWhole, ThreadPage } from '../../../../contract/doors/console/inbox.ts';
import { dayText, useNow } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { Failed, Waiting } from '../../ui/states.tsx';
import { Entry, isNewDay } from './Thread.tsx';
import '../../styles/messageHits.css';

type Props = { ws: string; conversation: ConversationWhole; at: string; onEnd: () => void };

const intoView = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'center' });

/** The part of it. */
export function ThreadAt({ ws, conversation, at: message, onEnd }: Props): ReactElement {
  const { id } = conversation;
  const query = useInfiniteQuery({
    queryKey: [ws, 'thread-at', id, message] as const,
    initialPageParam: { around: message } as Record<string, string>,
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
          ref={entry.id === message ? intoView : undefined}
          className="entry"
          aria-current={entry.id === message || undefined}
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
