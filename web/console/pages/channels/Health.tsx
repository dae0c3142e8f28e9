/** How an integration fares. */
import type { ReactElement } from 'react';
import type { HealthShown, IntegrationShown } from '../../../../contract/doors/console/integrations.ts';
import { Ago } from '../../../shared/time.tsx';
import { State } from '../../ui/basic.tsx';
import { numberText } from '../../../shared/reader.ts';

/** In a word. */
export function Standing({
  status,
  health,
}: Pick<IntegrationShown, 'status'> & { health: HealthShown | undefined }): ReactElement {
  if (status === 'inactive')
    return (
      <State tone="held" icon="pause">
        off
      </State>
    );
  if (status === 'error' || health?.breaker === 'open')
    return (
      <State tone="bad" icon="cross">
        failing
      </State>
    );
  return (
    <State tone="good" icon="check">
      on
    </State>
  );
}

/** In numbers. */
export function Health({ health }: { health: HealthShown }): ReactElement {
  const { recent, lastSuccessAt, lastCallbackAt, lastFailure, rate } = health;
  return (
    <dl className="facts">
      <div>
        <dt>Last accepted</dt>
        <dd>{lastSuccessAt ? <Ago at={lastSuccessAt} /> : 'never'}</dd>
      </div>
      <div>
        <dt>Last callback</dt>
        <dd>{lastCallbackAt ? <Ago at={lastCallbackAt} /> : 'never'}</dd>
      </div>
      <div>
        <dt>Last {recent.minutes} min</dt>
        <dd>
          {numberText(recent.accepted)} accepted, {numberText(recent.refused)} refused
          {recent.refused > 0 ? ` (${(recent.errorRate * 100).toFixed(1)}%)` : ''}
        </dd>
      </div>
      <div>
        <dt>Rate</dt>
        <dd>
          {rate.perS.toFixed(1)} a second,{' '}
          {rate.limitPerS === null ? 'no limit' : `at most ${rate.limitPerS}`}
        </dd>
      </div>
      {lastFailure ? (
        <div>
          <dt>Last failure</dt>
          <dd>
            {lastFailure.code} {lastFailure.detail} · <Ago at={lastFailure.at} />
          </dd>
        </div>
      ) : null}
    </dl>
  );
}
