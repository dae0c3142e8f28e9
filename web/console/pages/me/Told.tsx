/** Of what one is told while the console is open, and how. Each is saved as it is set. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { MePatch } from '../../../../contract/doors/console/sessions.ts';
import type { Notices } from '../../../../contract/notices.ts';
import { call } from '../../api/call.ts';
import { bootstrapQuery } from '../../api/queries.ts';
import { askToShow, mayShow, ring } from '../../live/notices.ts';
import { toast, toastError } from '../../ui/toasts.tsx';

type What = keyof Notices;

const OF: readonly [What, string][] = [
  ['mentions', 'Somebody mentions me in a note'],
  ['mine', 'A message in a conversation that is mine'],
  ['unassigned', 'A message in a conversation that is nobody’s'],
  ['teams', 'A conversation is given to a team of mine'],
];
const HOW: readonly [What, string][] = [
  ['desktop', 'Show it on the desktop'],
  ['sound', 'Play a sound'],
];

/** The form. */
export function Told({ now }: { now: Notices }): ReactElement {
  const client = useQueryClient();
  const [refused, setRefused] = useState(false);
  const change = useMutation({
    mutationFn: (notices: Partial<Notices>) => call('PATCH', '/me', { body: { notices } satisfies MePatch }),
    onSuccess: () => toast('Saved.'),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: bootstrapQuery.queryKey }),
  });
  // What was just set is shown at once.
  const shown = { ...now, ...(change.isPending ? change.variables : {}) };
  const set = async (what: What, is: boolean) => {
    if (what === 'desktop' && is && !(await askToShow())) return setRefused(true);
    setRefused(false);
    // Heard at once; and a page that was clicked in may play it later.
    if (what === 'sound' && is) ring();
    change.mutate({ [what]: is });
  };
  const tick = ([what, label]: [What, string]) => (
    <label key={what} className="tick">
      <input
        type="checkbox"
        checked={shown[what]}
        onChange={({ currentTarget: { checked } }) => void set(what, checked)}
      />
      {label}
    </label>
  );
  const isBlocked = refused || (shown.desktop && !mayShow());
  return (
    <div className="own-form">
      <fieldset className="ticks">
        <legend>Tell me of</legend>
        {OF.map(([what, label]) => tick([what, label]))}
      </fieldset>
      <fieldset className="ticks">
        <legend>While Parley is open, and I look at something else</legend>
        {HOW.map(([what, label]) => tick([what, label]))}
      </fieldset>
      {isBlocked ? (
        <p className="fault" role="alert">
          This browser does not let Parley show anything on the desktop: allow notifications for this site in
          its settings.
        </p>
      ) : null}
    </div>
  );
}
