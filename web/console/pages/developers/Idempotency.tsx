/** What a request with an Idempotency-Key was answered first, and is answered ever since. */
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { KeptAnswersShown } from '../../../../contract/doors/console/idempotency.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';

/** The part. */
export function Idempotency({ ws }: { ws: string }): ReactElement {
  const may = useMay('keys.manage');
  const [key, setKey] = useState('');
  const look = useMutation({
    mutationFn: () => call<KeptAnswersShown>('GET', at(ws, `/idempotency?key=${encodeURIComponent(key)}`)),
  });
  return (
    <div className="narrow">
      <form
        className="panel"
        onSubmit={(event) => {
          event.preventDefault();
          if (key) look.mutate();
        }}
      >
        <p>
          A request that is repeated with its Idempotency-Key is answered as it was the first time. Answers
          are kept for a day.
        </p>
        <label className="field">
          Idempotency-Key
          <input value={key} onChange={({ currentTarget }) => setKey(currentTarget.value)} />
        </label>
        <div className="card-acts">
          <Act may={may} busy={look.isPending} onAct={() => key && look.mutate()}>
            Look it up
          </Act>
        </div>
        {look.error ? <p className="fault">{look.error.message}</p> : null}
      </form>
      {look.data?.answers.length === 0 ? (
        <p className="muted">Nobody has used this key here within a day.</p>
      ) : null}
      {look.data?.answers.map((answer) => (
        <section key={`${answer.door} ${answer.actor}`} className="panel" aria-label="First answer">
          <h2>
            {answer.status} at the {answer.door} door
          </h2>
          <p className="muted">
            <Ago at={answer.at} /> · {answer.actor}
          </p>
          <pre tabIndex={0} className="code">
            {answer.body === null
              ? 'Its answer holds a secret, which is not shown again.'
              : pretty(answer.body)}
          </pre>
        </section>
      ))}
    </div>
  );
}

/** JSON as people read it; other text as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
