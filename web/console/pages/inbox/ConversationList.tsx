/** A view of the inbox as a list that grows: one stop of the tab key, however long it is. */
import { TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import {
  Suspense,
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactElement,
  type RefObject,
} from 'react';
import type { ConversationPage, ConversationShown } from '../../../../contract/doors/console/inbox.ts';
import type { SavedViewShown } from '../../../../contract/doors/console/savedViews.ts';
import { isNewestFirst, type View } from '../../../../contract/inboxViews.ts';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { Ago, spanText, useNow } from '../../../shared/time.tsx';
import { conversationsQuery, countsQuery } from '../../api/queries.ts';
import type { Narrowed } from '../../live/apply.ts';
import { useHere } from '../../shell/session.ts';
import { Letters } from '../../ui/basic.tsx';
import { GoToDay } from '../../ui/GoToDay.tsx';
import { useGrowing } from '../../ui/growing.ts';
import { useKeys } from '../../ui/keys.ts';
import { Cut, Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Filters } from './Filters.tsx';
import { useHoldPlace } from './holdPlace.ts';
import { Mentioned } from './Mentioned.tsx';
import { lookOf } from './named.ts';
import { Order } from './Order.tsx';
import { PriorityMark } from './Priority.tsx';
import { Tabs } from './Tabs.tsx';
import { onDemand } from '../../ui/onDemand.ts';

const MessageHits = onDemand(
  () => import('./MessageHits.tsx'),
  ({ MessageHits }) => MessageHits,
);
const Bulk = onDemand(
  () => import('./Bulk.tsx'),
  ({ Bulk }) => Bulk,
);
const ROW_PX = 76;
const conversationsOf = ({ conversations }: ConversationPage) => conversations;
type Props = {
  ws: string;
  /** How the address names the view, what it is, and the one that is kept where it is one. */
  place: string;
  view: View;
  kept: SavedViewShown | undefined;
  filter: Narrowed;
  /** What a search looks for: people, where it is left out. */
  among: 'messages' | undefined;
  open: string | undefined;
  /** Opens a conversation, at a message of it. */
  onOpen: (id: string | undefined, at?: string) => void;
  onFilter: (next: Narrowed & { in?: 'messages' | undefined }) => void;
};

/** The list with its views and its filter. */
export function ConversationList({
  ws,
  place,
  view,
  kept,
  filter,
  among,
  open,
  onOpen,
  onFilter,
}: Props): ReactElement {
  const { data: counts } = useQuery(countsQuery(ws));
  const search = useRef<HTMLInputElement>(null);
  useKeys([{ keys: '/', does: 'Find in the inbox', act: () => search.current?.focus() }]);
  return (
    <section className="list-pane" aria-label="Conversations">
      <header>
        <h1 className="unseen">Inbox</h1>
        <Tabs ws={ws} place={place} kept={kept} look={lookOf(view, filter)} />
        <div className="list-filter">
          <TextInput
            ref={search}
            type="search"
            size="sm"
            aria-label={among ? 'Find by words of messages' : 'Find by name, address or id'}
            placeholder={among ? 'Find what was said' : 'Find by name or address'}
            leftSection={<Icon name="search" size={16} />}
            value={filter.q ?? ''}
            onChange={({ currentTarget: { value } }) => onFilter({ q: value || undefined })}
          />
          {filter.q || filter.day ? null : <Order view={view} sort={filter.sort} onFilter={onFilter} />}
        </div>
        <div className="list-chips">
          <button
            type="button"
            className="chip"
            aria-pressed={filter.unread === true}
            onClick={() => onFilter({ unread: filter.unread ? undefined : true })}
          >
            Unread
          </button>
          <Filters ws={ws} view={view} filter={filter} onFilter={onFilter} />
          {isNewestFirst(view, filter.sort) && !filter.q ? (
            <GoToDay day={filter.day} onDay={(day) => onFilter({ day })} does="Go to a day in the list" />
          ) : null}
          {counts?.mentioned ? <Mentioned ws={ws} place={place} n={counts.mentioned} /> : null}
        </div>
        {filter.q ? (
          <div className="switch" role="group" aria-label="What is searched">
            {([undefined, 'messages'] as const).map((one) => (
              <button
                key={one ?? 'people'}
                type="button"
                aria-pressed={among === one}
                onClick={() => onFilter({ in: one })}
              >
                {one ? 'Messages' : 'People'}
              </button>
            ))}
          </div>
        ) : null}
      </header>
      {filter.q && among ? (
        <Suspense>
          <MessageHits ws={ws} q={filter.q} onOpen={onOpen} />
        </Suspense>
      ) : (
        <Rows ws={ws} view={view} filter={filter} open={open} onOpen={onOpen} />
      )}
    </section>
  );
}

/** What was stepped to and is not shown yet: the next step goes on from there, however quickly it is taken. */
function useAsked(open: string | undefined): RefObject<string[]> {
  const asked = useRef<string[]>([]);
  useEffect(() => {
    const at = open === undefined ? -1 : asked.current.indexOf(open);
    asked.current = at < 0 ? [] : asked.current.slice(at + 1);
  }, [open]);
  return asked;
}

type RowsProps = Pick<Props, 'ws' | 'view' | 'filter' | 'open' | 'onOpen'>;

function Rows({ ws, view, filter, open, onOpen }: RowsProps): ReactElement | null {
  const query = useInfiniteQuery(conversationsQuery(ws, view, filter));
  const { data, error, isPending, refetch, hasNextPage } = query;
  const { rows, scroller, virtual, items, isCut } = useGrowing(query, conversationsOf, ROW_PX);
  const ids = useMemo(() => rows.map(({ id }) => id), [rows]);
  const at = open === undefined ? -1 : ids.indexOf(open);
  const asked = useAsked(open);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { fresh, toTop } = useHoldPlace(scroller, ids, ROW_PX);
  const step = (by: number) => {
    const last = asked.current.at(-1);
    const from = last === undefined ? at : ids.indexOf(last);
    const next = from < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, from + by));
    const row = rows[next];
    if (!row) return;
    virtual.scrollToIndex(next);
    if (row.id !== open || last !== undefined) asked.current.push(row.id);
    onOpen(row.id);
  };
  const choose = (id: string) =>
    setChosen((now) => (now.has(id) ? new Set([...now].filter((one) => one !== id)) : new Set([...now, id])));
  useKeys([
    { keys: 'j', does: 'Next conversation', act: () => step(1) },
    { keys: 'k', does: 'Conversation before', act: () => step(-1) },
    {
      keys: 'o',
      does: 'Open the first conversation, or go into the one that is open',
      act: () => (open ? document.querySelector<HTMLElement>('.thread')?.focus() : step(0)),
    },
    { keys: 'x', does: 'Choose this conversation', act: () => open && choose(open) },
    {
      keys: 'Escape',
      does: 'Back to the list',
      act: () => (chosen.size ? setChosen(new Set()) : onOpen(undefined)),
    },
  ]);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  // Of a large store a page of a search may hold nothing and yet not be the last: the next is on its way.
  if (isPending || (rows.length === 0 && hasNextPage && !error)) return <Waiting height={ROW_PX} />;
  if (rows.length === 0)
    return (
      <NoRows
        view={view}
        isFiltered={Object.values(filter).some((value) => value !== undefined && value !== filter.sort)}
      />
    );
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') step(1);
    else if (event.key === 'ArrowUp') step(-1);
    else return;
    event.preventDefault();
  };
  return (
    <div className="rows-around">
      {chosen.size ? (
        <Suspense>
          <Bulk ws={ws} ids={[...chosen]} onDone={() => setChosen(new Set())} />
        </Suspense>
      ) : fresh ? (
        <button type="button" className="fresh" onClick={toTop}>
          {fresh} new
        </button>
      ) : null}
      <div
        ref={scroller}
        className="rows"
        role="listbox"
        aria-label="Conversations"
        tabIndex={0}
        aria-activedescendant={at >= 0 ? `row-${rows[at]!.id}` : undefined}
        onKeyDown={pressed}
      >
        <div style={{ height: virtual.getTotalSize() }} role="presentation">
          {items.map(({ index, start, key }) => (
            <Row
              key={key}
              row={rows[index]!}
              top={start}
              isOpen={index === at}
              isChosen={chosen.has(rows[index]!.id)}
              position={index + 1}
              size={hasNextPage ? -1 : rows.length}
              onOpen={onOpen}
            />
          ))}
        </div>
      </div>
      {isCut ? <Cut shown={rows.length} /> : null}
    </div>
  );
}

