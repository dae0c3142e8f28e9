/** The simulator: whoever is written to in a test workspace, with a phone and a mailbox, to be looked at and answered from. */
import { TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useDeferredValue, useState, type ReactElement } from 'react';
import type { Static } from 'typebox';
import type { DevicesShown } from '../../contract/doors/console/simulator.ts';
import { channelIcon, channelName, Icon } from '../shared/icons.tsx';
import { call } from '../console/api/call.ts';
import { at, contactsQuery } from '../console/api/queries.ts';
import { useHere } from '../console/shell/session.ts';
import { Letters } from '../console/ui/basic.tsx';
import { Empty, Failed, Waiting } from '../console/ui/states.tsx';
import { Coming } from './Coming.tsx';
import { Device } from './Device.tsx';
import './simulator.css';

const route = getRouteApi('/w/$ws/simulator');

/** One address of somebody, as the simulator has it. */
export type Address = Static<typeof DevicesShown>['devices'][number];

/** The page. */
export function Simulator(): ReactElement {
  const { id: ws, environment } = useHere();
  const { contact } = route.useSearch();
  const navigate = route.useNavigate();
  const [search, setSearch] = useState('');
  const asked = useDeferredValue(search);
  const { data, error, refetch } = useInfiniteQuery({
    ...contactsQuery(ws, asked),
    enabled: environment === 'test',
  });
  if (environment !== 'test')
    return (
      <Empty title="Only in a test workspace">
        <p>A live workspace writes to real people; there is nothing to simulate.</p>
      </Empty>
    );
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const people = data.pages.flatMap(({ contacts }) => contacts);
  const chosen = contact ?? people[0]?.id;
  return (
    <div className="simulator-page">
      <Coming ws={ws} />
      <div className="simulator" data-open={contact !== undefined || undefined}>
        <section className="list-pane" aria-label="People">
          <header>
            <h1>Simulator</h1>
            <p className="muted">
              Be the people you write to: everything here is made up, nothing leaves this machine.
            </p>
            <TextInput
              type="search"
              size="sm"
              aria-label="Find somebody"
              placeholder="Find somebody"
              leftSection={<Icon name="search" size={16} />}
              value={search}
              onChange={({ currentTarget: { value } }) => setSearch(value)}
            />
          </header>
          <ul className="people-list">
            {people.map(({ id, givenName, surname, externalId }) => {
              const name = [givenName, surname].filter(Boolean).join(' ') || externalId || 'Somebody';
              return (
                <li key={id}>
                  <button
                    type="button"
                    aria-pressed={id === chosen}
                    onClick={() => void navigate({ search: (now) => ({ ...now, contact: id }) })}
                  >
                    <Letters name={name} />
                    <span>{name}</span>
                  </button>
                </li>
              );
            })}
          </ul>
        </section>
        {chosen === undefined ? (
          <Empty title="There is nobody yet">
            <p>Send a message to any number or address, and its device appears here.</p>
          </Empty>
        ) : (
          <Devices
            key={chosen}
            ws={ws}
            contact={chosen}
            onBack={() => void navigate({ search: (now) => ({ ...now, contact: undefined }) })}
          />
        )}
      </div>
    </div>
  );
}

type DevicesProps = { ws: string; contact: string; onBack: () => void };

function Devices({ ws, contact, onBack }: DevicesProps): ReactElement {
  const { data, error, refetch } = useQuery({
    queryKey: [ws, 'devices', contact],
    queryFn: ({ signal }) =>
      call<Static<typeof DevicesShown>>('GET', at(ws, `/simulator/contacts/${contact}/devices`), { signal }),
  });
  const [chosen, setChosen] = useState<string>();
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  // One address linked through several integrations is one device.
  const devices = [...new Map(data.devices.map((one) => [keyOf(one), one])).values()];
  const device = devices.find((one) => keyOf(one) === chosen) ?? devices[0];
  return (
    <section className="stage" aria-label="Devices">
      <div className="stage-top">
        <button type="button" className="plain only-narrow" onClick={onBack} aria-label="Back to people">
          <Icon name="back" />
        </button>
        <div className="switch" role="group" aria-label="Apps of this person">
          {devices.map((one) => (
            <button
              key={keyOf(one)}
              type="button"
              aria-pressed={device !== undefined && keyOf(one) === keyOf(device)}
              onClick={() => setChosen(keyOf(one))}
            >
              <Icon name={channelIcon(one.channel)} size={16} /> {channelName(one.channel)}
              <small>{one.address}</small>
            </button>
          ))}
        </div>
      </div>
      {device ? (
        <Device key={keyOf(device)} ws={ws} device={device} />
      ) : (
        <Empty title="No devices">
          <p>This person has no address yet.</p>
        </Empty>
      )}
    </section>
  );
}

const keyOf = ({ channel, address }: Address) => `${channel} ${address}`;
