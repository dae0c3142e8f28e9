/** One campaign: what it changed, who is in it, what is written of it, what it would have done; and what is done to it. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import '../../styles/broadcasts.css';
import '../../styles/people.css';
import '../../styles/campaigns.css';
import { Icon } from '../../../shared/icons.tsx';
import { useHere } from '../../shell/session.ts';
import { useKeys } from '../../ui/keys.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Backtests } from './Backtests.tsx';
import { File } from './File.tsx';
import { People } from './People.tsx';
import { campaignQuery, type Campaign as Shown } from './queries.ts';
import { Results } from './Results.tsx';
import { Standing } from './Standing.tsx';
import { Steer } from './Steer.tsx';

const route = getRouteApi('/w/$ws/campaigns/$campaign/$part');

const PARTS = { results: 'Results', people: 'People', file: 'File', backtest: 'Back-test' } as const;
type Part = keyof typeof PARTS;
const ALL = Object.keys(PARTS) as Part[];

/** The page. */
export function Campaign(): ReactElement {
  const { id: ws } = useHere();
  const { campaign: id } = route.useParams();
  const { data, error, refetch } = useQuery(campaignQuery(ws, id));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return <Inside key={id} ws={ws} campaign={data} />;
}

function Inside({ ws, campaign }: { ws: string; campaign: Shown }): ReactElement {
  const { part } = route.useParams();
  const navigate = route.useNavigate();
  const here = ALL.find((one) => one === part) ?? 'results';
  const go = (by: number) => {
    const next = ALL[ALL.indexOf(here) + by];
    if (next) void navigate({ params: (now) => ({ ...now, part: next }), search: {} });
  };
  useKeys([
    { keys: ']', does: 'Next part', act: () => go(1) },
    { keys: '[', does: 'Part before', act: () => go(-1) },
  ]);
  const { id, key, name, note } = campaign;
  return (
    <div className="page">
      <header className="page-head">
        <Link
          to="/w/$ws/campaigns"
          params={{ ws }}
          search={campaign.archivedAt ? { aside: true } : {}}
          className="back"
          aria-label="All campaigns"
        >
          <Icon name="back" />
        </Link>
        <h1>{name}</h1>
        {name === key ? null : <span className="muted campaign-key">{key}</span>}
        <Standing of={campaign} />
        <Steer ws={ws} campaign={campaign} />
      </header>
      {note ? (
        <p className="conflict" role="status">
          {note}
        </p>
      ) : null}
      <nav className="steps" aria-label="Parts">
        <ol>
          {ALL.map((one) => (
            <li key={one}>
              <Link
                to="/w/$ws/campaigns/$campaign/$part"
                params={{ ws, campaign: id, part: one }}
                search={{}}
                aria-current={one === here ? 'page' : undefined}
              >
                {PARTS[one]}
              </Link>
            </li>
          ))}
        </ol>
      </nav>
      <div className="page-body" role="group" aria-label={PARTS[here]} tabIndex={0}>
        {here === 'file' ? <File ws={ws} campaign={campaign} /> : null}
        {here === 'backtest' ? <Backtests ws={ws} campaign={campaign} /> : null}
        {here !== 'results' && here !== 'people' ? null : campaign.startedAt === null ? (
          <NotYet ws={ws} id={id} />
        ) : here === 'results' ? (
          <Results ws={ws} campaign={campaign} />
        ) : (
          <People ws={ws} campaign={campaign} />
        )}
      </div>
    </div>
  );
}

function NotYet({ ws, id }: { ws: string; id: string }): ReactElement {
  return (
    <Empty title="It has not been published yet">
      <p>
        Nobody is in it, and nothing was sent. Its{' '}
        <Link
          to="/w/$ws/campaigns/$campaign/$part"
          params={{ ws, campaign: id, part: 'backtest' }}
          search={{}}
        >
          back-test
        </Link>{' '}
        says what it would have done with what people did.
      </p>
    </Empty>
  );
}
