/** What was said, with notes and broadcasts among it, and what is on its way. Stays at the end while one is there. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useLayoutEffect, useRef, useState, type ReactElement } from 'react';
import type { ConversationWhole, ThreadEntry } from '../../../../contract/doors/console/inbox.ts';
import type { DeliveryShown } from '../../../../contract/doors/console/messages.ts';
import { ContentView } from '../../../shared/content.tsx';
import { isOtherDay } from '../../../shared/days.ts';
import { channelName, Icon } from '../../../shared/icons.tsx';
import { clockText, dayText, exactText, useNow } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at, threadQuery, whyOfBroadcast } from '../../api/queries.ts';
import { letGo, send, sendAgain, useOutbox, type Pending } from '../../live/outbox.ts';
import { useMay, useMe } from '../../shell/session.ts';
import { Failed, Waiting } from '../../ui/states.tsx';
import { DeliveryState, furthest, WhyLink } from './delivery.tsx';

/** So near to the end one is at the end. */
const NEAR_PX = 60;
/** Where one was in a conversation that was left, while the page is there. */
const places = new Map<string, number>();

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
  // Looking marks all as seen, so what was new when it was opened is kept.
  const [seenAt] = useState(() => seenBefore(conversation));
  const firstNew = entries.find((entry) => seenAt !== undefined && isHeard(entry) && entry.at > seenAt);
  const repeated = new Set(entries.flatMap((entry) => AGAIN.exec(sourceIdOf(entry) ?? '')?.[1] ?? []));
  const scroller = useKeepPlace(id);
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
          {entry === firstNew ? <p className="new-from">New</p> : null}
          <Entry ws={ws} entry={entry} conversation={conversation} isRepeated={repeated.has(entry.id)} />
        </div>
      ))}
      {pending.map((one) => (
        <PendingBubble key={one.clientId} pending={one} />
      ))}
      <SeenBy conversation={conversation} last={entries.at(-1)} />
    </div>
  );
}

/** Up to when somebody had seen it when it was opened; undefined when there is nothing new. */
function seenBefore({ unread, marks, waitingSince }: ConversationWhole): string | undefined {
  if (!unread) return undefined;
  const latest = marks.map(({ readAt }) => readAt).reduce((a, b) => (a > b ? a : b), '');
  if (latest) return latest;
  return waitingSince === null ? undefined : new Date(Date.parse(waitingSince) - 1).toISOString();
}

/** How that is named which says again what did not arrive. */
const AGAIN = /^again-([0-9a-f]{24})-/;

const sourceIdOf = (entry: ThreadEntry) => (entry.type === 'message' ? entry.message.source.id : undefined);
const isHeard = (entry: ThreadEntry) => entry.type === 'message' && entry.message.direction === 'in';

/** Which others have seen all of it. */
function SeenBy({
  conversation,
  last,
}: {
  conversation: ConversationWhole;
  last: ThreadEntry | undefined;
}): ReactElement | null {
  const me = useMe();
  const names = conversation.marks
    .filter(({ operator, readAt }) => last !== undefined && operator.id !== me.id && readAt >= last.at)
    .map(({ operator }) => operator.name);
  return names.length ? <p className="seen-by">Seen by {names.join(', ')}</p> : null;
}

/** What is on its way, without what is among the entries already. */
function usePending(id: string, entries: readonly ThreadEntry[]): Pending[] {
  const outbox = useOutbox().filter(({ conversationId }) => conversationId === id);
  const seen = new Set(entries.flatMap((entry) => sourceIdOf(entry) ?? []));
  const done = outbox.filter(({ clientId }) => seen.has(clientId)).map(({ clientId }) => clientId);
  useEffect(() => {
    if (done.length) letGo(done);
  });
  return outbox.filter(({ clientId }) => !seen.has(clientId));
}

/**
 * Opens at what is new, else where one was, else at the end. Keeps the end in view while one is there, and the place where one reads when
 * older entries come in above.
 */
function useKeepPlace(id: string) {
  const scroller = useRef<HTMLDivElement>(null);
  const before = useRef<{ isAtEnd: boolean; height: number }>(undefined);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const kept = places.get(id);
    const firstNew = element.querySelector('.new-from');
    if (before.current === undefined) {
      if (firstNew)
        element.scrollTop += firstNew.getBoundingClientRect().top - element.getBoundingClientRect().top - 8;
      else element.scrollTop = kept ?? element.scrollHeight;
    } else if (before.current.isAtEnd) element.scrollTop = element.scrollHeight;
    else if (element.scrollTop < NEAR_PX) element.scrollTop += element.scrollHeight - before.current.height;
    const note = () => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
      before.current = { isAtEnd, height: scrollHeight };
      if (isAtEnd) places.delete(id);
      else places.set(id, scrollTop);
    };
    note();
    element.addEventListener('scroll', note, { passive: true });
    return () => element.removeEventListener('scroll', note);
  });
  return scroller;
}

