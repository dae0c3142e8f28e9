/**
 * People: everybody the workspace knows, the newest first; found by name, address or id, and narrowed by conditions, which are in the address.
 * Nothing waits on a count: about how many there are is said when they are there.
 */
import { TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useRef, useState, type ReactElement } from 'react';
import type { Rule } from '../../../../contract/campaign.ts';
import type { ContactRow } from '../../../../contract/doors/console/contacts.ts';
import { Icon } from '../../../shared/icons.tsx';
import { useHere } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { GoToDay } from '../../ui/GoToDay.tsx';
import { useGrowing } from '../../ui/growing.ts';
import { useKeys } from '../../ui/keys.ts';
import { Cut, Empty, Failed, Waiting } from '../../ui/states.tsx';
import { peopleQuery, sizeQuery, type PeoplePage } from './askedQueries.ts';
import { Bulk } from './Bulk.tsx';
import { Conditions } from './Conditions.tsx';
import { PersonRow } from './PersonRow.tsx';
import { Places } from './Places.tsx';
import '../../styles/people.css';
import { numberText } from '../../../shared/reader.ts';

const route = getRouteApi('/w/$ws/people');
const ROW_PX = 56;
const NONE: readonly Rule[] = [];
const contactsOf = ({ contacts }: PeoplePage) => contacts;

/** So many may be named in one change; more are an audience. */
const MOST_CHOSEN = 1_000;

/** The page. */
export function People(): ReactElement {
  const { id: ws } = useHere();
  const { q = '', day, where = NONE } = route.useSearch();
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
      <div className="narrowed">
        <Conditions
          ws={ws}
          where={where}
          onWhere={(next) =>
            void navigate({ search: (now) => ({ ...now, where: next.length ? next : undefined }) })
          }
        />
        <Size ws={ws} search={q} day={day} where={where} />
      </div>
      {chosen.size > 0 ? (
        <div className="choice-bar" role="toolbar" aria-label="What to do with all that are chosen">
          <span role="status">{numberText(chosen.size)} chosen</span>
          <Act size="xs" onAct={() => setChosen(new Set())}>
            Choose nobody
          </Act>
          <Bulk ws={ws} who={{ contacts: [...chosen] }} name="Change those chosen" />
        </div>
      ) : null}
      <Rows ws={ws} search={q} day={day} where={where} chosen={chosen} onChoose={choose} />
    </div>
  );
}

type Choice = { chosen: ReadonlySet<string>; onChoose: (id: string) => void };

type Asked = { ws: string; search: string; day: string | undefined; where: readonly Rule[] };

/** About how many they are, once they are there; all of them, where all of them are there. */
function Size({ ws, search, day, where }: Asked): ReactElement {
  const { data } = useInfiniteQuery(peopleQuery(ws, { search, day, where }));
  const isWhole = data?.pages.at(-1)?.next === null;
  const loaded = data?.pages.reduce((n, page) => n + page.contacts.length, 0) ?? 0;
  // Of what a search finds, and of who was known by a day, nobody knows the number without counting all of them.
  const isAsked = data !== undefined && !isWhole && !search && day === undefined;
  const { data: size } = useQuery(sizeQuery(ws, where, isAsked));
  const many = (n: number) => (n === 1 ? '1 person' : `${numberText(n)} people`);
  const words = isWhole
    ? many(loaded)
    : !isAsked || !size
      ? ''
      : size.exact
        ? many(size.about)
        : `about ${numberText(size.about, ABOUT)} people`;
  return (
    <span className="muted" role="status" aria-label="How many">
      {words}
    </span>
  );
}

const ABOUT = { notation: 'compact', maximumSignificantDigits: 2 } as const;

type RowsProps = Choice & Asked;

function Rows({ ws, search, day, where, chosen, onChoose }: RowsProps): ReactElement {
  const query = useInfiniteQuery(peopleQuery(ws, { search, day, where }));
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
  const lookedTo = data?.pages.at(-1)?.lookedTo;
  if (rows.length === 0 && query.hasNextPage)
    return (
      <p className="cut" role="status">
        Nobody among those who came last. Looking further back
        {lookedTo ? `: at ${lookedTo.slice(0, 10)}` : ''} …
      </p>
    );
  if (rows.length === 0)
    return search || day || where.length ? (
      <Empty title="Nobody is found">
        <p>
          {where.length
            ? 'Nobody meets all of these conditions'
            : search
              ? 'No name, address or id begins so'
              : 'Nobody was known yet'}
          {day ? ' up to that day' : ''}.
        </p>
      </Empty>
    ) : (
      <Empty
        title="No people yet"
        curl={`curl -H "authorization: Bearer $CONSOLE" -H "content-type: application/json" -d '{"givenName":"Ann"}' ${location.origin}/api/workspaces/${ws}/contacts`}
      >
        <p>People appear here when you write to them, when they write to you, or when you import them.</p>
      </Empty>
    );
  return (
    <>
      <div className="person person-heads" aria-hidden="true">
        <span>Name</span>
        <span>Address</span>
        <span>Channels</span>
        <span>Tags</span>
        <span>Last seen</span>
        <span>Next due</span>
      </div>
      <div ref={scroller} className="rows page-rows" tabIndex={0} role="list" aria-label="People">
        <div style={{ height: virtual.getTotalSize() }} role="presentation">
          {items.map(({ index, start, key }) => (
            <PersonRow
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
  rows: readonly ContactRow[],
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
