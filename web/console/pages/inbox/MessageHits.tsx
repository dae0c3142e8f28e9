/** Messages in which what is searched was said, the newest first; each opens its conversation there. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, type ReactElement } from 'react';
import type { MessageFound, MessagesFound } from '../../../../contract/doors/console/messageSearch.ts';
import { Icon } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useGoOn } from '../../ui/goOn.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import '../../styles/messageHits.css';

type Props = { ws: string; q: string; onOpen: (conversation: string, message: string) => void };

/** The list. */
export function MessageHits({ ws, q, onOpen }: Props): ReactElement {
  const asked = useDeferredValue(q.trim());
  const query = useInfiniteQuery({
    queryKey: [ws, 'message-search', asked] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({
        q: asked,
        limit: '30',
        ...(pageParam ? { before: pageParam } : {}),
      });
      return call<MessagesFound>('GET', at(ws, `/messages/search?${query}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled: asked !== '',
  });
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = query;
  const found = data?.pages.flatMap(({ messages }) => messages) ?? [];
  const goesOn = useGoOn(query, found.length);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (isPending || goesOn) return <Waiting height={76} />;
  if (!found.length)
    return (
      <Empty title="Nobody has said that">
        <p>All words must be in one message; the last may be just its beginning.</p>
      </Empty>
    );
  return (
    <div className="rows hits">
      <ul aria-label="Messages that were found">
        {found.map((one) => (
          <li key={one.id}>
            <button type="button" onClick={() => onOpen(one.conversationId, one.id)}>
              <span className="row-name">{one.contact.name ?? 'Somebody'}</span>
              <span className="row-time">
                <Ago at={one.at} />
              </span>
              <span className="hit">
                {one.direction === 'out' ? <Icon name="reply" size={14} /> : null}
                {one.direction === 'out' ? <span className="unseen">The business: </span> : null}
                <Marked {...one} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      {hasNextPage ? (
        <button
          type="button"
          className="earlier"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          Earlier
        </button>
      ) : null}
    </div>
  );
}

/** A text with what was found in it. */
function Marked({ text, marks }: Pick<MessageFound, 'text' | 'marks'>): ReactElement {
  return (
    <span>
      {marks.map(([from, to], n) => (
        <span key={from}>
          {text.slice(marks[n - 1]?.[1] ?? 0, from)}
          <mark>{text.slice(from, to)}</mark>
        </span>
      ))}
      {text.slice(marks.at(-1)?.[1] ?? 0)}
    </span>
  );
}
