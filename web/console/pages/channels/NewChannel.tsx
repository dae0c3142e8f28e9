/** A new channel: which provider, and then what it needs to know. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import '../../styles/channels.css';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { useHere } from '../../shell/session.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { providersQuery } from './queries.ts';
import { SettingsForm } from './SettingsForm.tsx';

const route = getRouteApi('/w/$ws/channels/new/{-$provider}');

/** The page. */
export function NewChannel(): ReactElement {
  const { id: ws } = useHere();
  const { provider: type } = route.useParams();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(providersQuery);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const provider = data.providers.find((one) => one.type === type);
  return (
    <div className="page">
      <header className="page-head">
        {type ? (
          <Link
            to="/w/$ws/channels/new/{-$provider}"
            params={{ ws }}
            className="back"
            aria-label="All providers"
          >
            <Icon name="back" />
          </Link>
        ) : (
          <Link to="/w/$ws/channels" params={{ ws }} className="back" aria-label="All channels">
            <Icon name="back" />
          </Link>
        )}
        <h1>{provider ? `${channelName(provider.channel)} through ${provider.title}` : 'Add a channel'}</h1>
      </header>
      {type && !provider ? <Empty title="There is no such provider" /> : null}
      {provider ? (
        <div className="page-body narrow">
          <section className="panel" aria-label="Settings">
            <SettingsForm
              key={provider.type}
              ws={ws}
              provider={provider}
              onMade={({ id }) =>
                void navigate({ to: '/w/$ws/channels/$integration', params: { ws, integration: id } })
              }
            />
          </section>
        </div>
      ) : null}
      {type ? null : (
        <ul className="cards cards-wide" aria-label="Providers">
          {data.providers.map((one) => (
            <li key={one.type} className="panel">
              <div className="card-head">
                <Icon name={channelIcon(one.channel)} />
                <h2>
                  <Link to="/w/$ws/channels/new/{-$provider}" params={{ ws, provider: one.type }}>
                    {one.title}
                  </Link>
                </h2>
              </div>
              <p className="muted">
                {channelName(one.channel)} · {CONFIRMS[one.confirms]}
              </p>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const CONFIRMS = {
  nothing: 'no delivery receipts',
  delivered: 'receipts for delivered',
  read: 'receipts for delivered and read',
} as const;
