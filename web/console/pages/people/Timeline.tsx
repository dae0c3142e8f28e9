/** All that happened to or by somebody, newest first, of the kinds one wants to see. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';
import type { TimelineEntry } from '../../../../contract/doors/console/people.ts';
import type { TimelineKind } from '../../../../contract/timelineKinds.ts';
import { ContentView } from '../../../shared/content.tsx';
import { channelName } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { whyOfBroadcast } from '../../api/queries.ts';
import { GoToDay } from '../../ui/GoToDay.tsx';
import { useHere } from '../../shell/session.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { DeliveryState, furthest, WhyLink } from '../inbox/delivery.tsx';
import { timelineQuery } from './queries.ts';

/** What one can choose: some words stand for two kinds. */
const CHOICES: readonly { name: string; kinds: readonly TimelineKind[] }[] = [
  { name: 'Everything', kinds: [] },
  { name: 'Messages', kinds: ['message', 'broadcast'] },
  { name: 'Events', kinds: ['event'] },
  { name: 'Clicks', kinds: ['click'] },
  { name: 'Consent', kinds: ['consent'] },
  { name: 'Campaigns', kinds: ['enrolment'] },
  { name: 'Orders', kinds: ['order'] },
  { name: 'Merges', kinds: ['merge'] },
];

/** The timeline. */
export function Timeline({ ws, contact }: { ws: string; contact: string }): ReactElement {
  const { day, kind } = useSearch({ strict: false });
  const navigate = useNavigate();
  const chosen = CHOICES.find(({ kinds }) => kind && kinds.includes(kind)) ?? CHOICES[0]!;
  const show = (next: { day?: string | undefined; kind?: TimelineKind | undefined }) =>
    void navigate({ to: '.', search: (now: object) => ({ ...now, ...next }) } as never);
  return (
    <>
      <div className="kinds" role="group" aria-label="What is shown">
        {CHOICES.map((one) => (
          <button
            key={one.name}
            type="button"
            className="chip"
            aria-pressed={one === chosen}
            onClick={() => show({ kind: one.kinds[0] })}
          >
            {one.name}
          </button>
        ))}
        <GoToDay day={day} onDay={(next) => show({ day: next })} does="Go to a day in the timeline" />
      </div>
      <Entries ws={ws} contact={contact} kinds={chosen.kinds} day={day} />
    </>
  );
}

type EntriesProps = {
  ws: string;
  contact: string;
  kinds: readonly TimelineKind[];
  day: string | undefined;
};

function Entries({ ws, contact, kinds, day }: EntriesProps): ReactElement {
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(
    timelineQuery(ws, contact, kinds, day),
  );
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const entries = data.pages.flatMap((page) => page.entries);
  if (entries.length === 0)
    return (
      <Empty
        title={
          kinds.length > 0
            ? 'Nothing of this kind'
            : day
              ? 'Nothing had happened yet'
              : 'Nothing has happened yet'
        }
      >
        <p>What is said, sent, done, clicked, agreed to, refused and ordered appears here.</p>
      </Empty>
    );
  return (
    <ol className="history">
      {namedOnce(entries).map(({ entry, key }) => (
        <li key={key}>
          <Entry entry={entry} contact={contact} />
        </li>
      ))}
      {hasNextPage ? (
        <li>
          <button type="button" className="earlier" onClick={() => void fetchNextPage()}>
            Earlier
          </button>
        </li>
      ) : null}
    </ol>
  );
}

/** Each under a name that it keeps, whatever comes above it: two events of one moment are the first and the second from the oldest. */
function namedOnce(entries: readonly TimelineEntry[]): { entry: TimelineEntry; key: string }[] {
  const seen = new Map<string, number>();
  return entries
    .toReversed()
    .map((entry) => {
      const name = `${entry.type} ${'message' in entry ? entry.message.id : entry.at}`;
      const n = seen.get(name) ?? 0;
      seen.set(name, n + 1);
      return { entry, key: `${name} ${n}` };
    })
    .reverse();
}

function Line({ at, children }: { at: string; children: ReactNode }): ReactElement {
  return (
    <p className="muted">
      {children} · <Ago at={at} />
    </p>
  );
}

function Entry({ entry, contact }: { entry: TimelineEntry; contact: string }): ReactElement {
  switch (entry.type) {
    case 'message':
    case 'broadcast':
      return <Passed entry={entry} contact={contact} />;
    case 'event':
      return (
        <>
          <Line at={entry.at}>
            Did <strong>{entry.name}</strong>
            {entry.history ? ' (told later, as history)' : ''}
          </Line>
          <Facts of={entry.properties} />
        </>
      );
    case 'click':
      return (
        <Line at={entry.at}>
          Opened {entry.uri ?? 'a link that is not kept any more'}
          {entry.times > 1 ? `, ${entry.times} times` : ''}
        </Line>
      );
    case 'consent':
      return (
        <Line at={entry.at}>
          {entry.blocked.length > 0
            ? `No ${entry.blocked.join(', ')} any more`
            : 'Everything may be sent again'}{' '}
          to {entry.address || channelName(entry.channel)}: {entry.reason}
        </Line>
      );
    case 'merge':
      return (
        <Line at={entry.at}>
          Became one with <span className="mono">{entry.contactId}</span>
        </Line>
      );
    case 'enrolment':
      return (
        <Line at={entry.at}>
          <Entered of={entry} />
        </Line>
      );
    case 'order':
      return (
        <Line at={entry.at}>
          Order {entry.order.reference ?? entry.order.id}
          {entry.order.total ? ` of ${entry.order.total}` : ''}, {entry.order.status}
          {entry.order.description ? `: ${entry.order.description}` : ''}
        </Line>
      );
    default:
      return entry satisfies never;
  }
}

function Facts({ of }: { of: Record<string, unknown> }): ReactElement | null {
  const known = Object.entries(of);
  if (known.length === 0) return null;
  return (
    <dl className="facts passed">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

type PassedEntry = Extract<TimelineEntry, { type: 'message' | 'broadcast' }>;

function Passed({ entry, contact }: { entry: PassedEntry; contact: string }): ReactElement {
  const isIn = entry.type === 'message' && entry.message.direction === 'in';
  const delivery = furthest(entry.deliveries);
  return (
    <>
      <p className="muted">
        {entry.type === 'broadcast' ? `Broadcast “${entry.broadcast.name}”` : isIn ? 'They said' : 'You said'}
        {delivery?.channel ? ` · ${channelName(delivery.channel)}` : null} · <Ago at={entry.at} />{' '}
        {isIn ? null : <DeliveryState delivery={delivery} />}
        {isIn ? null : (
          <WhyLink
            why={entry.type === 'broadcast' ? whyOfBroadcast(entry.broadcast.id, contact) : entry.message.id}
          />
        )}
      </p>
      {entry.type === 'broadcast' && /{[{%]/.test(JSON.stringify(entry.broadcast.content)) ? (
        <p className="muted">As it was written: what stands in braces is filled in for each person.</p>
      ) : null}
      <div className="passed">
        <ContentView content={entry.type === 'message' ? entry.message.content : entry.broadcast.content} />
      </div>
    </>
  );
}

function Entered({ of: { campaign, ending } }: { of: TimelineEntry & { type: 'enrolment' } }): ReactElement {
  const { id: ws } = useHere();
  return (
    <span>
      Entered the campaign{' '}
      <Link to="/w/$ws/campaigns/$campaign/$part" params={{ ws, campaign: campaign.id, part: 'results' }}>
        {campaign.name}
      </Link>
      {ending === null ? '' : ending === 'completed' ? ', completed' : `, left: ${ending}`}
    </span>
  );
}
