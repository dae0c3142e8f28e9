/** Audiences that are kept: segments, whom each holds of, and the way to a new one. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { Ago } from '../../../shared/time.tsx';
import type { Rule } from '../../../../contract/campaign.ts';
import { useHere } from '../../shell/session.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { segmentsQuery } from './askedQueries.ts';
import { Places } from './Places.tsx';
import { wordsOf } from './rule.ts';
import '../../styles/people.css';

/** The page. */
export function Audiences(): ReactElement {
  const { id: ws } = useHere();
  const { data, error, refetch } = useQuery(segmentsQuery(ws));
  return (
    <div className="page">
      <header className="page-head">
        <h1>Audiences</h1>
        <Places ws={ws} here="audiences" />
        <Link
          className="primary primary-link"
          to="/w/$ws/people/audiences/$audience"
          params={{ ws, audience: 'new' }}
        >
          New audience
        </Link>
      </header>
      <div className="cards" role="group" aria-label="Page" tabIndex={0}>
        {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
        {!data && !error ? <Waiting rows={4} height={52} /> : null}
        {data?.segments.length === 0 ? (
          <Empty title="No audience yet">
            <p>
              An audience is whoever meets some conditions, kept up to date as people come to meet them and
              cease to.
            </p>
          </Empty>
        ) : null}
        {data && data.segments.length > 0 ? (
          <section className="panel" aria-label="All audiences">
            <ul className="lines">
              {data.segments.map(({ id, name, rule, state, changedAt }) => (
                <li key={id}>
                  <Link to="/w/$ws/people/audiences/$audience" params={{ ws, audience: id }}>
                    {name}
                  </Link>
                  <span className="muted">{wordsOf(rule as Rule)}</span>
                  <span className="muted">
                    {state === 'building' ? 'being worked out · ' : null}changed <Ago at={changedAt} />
                  </span>
                </li>
              ))}
            </ul>
          </section>
        ) : null}
      </div>
    </div>
  );
}
