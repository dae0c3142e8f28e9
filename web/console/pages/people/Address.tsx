/** An address, with what may not be sent there; what may be is changed by hand, class by class, with a reason. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { MESSAGE_CLASSES, type MessageClass } from '../../../../contract/channels.ts';
import type { DestinationShown } from '../../../../contract/doors/console/contacts.ts';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { messageOf } from '../../ui/states.tsx';
import { integrationsQuery } from '../channels/queries.ts';
import { toast } from '../../ui/toasts.tsx';

type Props = { ws: string; contact: string; destination: DestinationShown };

/** The row. */
export function AddressRow({ ws, contact, destination }: Props): ReactElement {
  const may = useMay('contacts.write');
  const [opened, setOpened] = useState<'block' | 'unblock'>();
  const { channel, address, status, blocked, integrationId } = destination;
  // One number may be reached by several: then it says by which.
  const { data } = useQuery(integrationsQuery(ws));
  const by = data?.integrations.find(({ id }) => id === integrationId);
  return (
    <li>
      <Icon name={channelIcon(channel)} size={16} />
      <span className="address">
        {address}
        <small>
          {channelName(channel)}
          {by ? ` · by ${by.name || by.type}` : ''}
        </small>
      </span>
      {blocked.length > 0 ? (
        <State tone="bad" icon="cross">
          no {blocked.join(', ')}
        </State>
      ) : (
        <State tone={status === 'active' ? 'good' : 'held'} icon={status === 'active' ? 'check' : 'pause'}>
          {status === 'active' ? 'open' : status}
        </State>
      )}
      {blocked.length < MESSAGE_CLASSES.length ? (
        <Act size="compact-sm" may={may} onAct={() => setOpened('block')}>
          Block
        </Act>
      ) : null}
      {blocked.length > 0 ? (
        <Act size="compact-sm" may={may} onAct={() => setOpened('unblock')}>
          Allow
        </Act>
      ) : null}
      <Dialog
        title={`${opened === 'block' ? 'Block' : 'Allow'} ${address}`}
        opened={opened !== undefined}
        onClose={() => setOpened(undefined)}
      >
        {opened ? (
          <Change
            ws={ws}
            contact={contact}
            destination={destination}
            to={opened}
            onDone={() => setOpened(undefined)}
          />
        ) : null}
      </Dialog>
    </li>
  );
}

type ChangeProps = Props & { to: 'block' | 'unblock'; onDone: () => void };

function Change({ ws, contact, destination, to, onDone }: ChangeProps): ReactElement {
  const client = useQueryClient();
  const { id, address, blocked } = destination;
  const choices = to === 'block' ? MESSAGE_CLASSES.filter((one) => !blocked.includes(one)) : blocked;
  const [classes, setClasses] = useState<readonly MessageClass[]>(choices);
  const [reason, setReason] = useState('');
  const change = useMutation({
    mutationFn: () =>
      call('POST', at(ws, `/contacts/${contact}/destinations/${id}/${to}`), {
        body: { classes, reason: reason.trim() },
      }),
    onSuccess: async () => {
      const what = classes.join(', ');
      toast(
        to === 'block' ? `No ${what} is sent to ${address}.` : `${what} may be sent to ${address} again.`,
      );
      onDone();
      await Promise.all([
        client.invalidateQueries({ queryKey: [ws, 'contact', contact] }),
        client.invalidateQueries({ queryKey: [ws, 'timeline', contact] }),
      ]);
    },
  });
  const may = classes.length === 0 ? 'Choose what.' : reason.trim() ? true : 'Say why: it is kept with it.';
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (may === true) change.mutate();
      }}
    >
      <fieldset className="kinds">
        <legend>What</legend>
        {choices.map((one) => (
          <label key={one}>
            <input
              type="checkbox"
              checked={classes.includes(one)}
              onChange={({ currentTarget: { checked } }) =>
                setClasses(checked ? [...classes, one] : classes.filter((other) => other !== one))
              }
            />{' '}
            {one}
          </label>
        ))}
      </fieldset>
      <label className="field">
        Why
        <input
          data-autofocus
          maxLength={200}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </label>
      {change.error ? (
        <p className="fault" role="alert">
          {messageOf(change.error)}
        </p>
      ) : null}
      <Act may={may} busy={change.isPending} variant="filled" onAct={() => change.mutate()}>
        {to === 'block' ? 'Block it' : 'Allow it'}
      </Act>
    </form>
  );
}
