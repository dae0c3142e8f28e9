/** Webhooks of every door: where a program is told what happens, and how that goes. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { WebhookMade, WebhookShown } from '../../../../contract/doors/console/webhooks.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Copy } from './Copy.tsx';
import { triggersQuery, webhooksQuery } from './queries.ts';

/** The part. */
export function Webhooks({ ws }: { ws: string }): ReactElement {
  const may = useMay('webhooks.manage');
  const { data, error, refetch } = useQuery({ ...webhooksQuery(ws), enabled: may === true });
  const [isMaking, setMaking] = useState(false);
  if (may !== true)
    return (
      <Empty title="Not for your role">
        <p>{may}</p>
      </Empty>
    );
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <>
      <div className="card-acts">
        <Act variant="filled" icon="plus" onAct={() => setMaking(true)}>
          New webhook
        </Act>
      </div>
      {data.webhooks.length === 0 ? (
        <Empty title="No webhook yet">
          <p>
            A webhook tells a program of yours what happens: a call for each thing, signed, and tried again
            until it is taken.
          </p>
        </Empty>
      ) : (
        <ul className="cards cards-flush" aria-label="Webhooks">
          {data.webhooks.map((webhook) => (
            <Card key={webhook.id} ws={ws} webhook={webhook} />
          ))}
        </ul>
      )}
      <Dialog title="New webhook" opened={isMaking} onClose={() => setMaking(false)} size={640}>
        {isMaking ? <NewWebhook ws={ws} onDone={() => setMaking(false)} /> : null}
      </Dialog>
    </>
  );
}

function Card({ ws, webhook }: { ws: string; webhook: WebhookShown }): ReactElement {
  return (
    <li className="panel">
      <div className="card-head">
        <h2 className="breaks">
          <Link to="/w/$ws/developers/webhooks/$webhook/{-$call}" params={{ ws, webhook: webhook.id }}>
            {webhook.target}
          </Link>
        </h2>
        <Standing webhook={webhook} />
      </div>
      <p className="muted">
        {webhook.door} ·{' '}
        {webhook.triggers.includes('*') ? 'everything' : webhook.triggers.slice(0, 6).join(', ')}
        {webhook.triggers.length > 6 ? ` and ${webhook.triggers.length - 6} more` : ''}
      </p>
    </li>
  );
}

/** How it fares. */
export function Standing({ webhook }: { webhook: WebhookShown }): ReactElement {
  if (webhook.status === 'disabled')
    return (
      <State tone="held" icon="pause">
        off
      </State>
    );
  if (webhook.failingSince)
    return (
      <State tone="bad" icon="cross">
        failing, first <Ago at={webhook.failingSince} />
      </State>
    );
  return (
    <State tone="good" icon="check">
      on
    </State>
  );
}

function NewWebhook({ ws, onDone }: { ws: string; onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const { data } = useQuery(triggersQuery(ws));
  const [door, setDoor] = useState('sunshine');
  const [target, setTarget] = useState('');
  const [triggers, setTriggers] = useState<string[]>(['*']);
  const make = useMutation({
    mutationFn: () => call<WebhookMade>('POST', at(ws, '/webhooks'), { body: { door, target, triggers } }),
    onSuccess: () => client.invalidateQueries({ queryKey: [ws, 'webhooks'] }),
  });
  if (make.data) return <SecretOnce made={make.data} onDone={onDone} />;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <label className="field">
        Where to
        <input
          type="url"
          required
          placeholder="https://example.com/parley"
          value={target}
          onChange={({ currentTarget }) => setTarget(currentTarget.value)}
        />
      </label>
      <label className="field">
        In the form of
        <select
          value={door}
          onChange={({ currentTarget: { value } }) => {
            setDoor(value);
            setTriggers(value === 'sunshine' ? ['*'] : ['conversation.create']);
          }}
        >
          {data?.doors.map((one) => (
            <option key={one.door}>{one.door}</option>
          ))}
        </select>
      </label>
      <Triggers
        offered={data?.doors.find((one) => one.door === door)?.triggers ?? []}
        chosen={triggers}
        onChosen={setTriggers}
      />
      {make.error ? <p className="fault">{make.error.message}</p> : null}
      <button type="submit" className="primary">
        Make the webhook
      </button>
    </form>
  );
}

/** Of what it is told. */
export function Triggers({
  offered,
  chosen,
  onChosen,
}: {
  offered: readonly string[];
  chosen: readonly string[];
  onChosen: (triggers: string[]) => void;
}): ReactElement {
  return (
    <fieldset className="ticks">
      <legend>What it is told of</legend>
      <div className="ticks-all" tabIndex={0} role="group" aria-label="Triggers">
        {offered.map((trigger) => (
          <label key={trigger} className="tick mono">
            <input
              type="checkbox"
              checked={chosen.includes(trigger)}
              onChange={({ currentTarget: { checked } }) =>
                onChosen(checked ? [...chosen, trigger] : chosen.filter((one) => one !== trigger))
              }
            />
            {trigger}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** The only time that the secret is shown. */
export function SecretOnce({ made, onDone }: { made: WebhookMade; onDone: () => void }): ReactElement {
  return (
    <div className="form">
      <p>This is the only time that the secret is shown. Calls are signed with it.</p>
      <Copy label="Secret" text={made.secret} />
      <button type="button" className="primary" onClick={onDone}>
        I have kept it
      </button>
    </div>
  );
}
