/** A move of the clock that is under way: how far it is, and a way to end it. Says when it is over. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, type ReactElement } from 'react';
import { call } from '../console/api/call.ts';
import { at } from '../console/api/queries.ts';
import { useMay } from '../console/shell/session.ts';
import { Act } from '../console/ui/basic.tsx';
import { toast, toastError } from '../console/ui/toasts.tsx';
import { spanText } from '../shared/time.tsx';
import { advanceQuery } from './queries.ts';
import './advancing.css';

type Props = { ws: string; id: string; onOver: () => void };

/** The bar. */
export function Advancing({ ws, id, onOver }: Props): ReactElement | null {
  const { data, error } = useQuery(advanceQuery(ws, id));
  const client = useQueryClient();
  const may = useMay('clock.advance');
  const cancel = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/clock/advances/${id}`)),
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'advance', id] }),
    onError: toastError,
  });
  const over = data && data.state !== 'running' ? data : undefined;
  useEffect(() => {
    if (error) onOver();
    if (!over) return;
    toast(
      over.state === 'done'
        ? `The clock moved on by ${spanText(over.byMs)}.`
        : `The clock stopped after ${spanText(over.doneMs)}.`,
    );
    onOver();
    // Once, when it is over.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [over?.state, error]);
  if (!data || over) return null;
  return (
    <div className="advancing" role="status">
      <progress aria-label="How far the clock is" value={data.doneMs} max={data.byMs} />
      <span>
        {spanText(data.doneMs)} of {spanText(data.byMs)}
      </span>
      <Act
        size="compact-xs"
        may={may}
        onAct={() => cancel.mutate()}
        busy={cancel.isPending || data.canceling}
      >
        Stop here
      </Act>
    </div>
  );
}
