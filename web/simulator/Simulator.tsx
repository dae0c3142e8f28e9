/** The simulator: whoever is written to in a test workspace, with a phone and a mailbox, to be looked at and answered from. */
import { TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useDeferredValue, useState, type ReactElement } from 'react';
import type { Static } from 'typebox';
import { CHANNELS } from '../../contract/channels.ts';
import type { DevicesShown, PersonOfDirectory } from '../../contract/doors/console/simulator.ts';
import { channelIcon, channelName, Icon } from '../shared/icons.tsx';
import { call } from '../console/api/call.ts';
import { at } from '../console/api/queries.ts';
import { useHere, useMay } from '../console/shell/session.ts';
import { Empty, Failed, Waiting } from '../console/ui/states.tsx';
import { CallOver } from './Call.tsx';
import { Coming } from './Coming.tsx';
import { Device } from './Device.tsx';
import { People, Unread } from './People.tsx';
import { directoryQuery } from './queries.ts';
import { WebPage } from './WebPage.tsx';
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
  const isTest = environment === 'test';
  const may = useMay('simulator.use');
  const found = useInfiniteQuery({ ...directoryQuery(ws, asked), enabled: isTest && may === true });
  if (!isTest)
    return (
      <Empty title="Only in a test workspace">
        <p>A live workspace writes to real people; there is nothing to simulate.</p>
      </Empty>
    );
  if (may !== true)
    return (
      <Empty title="Not for your role">
        <p>{may}</p>
      </Empty>
    );
  const people = found.data?.pages.flatMap((page) => page.people);
  const chosen = contact ?? people?.[0]?.id;
  const choose = (id: string | undefined) =>
    void navigate({ search: (now) => ({ ...now, contact: id, app: undefined }) });
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
          {found.error && !people ? (
            <Failed error={found.error} retry={() => void found.refetch()} />
          ) : people ? (
            <People
              people={people}
              chosen={chosen}
              onChoose={choose}
              onMore={found.hasNextPage ? () => void found.fetchNextPage() : undefined}
            />
          ) : (
            <Waiting height={60} />
          )}
        </section>
        {chosen !== undefined ? (
          <Devices
            key={chosen}
            ws={ws}
            contact={chosen}
            unread={people?.find(({ id }) => id === chosen)?.devices}
            onBack={() => choose(undefined)}
          />
        ) : people ? (
          <Empty title={asked ? 'Nobody is called that' : 'There is nobody yet'}>
            <p>Send a message to any number or address, and its device appears here.</p>
          </Empty>
        ) : null}
      </div>
    </div>
  );
}

type DevicesProps = {
  ws: string;
  contact: string;
  unread: PersonOfDirectory['devices'] | undefined;
  onBack: () => void;
};

/** The page of the company, beside the addresses. */
const WEB = 'web';

function Devices({ ws, contact, unread, onBack }: DevicesProps): ReactElement {
  const { data, error, refetch } = useQuery({
    queryKey: [ws, 'devices', contact],
    queryFn: ({ signal }) =>
      call<Static<typeof DevicesShown>>('GET', at(ws, `/simulator/contacts/${contact}/devices`), { signal }),
  });
  const { app: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const setChosen = (app: string) =>
    void navigate({ search: (now) => ({ ...now, contact, app }), replace: true });
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  // One address linked through several integrations is one device.
  const devices = [
    ...new Map(data.devices.filter(isDevice).map((one) => [keyOf(one), one])).values(),
  ].toSorted((a, b) => CHANNELS.indexOf(a.channel) - CHANNELS.indexOf(b.channel));
  const isWeb = chosen === WEB || devices.length === 0;
  const device = isWeb ? undefined : (devices.find((one) => keyOf(one) === chosen) ?? devices[0]);
  const unreadOn = ({ channel, address }: Address) =>
    unread?.find((one) => one.channel === channel && one.address === address)?.unread ?? 0;
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
              <Unread n={unreadOn(one)} />
            </button>
          ))}
          <button type="button" aria-pressed={isWeb} onClick={() => setChosen(WEB)}>
            <Icon name="globe" size={16} /> Web page
          </button>
        </div>
      </div>
      {devices
        .filter((one) => one.channel === 'voice' && one !== device)
        .map((one) => (
          <CallOver key={keyOf(one)} ws={ws} address={one.address} onAnswer={() => setChosen(keyOf(one))} />
        ))}
      {device ? (
        <Device key={keyOf(device)} ws={ws} device={device} />
      ) : (
        <WebPage ws={ws} contact={contact} />
      )}
    </section>
  );
}

/** What is on the web is at the web page. */
const isDevice = ({ channel }: Address) => channel !== 'webchat';
const keyOf = ({ channel, address }: Address) => `${channel} ${address}`;