type RowProps = {
  row: ConversationShown;
  top: number;
  isOpen: boolean;
  /** It is among those to be changed at once. */
  isChosen: boolean;
  position: number;
  size: number;
  onOpen: (id: string) => void;
};

function Row({ row, top, isOpen, isChosen, position, size, onOpen }: RowProps): ReactElement {
  const { id, contact, unread, last, channel, waitingSince, assignee, team, priority } = row;
  return (
    <div
      id={`row-${id}`}
      className="row"
      role="option"
      aria-selected={isOpen}
      aria-posinset={position}
      aria-setsize={size}
      data-unread={unread || undefined}
      data-chosen={isChosen || undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onOpen(id)}
    >
      {isChosen ? (
        <span className="letters chosen">
          <Icon name="check" size={18} />
          <span className="unseen">Chosen: </span>
        </span>
      ) : (
        <Letters name={contact.name} />
      )}
      <span className="row-name">{contact.name ?? 'Somebody'}</span>
      <span className="row-time">
        <Ago at={row.lastAt} />
      </span>
      <span className="row-text">
        {last?.direction === 'out' ? <Icon name="reply" size={14} /> : null}
        {last?.direction === 'out' ? <span className="unseen">You: </span> : null}
        {last?.text}
      </span>
      <span className="row-more">
        <PriorityMark priority={priority} />
        <Icon name={channelIcon(channel)} size={14} />
        <span>{channelName(channel)}</span>
        {team ? <span>· {team.name}</span> : null}
        {assignee ? <span>· {assignee.name}</span> : null}
        {waitingSince ? (
          <span className="row-waits">
            · waiting <Waits since={waitingSince} />
          </span>
        ) : null}
      </span>
      {unread ? (
        <span className="dot">
          <span className="unseen">Unread</span>
        </span>
      ) : null}
    </div>
  );
}

function Waits({ since }: { since: string }): ReactElement {
  const nowMs = useNow();
  return <>{spanText(nowMs - Date.parse(since))}</>;
}

const NOTHING: Readonly<Record<View, string>> = {
  mine: 'Nothing is waiting for you',
  teams: 'Nothing is waiting for your teams',
  unassigned: 'Nothing is waiting',
  all: 'Nobody has written yet',
  snoozed: 'Nothing sleeps',
  closed: 'Nothing is closed',
};

function NoRows({ view, isFiltered }: { view: View; isFiltered: boolean }): ReactElement {
  const { id, environment } = useHere();
  if (isFiltered)
    return (
      <Empty title="Nothing is found">
        <p>No conversation fits the filter.</p>
      </Empty>
    );
  return (
    <Empty title={NOTHING[view]}>
      <p>Conversations appear here as soon as somebody answers a message, on any channel.</p>
      {environment === 'test' ? (
        <p>
          <Link to="/w/$ws/simulator" params={{ ws: id }}>
            Answer from a simulated phone
          </Link>
        </p>
      ) : null}
    </Empty>
  );
}
