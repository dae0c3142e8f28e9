/** The band of a test workspace: that it is one, its clock, and what moves it. */
import { Suspense, useState, type ReactElement } from 'react';
import { Icon } from '../../shared/icons.tsx';
import { formatOf } from '../../shared/reader.ts';
import { exactText, useNow } from '../../shared/time.tsx';
import { Act } from '../ui/basic.tsx';
import { useAdvance } from './advance.ts';
import { useHere, useMay } from './session.ts';
import { onDemand } from '../ui/onDemand.ts';

// Seldom seen: not in everybody's way.
const Advancing = onDemand(
  () => import('../../simulator/Advancing.tsx'),
  ({ Advancing }) => Advancing,
);

const HOUR_MS = 3_600_000;
const STEPS = [
  { name: '+1 h', says: 'one hour', byMs: HOUR_MS },
  { name: '+1 d', says: 'one day', byMs: 24 * HOUR_MS },
  { name: '+14 d', says: '14 days', byMs: 14 * 24 * HOUR_MS },
];
const TIME = {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
} as const;

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
  const advance = useAdvance(id);
  // One that was told of is followed to its end, also when the clock says first that it is over.
  const [moving, setMoving] = useState<string>();
  const [over, setOver] = useState<string>();
  if (advancing && advancing !== moving && advancing !== over) setMoving(advancing);
  return (
    <div className="band" role="region" aria-label="Test workspace">
      <strong>
        Test<span className="only-wide"> workspace</span>
      </strong>
      <span className="band-note">nothing leaves this machine</span>
      <span className="band-clock">
        <Icon name="clock" size={16} />
        <time dateTime={new Date(nowMs).toISOString()} title={exactText(nowMs)}>
          {formatOf(TIME).format(nowMs)}
        </time>
      </span>
      {moving ? (
        <Suspense>
          <Advancing
            key={moving}
            ws={id}
            id={moving}
            onOver={() => {
              setOver(moving);
              setMoving(undefined);
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
