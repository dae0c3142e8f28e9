/** People: everybody the workspace knows, the newest first; found by name, address or id. No total: nothing waits on a count. */
import { TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useRef, useState, type KeyboardEvent, type ReactElement } from 'react';
import type { ContactPage, ContactShown } from '../../../../contract/doors/console/contacts.ts';
import { Icon } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { contactsQuery } from '../../api/queries.ts';
import { useHere } from '../../shell/session.ts';
import { Act, Letters } from '../../ui/basic.tsx';
import { GoToDay } from '../../ui/GoToDay.tsx';
import { useGrowing } from '../../ui/growing.ts';
import { useKeys } from '../../ui/keys.ts';
import { Cut, Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Bulk } from './Bulk.tsx';
import { Places } from './Places.tsx';
import '../../styles/people.css';

const route = getRouteApi('/w/$ws/people');
const ROW_PX = 56;
const contactsOf = ({ contacts }: ContactPage) => contacts;

/** So many may be named in one change; more are an audience. */
const MOST_CHOSEN = 1_000;

/** The page. */
export function People(): ReactElement {
  const { id: ws } = useHere();
  const { q = '', day } = route.useSearch();
  const navigate = route.useNavigate();
  const search = useRef<HTMLInputElement>(null);
  // Kept whatever is searched for: who wants five people of five names finds and chooses one after another.
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const choose = (id: string) =>
    setChosen((now) => {
      const next = new Set(now);
      if (!next.delete(id) && next.size < MOST_CHOSEN) next.add(id);
      return next;
    });
  useKeys([{ keys: '/', does: 'Find somebody', act: () => search.current?.focus() }]);
  return (
    <div className="page">
      <header className="page-head">
        <h1>People</h1>
        <Places ws={ws} here="people" />
        <TextInput
          ref={search}
          type="search"
          size="sm"
          className="page-search"
          aria-label="Find by name, address or id"
          placeholder="Find by name, address or id"
          leftSection={<Icon name="search" size={16} />}
          value={q}
          onChange={({ currentTarget: { value } }) =>
            void navigate({ search: (now) => ({ ...now, q: value || undefined }), replace: true })
          }
        />
        <GoToDay
          day={day}
          onDay={(next) => void navigate({ search: (now) => ({ ...now, day: next }) })}
          does="Go to who was known by a day"
        />
      </header>
      {chosen.size > 0 ? (
        <div className="choice-bar" role="toolbar" aria-label="What to do with all that are chosen">
          <span role="status">{chosen.size.toLocaleString('en')} chosen</span>
          <Act size="xs" onAct={() => setChosen(new Set())}>
            Choose nobody
          </Act>
          <Bulk ws={ws} who={{ contacts: [...chosen] }} name="Change those chosen" />
        </div>
      ) : null}
      <Rows ws={ws} search={q} day={day} chosen={chosen} onChoose={choose} />
    </div>
  );
}

type Choice = { chosen: ReadonlySet<string>; onChoose: (id: string) => void };

type RowsProps = Choice & { ws: string; search: string; day: string | undefined };

