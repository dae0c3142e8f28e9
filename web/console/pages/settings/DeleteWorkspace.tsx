/** Deleting the workspace: what goes with it is shown before, and its name is typed, so that nobody deletes another one than meant. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { GoesShown } from '../../../../contract/doors/console/workspaces.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Failed, messageOf } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { numberText } from '../../../shared/reader.ts';

/** The section. */
export function DeleteWorkspace(): ReactElement {
  const may = useMay('workspace.delete');
  const [isOpen, setOpen] = useState(false);
  return (
    <section className="panel" aria-label="Delete the workspace">
      <h2>Delete the workspace</h2>
      {isOpen && may === true ? (
        <Asked onStay={() => setOpen(false)} />
      ) : (
        <Act may={may} color="red" size="xs" onAct={() => setOpen(true)}>
          Delete this workspace …
        </Act>
      )}
    </section>
  );
}

function Asked({ onStay }: { onStay: () => void }): ReactElement {
  const { id, name } = useHere();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const { data, error, refetch } = useQuery({
    queryKey: [id, 'goes'],
    queryFn: ({ signal }) => call<GoesShown>('GET', at(id, '/goes'), { signal }),
  });
  const remove = useMutation({
    mutationFn: () => call('POST', at(id, '/delete'), { body: { name: typed } }),
    async onSuccess() {
      localStorage.removeItem('parley.workspace');
      toast(`${name} is deleted.`);
      await navigate({ to: '/me' });
      client.clear();
    },
  });
  return (
    <form
      className="setting"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed === name) remove.mutate();
      }}
    >
      <p>
        Nobody reaches it from then on, its keys open nothing, and nothing more is sent. All that is kept of
        it goes, within hours, and cannot be had back:
      </p>
      {error ? <Failed error={error} retry={() => void refetch()} /> : null}
      {data ? <Goes {...data} /> : null}
      <label className="field">
        {`Its name, “${name}”, to be sure`}
        <input value={typed} onChange={({ currentTarget }) => setTyped(currentTarget.value)} />
      </label>
      {remove.error ? (
        <p className="fault" role="alert">
          {messageOf(remove.error)}
        </p>
      ) : null}
      <p className="acts">
        <Act
          may={typed === name || 'Type the name of the workspace first.'}
          color="red"
          size="xs"
          busy={remove.isPending}
          onAct={() => remove.mutate()}
        >
          Delete it for good
        </Act>{' '}
        <Act size="xs" onAct={onStay}>
          Keep it
        </Act>
      </p>
    </form>
  );
}

function Goes({ most, ...counts }: GoesShown): ReactElement {
  return (
    <dl className="facts">
      {Object.entries(counts).map(([what, n]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{n >= most ? `${numberText(most)} or more` : numberText(n)}</dd>
        </div>
      ))}
    </dl>
  );
}
