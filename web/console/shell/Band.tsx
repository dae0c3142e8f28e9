/** The band of a test workspace: that it is one, its clock, and what moves it. */
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { Icon } from '../../shared/icons.tsx';
import { useNow } from '../../shared/time.tsx';
import { call } from '../api/call.ts';
import { at } from '../api/queries.ts';
import { Act } from '../ui/basic.tsx';
import { toast, toastError } from '../ui/toasts.tsx';
import { useHere, useMay } from './session.ts';

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

/** The band. */
export function Band({ onMoved }: { onMoved: () => void }): ReactElement {
  const { id } = useHere();
  const nowMs = useNow(1_000);
  const mayAdvance = useMay('clock.advance');
  const [moving, setMoving] = useState<string>();
  const advance = useMutation({
    mutationFn: (byMs: number) => call('POST', at(id, '/clock/advance'), { body: { byMs } }),
    onError: toastError,
    onSettled: () => setMoving(undefined),
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
      {STEPS.map(({ name, says, byMs }) => (
        <Act
          key={name}
          size="compact-xs"
          may={mayAdvance}
          hint={`Move this workspace's clock on by ${says}`}
          busy={moving === name}
          onAct={() => {
            setMoving(name);
            advance.mutate(byMs, {
              onSuccess: () => {
                toast(`The clock moved on by ${says}.`);
                onMoved();
              },
            });
          }}
        >
          {name}
        </Act>
      ))}
    </div>
  );
}