/** Marks it as seen once it is shown to somebody who may answer: what the contact said, and what colleagues did. */
function useSeen(ws: string, conversation: ConversationWhole, entries: readonly ThreadEntry[]): void {
  const { id, unread, marks } = conversation;
  const may = useMay('conversations.reply');
  const me = useMe();
  const last = entries.at(-1)?.at;
  const own = marks.find(({ operator }) => operator.id === me.id)?.readAt ?? '';
  const told = useRef('');
  useEffect(() => {
    if (last === undefined || may !== true || document.visibilityState !== 'visible') return;
    if (last <= told.current || (!unread && own >= last)) return;
    told.current = last;
    void call('POST', at(ws, `/conversations/${id}/read`), { body: { upTo: last } }).catch(() => {});
  }, [ws, id, unread, last, own, may]);
}

/** Whether an entry is the first of its day. */
export function isNewDay(before: ThreadEntry | undefined, entry: ThreadEntry): boolean {
  return before === undefined || isOtherDay(Date.parse(before.at), Date.parse(entry.at));
}

type EntryProps = Omit<BubbleProps, 'entry'> & { entry: ThreadEntry };

/** One entry. */
export function Entry({ entry, ...rest }: EntryProps): ReactElement {
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
          <DeliveryState delivery={furthest(entry.deliveries)} />{' '}
          <WhyLink why={whyOfBroadcast(entry.broadcast.id, rest.conversation.contact.id)} keys="w" />
        </p>
      );
    case 'message':
      return <Bubble entry={entry} {...rest} />;
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

type BubbleProps = {
  ws: string;
  entry: Extract<ThreadEntry, { type: 'message' }>;
  conversation: ConversationWhole;
  /** It was sent once more already. */
  isRepeated: boolean;
};

/** One thing said. `i` opens why it was sent, or was not. */
function Bubble({ ws, entry, conversation, isRepeated }: BubbleProps): ReactElement {
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
        {entry.offer ? <Offer {...entry.offer} /> : null}
        {isOut ? <WhyLink why={message.id} keys="w" /> : null}
        {isOut && NOT_THERE.has(delivery?.state ?? 'queued') ? (
          <Again
            ws={ws}
            message={message}
            delivery={delivery!}
            conversation={conversation}
            isRepeated={isRepeated}
          />
        ) : null}
      </footer>
    </article>
  );
}

/** That they were asked to go on in the web chat, and when they first went there. */
function Offer({ takenAt }: { takenAt: string | null }): ReactElement {
  if (takenAt === null) return <span>Web chat offered</span>;
  return (
    <span>
      Went to the web chat <Clock at={takenAt} />
    </span>
  );
}

/** States after which nothing more comes of a message, and it did not arrive. */
const NOT_THERE: ReadonlySet<DeliveryShown['state']> = new Set(['failed', 'suppressed', 'expired']);

type AgainProps = Pick<BubbleProps, 'ws' | 'conversation' | 'isRepeated'> & {
  message: BubbleProps['entry']['message'];
  delivery: DeliveryShown;
};

/** Says again what did not arrive, there or on another channel. It is named after what it repeats: pressed twice, it is sent once. */
function Again({ ws, message, delivery, conversation, isRepeated }: AgainProps): ReactElement | null {
  const may = useMay('conversations.reply');
  const { id, ways } = conversation;
  const others = ways.filter((way) => way.reason === null && way.destinationId !== delivery.destinationId);
  const same = ways.find((way) => way.destinationId === delivery.destinationId && way.reason === null);
  const again = (destinationId: string) =>
    send(ws, id, { content: message.content, destinationId }, `again-${message.id}-${destinationId}`);
  if (may !== true || isRepeated) return null;
  return (
    <>
      {same ? (
        <button type="button" onClick={() => again(same.destinationId)}>
          Send again
        </button>
      ) : null}
      {others.slice(0, 3).map((way) => (
        <button key={way.destinationId} type="button" onClick={() => again(way.destinationId)}>
          Send by {channelName(way.channel)}
        </button>
      ))}
    </>
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
        <ContentView content={body.content} />
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
