/** One integration: a set-up that ticks itself, how it fares, and its settings. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactElement, type ReactNode } from 'react';
import '../../styles/channels.css';
import type {
  HealthShown,
  IntegrationShown,
  ProviderShown,
} from '../../../../contract/doors/console/integrations.ts';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { Copy } from '../developers/Copy.tsx';
import { Domain } from './Domain.tsx';
import { Health, Standing } from './Health.tsx';
import { callbacksQuery, healthQuery, integrationQuery, messageQuery, providersQuery } from './queries.ts';
import { SettingsForm } from './SettingsForm.tsx';
import { WebChat } from './WebChat.tsx';

const route = getRouteApi('/w/$ws/channels/$integration');

/** The page. */
export function Integration(): ReactElement {
  const { id: ws } = useHere();
  const { integration: id } = route.useParams();
  const { data, error, refetch } = useQuery(integrationQuery(ws, id));
  const { data: health } = useQuery(healthQuery(ws, id));
  const { data: providers } = useQuery(providersQuery);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const provider = providers?.providers.find(({ type }) => type === data.type);
  return (
    <div className="page">
      <header className="page-head">
        <Link to="/w/$ws/channels" params={{ ws }} className="back" aria-label="All channels">
          <Icon name="back" />
        </Link>
        <Icon name={channelIcon(data.channel)} />
        <h1>{data.name || provider?.title || data.type}</h1>
        <Standing status={data.status} health={health} />
        <Switch ws={ws} integration={data} />
      </header>
      <div className="page-body page-columns-body">
        <div className="column">
          {health && data.channel === 'webchat' ? (
            <ChatSetUp health={health} />
          ) : health && provider ? (
            <SetUp ws={ws} integration={data} provider={provider} health={health} />
          ) : (
            <Waiting rows={4} height={64} />
          )}
          {data.channel === 'webchat' ? <WebChat ws={ws} /> : null}
        </div>
        <div className="column">
          {health ? (
            <section className="panel" aria-label="Health">
              <h2>Health</h2>
              <Health health={health} />
            </section>
          ) : null}
          {provider ? (
            <section className="panel" aria-label="Settings">
              <h2>{data.channel === 'webchat' ? 'Appearance and settings' : 'Settings'}</h2>
              <SettingsForm key={data.id} ws={ws} provider={provider} integration={data} />
            </section>
          ) : null}
        </div>
      </div>
    </div>
  );
}

type Props = { ws: string; integration: IntegrationShown };

function useChange(ws: string, run: () => Promise<unknown>, done?: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: () => (done ? toast(done) : undefined),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws] }),
  });
}

function Switch({ ws, integration: { id, status } }: Props): ReactElement {
  const may = useMay('integrations.manage');
  const verb = status === 'inactive' ? 'enable' : 'disable';
  const flip = useChange(ws, () => call('POST', at(ws, `/integrations/${id}/${verb}`)));
  return (
    <Act size="compact-sm" may={may} busy={flip.isPending} onAct={() => flip.mutate()}>
      {status === 'inactive' ? 'Enable' : 'Disable'}
    </Act>
  );
}

type SetUpProps = Props & { provider: ProviderShown; health: HealthShown };

/** What is to be done, each ticked when it is seen to be done. */
function SetUp({ ws, integration, provider, health }: SetUpProps): ReactElement {
  const may = useMay('integrations.manage');
  const { data: callbacks } = useQuery({ ...callbacksQuery(ws, integration.id), enabled: may === true });
  const { environment } = useHere();
  const tried = health.lastSuccessAt !== null;
  const calls = provider.confirms !== 'nothing' && callbacks !== undefined;
  const connect = useChange(
    ws,
    () => call('POST', at(ws, `/integrations/${integration.id}/connect`)),
    'Set-up at the provider is complete.',
  );
  return (
    <section className="panel" aria-label="Set-up">
      <h2>Set-up</h2>
      <ol className="steps-list">
        <Step done title="An account at the provider">
          <p className="muted">
            {channelName(integration.channel)} through {provider.title}. Its credentials are stored encrypted.
          </p>
        </Step>
        <Step
          done={tried}
          failed={!tried && health.lastFailure !== null}
          title={tried ? 'Its credentials work' : 'Its credentials are tried with the first message'}
        >
          {!tried && health.lastFailure ? (
            <p className="fault">
              {health.lastFailure.code} {health.lastFailure.detail}
            </p>
          ) : null}
          {provider.connects ? (
            <Act size="compact-sm" may={may} busy={connect.isPending} onAct={() => connect.mutate()}>
              Finish set-up at the provider
            </Act>
          ) : null}
        </Step>
        {calls ? (
          <Step
            done={health.lastCallbackAt !== null}
            title={health.lastCallbackAt ? 'The provider calls back' : 'Waiting for the first callback …'}
          >
            <Copy label="Address for the provider’s callbacks" text={callbacks.inbound} />
            {health.lastCallbackAt ? (
              <p className="muted">
                Last <Ago at={health.lastCallbackAt} />
              </p>
            ) : (
              <p className="muted">
                {environment === 'test'
                  ? 'In a test workspace the provider is simulated: it calls nobody, and its receipts arrive by themselves.'
                  : 'Copy the address into the provider’s settings. This is ticked with the first call.'}
              </p>
            )}
          </Step>
        ) : null}
        {integration.channel === 'email' ? <Domain ws={ws} integration={integration} /> : null}
        <TestStep ws={ws} integration={integration} />
      </ol>
    </section>
  );
}

