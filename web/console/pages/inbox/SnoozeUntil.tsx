/** Asks until when a conversation sleeps. Loaded by `Head.tsx`, by nobody else. */
import { Button } from '@mantine/core';
import { useEffect, useState, type FormEvent, type ReactElement } from 'react';
import { momentIn, otherZone, readerZone } from '../../../shared/reader.ts';
import { useNow } from '../../../shared/time.tsx';
import { Dialog } from '../../ui/overlays.tsx';

type Props = { opened: boolean; onClose: () => void; onUntil: (untilMs: number) => void };

/** The dialog. */
export function SnoozeUntil({ opened, onClose, onUntil }: Props): ReactElement {
  const nowMs = useNow();
  const [when, setWhen] = useState('');
  const [isAsked, setAsked] = useState(false);
  // It is opened once it is there: only then the library knows where the focus was, and gives it back.
  const [isThere, setThere] = useState(false);
  useEffect(() => {
    const frame = requestAnimationFrame(() => setThere(true));
    return () => cancelAnimationFrame(frame);
  }, []);
  const untilMs = momentIn(when);
  const isLater = untilMs !== undefined && untilMs > nowMs;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
    if (isLater) onUntil(untilMs);
  };
  return (
    <Dialog title="Snooze until" opened={opened && isThere} onClose={onClose} size={360}>
      <form className="form" noValidate onSubmit={submit}>
        <label className="field">
          When ({readerZone()})
          <input
            type="datetime-local"
            data-autofocus
            value={when}
            aria-invalid={(isAsked && !isLater) || undefined}
            onChange={({ currentTarget: { value } }) => setWhen(value)}
          />
          {otherZone() ? <span className="muted">The workspace is in {otherZone()}.</span> : null}
        </label>
        {isAsked && !isLater ? (
          <p className="fault" role="alert">
            Choose a moment that is yet to come.
          </p>
        ) : null}
        <Button type="submit" size="sm">
          Snooze
        </Button>
      </form>
    </Dialog>
  );
}
