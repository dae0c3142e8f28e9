/** The last requests by keys: what was asked, how it went, and what was wrong with it. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { RequestShown, RequestsShown } from '../../../../contract/doors/console/requests.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at, isShort } from '../../api/queries.ts';
import { useSettled } from '../../preview/render.ts';
import { useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { keysQuery } from './queries.ts';

/** They are written down some seconds after they were answered. */
const LOOK_MS = 5_000;

const route = getRouteApi('/w/$ws/developers/$part');
const STATUSES = ['2xx', '4xx', '5xx', '400', '401', '403', '404', '409', '412', '429'] as const;

/** The part. */
export function Requests({ ws }: { ws: string }): ReactElement {
  const may = useMay('keys.manage');
  const { failed, status, key, route: words } = route.useSearch();
  const settled = useSettled(words ?? '');
  const asked = { failed: failed ? 'true' : undefined, status, key, route: settled || undefined };
  const query = useInfiniteQuery({
    queryKey: [ws, 'requests', asked] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const given = Object.entries({ ...asked, before: pageParam }).filter((one) => one[1] !== undefined);
      const search = new URLSearchParams(given as [string, string][]);
      return call<RequestsShown>('GET', at(ws, `/requests?${search}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: (one) => isShort(one) && LOOK_MS,
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
      <Narrow ws={ws} />
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
        <Empty
          title={
            status || key || words
              ? 'No request was like that'
              : failed
                ? 'Nothing went wrong'
                : 'No key has asked for anything'
          }
        >
          <p>Requests by keys of this workspace are here some seconds after they were answered.</p>
        </Empty>
      )}
      {query.hasNextPage ? <Act onAct={() => void query.fetchNextPage()}>Earlier</Act> : null}
    </>
  );
}

/** By how it was answered, by which key, and by what was asked. The address has it. */
function Narrow({ ws }: { ws: string }): ReactElement {
  const { failed, status, key, route: words } = route.useSearch();
  const navigate = route.useNavigate();
  const keys = useQuery(keysQuery(ws)).data?.keys ?? [];
  const set = (
    some: Partial<Record<'status' | 'key' | 'route', string | undefined>> & { failed?: true | undefined },
  ) => void navigate({ search: (now) => ({ ...now, ...some }), replace: true });
  return (
    <div className="log-top">
      <button
        type="button"
        className="chip"
        aria-pressed={failed === true}
        onClick={() => set({ failed: failed ? undefined : true })}
      >
        Errors only
      </button>
      <select
        aria-label="Status"
        value={status ?? ''}
        onChange={({ currentTarget: { value } }) => set({ status: value || undefined })}
      >
        <option value="">every status</option>
        {[...new Set([...STATUSES, ...(status ? [status] : [])])].map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
      <select
        aria-label="Key"
        value={key ?? ''}
        onChange={({ currentTarget: { value } }) => set({ key: value || undefined })}
      >
        <option value="">every key</option>
        {keys.map(({ keyId, name }) => (
          <option key={keyId} value={keyId}>
            {name ? `${name} (${keyId})` : keyId}
          </option>
        ))}
        {key && !keys.some(({ keyId }) => keyId === key) ? <option value={key}>{key}</option> : null}
      </select>
      <input
        type="search"
        aria-label="Method or route"
        placeholder="POST, /contacts …"
        maxLength={100}
        value={words ?? ''}
        onChange={({ currentTarget: { value } }) => set({ route: value || undefined })}
      />
    </div>
  );
}

function Row({ shown }: { shown: RequestShown }): ReactElement {
  const { at: moment, method, route: path, status, durationMs, door, keyId, requestId, fault } = shown;
  return (
    <tr>
      <td data-as="When">
        <Ago at={moment} />
      </td>
      <td data-as="Request">
        <span className="mono breaks">
          {method} {path}
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
