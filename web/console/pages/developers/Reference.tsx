/** The reference of every API, made of the document that the server makes of its own routes: with this workspace's ids, to be run. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { CONSOLE_HEADER } from '../../../../contract/consoleLive.ts';
import { useHere } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { knownQuery } from './known.ts';
import {
  codeOf,
  exampleOf,
  LANGUAGES,
  operationsOf,
  sampleOf,
  type Document,
  type Known,
  type Language,
  type Operation,
  type Request,
} from './example.ts';
import { pretty } from './Idempotency.tsx';

const DOORS = {
  console: 'Console',
  sunshine: 'Sunshine',
  web1on1: 'Web1on1',
  outbound: 'Outbound',
  shout: 'Shout',
  other: 'Others',
} as const;
type DoorName = keyof typeof DOORS;

const route = getRouteApi('/w/$ws/developers/$part');

const documentQuery = (door: DoorName) => ({
  queryKey: ['openapi', door] as const,
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const response = await fetch(`/api/openapi/${door}.json`, { signal });
    if (!response.ok) throw new Error(`The document could not be fetched (${response.status}).`);
    return (await response.json()) as Document;
  },
  staleTime: Infinity,
});

/** The part. */
export function Reference({ ws }: { ws: string }): ReactElement {
  const { door: given, op: open } = route.useSearch();
  const navigate = route.useNavigate();
  const door: DoorName = given !== undefined && Object.hasOwn(DOORS, given) ? (given as DoorName) : 'console';
  // An operation can be sent to somebody by its address.
  const go = (some: { door?: string; op?: string | undefined }) =>
    void navigate({ search: (now) => ({ ...now, ...some }), replace: true });
  const [search, setSearch] = useState('');
  const [token, setToken] = useState('');
  const { data: document, error, refetch } = useQuery(documentQuery(door));
  const { role } = useHere();
  const { data: known } = useQuery(knownQuery(ws, role));
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  const all = document ? operationsOf(door, document) : [];
  const words = search.toLowerCase().split(/\s+/);
  const found = all.filter(({ method, path, summary }) => {
    const text = `${method} ${path} ${summary}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const chosen =
    all.find(({ id }) => id === open) ??
    found.find(({ method, path }) => method === 'POST' && path.endsWith('/messages')) ??
    found[0];
  return (
    <div className="reference">
      <div className="reference-list">
        <label>
          <span className="unseen">API</span>
          <select
            value={door}
            onChange={({ currentTarget }) => go({ door: currentTarget.value, op: undefined })}
          >
            {Object.entries(DOORS).map(([name, words_]) => (
              <option key={name} value={name}>
                {words_}
              </option>
            ))}
          </select>
        </label>
        <input
          type="search"
          aria-label="Find an operation"
          placeholder="Find …"
          value={search}
          onChange={({ currentTarget }) => setSearch(currentTarget.value)}
        />
        <a href={`/api/openapi/${door}.json`} target="_blank" rel="noreferrer">
          openapi.json
        </a>
        <ul aria-label="Operations" tabIndex={0}>
          {found.map(({ id, method, path, summary }) => (
            <li key={id}>
              <button type="button" aria-pressed={chosen?.id === id} onClick={() => go({ op: id })}>
                <span className="method" data-method={method}>
                  {method}
                </span>
                <span>
                  {summary || path}
                  <span className="muted mono breaks">
                    {path.replace('/api/workspaces/{workspaceId}', '…')}
                  </span>
                </span>
              </button>
            </li>
          ))}
        </ul>
      </div>
      {!document || !known ? (
        <Waiting />
      ) : chosen ? (
        <OperationView
          key={chosen.id}
          operation={chosen}
          document={document}
          known={known}
          token={token}
          onToken={setToken}
        />
      ) : (
        <Empty title="Nothing is found" />
      )}
    </div>
  );
}

type ViewProps = {
  operation: Operation;
  document: Document;
  known: Known;
  token: string;
  onToken: (token: string) => void;
};

function OperationView({ operation, document, known, token, onToken }: ViewProps): ReactElement {
  const { environment } = useHere();
  const [language, setLanguage] = useState<Language>('curl');
  const example = exampleOf(operation, document, known);
  const [path, setPath] = useState(example.path);
  const [body, setBody] = useState(example.body);
  const [headers, setHeaders] = useState(example.headers);
  const request = { method: operation.method, path, body, headers };
  const open = /\{\w+\}/.exec([path, ...Object.values(headers)].join(' '))?.[0];
  const isConsole = operation.door === 'console';
  const run = useMutation({ mutationFn: () => made(request, isConsole ? undefined : token) });
  const may =
    environment !== 'test'
      ? 'Examples are run in test workspaces only.'
      : open
        ? `Fill in ${open} first.`
        : isConsole || operation.isOpen || token
          ? true
          : 'Paste a key of this door first.';
  return (
    <article className="operation" aria-label={operation.summary || operation.path}>
      <h2>{operation.summary || operation.path}</h2>
      <label className="field">
        <span>
          <span className="method" data-method={operation.method}>
            {operation.method}
          </span>{' '}
          Address
        </span>
        <input className="mono" value={path} onChange={({ currentTarget }) => setPath(currentTarget.value)} />
      </label>
      {operation.inQuery.length ? (
        <p className="muted">
          May be asked with{' '}
          {operation.inQuery.map(({ name }) => (
            <code key={name}>{name} </code>
          ))}
        </p>
      ) : null}
      {Object.entries(headers).map(([name, value]) => (
        <label key={name} className="field">
          {name}
          <input
            className="mono"
            value={value}
            onChange={({ currentTarget }) => setHeaders({ ...headers, [name]: currentTarget.value })}
          />
        </label>
      ))}
      {body === undefined ? null : (
        <label className="field">
          Body
          <textarea
            className="mono"
            rows={Math.min(16, body.split('\n').length + 1)}
            spellCheck={false}
            value={body}
            onChange={({ currentTarget }) => setBody(currentTarget.value)}
          />
        </label>
      )}
      {isConsole || operation.isOpen ? null : (
        <label className="field">
          Key, kept in this tab only
          <input
            type="password"
            autoComplete="off"
            value={token}
            onChange={({ currentTarget }) => onToken(currentTarget.value)}
          />
        </label>
      )}
      <div className="card-acts">
        <Act variant="filled" may={may} busy={run.isPending} onAct={() => run.mutate()}>
          Run
        </Act>
        <div className="switch" role="group" aria-label="Language">
          {LANGUAGES.map((one) => (
            <button key={one} type="button" aria-pressed={one === language} onClick={() => setLanguage(one)}>
              {one}
            </button>
          ))}
        </div>
      </div>
      {run.error ? <p className="fault">{run.error.message}</p> : null}
      {run.data ? (
        <section aria-label="Answer">
          <h3>
            Answered <span className={run.data.status < 300 ? 'good' : 'fault'}>{run.data.status}</span> in{' '}
            {run.data.tookMs} ms
          </h3>
          <pre tabIndex={0} className="code">
            {pretty(run.data.text)}
          </pre>
        </section>
      ) : null}
      <pre tabIndex={0} className="code" aria-label={`In ${language}`}>
        {codeOf(language, location.origin, request, token || '$PARLEY_KEY')}
      </pre>
      {operation.answer ? (
        <section aria-label="Response">
          <h3>Response</h3>
          <pre tabIndex={0} className="code">
            {JSON.stringify(sampleOf(operation.answer, document), null, 2)}
          </pre>
        </section>
      ) : null}
    </article>
  );
}

/** Makes a request as the code beside it does; at the console's own door as who is signed in. */
async function made({ method, path, body, headers }: Request, token?: string) {
  const begunMs = performance.now();
  const response = await fetch(path, {
    method,
    credentials: token === undefined ? 'same-origin' : 'omit',
    headers: {
      ...(token === undefined ? { [CONSOLE_HEADER]: '1' } : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  return {
    status: response.status,
    text: await response.text(),
    tookMs: Math.round(performance.now() - begunMs),
  };
}
