/** Keys of the doors: made, shown once, revoked. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { Static } from 'typebox';
import type { KeyMade, KeyShown } from '../../../../contract/doors/console/keys.ts';
import { ROLES } from '../../../../contract/roles.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { Copy } from './Copy.tsx';
import { keysQuery } from './queries.ts';

type Made = Static<typeof KeyMade>;
const DOORS = ['sunshine', 'web1on1', 'outbound', 'shout', 'console'] as const;

/** The part. */
export function Keys({ ws }: { ws: string }): ReactElement {
  const may = useMay('keys.manage');
  const { data, error, refetch } = useQuery({ ...keysQuery(ws), enabled: may === true });
  const [isMaking, setMaking] = useState(false);
  // Not the row's: a key that ends now goes from the list, and must not take the secret of the new one away.
  const [rotated, setRotated] = useState<KeyShown>();
  if (may !== true)
    return (
      <Empty title="Not for your role">
        <p>{may}</p>
      </Empty>
    );
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <>
      <div className="card-acts">
        <Act variant="filled" icon="plus" onAct={() => setMaking(true)}>
          New key
        </Act>
      </div>
      {data.keys.length === 0 ? (
        <Empty title="No key yet">
          <p>A key lets a program of yours call one of the APIs for this workspace.</p>
        </Empty>
      ) : (
        <table className="table stacked">
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">API</th>
              <th scope="col">Access</th>
              <th scope="col">Created</th>
              <th scope="col">Last used</th>
              <th scope="col">Expires</th>
              <th scope="col">
                <span className="unseen">What to do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.keys.map((key) => (
              <Row key={key.id} ws={ws} shown={key} onRotate={() => setRotated(key)} />
            ))}
          </tbody>
        </table>
      )}
      <Dialog title="New key" opened={isMaking} onClose={() => setMaking(false)}>
        {isMaking ? <NewKey ws={ws} onDone={() => setMaking(false)} /> : null}
      </Dialog>
      <Dialog
        title="A new key in place of this one"
        opened={rotated !== undefined}
        onClose={() => setRotated(undefined)}
      >
        {rotated ? <Rotate ws={ws} shown={rotated} onDone={() => setRotated(undefined)} /> : null}
      </Dialog>
    </>
  );
}

function Row({ ws, shown, onRotate }: { ws: string; shown: KeyShown; onRotate: () => void }): ReactElement {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/keys/${shown.keyId}`)),
    onSuccess: () => toast('The key is revoked.'),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'keys'] }),
  });
  const [isAsked, setAsked] = useState(false);
  return (
    <tr>
      <td data-as="Key">
        <strong>{shown.name || 'No name'}</strong>
        <div className="mono muted breaks">{shown.keyId}</div>
      </td>
      <td data-as="API">{shown.door}</td>
      <td data-as="Access">{shown.scopes.join(', ') || 'everything in this API'}</td>
      <td data-as="Created">
        <Ago at={shown.createdAt} />
      </td>
      <td data-as="Last used">{shown.lastUsedAt ? <Ago at={shown.lastUsedAt} /> : 'never'}</td>
      <td data-as="Expires">{shown.expiresAt ? <Ago at={shown.expiresAt} /> : 'never'}</td>
      <td>
        <Act size="compact-sm" onAct={onRotate}>
          Rotate …
        </Act>
        <Act size="compact-sm" onAct={() => setAsked(true)}>
          Revoke …
        </Act>
        <Dialog title="Revoke this key?" opened={isAsked} onClose={() => setAsked(false)}>
          <div className="form">
            <p>Whoever uses it is refused from now on. It cannot be brought back.</p>
            <Act color="red" variant="filled" busy={revoke.isPending} onAct={() => revoke.mutate()}>
              Revoke
            </Act>
          </div>
        </Dialog>
      </td>
    </tr>
  );
}

const HOUR_MS = 3_600_000;
const LASTING: readonly (readonly [number, string])[] = [
  [HOUR_MS, 'for an hour'],
  [24 * HOUR_MS, 'for a day'],
  [7 * 24 * HOUR_MS, 'for a week'],
  [30 * 24 * HOUR_MS, 'for 30 days'],
  [0, 'not at all: it ends now'],
];

/** A new key that may the same, and an end for this one. */
function Rotate({ ws, shown, onDone }: { ws: string; shown: KeyShown; onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const [oldLastsMs, setLasts] = useState(24 * HOUR_MS);
  const make = useMutation({
    mutationFn: () => call<Made>('POST', at(ws, `/keys/${shown.keyId}/rotate`), { body: { oldLastsMs } }),
    onSuccess: () => client.invalidateQueries({ queryKey: [ws, 'keys'] }),
  });
  if (make.data) return <Once made={make.data} onDone={onDone} />;
  return (
    <div className="form">
      <p>
        The new key may do what <strong>{shown.name || shown.keyId}</strong> may. Whoever still uses the old
        one is seen by when it was used last, and is refused when it ends. An Idempotency-Key belongs to a
        key: let what is under way finish with the old one.
      </p>
      <label className="field">
        The old key goes on
        <select value={oldLastsMs} onChange={({ currentTarget }) => setLasts(Number(currentTarget.value))}>
          {LASTING.map(([ms, words]) => (
            <option key={ms} value={ms}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {make.error ? <p className="fault">{make.error.message}</p> : null}
      <Act variant="filled" busy={make.isPending} onAct={() => make.mutate()}>
        Make the new key
      </Act>
    </div>
  );
}

function NewKey({ ws, onDone }: { ws: string; onDone: () => void }): ReactElement {
  const { role: own } = useHere();
  const client = useQueryClient();
  const [door, setDoor] = useState<(typeof DOORS)[number]>('sunshine');
  const [name, setName] = useState('');
  const [role, setRole] = useState<string>('viewer');
  const [scope, setScope] = useState('private');
  const make = useMutation({
    mutationFn: () =>
      call<Made>('POST', at(ws, '/keys'), {
        body: {
          door,
          name,
          ...(door === 'console' ? { role } : {}),
          ...(door === 'outbound' ? { scope } : {}),
        },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: [ws, 'keys'] }),
  });
  if (make.data) return <Once made={make.data} onDone={onDone} />;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <label className="field">
        Name
        <input value={name} maxLength={200} onChange={({ currentTarget }) => setName(currentTarget.value)} />
      </label>
      <label className="field">
        Door
        <select value={door} onChange={({ currentTarget }) => setDoor(currentTarget.value as typeof door)}>
          {DOORS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {door === 'console' ? (
        <label className="field">
          In the role
          <select value={role} onChange={({ currentTarget }) => setRole(currentTarget.value)}>
            {ROLES.slice(ROLES.indexOf(own)).map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      ) : null}
      {door === 'outbound' ? (
        <label className="field">
          For
          <select value={scope} onChange={({ currentTarget }) => setScope(currentTarget.value)}>
            <option value="private">a server</option>
            <option value="public">a browser or an app</option>
          </select>
        </label>
      ) : null}
      {make.error ? <p className="fault">{make.error.message}</p> : null}
      <button type="submit" className="primary">
        Make the key
      </button>
    </form>
  );
}

/** The only time that the secret is shown. */
function Once({ made, onDone }: { made: Made; onDone: () => void }): ReactElement {
  return (
    <div className="form">
      <p>This is the only time that the secret is shown. Keep it where your program reads its secrets.</p>
      <Copy label="Key" text={made.keyId} />
      <Copy label="Secret" text={made.secret} />
      <Copy label="Both in one, as a bearer token" text={made.token} />
      <button type="button" className="primary" onClick={onDone}>
        I have kept it
      </button>
    </div>
  );
}
