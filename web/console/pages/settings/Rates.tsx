/** How fast each channel sends at most, at a glance; the channel's own page has the rest of it. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useHere } from '../../shell/session.ts';
import { Failed, Waiting } from '../../ui/states.tsx';
import { integrationsQuery } from '../channels/queries.ts';

/** The list. */
export function Rates(): ReactElement {
  const { id: ws } = useHere();
  const { data, error, refetch } = useQuery(integrationsQuery(ws));
  return (
    <section className="setting" aria-label="Send rates">
      <h3>How fast</h3>
      {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <Waiting rows={2} height={24} /> : null}
      <dl className="facts">
        {data?.integrations.map(({ id, name, type, ratePerS }) => (
          <div key={id}>
            <dt>
              <Link to="/w/$ws/channels/$integration" params={{ ws, integration: id }}>
                {name || type}
              </Link>
            </dt>
            <dd>{ratePerS === null ? 'as fast as its provider takes it' : `${ratePerS} a second at most`}</dd>
          </div>
        ))}
      </dl>
      <p className="muted">It holds for all that goes out there; a broadcast may be given less of it.</p>
    </section>
  );
}
