/** The people behind a number of the results: who they are, as a file, and put on a list. */
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type {
  AnswerPage,
  RecipientPage,
  RecipientsFile,
} from '../../../../contract/doors/console/broadcasts.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at, whyOfBroadcast } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { useGoOn } from '../../ui/goOn.ts';
import { Failed, Waiting } from '../../ui/states.tsx';
import { toastError } from '../../ui/toasts.tsx';
import { WhyLink } from '../inbox/delivery.tsx';
import { Bulk } from '../people/Bulk.tsx';
import type { Broadcast } from './queries.ts';
import { reasonText } from './reasons.ts';

/** A state in which recipients are. */
export type StateName = Exclude<keyof Broadcast['counts'], 'matched' | 'fannedOut' | 'queued'>;
/** A way in which they answered. */
export type AnswerKind = 'replied' | 'optedOut';

type Props = { ws: string; broadcast: Broadcast };

const isAnswer = (outcome: StateName | AnswerKind): outcome is AnswerKind =>
  outcome === 'replied' || outcome === 'optedOut';

/** Those with whom it ended in one way. */
export function Recipients({
  ws,
  broadcast,
  outcome,
}: Props & { outcome: StateName | AnswerKind }): ReactElement {
  return (
    <>
      {isAnswer(outcome) ? (
        <Answered ws={ws} broadcast={broadcast} kind={outcome} />
      ) : (
        <InState ws={ws} broadcast={broadcast} state={outcome} />
      )}
      <Bulk ws={ws} who={{ broadcast: { id: broadcast.id, outcome } }} name="Change these people" />
      {isAnswer(outcome) ? null : (
        <div className="card-acts">
          <FileButton ws={ws} broadcast={broadcast} state={outcome}>
            CSV of these
          </FileButton>
        </div>
      )}
    </>
  );
}

/** Fetches a CSV of recipients. */
export function FileButton({
  ws,
  broadcast,
  state,
  children,
}: Props & { state?: StateName; children: string }): ReactElement {
  const may = useMay('contacts.export');
  const make = useMutation({
    mutationFn: () =>
      call<RecipientsFile>('POST', at(ws, `/broadcasts/${broadcast.id}/file`), {
        body: state ? { state } : {},
      }),
    onSuccess({ url }) {
      const link = document.createElement('a');
      link.href = new URL(url).pathname;
      link.download = `${broadcast.name}${state ? ` ${state}` : ''}.csv`;
      link.click();
    },
    onError: toastError,
  });
  return (
    <Act may={may} busy={make.isPending} onAct={() => make.mutate()}>
      {children}
    </Act>
  );
}

function InState({ ws, broadcast, state }: Props & { state: StateName }): ReactElement {
  const query = useInfiniteQuery({
    queryKey: [ws, 'broadcast', broadcast.id, 'recipients', state] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<RecipientPage>(
        'GET',
        at(
          ws,
          `/broadcasts/${broadcast.id}/recipients?state=${state}${pageParam ? `&after=${pageParam}` : ''}`,
        ),
        { signal },
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  if (query.error && !query.data) return <Failed error={query.error} />;
  if (!query.data) return <Waiting rows={4} height={36} />;
  return (
    <Whom query={query}>
      {query.data.pages
        .flatMap(({ recipients }) => recipients)
        .map(({ ref, contactId, name, address, code, detail }) => (
          <li key={ref}>
            <Link to="/w/$ws/people/$contact" params={{ ws, contact: contactId }}>
              {name ?? address ?? contactId}
            </Link>
            <span className="muted">
              {address}
              {code ? ` · ${reasonText(code)}` : ''}
              {detail ? ` · ${detail}` : ''}
            </span>
            <WhyLink why={whyOfBroadcast(broadcast.id, contactId)} />
          </li>
        ))}
    </Whom>
  );
}

function Answered({ ws, broadcast, kind }: Props & { kind: AnswerKind }): ReactElement {
  const query = useInfiniteQuery({
    queryKey: [ws, 'broadcast', broadcast.id, 'answers', kind] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<AnswerPage>(
        'GET',
        at(ws, `/broadcasts/${broadcast.id}/answers?kind=${kind}${pageParam ? `&after=${pageParam}` : ''}`),
        { signal },
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  if (query.error && !query.data) return <Failed error={query.error} />;
  if (!query.data) return <Waiting rows={4} height={36} />;
  return (
    <Whom query={query}>
      {query.data.pages
        .flatMap(({ people }) => people)
        .map(({ contactId, name, at: moment }) => (
          <li key={contactId}>
            <Link to="/w/$ws/people/$contact" params={{ ws, contact: contactId }}>
              {name ?? contactId}
            </Link>
            <span className="muted">
              <Ago at={moment} />
            </span>
          </li>
        ))}
    </Whom>
  );
}

type More = Parameters<typeof useGoOn>[0] & { isFetching: boolean };

function Whom({ query, children }: { query: More; children: readonly ReactElement[] }): ReactElement {
  if (useGoOn(query, children.length)) return <Waiting rows={4} height={36} />;
  return (
    <>
      <ul className="whom" aria-label="Recipients" tabIndex={0}>
        {children.length > 0 ? children : <li className="muted">Nobody.</li>}
      </ul>
      {query.hasNextPage ? (
        <Act onAct={() => void query.fetchNextPage()} busy={query.isFetching}>
          More
        </Act>
      ) : null}
    </>
  );
}
