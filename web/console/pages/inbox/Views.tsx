/** Gives a view a name: one that is kept from now on, or one that had another. */
import { useState, type FormEvent, type ReactElement } from 'react';
import type { SavedLook, SavedViewShown } from '../../../../contract/doors/console/savedViews.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { messageOf } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { useKeeping } from './keeping.ts';

type Props = {
  ws: string;
  opened: boolean;
  onClose: () => void;
  /** What is looked at now. */
  look: SavedLook;
  /** The one that gets another name; a new one where it is left out. */
  view?: SavedViewShown | undefined;
};

/** The dialog. */
export function ViewName({ ws, opened, onClose, look, view }: Props): ReactElement {
  return (
    <Dialog title={view ? `Rename “${view.name}”` : 'Keep a view'} opened={opened} onClose={onClose}>
      <Named ws={ws} look={look} view={view} onDone={onClose} />
    </Dialog>
  );
}

function Named({
  ws,
  look,
  view,
  onDone,
}: Pick<Props, 'ws' | 'look' | 'view'> & { onDone: () => void }): ReactElement {
  const may = useMay('conversations.reply');
  const { keep, change } = useKeeping(ws);
  const [name, setName] = useState(view?.name ?? '');
  const [shared, setShared] = useState(false);
  const given = name.trim();
  const mayGo = may === true ? (given ? true : 'Give it a name.') : may;
  const done = (text: string) => ({
    onSuccess: () => {
      toast(text);
      onDone();
    },
  });
  const go = () => {
    if (mayGo !== true) return;
    if (view) change.mutate({ id: view.id, to: { name: given } }, done(`It is called “${given}” now.`));
    else keep.mutate({ name: given, look, shared }, done(`Kept as “${given}”.`));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go();
  };
  const { error, isPending } = view ? change : keep;
  return (
    <form className="form" onSubmit={submit}>
      <label className="field">
        {view ? 'Its name' : 'Keep what is shown now as'}
        <input
          maxLength={60}
          value={name}
          data-autofocus
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      {view ? null : (
        <label>
          <input
            type="checkbox"
            checked={shared}
            onChange={({ currentTarget }) => setShared(currentTarget.checked)}
          />{' '}
          for everybody
        </label>
      )}
      {error ? (
        <p className="fault" role="alert">
          {messageOf(error)}
        </p>
      ) : null}
      <Act may={mayGo} busy={isPending} variant="filled" onAct={go}>
        {view ? 'Rename it' : 'Keep it'}
      </Act>
    </form>
  );
}
