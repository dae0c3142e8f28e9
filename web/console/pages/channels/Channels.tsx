/** Channels: every integration with how it fares, and the way to a new one. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import '../../styles/channels.css';
import type { AllHealthShown, IntegrationShown } from '../../../../contract/doors/console/integrations.ts';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { useHere, useMay } from '../../shell/session.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Health, Standing } from './Health.tsx';
import { allHealthQuery, integrationsQuery, providersQuery } from './queries.ts';

/** The page. */
export function Channels(): ReactElement {
  const { id: ws } = useHere();
  const may = useMay('integrations.manage');
  const { data, error, refetch } = useQuery(integrationsQuery(ws));
  const { data: health } = useQuery(allHealthQuery(ws));
  const { data: providers } = useQuery(providersQuery);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <div className="page">
      <header className="page-head">
        <h1>Channels</h1>
        {may === true ? (
          <Link className="primary primary-link" to="/w/$ws/channels/new/{-$provider}" params={{ ws }}>
            Add a channel
          </Link>
        ) : (
          <span className="muted">{may}</span>
        )}
      </header>
      {data.integrations.length === 0 ? (
        <Empty
          title="No channel yet"
          curl={`curl -H "authorization: Bearer $CONSOLE" ${location.origin}/api/providers`}
        >
          <p>An integration is an account at a provider that messages go through.</p>
        </Empty>
      ) : (
        <ul tabIndex={0} className="cards cards-wide" aria-label="Integrations">
          {data.integrations.map((one) => (
            <Card
              key={one.id}
              ws={ws}
              integration={one}
              title={providers?.providers.find(({ type }) => type === one.type)?.title ?? one.type}
              health={health?.integrations.find(({ id }) => id === one.id)}
            />
          ))}
        </ul>
      )}
    </div>
  );
}

type CardProps = {
  ws: string;
  /** As its provider writes its name. */
  title: string;
  integration: IntegrationShown;
  health: AllHealthShown['integrations'][number] | undefined;
};

function Card({ ws, title, integration, health }: CardProps): ReactElement {
  const { id, name, channel, status } = integration;
  return (
    <li className="panel">
      <div className="card-head">
        <Icon name={channelIcon(channel)} />
        <h2>
          <Link to="/w/$ws/channels/$integration" params={{ ws, integration: id }}>
            {name || title}
          </Link>
        </h2>
        <Standing status={status} health={health} />
      </div>
      <p className="muted">
        {[channelName(channel), title].filter((one, i, all) => all.indexOf(one) === i).join(' · ')}
      </p>
      {health ? <Health health={health} /> : null}
    </li>
  );
}
