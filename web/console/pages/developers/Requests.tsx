/** The last requests by keys: what was asked, how it went, and what was wrong with it. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { RequestShown, RequestsShown } from '../../../../contract/doors/console/requests.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';

/** They are written down some seconds after they were answered. */
const LOOK_MS = 5_000;

/** The part. */
export function Requests({ ws }: { ws: string }): ReactElement {
  const may = useMay('keys.manage');
  const [failed, setFailed] = useState(false);
  const query = useInfiniteQuery({
    queryKey: [ws, 'requests', failed] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({
        ...(failed ? { failed: 'true' } : {}),
        ...(pageParam ? { before: pageParam } : {}),
      });
      return call<RequestsShown>('GET', at(ws, `/requests?${asked}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: LOOK_MS,
    enabled: may === true,
  });
  if (may !== true)
    return (
      <Empty title="Not for your role">
        <p>{may}</p>
      </Empty>
    );
  if (query.error && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Waiting />;
  const all = query.data.pages.flatMap(({ requests }) => requests);
  return (
    <>
      <div className="card-acts">
        <button type="button" className="chip" aria-pressed={failed} onClick={() => setFailed(!failed)}>
          Errors only
        </button>
      </div>
      {all.length ? (
        <table className="table stacked">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Request</th>
              <th scope="col">Answer</th>
              <th scope="col">Took</th>
              <th scope="col">Key</th>
            </tr>
          </thead>
          <tbody>
            {all.map((one) => (
              <Row key={`${one.at} ${one.requestId}`} shown={one} />
            ))}
          </tbody>
        </table>
      ) : (
        <Empty title={failed ? 'Nothing went wrong' : 'No key has asked for anything'}>
          <p>Requests by keys of this workspace are here some seconds after they were answered.</p>
        </Empty>
      )}
      {query.hasNextPage ? <Act onAct={() => void query.fetchNextPage()}>Earlier</Act> : null}
    </>
  );
}

function Row({ shown }: { shown: RequestShown }): ReactElement {
  const { at: moment, method, route, status, durationMs, door, keyId, requestId, fault } = shown;
  return (
    <tr>
      <td data-as="When">
        <Ago at={moment} />
      </td>
      <td data-as="Request">
        <span className="mono breaks">
          {method} {route}
        </span>
        <div className="muted mono">{requestId}</div>
      </td>
      <td data-as="Answer">
        <State tone={status < 400 ? 'good' : 'bad'} icon={status < 400 ? 'check' : 'cross'}>
          {status}
        </State>
        {fault ? (
          <div className="breaks">
            {fault.code}
            {fault.field ? ` · ${fault.field}` : ''}: {fault.message}
          </div>
        ) : null}
      </td>
      <td data-as="Took">{durationMs} ms</td>
      <td data-as="Key">
        {door}
        <div className="mono muted breaks">{keyId}</div>
      </td>
    </tr>
  );
}