function Rows({ ws, search, day, chosen, onChoose }: RowsProps): ReactElement {
  const query = useInfiniteQuery(contactsQuery(ws, search, day));
  const { data, error, isPending, refetch } = query;
  const { rows, scroller, virtual, items, isCut } = useGrowing(query, contactsOf, ROW_PX);
  const { active, step, take } = useSteps(rows, (index) => virtual.scrollToIndex(index));
  useKeys([
    { keys: 'j', does: 'Next person', act: () => step(1) },
    { keys: 'k', does: 'Person before', act: () => step(-1) },
    { keys: 'x', does: 'Choose this person', act: () => active !== undefined && onChoose(active) },
  ]);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (isPending) return <Waiting height={ROW_PX} rows={8} />;
  if (rows.length === 0)
    return search || day ? (
      <Empty title="Nobody is found">
        <p>
          {search ? 'No name, address or id begins so' : 'Nobody was known yet'}
          {day ? ' up to that day' : ''}.
        </p>
      </Empty>
    ) : (
      <Empty
        title="Nobody is known yet"
        curl={`curl -H "authorization: Bearer $CONSOLE" -H "content-type: application/json" -d '{"givenName":"Ann"}' ${location.origin}/api/workspaces/${ws}/contacts`}
      >
        <p>People appear here when you write to them, when they write to you, or when you import them.</p>
      </Empty>
    );
  return (
    <>
      <div ref={scroller} className="rows page-rows" tabIndex={0} role="list" aria-label="People">
        <div style={{ height: virtual.getTotalSize() }} role="presentation">
          {items.map(({ index, start, key }) => (
            <Row
              key={key}
              ws={ws}
              contact={rows[index]!}
              top={start}
              isChosen={chosen.has(rows[index]!.id)}
              isStop={active === undefined ? index === 0 : rows[index]!.id === active}
              take={rows[index]!.id === active ? take : undefined}
              onStep={step}
              onChoose={onChoose}
            />
          ))}
        </div>
      </div>
      {isCut ? <Cut shown={rows.length} /> : null}
    </>
  );
}

/**
 * Going through rows by keys: one of them is a stop of the tab key, and takes the focus when it is gone to, as soon as it is in the page.
 * `take` is given to what takes it.
 */
function useSteps(
  rows: readonly ContactShown[],
  show: (index: number) => void,
): { active: string | undefined; step: (by: number) => void; take: (element: HTMLElement | null) => void } {
  const [active, setActive] = useState<string>();
  const [focus] = useState(makeFocus);
  const step = (by: number) => {
    const at = rows.findIndex(({ id }) => id === active);
    const next = at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by));
    if (!rows[next]) return;
    show(next);
    focus.ask(next === at);
    setActive(rows[next].id);
  };
  return { active, step, take: focus.take };
}

/** Gives the focus, once it is asked for, to what is there already or takes it next. */
function makeFocus(): { ask: (isThere: boolean) => void; take: (element: HTMLElement | null) => void } {
  let here: HTMLElement | null = null;
  let isAsked = false;
  const give = () => {
    if (!isAsked || !here) return;
    isAsked = false;
    here.focus({ preventScroll: true });
  };
  return {
    ask(isThere) {
      isAsked = true;
      if (isThere) give();
    },
    take(element) {
      here = element;
      give();
    },
  };
}

type RowProps = {
  ws: string;
  contact: ContactShown;
  top: number;
  isChosen: boolean;
  isStop: boolean;
  take: ((element: HTMLElement | null) => void) | undefined;
  onStep: (by: number) => void;
  onChoose: (id: string) => void;
};

function Row({ ws, contact, top, isChosen, isStop, take, onStep, onChoose }: RowProps): ReactElement {
  const name = nameOf(contact);
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    onStep(event.key === 'ArrowDown' ? 1 : -1);
  };
  return (
    <div className="person" role="listitem" style={{ transform: `translateY(${top}px)` }}>
      <label className="tick">
        <input
          type="checkbox"
          aria-label={`Choose ${name}`}
          tabIndex={isStop ? 0 : -1}
          checked={isChosen}
          onChange={() => onChoose(contact.id)}
        />
      </label>
      <Letters name={name} />
      <Link
        ref={take}
        tabIndex={isStop ? 0 : -1}
        to="/w/$ws/people/$contact"
        params={{ ws, contact: contact.id }}
        onKeyDown={pressed}
      >
        {name}
      </Link>
      <span className="muted">{contact.externalId ?? ''}</span>
      <span className="muted">
        {contact.lastInboundAt ? (
          <>
            heard <Ago at={contact.lastInboundAt} />
          </>
        ) : (
          <>
            since <Ago at={contact.createdAt} />
          </>
        )}
      </span>
    </div>
  );
}

/** What somebody is called on a page. */
export function nameOf({
  givenName,
  surname,
  externalId,
}: Pick<ContactShown, 'givenName' | 'surname' | 'externalId'>): string {
  return [givenName, surname].filter(Boolean).join(' ') || externalId || 'Somebody without a name';
}
