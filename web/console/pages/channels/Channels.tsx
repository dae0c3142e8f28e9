/** Channels: every integration with how it fares, the address its provider calls back, and a test. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Static } from 'typebox';
import type {
  CallbacksShown,
  HealthShown,
  IntegrationShown,
  IntegrationsShown,
} from '../../../../contract/doors/console/integrations.ts';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { toastError } from '../../ui/toasts.tsx';

const HEALTH_LOOK_MS = 10_000;

/** The page. */
export function Channels(): ReactElement {
  const { id: ws } = useHere();
  const { data, error, refetch } = useQuery({
    queryKey: [ws, 'integrations'],
    queryFn: ({ signal }) =>
      call<Static<typeof IntegrationsShown>>('GET', at(ws, '/integrations'), { signal }),
  });
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <div className="page">
      <header className="page-head">
        <h1>Channels</h1>
      </header>
      {data.integrations.length === 0 ? (
        <Empty
          title="No channel yet"
          curl={`curl -H "authorization: Bearer $CONSOLE" ${location.origin}/api/providers`}
        >
          <p>An integration is an account at a provider that messages go through. It is made by the API.</p>
        </Empty>
      ) : (
        <ul tabIndex={0} className="cards cards-wide" aria-label="Integrations">
          {data.integrations.map((one) => (
            <Card key={one.id} ws={ws} integration={one} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Card({ ws, integration }: { ws: string; integration: IntegrationShown }): ReactElement {
  const client = useQueryClient();
  const may = useMay('integrations.manage');
  const { id, name, channel, type, status } = integration;
  const { data: health } = useQuery({
    queryKey: [ws, 'health', id],
    queryFn: ({ signal }) => call<HealthShown>('GET', at(ws, `/integrations/${id}/health`), { signal }),
    refetchInterval: HEALTH_LOOK_MS,
  });
  const { data: callbacks } = useQuery({
    queryKey: [ws, 'callbacks', id],
    queryFn: ({ signal }) =>
      call<Static<typeof CallbacksShown>>('GET', at(ws, `/integrations/${id}/callbacks`), { signal }),
    // Only for who may change it, and not of every provider.
    retry: false,
    enabled: may === true,
  });
  const change = useMutation({
    mutationFn: (verb: 'enable' | 'disable') => call('POST', at(ws, `/integrations/${id}/${verb}`)),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws] }),
  });
  return (
    <li className="panel">
      <div className="card-head">
        <Icon name={channelIcon(channel)} />
        <h2>{name}</h2>
        <Status status={status} health={health} />
      </div>
      <p className="muted">
        {channelName(channel)} · {type}
      </p>
      {health ? <Health health={health} /> : null}
      {callbacks ? (
        <label className="field">
          Address for the provider’s callbacks
          <input readOnly value={callbacks.inbound} onFocus={({ currentTarget }) => currentTarget.select()} />
        </label>
      ) : null}
      <div className="card-acts">
        {status === 'inactive' ? (
          <Act size="compact-sm" may={may} onAct={() => change.mutate('enable')}>
            Enable
          </Act>
        ) : (
          <Act size="compact-sm" may={may} onAct={() => change.mutate('disable')}>
            Disable
          </Act>
        )}
      </div>
    </li>
  );
}

function Status({
  status,
  health,
}: Pick<IntegrationShown, 'status'> & { health: HealthShown | undefined }): ReactElement {
  if (status === 'inactive')
    return (
      <State tone="held" icon="pause">
        off
      </State>
    );
  if (status === 'error' || health?.breaker === 'open')
    return (
      <State tone="bad" icon="cross">
        failing
      </State>
    );
  return (
    <State tone="good" icon="check">
      on
    </State>
  );
}

function Health({ health }: { health: HealthShown }): ReactElement {
  const { recent, lastSuccessAt, lastFailure, rate } = health;
  return (
    <dl className="facts">
      <div>
        <dt>Last taken</dt>
        <dd>{lastSuccessAt ? <Ago at={lastSuccessAt} /> : 'nothing yet'}</dd>
      </div>
      <div>
        <dt>Last {recent.minutes} min</dt>
        <dd>
          {recent.accepted.toLocaleString('en')} taken, {recent.refused.toLocaleString('en')} refused (
          {(recent.errorRate * 100).toFixed(1)} %)
        </dd>
      </div>
      <div>
        <dt>Rate</dt>
        <dd>
          {rate.perS.toFixed(1)} of {rate.limitPerS ?? 'any number'} a second
        </dd>
      </div>
      {lastFailure ? (
        <div>
          <dt>Last failure</dt>
          <dd>
            {lastFailure.code} {lastFailure.detail} · <Ago at={lastFailure.at} />
          </dd>
        </div>
      ) : null}
    </dl>
  );
}
