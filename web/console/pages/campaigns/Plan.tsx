/** What publishing a draft would do to those who are in the campaign, and which way that goes. */
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { peopleText } from '../../../shared/counted.ts';
import { Failed, Waiting } from '../../ui/states.tsx';
import { Choices } from './Choices.tsx';
import { planQuery, type Campaign } from './queries.ts';

type Props = {
  ws: string;
  campaign: Campaign;
  people: 'move' | 'finish';
  onPeople: (people: 'move' | 'finish') => void;
};

const WAYS = [
  ['move', 'They go by the new version', 'From now on, from the step where they are.'],
  ['finish', 'They finish by the one they entered by', 'Only who enters from now on goes by the new one.'],
] as const;

/** The plan. */
export function Plan({ ws, campaign, people, onPeople }: Props): ReactElement {
  const { data, error, refetch } = useQuery(planQuery(ws, campaign));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={2} height={36} />;
  const about = data.exact ? '' : 'about ';
  return (
    <>
      <p>
        It becomes version {data.number}, which never changes.{' '}
        {data.number === 1 ? 'From then on people enter it.' : null}
        {data.newEpoch && data.number > 1
          ? 'Its goals or who is held out are others: what is compared begins anew, and what was compared until then stays.'
          : null}
      </p>
      {data.steps.length === 0 ? (
        data.number === 1 ? null : (
          <p className="muted">Nobody is in it now.</p>
        )
      ) : (
        <>
          <Choices name="Who is in it now" all={WAYS} chosen={people} onChosen={onPeople} />
          {people === 'move' ? (
            <ul className="plan">
              {data.steps.map(({ step, version, people: n, goesTo }) => (
                <li key={`${version} ${step}`}>
                  {about}
                  {peopleText(n)} at <strong>{step}</strong> (version {version}){' '}
                  {goesTo.startsWith('exits: ') ? (
                    <span className="fault">
                      {n === 1 ? 'leaves' : 'leave'} the campaign: the step is gone
                    </span>
                  ) : goesTo === step ? (
                    n === 1 ? (
                      'stays there'
                    ) : (
                      'stay there'
                    )
                  ) : (
                    <>
                      {n === 1 ? 'goes' : 'go'} to <strong>{goesTo}</strong>
                    </>
                  )}
                </li>
              ))}
            </ul>
          ) : null}
          {data.exact ? null : (
            <p className="muted">
              They are many, and a part of them was counted: a step at which few stand may be missing.
            </p>
          )}
        </>
      )}
    </>
  );
}
