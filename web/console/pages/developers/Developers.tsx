/** For who builds on Parley: keys, what was asked with them, webhooks with their log, what a key was answered first, and every API's reference. */
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import '../../styles/developers.css';
import { AheadMs } from '../../../shared/time.tsx';
import { useHere } from '../../shell/session.ts';
import { Empty } from '../../ui/states.tsx';
import { Idempotency } from './Idempotency.tsx';
import { Keys } from './Keys.tsx';
import { Reference } from './Reference.tsx';
import { Requests } from './Requests.tsx';
import { Stream } from './Stream.tsx';
import { Webhooks } from './Webhooks.tsx';

const route = getRouteApi('/w/$ws/developers/$part');

const PARTS = {
  api: 'API reference',
  keys: 'Keys',
  webhooks: 'Webhooks',
  events: 'Events',
  requests: 'Requests',
  idempotency: 'Idempotency',
} as const;
type PartName = keyof typeof PARTS;

/** On a phone not all of them fit. */
const intoView = (element: HTMLElement | null) =>
  element?.scrollIntoView({ block: 'nearest', inline: 'center' });

/** The page. */
export function Developers(): ReactElement {
  const { id: ws } = useHere();
  const { part } = route.useParams();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Developers</h1>
      </header>
      <nav className="tabs" aria-label="Developers">
        {(Object.keys(PARTS) as PartName[]).map((one) => (
          <Link
            key={one}
            to="/w/$ws/developers/$part"
            params={{ ws, part: one }}
            ref={one === part ? intoView : undefined}
            aria-current={one === part ? 'page' : undefined}
          >
            {PARTS[one]}
          </Link>
        ))}
      </nav>
      <div className="page-body">
        {part === 'events' ? (
          <Stream ws={ws} />
        ) : (
          // Keys end, and calls are tried again, by our clock, wherever the workspace's stands.
          <AheadMs.Provider value={0}>
            <Part part={part} ws={ws} />
          </AheadMs.Provider>
        )}
      </div>
    </div>
  );
}

function Part({ part, ws }: { part: string; ws: string }): ReactElement {
  if (part === 'keys') return <Keys ws={ws} />;
  if (part === 'webhooks') return <Webhooks ws={ws} />;
  if (part === 'requests') return <Requests ws={ws} />;
  if (part === 'idempotency') return <Idempotency ws={ws} />;
  return part === 'api' ? <Reference ws={ws} /> : <Empty title="There is no such page" />;
}
