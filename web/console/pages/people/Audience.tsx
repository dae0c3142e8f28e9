/** The builder of an audience: its conditions, about how many and then how many they hold of, some of them and why, and what is done with them. */
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { AudienceCount } from '../../../../contract/doors/console/audiences.ts';
import type { SegmentShown } from '../../../../contract/doors/console/segments.ts';
import type { Rule } from '../../../../contract/campaign.ts';
import { Icon } from '../../../shared/icons.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { countQuery, foundQuery, sampleQuery, segmentQuery } from './askedQueries.ts';
import { Bulk } from './Bulk.tsx';
import { ExportButton } from './Exports.tsx';
import { nameOf } from './PersonRow.tsx';
import { asksMore, isWhole, partAt, wordsOf } from './rule.ts';
import { Group } from './RuleEditor.tsx';
import '../../styles/people.css';
import { numberText } from '../../../shared/reader.ts';

const route = getRouteApi('/w/$ws/people/audiences/$audience');
const SETTLED_MS = 350;
const FIRST: Rule = { all: [{ attribute: '', is: '' }] };

/** The page. */
export function Audience(): ReactElement {
  const { id: ws } = useHere();
  const { audience } = route.useParams();
  const isNew = audience === 'new';
  const { data, error, refetch } = useQuery({ ...segmentQuery(ws, audience), enabled: !isNew });
  if (!isNew && error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!isNew && !data) return <Waiting />;
  return <Builder key={audience} ws={ws} kept={isNew ? undefined : data} />;
}

function Builder({ ws, kept }: { ws: string; kept: SegmentShown | undefined }): ReactElement {
  const { rule: given } = route.useSearch();
  const navigate = route.useNavigate();
  const [rule, setRule] = useState((given ?? kept?.rule ?? FIRST) as Rule);
  // The address is what is asked: a reload takes nothing, and it can be sent to somebody. It comes a moment after what is typed.
  const change = (next: Rule) => {
    setRule(next);
    void navigate({ search: (now) => ({ ...now, rule: next }), replace: true });
  };
  const [settled] = useDebouncedValue(rule, SETTLED_MS);
  const asked = isWhole(settled) ? settled : undefined;
  return (
    <div className="page">
      <header className="page-head">
        <Link to="/w/$ws/people/audiences" params={{ ws }} className="plain" aria-label="Back to audiences">
          <Icon name="back" />
        </Link>
        <h1>{kept ? kept.name : 'A new audience'}</h1>
        {kept ? <Delete ws={ws} kept={kept} /> : null}
      </header>
      <div className="page-columns" role="group" aria-label="Page" tabIndex={0}>
        <section className="panel" aria-label="Conditions">
          <Group ws={ws} rule={rule} onRule={change} name="" />
          <Save ws={ws} kept={kept} rule={rule} />
        </section>
        <section className="panel" aria-label="Whom they hold of">
          <Number ws={ws} rule={asked} />
          <Some ws={ws} rule={asked} />
          {asked ? (
            <>
              <Bulk ws={ws} who={{ rule: asked as object as Record<string, unknown> }} name="Change all" />
              <div className="card-acts">
                <ExportButton ws={ws} who={{ rule: asked as object as Record<string, unknown> }}>
                  Export them
                </ExportButton>
              </div>
            </>
          ) : null}
        </section>
      </div>
    </div>
  );
}

/** About how many, at once; then counted, as far as that goes in a moment. */
function Number({ ws, rule }: { ws: string; rule: Rule | undefined }): ReactElement {
  const estimate = useQuery(countQuery(ws, rule, 'estimate'));
  const counted = useQuery(countQuery(ws, rule, 'count'));
  const { data } = counted.data ? counted : estimate;
  const error = counted.error ?? estimate.error;
  if (!rule) return <p className="muted">Fill in the conditions: then it says how many they hold of.</p>;
  if (error)
    return (
      <p className="fault" role="alert">
        {messageOf(error)}
      </p>
    );
  return (
    <p role="status" aria-live="polite">
      <strong>{data ? said(data) : 'counting …'}</strong>
    </p>
  );
}

function said({ about, error, atLeast, exact }: AudienceCount): string {
  const number = (n: number) => numberText(n);
  if (exact) return atLeast === 1 ? '1 person' : `${number(atLeast)} people`;
  return `About ${number(about)} people, give or take ${number(error * 2)}; ${number(atLeast)} at least`;
}

