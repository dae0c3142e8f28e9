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

type Ways = readonly [DestinationShown, ...DestinationShown[]];
type Props = { ws: string; contact: string };

/** Addresses, each with the ways it is reached by: one number is linked by itself and through integrations. */
export function sameAddress(destinations: readonly DestinationShown[]): Ways[] {
  const byAddress = Map.groupBy(destinations, ({ channel, address }) => `${channel} ${address}`);
  return [...byAddress.values()] as unknown[] as Ways[];
}

/** The row: what may be sent is of each way by itself, and stands below the address where there are several. */
export function AddressRow({ ws, contact, ways }: Props & { ways: Ways }): ReactElement {
  const { data } = useQuery(integrationsQuery(ws));
  const [first] = ways;
  const wayOf = ({ integrationId }: DestinationShown) => {
    const by = data?.integrations.find(({ id }) => id === integrationId);
    if (integrationId === null || !data) return undefined;
    return by ? `by ${by.name || by.type}` : 'by a channel that is gone';
  };
  const isOne = ways.length === 1;
  return (
    <li data-several={isOne ? undefined : true}>
      <Icon name={channelIcon(first.channel)} size={16} />
      <span className="address">
        {first.address}
        <small>{[channelName(first.channel), isOne && wayOf(first)].filter(Boolean).join(' · ')}</small>
      </span>
      {isOne ? (
        <Standing ws={ws} contact={contact} destination={first} />
      ) : (
        <ul aria-label={`Ways to ${first.address}`}>
          {ways.map((one) => (
            <li key={one.id}>
              <span className="address">
                <small>{wayOf(one) ?? 'by whichever channel sends'}</small>
              </span>
              <Standing ws={ws} contact={contact} destination={one} way={wayOf(one)} />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

type OneProps = Props & { destination: DestinationShown };

/** What may be sent there, and the buttons that change it. */
function Standing({ ws, contact, destination, way }: OneProps & { way?: string | undefined }): ReactElement {
  const may = useMay('contacts.write');
  const [opened, setOpened] = useState<'block' | 'unblock'>();
  const { address, status, blocked } = destination;
  return (
    <>
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
        title={`${opened === 'block' ? 'Block' : 'Allow'} ${address}${way ? ` ${way}` : ''}`}
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
    </>
  );
}

type ChangeProps = OneProps & { to: 'block' | 'unblock'; onDone: () => void };

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
