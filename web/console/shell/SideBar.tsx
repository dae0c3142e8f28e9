/** The side bar: the workspace, its pages, who is signed in. Under 768 px it is a row of tabs below. */
import { UnstyledButton, useMantineColorScheme, useComputedColorScheme } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import type { MouseEvent, ReactElement } from 'react';
import { MOST_COUNTED } from '../../../contract/inboxViews.ts';
import { Icon } from '../../shared/icons.tsx';
import { call } from '../api/call.ts';
import { noteEnded } from '../api/ending.ts';
import { bootstrapQuery, countsQuery } from '../api/queries.ts';
import { paths } from '../paths.ts';
import { countText, Letters } from '../ui/basic.tsx';
import { Item, ItemsLabel } from '../ui/menuParts.tsx';
import { Opens } from '../ui/Opens.tsx';
import { toast, toastError } from '../ui/toasts.tsx';
import { usePlaces, type PlaceOf } from './places.ts';
import { useAvailable } from './available.ts';
import { useHere, useMe } from './session.ts';

type Props = { onSearch: () => void; onKeys: () => void };

/** The bar. */
export function SideBar({ onSearch, onKeys }: Props): ReactElement {
  const places = usePlaces();
  const isHere = useIsHere();
  const { id } = useHere();
  const { data: counts } = useQuery(countsQuery(id));
  return (
    <nav className="side" aria-label="Pages">
      <Switcher />
      <UnstyledButton className="side-search" onClick={onSearch}>
        <Icon name="search" size={16} />
        <span>Search</span>
        <kbd>Ctrl K</kbd>
      </UnstyledButton>
      <ul>
        {places.map((place) => (
          <li key={place.name} data-test={place.isTest || undefined} data-more={place.isMore || undefined}>
            <a
              href={place.path}
              aria-current={isHere(place) ? 'page' : undefined}
              onClick={(event: MouseEvent) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                place.go();
              }}
            >
              <Icon name={place.icon} />
              <span>{place.name}</span>
              {place.name === 'Inbox' && counts?.unassigned ? (
                <span className="count" title="Unassigned">
                  {countText(counts.unassigned, MOST_COUNTED)}
                </span>
              ) : null}
            </a>
          </li>
        ))}
        <li className="side-more">
          <Own onKeys={onKeys} />
        </li>
      </ul>
    </nav>
  );
}

/** Whether the page that is shown is one of a place. */
function useIsHere(): (place: PlaceOf) => boolean {
  const { pathname } = useLocation();
  return ({ path }) => pathname.startsWith(path.split('/').slice(0, 4).join('/'));
}

/** Which workspace this is; leads to the others. */
function Switcher(): ReactElement {
  const here = useHere();
  return (
    <Opens position="bottom-start" width={240} items={<Workspaces />}>
      <UnstyledButton className="switcher">
        <img src="/favicon.svg" alt="" width={24} height={24} />
        <span className="unseen">Workspace </span>
        <span className="switcher-name">{here.name}</span>
        <span className="unseen">: switch</span>
        <Icon name="down" size={16} />
      </UnstyledButton>
    </Opens>
  );
}

/** All that one is a member of. */
function Workspaces(): ReactElement {
  const here = useHere();
  const { data } = useSuspenseQuery(bootstrapQuery);
  const navigate = useNavigate();
  return (
    <>
      <ItemsLabel>Workspaces</ItemsLabel>
      {data.workspaces.map(({ id, name, environment }) => (
        <Item
          key={id}
          leftSection={id === here.id ? <Icon name="check" size={16} /> : undefined}
          onClick={() => void navigate({ href: paths.inbox(id) } as never)}
        >
          {name} {environment === 'test' ? <span className="tag-test">test</span> : null}
        </Item>
      ))}
    </>
  );
}

/** What is one's own: the look, the keys, signing out. */
function Own({ onKeys }: { onKeys: () => void }): ReactElement {
  const me = useMe();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const scheme = useComputedColorScheme('light');
  const places = usePlaces();
  const { isAway, may, stand } = useAvailable();
  const isNarrow = useMediaQuery('(max-width: 767px)');
  const isHere = useIsHere();
  // On a phone these pages stand in the menu, and its button is their tab.
  const under = isNarrow ? places.filter(({ isMore }) => isMore) : [];
  const here = under.find(isHere);
  const signOut = async () => {
    try {
      await call('DELETE', '/sessions/current');
      noteEnded('out');
      client.clear();
      await navigate({ to: '/sign-in', search: {} });
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <Opens
      position="top-start"
      width={220}
      items={
        <>
          {/* There is no room for a switcher of its own. */}
          {isNarrow ? <Workspaces /> : null}
          <ItemsLabel>{me.email}</ItemsLabel>
          {under.map((place) => (
            <Item
              key={place.name}
              leftSection={<Icon name={place.icon} size={16} />}
              aria-current={place === here ? 'page' : undefined}
              onClick={place.go}
            >
              {place.name}
            </Item>
          ))}
          <Item
            leftSection={<Icon name={isAway ? 'check' : 'snooze'} size={16} />}
            aria-disabled={may !== true || undefined}
            data-off={may !== true || undefined}
            onClick={() => (may === true ? stand(!isAway) : toast(may))}
          >
            {isAway ? 'I am available again' : 'I am away'}
          </Item>
          <Item
            leftSection={<Icon name="people" size={16} />}
            onClick={() => void navigate({ href: paths.me() } as never)}
          >
            Your account
          </Item>
          <Item
            leftSection={<Icon name={scheme === 'dark' ? 'sun' : 'moon'} size={16} />}
            onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
          >
            {scheme === 'dark' ? 'Light' : 'Dark'}
          </Item>
          <Item leftSection={<Icon name="keyboard" size={16} />} onClick={onKeys}>
            Keys
          </Item>
          <Item leftSection={<Icon name="out" size={16} />} onClick={() => void signOut()}>
            Sign out
          </Item>
        </>
      }
    >
      <UnstyledButton className="own" aria-current={here ? 'true' : undefined}>
        <Letters name={me.name} />
        <span className="own-name">{here?.name ?? me.name}</span>
        {isAway ? <span className="tag-away">away</span> : null}
        <span className="unseen">
          {here ? ` is open. ${me.name}` : ''}: availability, look, keys, sign out
        </span>
      </UnstyledButton>
    </Opens>
  );
}
