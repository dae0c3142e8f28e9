/** One call of a webhook: what was sent, every attempt and answer, and how to check its signature. */
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { Ago, exactText } from '../../../shared/time.tsx';
import { State } from '../../ui/basic.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { pretty } from './Idempotency.tsx';
import { callQuery } from './queries.ts';
import { SIGNATURE_CODE } from './signature.ts';

/** The call. */
export function CallDetail({ ws, id }: { ws: string; id: string }): ReactElement {
  const { data, error, refetch } = useQuery(callQuery(ws, id));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={48} />;
  const { target, trigger, messageId, body, tried, attempts, lastStatus, lastAnswer, nextAt, state } = data;
  return (
    <div className="call-detail">
      <dl className="facts">
        <div>
          <dt>State</dt>
          <dd>
            {state}
            {nextAt ? (
              <>
                {' '}
                · next try <Ago at={nextAt} />
              </>
            ) : null}
          </dd>
        </div>
        <div>
          <dt>Trigger</dt>
          <dd className="mono">{trigger}</dd>
        </div>
        <div>
          <dt>To</dt>
          <dd className="breaks">{target ?? 'a webhook that is deleted'}</dd>
        </div>
        <div>
          <dt>webhook-id</dt>
          <dd className="mono breaks">{messageId}</dd>
        </div>
      </dl>
      <h3>Attempts</h3>
      {attempts === 0 ? <p className="muted">It was not tried yet.</p> : null}
      <ol className="tries">
        {tried.map(({ at, status, answer }, n) => (
          <Try key={n} at={at} status={status} answer={answer} />
        ))}
        {attempts > 0 ? <Try at={data.finishedAt} status={lastStatus} answer={lastAnswer} /> : null}
      </ol>
      <h3>What was sent</h3>
      <pre tabIndex={0} className="code">
        {pretty(body)}
      </pre>
      <h3>Is it from Parley?</h3>
      <Signature />
    </div>
  );
}

function Try({
  at,
  status,
  answer,
}: {
  at: string | null;
  status: number | null;
  answer: string | null;
}): ReactElement {
  const isGood = status !== null && status >= 200 && status < 300;
  return (
    <li>
      <State tone={isGood ? 'good' : 'bad'} icon={isGood ? 'check' : 'cross'}>
        {status ?? 'no answer'}
      </State>
      {at ? <span className="muted">{exactText(Date.parse(at))}</span> : null}
      {answer ? (
        <pre tabIndex={0} className="code">
          {answer}
        </pre>
      ) : null}
    </li>
  );
}

function Signature(): ReactElement {
  const [language, setLanguage] = useState<keyof typeof SIGNATURE_CODE>('JavaScript');
  return (
    <>
      <div className="switch" role="group" aria-label="Language">
        {(Object.keys(SIGNATURE_CODE) as (keyof typeof SIGNATURE_CODE)[]).map((one) => (
          <button key={one} type="button" aria-pressed={one === language} onClick={() => setLanguage(one)}>
            {one}
          </button>
        ))}
      </div>
      <pre tabIndex={0} className="code" aria-label={`Checking a signature in ${language}`}>
        {SIGNATURE_CODE[language]}
      </pre>
    </>
  );
}
