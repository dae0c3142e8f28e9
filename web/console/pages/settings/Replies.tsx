/** The answers that are kept ready: all of them, found by their word or text, changed and deleted, both of which can be taken back. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactElement } from 'react';
import type {
  NewSavedReply,
  SavedReplyPatch,
  SavedReplyShown,
} from '../../../../contract/doors/console/savedReplies.ts';
import { LIMITS } from '../../../../contract/limits.ts';
import { ApiFault, call } from '../../api/call.ts';
import { at, savedRepliesQuery } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Conflict } from '../../ui/Conflict.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Empty, Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';

/** What is done to one: `id` is left out for one that is not there yet, and `to` for one that goes. */
type Deed = { id?: string; to?: NewSavedReply | SavedReplyPatch; revision?: number };

/** All of them. */
export function Replies({ ws }: { ws: string }): ReactElement {
  const may = useMay('conversations.reply');
  const { data, error, refetch } = useQuery(savedRepliesQuery(ws));
  const [search, setSearch] = useState('');
  const [open, setOpen] = useState<SavedReplyShown | 'new'>();
  // Told whatever page is open when it is taken back.
  const change = useChange(ws, toastError);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={52} />;
  const asked = search.trim().toLowerCase().replace(/^\//, '');
  const found = data.savedReplies.filter(({ shortcut, text }) =>
    [shortcut, text].some((one) => one.toLowerCase().includes(asked)),
  );
  const drop = ({ id, shortcut, text }: SavedReplyShown) =>
    change.mutate(
      { id },
      {
        onSuccess: () =>
          toast(`Deleted: /${shortcut}`, {
            undo: () => change.mutate({ to: { id, shortcut, text } }),
          }),
      },
    );
  return (
    <>
      <div className="card-acts">
        <label className="field">
          Find by word or text
          <input type="search" value={search} onChange={({ currentTarget: { value } }) => setSearch(value)} />
        </label>
        <Act may={may} onAct={() => setOpen('new')}>
          New reply …
        </Act>
      </div>
      {found.length === 0 ? <None any={data.savedReplies.length > 0} /> : null}
      <ul className="lines" aria-label="Saved replies">
        {found.map((one) => (
          <li key={one.id}>
            <strong>/{one.shortcut}</strong>
            <span className="muted grow">{one.text}</span>
            <Act size="xs" may={may} onAct={() => setOpen(one)}>
              Change …
            </Act>
            <Act size="xs" may={may} busy={change.isPending} onAct={() => drop(one)}>
              Delete
            </Act>
          </li>
        ))}
      </ul>
      <Dialog
        title={open === undefined || open === 'new' ? 'New reply' : `Change /${open.shortcut}`}
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
      >
        {open === undefined ? null : (
          <Written
            ws={ws}
            of={open === 'new' ? undefined : open}
            onUndo={({ id, shortcut, text, revision }) =>
              change.mutate({ id, to: { shortcut, text }, revision })
            }
            onDone={() => setOpen(undefined)}
          />
        )}
      </Dialog>
    </>
  );
}

function None({ any }: { any: boolean }): ReactElement {
  return any ? (
    <p className="muted">None has that in its word or text.</p>
  ) : (
    <Empty title="No reply is kept ready">
      <p>Keep one here, or where you write it. Type / and its word in a conversation to call it up.</p>
    </Empty>
  );
}

function useChange(ws: string, onError?: (error: Error) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, to, revision }: Deed) => {
      const path = at(ws, `/saved-replies${id === undefined ? '' : `/${id}`}`);
      const method = id === undefined ? 'POST' : to ? 'PATCH' : 'DELETE';
      const more = { ...(to ? { body: to } : {}), ...(revision === undefined ? {} : { revision }) };
      return await call<SavedReplyShown>(method, path, more);
    },
    ...(onError ? { onError } : {}),
    onSettled: () => client.invalidateQueries({ queryKey: savedRepliesQuery(ws).queryKey }),
  });
}

const isAnothers = (error: unknown) => error instanceof ApiFault && error.status === 412;

type WrittenProps = {
  ws: string;
  of: SavedReplyShown | undefined;
  onUndo: (to: SavedReplyShown) => void;
  onDone: () => void;
};

function Written({ ws, of, onUndo, onDone }: WrittenProps): ReactElement {
  const [shortcut, setShortcut] = useState(of?.shortcut ?? '');
  const [text, setText] = useState(of?.text ?? '');
  // Which one is changed: the one that was opened, or the one that is there now, once one has chosen.
  const [base, setBase] = useState(of);
  const { data } = useQuery(savedRepliesQuery(ws));
  const theirs = data?.savedReplies.find(({ id }) => id === base?.id);
  const change = useChange(ws);
  const may = useMay('conversations.reply');
  const can = may !== true ? may : shortcut.trim() && text.trim() ? true : 'It needs a word and a text.';
  const go = (over = base) => {
    if (can !== true) return;
    const to = { shortcut: shortcut.trim().replace(/^\//, ''), text: text.trim() };
    change.mutate(over ? { id: over.id, to, revision: over.revision } : { to }, {
      onSuccess({ revision }) {
        if (over) toast(`Changed: /${to.shortcut}`, { undo: () => onUndo({ ...over, revision }) });
        else toast(`Kept: /${to.shortcut}`);
        onDone();
      },
    });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go();
  };
  return (
    <form className="form" onSubmit={submit}>
      <label className="field">
        Word to call it up with
        <input
          data-autofocus
          maxLength={41}
          value={shortcut}
          onChange={({ currentTarget: { value } }) => setShortcut(value)}
        />
      </label>
      <label className="field">
        Text
        <textarea
          rows={6}
          maxLength={LIMITS.text}
          value={text}
          onChange={({ currentTarget: { value } }) => setText(value)}
        />
      </label>
      {theirs && isAnothers(change.error) ? (
        <Conflict
          what="reply"
          onMine={() => {
            setBase(theirs);
            go(theirs);
          }}
          onTheirs={() => {
            setBase(theirs);
            setShortcut(theirs.shortcut);
            setText(theirs.text);
            change.reset();
          }}
        >
          It is now “{theirs.text}” under /{theirs.shortcut}.
        </Conflict>
      ) : change.error ? (
        <p className="fault" role="alert">
          {messageOf(change.error)}
        </p>
      ) : null}
      <Act variant="filled" may={can} busy={change.isPending} onAct={() => go()}>
        {of ? 'Change it' : 'Keep it'}
      </Act>
    </form>
  );
}
