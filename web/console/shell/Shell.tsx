/** What is around every page of a workspace: the side bar, the band of a test workspace, drawers, the palette, and the line to the server. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Outlet, useLocation } from '@tanstack/react-router';
import { Suspense, useEffect, useState, type ReactElement } from 'react';
import { setReader } from '../../shared/reader.ts';
import { AheadMs } from '../../shared/time.tsx';
import { clockQuery, countsQuery } from '../api/queries.ts';
import { keepSending } from '../live/outbox.ts';
import { useLive, useOnline } from '../live/socket.ts';
import { Empty } from '../ui/states.tsx';
import { listenForKeys, useKeys } from '../ui/keys.ts';
import { Toasts } from '../ui/toasts.tsx';
import { Band } from './Band.tsx';
import { useHere, useMe, useWorkspace } from './session.ts';
import { SideBar } from './SideBar.tsx';
import { usePlaces } from './places.ts';
import { onDemand } from '../ui/onDemand.ts';

// What is opened on demand is fetched on demand, and with it all that dialogs need.
const KeyMap = onDemand(
  () => import('./KeyMap.tsx'),
  ({ KeyMap }) => KeyMap,
);
const Palette = onDemand(
  () => import('./Palette.tsx'),
  ({ Palette }) => Palette,
);
const Why = onDemand(
  () => import('./Why.tsx'),
  ({ Why }) => Why,
);

const Person = onDemand(
  () => import('./Person.tsx'),
  ({ Person }) => Person,
);

const route = getRouteApi('/w/$ws');

/** The shell of a workspace. */
export function Shell(): ReactElement {
  const workspace = useWorkspace();
  if (!workspace)
    return (
      <main className="alone">
        <Empty title="There is no such workspace">
          <p>
            Or you are not a member of it. <a href="/">Go to your own</a>
          </p>
        </Empty>
      </main>
    );
  return <Inside />;
}

function Inside(): ReactElement {
  const workspace = useHere();
  const me = useMe();
  // Before anything below is drawn, which tells times by it.
  setReader({
    timeZone: me.timeZone ?? undefined,
    locale: me.locale ?? undefined,
    workspaceZone: workspace.timeZone,
  });
  const isTest = workspace.environment === 'test';
  const { data: clock } = useQuery({ ...clockQuery(workspace.id), enabled: isTest });
  const aheadMs = clock?.aheadMs ?? workspace.clockAheadMs;
  useLive(workspace.id, me.id, aheadMs);
  useQuery(countsQuery(workspace.id));
  const online = useOnline();
  const [open, setOpen] = useState<'palette' | 'keys'>();
  const { why, contact: named } = route.useSearch();
  // Whose phone it is that one plays with there, not whom one asks about.
  const isSimulator = useLocation({ select: ({ pathname }) => pathname.endsWith('/simulator') });
  const contact = isSimulator ? undefined : named;
  // Once there they stay, so that they can fade out.
  const everOpen = useEver({
    palette: open === 'palette',
    keys: open === 'keys',
    why: why !== undefined,
    contact: contact !== undefined,
  });
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const places = usePlaces();
  useEffect(() => localStorage.setItem('parley.workspace', workspace.id), [workspace.id]);
  useEffect(listenForKeys, []);
  useEffect(() => keepSending(me.id), [me.id]);
  useKeys([
    { keys: 'Ctrl K', does: 'Search people, pages and actions', act: () => setOpen('palette') },
    { keys: '?', does: 'Show all keys', act: () => setOpen('keys') },
    ...places.map(({ key, name, go }) => ({ keys: `g ${key}`, does: `Go to ${name}`, act: go })),
  ]);
  return (
    <AheadMs.Provider value={aheadMs}>
      <div className="shell">
        <a className="skip" href="#page">
          To the page
        </a>
        <SideBar onSearch={() => setOpen('palette')} onKeys={() => setOpen('keys')} />
        <div className="frame">
          {isTest ? (
            <Band
              advancing={clock?.advancing ?? null}
              onMoved={() => void client.invalidateQueries({ queryKey: [workspace.id] })}
            />
          ) : null}
          {online ? null : (
            <div className="offline" role="status">
              No connection to Parley. You can read; what you send goes out when it is back.
            </div>
          )}
          <main id="page" tabIndex={-1}>
            <Outlet />
          </main>
        </div>
      </div>
      <Suspense>
        {everOpen.palette ? <Palette opened={open === 'palette'} onClose={() => setOpen(undefined)} /> : null}
        {everOpen.keys ? <KeyMap opened={open === 'keys'} onClose={() => setOpen(undefined)} /> : null}
        {everOpen.contact ? (
          <Person
            contact={contact}
            onClose={() =>
              void navigate({ to: '.', search: (search) => ({ ...search, contact: undefined }) })
            }
          />
        ) : null}
        {everOpen.why ? (
          <Why
            message={why}
            onClose={() => void navigate({ to: '.', search: (search) => ({ ...search, why: undefined }) })}
          />
        ) : null}
      </Suspense>
      <Toasts />
    </AheadMs.Provider>
  );
}

/** What has been true once. */
function useEver<T extends Record<string, boolean>>(now: T): T {
  const [ever, setEver] = useState(now);
  const merged = Object.fromEntries(Object.entries(now).map(([name, is]) => [name, is || ever[name]])) as T;
  if (Object.keys(now).some((name) => merged[name] !== ever[name])) setEver(merged);
  return merged;
}