/** The web chat has no provider: there is nothing to sign up for, and nobody who calls back. */
function ChatSetUp({ health: { lastSuccessAt } }: { health: HealthShown }): ReactElement {
  return (
    <section className="panel" aria-label="Set-up">
      <h2>Set-up</h2>
      <ol className="steps-list">
        <Step done title="Nothing to sign up for">
          <p className="muted">The web chat is Parley’s own: it takes no provider and no credentials.</p>
        </Step>
        <Step
          done={lastSuccessAt !== null}
          title={lastSuccessAt ? 'A message has reached a visitor' : 'Waiting for the first visitor …'}
        >
          <p className="muted">
            {lastSuccessAt ? (
              <>
                Last <Ago at={lastSuccessAt} />
              </>
            ) : (
              'Link to it or put it on your page, as below, or try it as a visitor. This is ticked with the first answer that is shown there.'
            )}
          </p>
        </Step>
      </ol>
    </section>
  );
}

function Step({
  done,
  failed,
  title,
  children,
}: {
  done: boolean;
  failed?: boolean;
  title: string;
  children?: ReactNode;
}): ReactElement {
  return (
    <li>
      <State
        tone={done ? 'good' : failed ? 'bad' : 'held'}
        icon={done ? 'check' : failed ? 'cross' : 'clock'}
      >
        {title}
      </State>
      {children}
    </li>
  );
}

const OVER = ['delivered', 'read', 'failed', 'suppressed', 'expired', 'canceled'];

/** A message of one's own, followed until there is nothing more to hear of it. */
function TestStep({ ws, integration }: Props): ReactElement {
  const may = useMay('integrations.manage');
  const [to, setTo] = useState('');
  const [message, setMessage] = useState<string>();
  const send = useMutation({
    mutationFn: () =>
      call<{ messageId: string }>('POST', at(ws, `/integrations/${integration.id}/test`), {
        body: { to, text: 'A test from Parley.' },
      }),
    onSuccess: ({ messageId }) => setMessage(messageId),
  });
  const { data } = useQuery({ ...messageQuery(ws, message ?? ''), enabled: message !== undefined });
  const [delivery] = data?.deliveries ?? [];
  const state = delivery?.state ?? (message ? 'queued' : undefined);
  const isGood = state === 'delivered' || state === 'read' || state === 'accepted';
  return (
    <Step
      done={isGood}
      failed={state !== undefined && !isGood && OVER.includes(state)}
      title={state ? `The test is ${state}` : 'A test message'}
    >
      {delivery?.detail ? (
        <p className="fault">
          {delivery.code} {delivery.detail}
        </p>
      ) : null}
      <form
        className="copy"
        onSubmit={(event) => {
          event.preventDefault();
          if (to && may === true) send.mutate();
        }}
      >
        <input
          aria-label="Send the test to"
          placeholder={integration.channel === 'email' ? 'you@example.com' : '+31 6 …'}
          value={to}
          onChange={({ currentTarget }) => setTo(currentTarget.value)}
        />
        <Act may={may} busy={send.isPending} onAct={() => to && send.mutate()}>
          Send a test
        </Act>
      </form>
      {send.error ? <p className="fault">{send.error.message}</p> : null}
    </Step>
  );
}
