/**
 * Leads to a day in what is too long to scroll: a list that grows has no honest scroll bar. By its button, or by `d`; what asks for the day
 * is fetched when somebody does.
 */
import { Suspense, useState, type ReactElement } from 'react';
import { Icon } from '../../shared/icons.tsx';
import { dayBeginsMs } from '../../shared/days.ts';
import { dayText, useNow } from '../../shared/time.tsx';
import { useKeys } from './keys.ts';
import { onDemand } from './onDemand.ts';

const load = () => import('./DayDialog.tsx');
const DayDialog = onDemand(load, ({ DayDialog }) => DayDialog);

type Props = {
  /** Where one is; undefined at the newest. */
  day: string | undefined;
  onDay: (day: string | undefined) => void;
  /** What the map of keys says. */
  does: string;
  /** Only an outline, where there is no room for words. */
  isSmall?: boolean;
};

/** The button; beside it, once one is somewhere, the way back. */
export function GoToDay({ day, onDay, does, isSmall = false }: Props): ReactElement {
  const [asked, setAsked] = useState<'not yet' | 'open' | 'closed'>('not yet');
  const nowMs = useNow();
  useKeys([{ keys: 'd', does, act: () => setAsked('open') }]);
  return (
    <>
      <button
        type="button"
        className={isSmall ? 'plain' : 'chip'}
        aria-pressed={isSmall ? undefined : day !== undefined}
        aria-label={isSmall ? 'Go to date' : undefined}
        data-tip={`${does} (d)`}
        onPointerEnter={() => void load().catch(() => {})}
        onClick={() => setAsked('open')}
      >
        <Icon name="calendar" size={16} />
        {isSmall ? null : day === undefined ? 'Go to date' : `Up to ${dayText(dayBeginsMs(day), nowMs)}`}
      </button>
      {day !== undefined && !isSmall ? (
        <button type="button" className="chip" onClick={() => onDay(undefined)}>
          Newest
        </button>
      ) : null}
      {asked === 'not yet' ? null : (
        <Suspense>
          <DayDialog
            day={day}
            opened={asked === 'open'}
            onClose={() => setAsked('closed')}
            onDay={(next) => {
              setAsked('closed');
              onDay(next);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
