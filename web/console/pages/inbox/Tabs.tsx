/** The views of the inbox beside each other, those that are kept among them; what has no room is in a menu, with what one does to views. */
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Suspense, useRef, useState, type ReactElement } from 'react';
import type { SavedLook, SavedViewShown } from '../../../../contract/doors/console/savedViews.ts';
import { MOST_COUNTED, type View } from '../../../../contract/inboxViews.ts';
import { Icon } from '../../../shared/icons.tsx';
import type { May } from '../../may.ts';
import { countsQuery, savedViewsQuery, teamsQuery } from '../../api/queries.ts';
import { useMay, useMe } from '../../shell/session.ts';
import { countText } from '../../ui/basic.tsx';
import { useFitting } from '../../ui/fitting.ts';
import { Item, ItemsLabel, ItemsLine } from '../../ui/menuParts.tsx';
import { onDemand } from '../../ui/onDemand.ts';
import { Opens } from '../../ui/Opens.tsx';
import { toast } from '../../ui/toasts.tsx';
import { useKeeping } from './keeping.ts';
import { isSame, keptAt } from './named.ts';

const ViewName = onDemand(
  () => import('./Views.tsx'),
  ({ ViewName }) => ViewName,
);

/** A tab: how the address names it, and how it is called. */
type Tab = { at: string; name: string; more?: string };
const tab = (at: View, name: string): Tab => ({ at, name });
const MINE = tab('mine', 'Mine');
const TEAMS = tab('teams', 'My teams');
const FIRST = [tab('unassigned', 'Unassigned'), tab('all', 'All')];
const LAST = [tab('snoozed', 'Snoozed'), tab('closed', 'Closed')];

type Props = {
  ws: string;
  /** How the address names the view. */
  place: string;
  /** The one that is kept, where it is one. */
  kept: SavedViewShown | undefined;
  /** What is looked at now. */
  look: SavedLook;
};

/** The tabs, and the menu behind them. */
export function Tabs({ ws, place, kept, look }: Props): ReactElement {
  const { data } = useQuery(savedViewsQuery(ws));
  const { data: counts } = useQuery(countsQuery(ws));
  const navigate = useNavigate();
  const row = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState(false);
  const [named, setNamed] = useState<Naming>();
  // Not the menu's: that is gone before an answer is there.
  const keeping = useKeeping(ws);
  const own = (data?.savedViews ?? []).map(
    ({ id, name, shared }): Tab => ({ at: keptAt(id), name, more: shared ? 'everybody’s' : 'only mine' }),
  );
  const me = useMe();
  const teams = useQuery(teamsQuery(ws)).data?.teams ?? [];
  const isInOne = teams.some(({ members }) => members.some(({ id }) => id === me.id));
  const tabs = [MINE, ...(isInOne || place === TEAMS.at ? [TEAMS] : []), ...FIRST, ...own, ...LAST];
  const fit = useFitting(row, tabs.map(({ at, name }) => at + name).join());
  const over = tabs.slice(fit);
  const here = over.find(({ at }) => at === place);
  const countOf = (at: string) => {
    const n = counts && at in counts ? counts[at as keyof typeof counts] : 0;
    return n ? countText(n, MOST_COUNTED) : undefined;
  };
  return (
    <div className="views">
      <div ref={row} className="views-row">
        {tabs.map(({ at, name, more }, n) => (
          <Link
            key={at}
            to="/w/$ws/inbox/$view"
            params={{ ws, view: at }}
            aria-current={at === place ? 'page' : undefined}
            data-over={n >= fit || undefined}
            data-tip={more ? `${name}, ${more}` : undefined}
            preload={false}
          >
            <span className="view-name">{name}</span>
            {countOf(at) ? <span className="count">{countOf(at)}</span> : null}
          </Link>
        ))}
      </div>
      <Opens
        position="bottom-end"
        width={260}
        opened={opened}
        onChange={setOpened}
        items={
          <>
            {over.map(({ at, name, more }) => (
              <Item
                key={at}
                leftSection={at === place ? <Icon name="check" size={16} /> : undefined}
                rightSection={<span className="muted">{more ?? countOf(at)}</span>}
                onClick={() =>
                  void navigate({ to: '/w/$ws/inbox/$view', params: { ws, view: at }, search: {} })
                }
              >
                {name}
              </Item>
            ))}
            {over.length ? <ItemsLine /> : null}
            <Doing keeping={keeping} kept={kept} look={look} onName={setNamed} />
          </>
        }
      >
        <button type="button" className="view-more" aria-current={here ? 'page' : undefined}>
          <span className="view-name">{here?.name ?? 'More'}</span>
          <span className="unseen">{here ? ', and more views' : ' views'}</span>
          <Icon name="down" size={14} />
        </button>
      </Opens>
      {named ? (
        <Suspense>
          <ViewName {...named} ws={ws} look={look} opened onClose={() => setNamed(undefined)} />
        </Suspense>
      ) : null}
    </div>
  );
}

/** What gets a name: a view that is kept already, or what is looked at now. */
type Naming = { view?: SavedViewShown };

type DoingProps = Pick<Props, 'kept' | 'look'> & {
  keeping: ReturnType<typeof useKeeping>;
  onName: (naming: Naming) => void;
};

/** What one does to views. */
function Doing({ keeping: { saveOver, drop }, kept, look, onName }: DoingProps): ReactElement {
  const may = useMay('conversations.reply');
  const item = (text: string, act: () => void, mayIt: May = may) => (
    <Item
      aria-disabled={mayIt !== true || undefined}
      data-off={mayIt !== true || undefined}
      onClick={() => (mayIt === true ? act() : toast(mayIt))}
    >
      {text}
    </Item>
  );
  return (
    <>
      {kept ? (
        <>
          <ItemsLabel>{kept.name}</ItemsLabel>
          {item('Rename …', () => onName({ view: kept }))}
          {item(
            'Make it show this',
            () => saveOver(kept, look),
            may === true && isSame(look, kept.look) ? 'It shows this already.' : may,
          )}
          {item('Delete', () => drop.mutate(kept))}
          <ItemsLine />
        </>
      ) : null}
      {item('Keep what is shown as a view …', () => onName({}))}
    </>
  );
}
