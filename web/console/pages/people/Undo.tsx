/** Taking an import back: what goes and what stays is said before; then how far it is, and who stayed and why. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { peopleText } from '../../../shared/counted.ts';
import type { ImportShown } from '../../../../contract/doors/console/imports.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { messageOf } from '../../ui/states.tsx';
import { importQuery } from './queries.ts';
import { numberText } from '../../../shared/reader.ts';

type Props = { ws: string; of: ImportShown };

const WHY: Record<NonNullable<ImportShown['undo']>['stayed'][number]['why'], string> = {
  changed: 'changed or heard from since',
  address: 'given another address since',
  list: 'put into a list or tag since',
  import: 'in another import, too',
  used: 'written to, or did something since',
};
const number = (n: number) => numberText(n);

/** The button, and what it asks. */
export function UndoButton({ ws, of }: Props): ReactElement | null {
  const role = useMay('contacts.import');
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const undo = useMutation({
    mutationFn: () => call<ImportShown>('POST', at(ws, `/imports/${of.id}/undo`)),
    onSuccess(now) {
      client.setQueryData(importQuery(ws, of.id).queryKey, now);
      setOpen(false);
    },
  });
  if (of.undo) return null;
  const may = role !== true ? role : of.canUndo || 'It is not known any more what it made.';
  return (
    <>
      <Act may={may} onAct={() => setOpen(true)}>
        Take back …
      </Act>
      <Dialog title={`Take back ${of.name}`} opened={isOpen} onClose={() => setOpen(false)}>
        <div className="form">
          <p>
            {of.state === 'running' ? 'It stops where it is. ' : ''}The people it made are deleted, unless
            anything was done with them since: a message, an event, a change, another list or import. Who was
            known before is taken out of the lists and tags it put them into; what it changed of them stays
            changed.
          </p>
          {undo.error ? (
            <p className="fault" role="alert">
              {messageOf(undo.error)}
            </p>
          ) : null}
          <div className="card-acts">
            <Act variant="filled" color="red" may={may} busy={undo.isPending} onAct={() => undo.mutate()}>
              Take it back
            </Act>
          </div>
        </div>
      </Dialog>
    </>
  );
}

/** How far it is, and what became of it. */
export function UndoCourse({ ws, of: { undo } }: Props): ReactElement | null {
  if (!undo) return null;
  const { state, done, of, removed, memberships, stayed, some, note } = undo;
  const numbers = { 'People who are gone': removed, 'Memberships taken back': memberships };
  return (
    <section className="panel" aria-label="Taking it back">
      <h2>Taken back</h2>
      <div className="progress" role="status">
        <span>
          {state === 'running'
            ? `Taking it back: ${number(done)} of ${peopleText(of)}`
            : state === 'done'
              ? 'It is taken back.'
              : 'It stopped before its end.'}
        </span>
        <progress
          aria-label="People who were gone through"
          value={state === 'done' ? 1 : done}
          max={state === 'done' ? 1 : Math.max(of, 1)}
        />
      </div>
      {note ? <p className="fault">{note}</p> : null}
      <dl className="facts">
        {Object.entries(numbers).map(([what, n]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{number(n)}</dd>
          </div>
        ))}
        {stayed.map(({ why, people }) => (
          <div key={why}>
            <dt>Stay: {WHY[why]}</dt>
            <dd>{number(people)}</dd>
          </div>
        ))}
      </dl>
      {some.length > 0 ? (
        <ul className="lines" aria-label="Some who stay">
          {some.map(({ contactId, why }) => (
            <li key={contactId}>
              <Link to="/w/$ws/people/$contact" params={{ ws, contact: contactId }} className="mono">
                {contactId}
              </Link>
              <span className="muted">{WHY[why]}</span>
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}
