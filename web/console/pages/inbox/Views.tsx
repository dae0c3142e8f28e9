/** Views that are kept: chosen, made of what the list is narrowed to now, and thrown away. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactElement } from 'react';
import type {
  NewSavedView,
  SavedLook,
  SavedViewShown,
} from '../../../../contract/doors/console/savedViews.ts';
import { Icon } from '../../../shared/icons.tsx';
import { call } from '../../api/call.ts';
import { at, savedViewsQuery } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { messageOf } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';

type Props = {
  ws: string;
  opened: boolean;
  onClose: () => void;
  /** What is looked at now. */
  look: SavedLook;
  onChoose: (view: SavedViewShown) => void;
};

/** The dialog. */
export function Views({ ws, opened, onClose, look, onChoose }: Props): ReactElement {
  const { data } = useQuery({ ...savedViewsQuery(ws), enabled: opened });
  const views = data?.savedViews ?? [];
  return (
    <Dialog title="Saved views" opened={opened} onClose={onClose}>
      <div className="form">
        {data && views.length === 0 ? <p className="muted">None is kept yet.</p> : null}
        <ul className="kept-views">
          {views.map((view) => (
            <li key={view.id}>
              <button type="button" className="chip" onClick={() => onChoose(view)}>
                {view.name}
              </button>
              <span className="muted grow">{view.shared ? 'everybody’s' : 'only mine'}</span>
              <Drop ws={ws} view={view} />
            </li>
          ))}
        </ul>
        <Keep ws={ws} look={look} onKept={onClose} />
      </div>
    </Dialog>
  );
}

function Drop({ ws, view }: { ws: string; view: SavedViewShown }): ReactElement | null {
  const may = useMay('conversations.reply');
  const client = useQueryClient();
  const again = () => client.invalidateQueries({ queryKey: savedViewsQuery(ws).queryKey });
  const keep = useMutation({
    mutationFn: () => {
      const { name, look, shared } = view;
      return call('POST', at(ws, '/saved-views'), { body: { name, look, shared } satisfies NewSavedView });
    },
    onSuccess: again,
    onError: toastError,
  });
  const drop = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/saved-views/${view.id}`)),
    onSuccess: async () => {
      toast(`“${view.name}” is not kept any more.`, { undo: () => keep.mutate() });
      await again();
    },
    onError: toastError,
  });
  if (may !== true) return null;
  return (
    <button
      type="button"
      className="plain"
      aria-label={`Throw away ${view.name}`}
      data-tip="Throw it away"
      onClick={() => drop.mutate()}
    >
      <Icon name="cross" size={16} />
    </button>
  );
}

function Keep({ ws, look, onKept }: Pick<Props, 'ws' | 'look'> & { onKept: () => void }): ReactElement {
  const may = useMay('conversations.reply');
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const keep = useMutation({
    mutationFn: () => {
      const body: NewSavedView = { name: name.trim(), look, shared };
      return call('POST', at(ws, '/saved-views'), { body });
    },
    onSuccess: async () => {
      toast(`Kept as “${name.trim()}”.`);
      setName('');
      onKept();
      await client.invalidateQueries({ queryKey: savedViewsQuery(ws).queryKey });
    },
  });
  const mayKeep = may === true ? (name.trim() ? true : 'Give it a name.') : may;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (mayKeep === true) keep.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      <label className="field">
        Keep what is shown now as
        <input maxLength={60} value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} />
      </label>
      <label>
        <input
          type="checkbox"
          checked={shared}
          onChange={({ currentTarget }) => setShared(currentTarget.checked)}
        />{' '}
        for everybody
      </label>
      {keep.error ? (
        <p className="fault" role="alert">
          {messageOf(keep.error)}
        </p>
      ) : null}
      <Act may={mayKeep} busy={keep.isPending} variant="filled" onAct={() => keep.mutate()}>
        Keep it
      </Act>
    </form>
  );
}