function Some({ ws, rule }: { ws: string; rule: Rule | undefined }): ReactElement | null {
  const { data } = useQuery(sampleQuery(ws, rule));
  const [isAll, setAll] = useState(false);
  if (!rule || !data) return null;
  if (data.people.length === 0) return <p className="muted">Nobody of those who came last.</p>;
  if (isAll) return <Found ws={ws} rule={rule} />;
  return (
    <>
      <ul className="lines" aria-label="Some of them">
        {data.people.map(({ contact, holds }) => (
          <li key={contact.id}>
            <Link to="/w/$ws/people/$contact" params={{ ws, contact: contact.id }}>
              {nameOf(contact)}
            </Link>
            {data.conditions.map((path, n) => {
              const part = partAt(rule, path);
              return part && holds[n] ? (
                <State key={path} tone="good" icon="check">
                  {wordsOf(part)}
                </State>
              ) : null;
            })}
          </li>
        ))}
      </ul>
      <button type="button" className="earlier" onClick={() => setAll(true)}>
        Show all of them
      </button>
    </>
  );
}

function Found({ ws, rule }: { ws: string; rule: Rule }): ReactElement {
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    foundQuery(ws, rule),
  );
  if (error && !data) return <Failed error={error} />;
  if (!data) return <Waiting rows={4} height={44} />;
  const back = data.pages.at(-1)?.lookedTo;
  return (
    <>
      <ul className="lines" aria-label="All of them">
        {data.pages
          .flatMap(({ contacts }) => contacts)
          .map((one) => (
            <li key={one.id}>
              <Link to="/w/$ws/people/$contact" params={{ ws, contact: one.id }}>
                {nameOf(one)}
              </Link>
              <span className="muted">{one.externalId}</span>
            </li>
          ))}
      </ul>
      {hasNextPage ? (
        <button
          type="button"
          className="earlier"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          More, from before {back?.slice(0, 10)}
        </button>
      ) : null}
    </>
  );
}

function Save({ ws, kept, rule }: { ws: string; kept: SegmentShown | undefined; rule: Rule }): ReactElement {
  const role = useMay('broadcasts.write');
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const [name, setName] = useState(kept?.name ?? '');
  const save = useMutation({
    mutationFn: () =>
      kept
        ? call<SegmentShown>('PATCH', at(ws, `/segments/${kept.id}`), { body: { name, rule } })
        : call<SegmentShown>('POST', at(ws, '/segments'), { body: { key: keyOf(name), name, rule } }),
    async onSuccess(saved) {
      toast(`${saved.name} is kept, and stays up to date.`);
      client.setQueryData(segmentQuery(ws, saved.id).queryKey, saved);
      await client.invalidateQueries({ queryKey: [ws, 'segments'] });
      await navigate({
        to: '/w/$ws/people/audiences/$audience',
        params: { ws, audience: saved.id },
        search: {},
      });
    },
  });
  const may =
    role !== true
      ? role
      : !isWhole(rule)
        ? 'Some condition is not filled in.'
        : asksMore(rule)
          ? 'What is kept cannot ask for channels or for other audiences: it could not be kept up to date.'
          : name.trim() !== '' || 'It needs a name.';
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (may === true) save.mutate();
      }}
    >
      <label className="field">
        Name
        <input value={name} maxLength={200} onChange={({ currentTarget: { value } }) => setName(value)} />
      </label>
      {save.error ? (
        <p className="fault" role="alert">
          {messageOf(save.error)}
        </p>
      ) : null}
      <div className="card-acts">
        <Act variant="filled" may={may} busy={save.isPending} onAct={() => save.mutate()}>
          {kept ? 'Save' : 'Save as an audience'}
        </Act>
      </div>
    </form>
  );
}

/** How rules and campaigns name it: letters, digits and dashes of its name, and something of now, as another may be called so. */
function keyOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${plain.slice(0, 50) || 'audience'}-${crypto.randomUUID().slice(0, 6)}`;
}

function Delete({ ws, kept }: { ws: string; kept: SegmentShown }): ReactElement {
  const may = useMay('broadcasts.write');
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const drop = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/segments/${kept.id}`)),
    async onSuccess() {
      toast(`${kept.name} is kept no longer; its people stay.`, {
        undo: () =>
          void call('POST', at(ws, '/segments'), {
            body: { key: kept.key, name: kept.name, rule: kept.rule },
          }).catch(toastError),
      });
      await client.invalidateQueries({ queryKey: [ws, 'segments'] });
      await navigate({ to: '/w/$ws/people/audiences', params: { ws } });
    },
    onError: toastError,
  });
  return (
    <Act may={may} busy={drop.isPending} onAct={() => drop.mutate()}>
      Delete
    </Act>
  );
}
