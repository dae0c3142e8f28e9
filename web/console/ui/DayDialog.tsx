/** Asks for a day. Loaded by `GoToDay.tsx`, by nobody else. */
import { Button } from '@mantine/core';
import { useEffect, useState, type ReactElement } from 'react';
import { dayIn, dayOf } from '../../shared/days.ts';
import { useNow } from '../../shared/time.tsx';
import { Dialog } from './overlays.tsx';

type Props = {
  day: string | undefined;
  opened: boolean;
  onClose: () => void;
  onDay: (day: string) => void;
};

/** The dialog. */
export function DayDialog({ day, opened, onClose, onDay }: Props): ReactElement {
  const today = dayOf(useNow());
  const [given, setGiven] = useState(day ?? today);
  const [isAsked, setAsked] = useState(false);
  // It is opened once it is there: only then the library knows where the focus was, and gives it back.
  const [isThere, setThere] = useState(false);
  useEffect(() => {
    const frame = requestAnimationFrame(() => setThere(true));
    return () => cancelAnimationFrame(frame);
  }, []);
  const go = () => {
    const chosen = dayIn(given);
    setAsked(true);
    if (chosen) onDay(chosen);
  };
  return (
    <Dialog title="Go to date" opened={opened && isThere} onClose={onClose} size={340}>
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          go();
        }}
      >
        <label className="field">
          Day, by your clock
          <input
            type="date"
            data-autofocus
            value={given}
            aria-invalid={(isAsked && !dayIn(given)) || undefined}
            onChange={({ currentTarget: { value } }) => setGiven(value)}
          />
        </label>
        {isAsked && !dayIn(given) ? (
          <p className="fault" role="alert">
            Choose a day, from 1970 on.
          </p>
        ) : null}
        <Button type="submit" size="sm">
          Go there
        </Button>
      </form>
    </Dialog>
  );
}
