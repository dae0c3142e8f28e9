/** What operators say with an offer of the web chat, before they change it: in the language of those whom the workspace writes to. */
import { useState, type FormEvent, type ReactElement } from 'react';
import type { WorkspaceShown } from '../../../../contract/doors/console/workspaces.ts';
import { LIMITS } from '../../../../contract/limits.ts';
import { USUAL_WEBCHAT_OFFER } from '../../../../contract/webchatOffer.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { messageOf } from '../../ui/states.tsx';
import { useSave } from './save.ts';

type Words = NonNullable<WorkspaceShown['settings']['webchatOffer']>;

/** The form. Words that are taken away are the usual ones. */
export function WebchatOffer({ ws, now }: { ws: string; now: Words | null }): ReactElement {
  const may = useMay('workspace.update');
  const save = useSave(ws, 'What is said');
  const was = now ?? USUAL_WEBCHAT_OFFER;
  const [{ text, label }, setWords] = useState<Words>(was);
  const isSame = text === was.text && label === was.label;
  const can = may === true ? !isSame || 'It says that already.' : may;
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (can !== true) return;
    const isNone = !text.trim() && !label.trim();
    save.mutate({ settings: { webchatOffer: isNone ? null : { text: text.trim(), label: label.trim() } } });
  };
  return (
    <form className="setting" onSubmit={submit}>
      <label className="field">
        What is said
        <textarea
          rows={2}
          readOnly={may !== true}
          maxLength={LIMITS.text}
          value={text}
          onChange={({ currentTarget }) => setWords({ text: currentTarget.value, label })}
        />
      </label>
      <label className="field">
        What the link is called
        <input
          readOnly={may !== true}
          maxLength={LIMITS.label}
          value={label}
          onChange={({ currentTarget }) => setWords({ text, label: currentTarget.value })}
        />
      </label>
      <p className="muted">
        Operators can change it each time. With both empty it is “{USUAL_WEBCHAT_OFFER.text} [
        {USUAL_WEBCHAT_OFFER.label}]”.
      </p>
      {save.error ? (
        <p className="fault" role="alert">
          {messageOf(save.error)}
        </p>
      ) : null}
      <Act may={can} size="xs" busy={save.isPending} onAct={submit}>
        Save what is said
      </Act>
    </form>
  );
}
