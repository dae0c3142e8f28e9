/** Who is in a campaign: how many stand at each step, who they are, and every decision about one of them. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { Static } from 'typebox';
import { useState, type ReactElement } from 'react';
import type { CampaignPeople, CampaignTrail } from '../../../../contract/doors/console/campaigns.ts';
import { peopleText } from '../../../shared/counted.ts';
import { formatOf, numberText } from '../../../shared/reader.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { Act } from '../../ui/basic.tsx';
import { useGoOn } from '../../ui/goOn.ts';
import { Side } from '../../ui/overlays.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { placesQuery, type Campaign } from './queries.ts';
import { endingText } from './words.ts';

type Page = Static<typeof CampaignPeople>;
type One = Page['people'][number];
type Props = { ws: string; campaign: Campaign };

const route = getRouteApi('/w/$ws/campaigns/$campaign/$part');
const MOMENT = { dateStyle: 'medium', timeStyle: 'short' } as const;

/** The part. */
export function People({ ws, campaign }: Props): ReactElement {
  const [open, setOpen] = useState<One>();
  return (
    <div className="results">
      <Places ws={ws} campaign={campaign} />
      <Whom ws={ws} campaign={campaign} onOpen={setOpen} />
      <Side
        title={open ? `${nameOf(open)} in ${campaign.name}` : ''}
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        size="min(560px, 100%)"
      >
        {open ? <Trail ws={ws} id={campaign.id} of={open} /> : null}
      </Side>
    </div>
  );
}

const nameOf = ({ name, address, contactId }: One) => name ?? address ?? contactId;

function Places({ ws, campaign }: Props): ReactElement {
  const { data, error, refetch } = useQuery(placesQuery(ws, campaign.id));
  const { step } = route.useSearch();
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={2} height={48} />;
  const all = Map.groupBy(data.steps, (one) => one.step);
  const rows = [...all].map(([key, of]) => ({ key, n: of.reduce((sum, { people }) => sum + people, 0) }));
  const most = Math.max(1, ...rows.map(({ n }) => n));
  const sum = rows.reduce((n, one) => n + one.n, 0);
  return (
    <section className="panel" aria-label="Where they stand">
      <h2>
        {data.exact ? '' : 'About '}
        {sum === 0 ? 'Nobody is in it now' : `${peopleText(sum)} in it now`}
      </h2>
      <ul className="endings" hidden={rows.length === 0}>
        {rows.map(({ key, n }) => (
          <li key={key}>
            <Link
              to="/w/$ws/campaigns/$campaign/$part"
              params={{ ws, campaign: campaign.id, part: 'people' }}
              search={step === key ? {} : { step: key }}
              aria-current={step === key ? 'true' : undefined}
            >
              <strong>{numberText(n)}</strong> at {key}
            </Link>
            <span className="bar" aria-hidden="true">
              <span data-tone="plain" style={{ width: `${(100 * n) / most}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

type WhomProps = Props & { onOpen: (one: One) => void };

function Whom({ ws, campaign, onOpen }: WhomProps): ReactElement {
  const { step, ending } = route.useSearch();
  const query = useInfiniteQuery({
    queryKey: [ws, 'campaign', campaign.id, 'people', step, ending] as const,
    initialPageParam: null as Page['next'],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({
        limit: '50',
        ...(step ? { step } : {}),
        ...(ending ? { ending } : {}),
        ...pageParam,
      });
      return call<Page>('GET', at(ws, `/campaigns/${campaign.id}/people?${asked}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows = query.data?.pages.flatMap(({ people }) => people) ?? [];
  const goesOn = useGoOn(query, rows.length);
  if (query.error && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data || goesOn) return <Waiting rows={4} height={36} />;
  const of = step ? `, who stand at ${step}` : ending ? ` who ${endingText(ending)}` : '';
  return (
    <section className="panel" aria-label="Who entered">
      <div className="card-head">
        <h2>Who entered{of}</h2>
        {of ? (
          <Link
            className="chip"
            to="/w/$ws/campaigns/$campaign/$part"
            params={{ ws, campaign: campaign.id, part: 'people' }}
            search={{}}
          >
            Show all
          </Link>
        ) : null}
      </div>
      {rows.length === 0 ? <p className="muted">Nobody.</p> : null}
      <ul className="lines">
        {rows.map((one, n) => (
          <li key={`${one.contactId} ${one.enteredAt} ${n}`}>
            <Link to="/w/$ws/people/$contact" params={{ ws, contact: one.contactId }}>
              {nameOf(one)}
            </Link>
            <Stands of={one} />
            <Act size="compact-sm" onAct={() => onOpen(one)}>
              Why<span className="unseen"> of {nameOf(one)}</span>
            </Act>
          </li>
        ))}
      </ul>
      {query.hasNextPage ? (
        <Act busy={query.isFetchingNextPage} onAct={() => void query.fetchNextPage()}>
          Earlier
        </Act>
      ) : null}
    </section>
  );
}

const ARMS: Readonly<Record<One['arm'], string>> = {
  treated: '',
  holdout: 'held out',
  workspace_holdout: 'held out of all campaigns',
};

function Stands({ of }: { of: Omit<One, 'contactId' | 'name' | 'address'> }): ReactElement {
  const { arm, variant, step, dueAt, endedAt, ending, enteredAt } = of;
  return (
    <span className="muted">
      entered <Ago at={enteredAt} />
      {arm === 'treated' ? '' : ` · ${ARMS[arm]}`}
      {variant ? ` · ${variant}` : ''}
      {endedAt ? (
        <>
          {' · '}
          {ending === 'completed' ? 'completed' : `left: ${ending}`} <Ago at={endedAt} />
        </>
      ) : (
        <>
          {step ? ` · at ${step}` : ''}
          {dueAt ? (
            <>
              , next <Ago at={dueAt} />
            </>
          ) : null}
        </>
      )}
    </span>
  );
}

function Trail({ ws, id, of }: { ws: string; id: string; of: One }): ReactElement {
  const { data, error, refetch } = useQuery({
    queryKey: [ws, 'campaign', id, 'trail', of.contactId] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof CampaignTrail>>('GET', at(ws, `/campaigns/${id}/people/${of.contactId}`), {
        signal,
      }),
  });
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={36} />;
  return (
    <div className="form">
      {data.refused ? (
        <p className="fault">
          Not let in {formatOf(MOMENT).format(Date.parse(data.refused.at))}: {data.refused.why}
        </p>
      ) : null}
      {data.entries.toReversed().map((entry) => (
        <section key={entry.id} aria-label={`Entered ${entry.enteredAt}`}>
          <p>
            <Stands of={entry} />
          </p>
          <Decisions of={entry.trail} />
        </section>
      ))}
    </div>
  );
}

type Decision = { at: string; what: string; why: string };

/** Decisions in order, each with its moment and its reason. */
export function Decisions({ of }: { of: readonly Decision[] }): ReactElement {
  return (
    <ol className="decisions">
      {of.map(({ at: moment, what, why }, n) => (
        <li key={n}>
          <time dateTime={moment} className="muted">
            {formatOf(MOMENT).format(Date.parse(moment))}
          </time>
          <strong>{what}</strong>
          <span>{why}</span>
        </li>
      ))}
    </ol>
  );
}
