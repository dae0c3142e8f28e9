/** What is done to a webhook: tried, switched, changed, given a new secret, deleted. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { WebhookMade, WebhookShown } from '../../../../contract/doors/console/webhooks.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { messageOf } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { triggersQuery } from './queries.ts';
import { SecretOnce, Triggers } from './Webhooks.tsx';

const route = getRouteApi('/w/$ws/developers/webhooks/$webhook/{-$call}');

type Props = { ws: string; webhook: WebhookShown };

/** The buttons. */
export function WebhookSettings({ ws, webhook }: Props): ReactElement {
  const may = useMay('webhooks.manage');
  const [isOpen, setOpen] = useState(false);
  const path = at(ws, `/webhooks/${webhook.id}`);
  const ping = useChange(ws, () => call('POST', `${path}/ping`), 'A test call is made.');
  const flip = useChange(ws, () =>
    call('PATCH', path, { body: { status: webhook.status === 'active' ? 'disabled' : 'active' } }),
  );
  return (
    <>
      <Act
        size="compact-sm"
        may={webhook.status === 'active' ? may : 'It is off: switch it on first.'}
        busy={ping.isPending}
        onAct={() => ping.mutate()}
      >
        Test call
      </Act>
      <Act size="compact-sm" may={may} busy={flip.isPending} onAct={() => flip.mutate()}>
        {webhook.status === 'active' ? 'Switch off' : 'Switch on'}
      </Act>
      <Act size="compact-sm" may={may} onAct={() => setOpen(true)}>
        Change …
      </Act>
      <Dialog title="Webhook" opened={isOpen} onClose={() => setOpen(false)} size={640}>
        {isOpen ? <Change ws={ws} webhook={webhook} onDone={() => setOpen(false)} /> : null}
      </Dialog>
    </>
  );
}

function useChange<T>(ws: string, run: () => Promise<T>, done?: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: () => (done ? toast(done) : undefined),
    onError: toastError,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: [ws, 'webhooks'] }),
        client.invalidateQueries({ queryKey: [ws, 'webhook'] }),
      ]),
  });
}

/** Its own calls are not asked for again: they are gone with it. */
function useRemoval(ws: string, id: string) {
  const client = useQueryClient();
  const navigate = route.useNavigate();
  return useMutation({
    mutationFn: () => call('DELETE', at(ws, `/webhooks/${id}`)),
    onSuccess: async () => {
      toast('The webhook is deleted.');
      await navigate({ to: '/w/$ws/developers/$part', params: { ws, part: 'webhooks' } });
      await client.invalidateQueries({ queryKey: [ws, 'webhooks'] });
    },
    onError: toastError,
  });
}

function Change({ ws, webhook, onDone }: Props & { onDone: () => void }): ReactElement {
  const { data } = useQuery(triggersQuery(ws));
  const [target, setTarget] = useState(webhook.target);
  const [triggers, setTriggers] = useState(webhook.triggers);
  const path = at(ws, `/webhooks/${webhook.id}`);
  const save = useChange(ws, () => call('PATCH', path, { body: { target, triggers } }), 'Saved.');
  const rotate = useChange(ws, () => call<WebhookMade>('POST', `${path}/rotate`));
  const remove = useRemoval(ws, webhook.id);
  const offered = data?.doors.find(({ door }) => door === webhook.door)?.triggers ?? webhook.triggers;
  if (rotate.data) return <SecretOnce made={rotate.data} onDone={onDone} />;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(undefined, { onSuccess: onDone });
      }}
    >
      <label className="field">
        Where to
        <input
          type="url"
          required
          value={target}
          onChange={({ currentTarget }) => setTarget(currentTarget.value)}
        />
      </label>
      <Triggers
        offered={[...new Set([...webhook.triggers, ...offered])]}
        chosen={triggers}
        onChosen={setTriggers}
      />
      {save.error ? <p className="fault">{messageOf(save.error)}</p> : null}
      <button type="submit" className="primary">
        Save
      </button>
      <div className="card-acts">
        <Act
          busy={rotate.isPending}
          hint="Calls are signed with the new one at once, those that are under way, too."
          onAct={() => rotate.mutate()}
        >
          New secret
        </Act>
        <Act
          color="red"
          busy={remove.isPending}
          hint="What it was to be told of is told no more."
          onAct={() => remove.mutate()}
        >
          Delete
        </Act>
      </div>
    </form>
  );
}
