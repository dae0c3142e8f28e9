/** What was said, with notes and broadcasts among it, and what is on its way. Stays at the end while one is there. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useLayoutEffect, useRef, type ReactElement } from 'react';
import type { ConversationWhole, ThreadEntry } from '../../../../contract/doors/console/inbox.ts';
import { ContentView } from '../../../shared/content.tsx';
import { channelName, Icon } from '../../../shared/icons.tsx';
import { clockText, dayText, exactText, useNow } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at, threadQuery } from '../../api/queries.ts';
import { letGo, sendAgain, useOutbox, type Pending } from '../../live/outbox.ts';
import { useMay, useMe } from '../../shell/session.ts';
import { Failed, Waiting } from '../../ui/states.tsx';
import { DeliveryState, furthest } from './delivery.tsx';

/** So near to the end one is at the end. */
const NEAR_PX = 60;

/** The entries of a conversation. */
export function Thread({
  ws,
  conversation,
}: {
  ws: string;
  conversation: ConversationWhole;
}): ReactElement | null {
  const { id } = conversation;
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    threadQuery(ws, id),
  );
  const entries = [...(data?.pages ?? [])].reverse().flatMap((page) => page.entries);
  const pending = usePending(id, entries);
  const nowMs = useNow();
  const scroller = useStayAtEnd();
  useSeen(ws, conversation, entries);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={64} />;
  return (
    <div ref={scroller} className="thread" role="log" aria-label="What was said" tabIndex={0}>
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
      {entries.map((entry, n) => (
        <div key={`${entry.type}-${entry.id}`} className="entry">
          {isNewDay(entries[n - 1], entry) ? (
            <h3 className="day">{dayText(Date.parse(entry.at), nowMs)}</h3>
          ) : null}
          <Entry entry={entry} conversation={conversation} />
        </div>
      ))}
      {pending.map((one) => (
        <PendingBubble key={one.clientId} pending={one} />
      ))}
    </div>
  );
}

/** What is on its way, without what is among the entries already. */
function usePending(id: string, entries: readonly ThreadEntry[]): Pending[] {
  const outbox = useOutbox().filter(({ conversationId }) => conversationId === id);
  const seen = new Set(
    entries.flatMap((entry) => (entry.type === 'message' ? (entry.message.source.id ?? []) : [])),
  );
  const done = outbox.filter(({ clientId }) => seen.has(clientId)).map(({ clientId }) => clientId);
  useEffect(() => {
    if (done.length) letGo(done);
  });
  return outbox.filter(({ clientId }) => !seen.has(clientId));
}

/** Keeps the end in view while one is there, and the place where one reads when older entries come in above. */
function useStayAtEnd() {
  const scroller = useRef<HTMLDivElement>(null);
  const before = useRef({ isAtEnd: true, height: 0 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const { isAtEnd, height } = before.current;
    if (isAtEnd) element.scrollTop = element.scrollHeight;
    else if (element.scrollTop < NEAR_PX) element.scrollTop += element.scrollHeight - height;
    const note = () => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      before.current = { isAtEnd: scrollHeight - scrollTop - clientHeight < NEAR_PX, height: scrollHeight };
    };
    note();
    element.addEventListener('scroll', note, { passive: true });
    return () => element.removeEventListener('scroll', note);
  });
  return scroller;
}

/** Marks it as seen once it is shown to somebody who may answer. */
function useSeen(ws: string, { id, unread }: ConversationWhole, entries: readonly ThreadEntry[]): void {
  const may = useMay('conversations.reply');
  const last = entries.at(-1)?.at;
  useEffect(() => {
    if (!unread || last === undefined || may !== true || document.visibilityState !== 'visible') return;
    void call('POST', at(ws, `/conversations/${id}/read`), { body: { upTo: last } }).catch(() => {});
  }, [ws, id, unread, last, may]);
}

function isNewDay(before: ThreadEntry | undefined, entry: ThreadEntry): boolean {
  return before === undefined || new Date(before.at).toDateString() !== new Date(entry.at).toDateString();
}

type EntryProps = { entry: ThreadEntry; conversation: ConversationWhole };

function Entry({ entry, conversation }: EntryProps): ReactElement {
  switch (entry.type) {
    case 'note':
      return (
        <article className="note" aria-label={`Note of ${entry.author.name}`}>
          <Icon name="note" size={14} />
          <strong>{entry.author.name}</strong>
          <span className="said">{entry.text}</span>
          <Clock at={entry.at} />
        </article>
      );
    case 'broadcast':
      return (
        <p className="between">
          Broadcast “{entry.broadcast.name}” · {channelName(entry.deliveries[0]?.channel ?? null)} ·{' '}
          <DeliveryState delivery={furthest(entry.deliveries)} />
        </p>
      );
    case 'message':
      return <Bubble entry={entry} conversation={conversation} />;
  }
}

function Clock({ at: moment }: { at: string }): ReactElement {
  const ms = Date.parse(moment);
  return (
    <time className="clock" dateTime={moment} title={exactText(ms)}>
      {clockText(ms)}
    </time>
  );
}

type BubbleProps = { entry: Extract<ThreadEntry, { type: 'message' }>; conversation: ConversationWhole };

/** One thing said. `i` opens why it was sent, or was not. */
function Bubble({ entry, conversation }: BubbleProps): ReactElement {
  const { message, deliveries } = entry;
  const me = useMe();
  const isOut = message.direction === 'out';
  const by = isOut
    ? message.author.id === me.id
      ? 'You'
      : (message.author.name ?? (message.kind === 'notification' ? 'Notification' : 'Parley'))
    : (conversation.contact.name ?? 'Somebody');
  const delivery = furthest(deliveries);
  const seenBy = conversation.marks.filter(
    ({ readAt, operator }) => readAt >= entry.at && operator.id !== me.id,
  );
  return (
    <article
      className="bubble"
      data-out={isOut || undefined}
      data-state={delivery?.state}
      aria-label={`${by} said`}
    >
      <div className="bubble-body">
        <ContentView content={message.content} />
      </div>
      <footer
        title={
          !isOut && seenBy.length
            ? `Seen by ${seenBy.map(({ operator }) => operator.name).join(', ')}`
            : undefined
        }
      >
        <span className="by">{by}</span>
        {isOut && delivery?.channel ? <span>{channelName(delivery.channel)}</span> : null}
        <Clock at={entry.at} />
        {isOut ? <DeliveryState delivery={delivery} /> : null}
        {isOut ? (
          <Link
            to="."
            search={(now: object) => ({ ...now, why: message.id })}
            className="plain"
            aria-label="Why this message"
            title="Why this message (w)"
          >
            <Icon name="info" size={16} />
          </Link>
        ) : null}
      </footer>
    </article>
  );
}

const PENDING_WORDS = {
  sending: 'Sending …',
  waiting: 'Waits for the connection',
  refused: 'Not sent',
} as const;

function PendingBubble({ pending }: { pending: Pending }): ReactElement {
  const { clientId, body, state, reason, isStale } = pending;
  return (
    <article className="bubble" data-out data-pending={state} aria-label="You are sending">
      <div className="bubble-body">
        <span className="said">{body.text}</span>
      </div>
      <footer>
        <span>{PENDING_WORDS[state]}</span>
        {reason ? <span className="fault">{reason}</span> : null}
        {state === 'refused' ? (
          <>
            <button type="button" onClick={() => sendAgain(clientId)}>
              {isStale ? 'Send all the same' : 'Send again'}
            </button>
            <button type="button" onClick={() => letGo([clientId])}>
              Discard
            </button>
          </>
        ) : null}
      </footer>
    </article>
  );
}
