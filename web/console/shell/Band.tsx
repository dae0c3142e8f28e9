/** The band of a test workspace: that it is one, its clock, and what moves it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState, type ReactElement } from 'react';
import type { AdvanceShown } from '../../../contract/doors/console/clock.ts';
import { Icon } from '../../shared/icons.tsx';
import { useNow } from '../../shared/time.tsx';
import { call } from '../api/call.ts';
import { at, clockQuery } from '../api/queries.ts';
import { Act } from '../ui/basic.tsx';
import { toastError } from '../ui/toasts.tsx';
import { useHere, useMay } from './session.ts';

// Seldom seen: not in everybody's way.
const Advancing = lazy(async () => ({
  default: (await import('../../simulator/Advancing.tsx')).Advancing,
}));

const HOUR_MS = 3_600_000;
const STEPS = [
  { name: '+1 h', says: 'one hour', byMs: HOUR_MS },
  { name: '+1 d', says: 'one day', byMs: 24 * HOUR_MS },
  { name: '+14 d', says: '14 days', byMs: 14 * 24 * HOUR_MS },
];
const time = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

type Props = {
  /** The move of the clock that is under way. */
  advancing: string | null;
  onMoved: () => void;
};

/** The band. */
export function Band({ advancing, onMoved }: Props): ReactElement {
  const { id } = useHere();
  const nowMs = useNow(1_000);
  const mayAdvance = useMay('clock.advance');
  const client = useQueryClient();
  // Known before the clock says so; a short one is over by then.
  const [begun, setBegun] = useState<string>();
  const moving = begun ?? advancing;
  const advance = useMutation({
    mutationFn: (byMs: number) => call<AdvanceShown>('POST', at(id, '/clock/advance'), { body: { byMs } }),
    onSuccess: (made) => setBegun(made.id),
    onError: (error) => {
      toastError(error);
      // Another may have begun to move it.
      void client.invalidateQueries({ queryKey: clockQuery(id).queryKey });
    },
  });
  return (
    <div className="band" role="region" aria-label="Test workspace">
      <strong>
        Test<span className="only-wide"> workspace</span>
      </strong>
      <span className="band-note">nothing leaves this machine</span>
      <span className="band-clock">
        <Icon name="clock" size={16} />
        <time dateTime={new Date(nowMs).toISOString()}>{time.format(nowMs)}</time>
      </span>
      {moving ? (
        <Suspense>
          <Advancing
            key={moving}
            ws={id}
            id={moving}
            onOver={() => {
              setBegun(undefined);
              onMoved();
            }}
          />
        </Suspense>
      ) : (
        STEPS.map(({ name, says, byMs }) => (
          <Act
            key={name}
            size="compact-xs"
            may={mayAdvance}
            hint={`Move this workspace's clock on by ${says}`}
            busy={advance.isPending && advance.variables === byMs}
            onAct={() => advance.mutate(byMs)}
          >
            {name}
          </Act>
        ))
      )}
    </div>
  );
}
