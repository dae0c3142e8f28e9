/** Whether the domain that mail is sent from lets it be: asked of its name servers when somebody presses the button, and never else. */
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { DomainChecked, IntegrationShown } from '../../../../contract/doors/console/integrations.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Copy } from '../developers/Copy.tsx';

type Props = { ws: string; integration: IntegrationShown };
type RecordShown = DomainChecked['records'][number];

const CALLED = { spf: 'SPF', dkim: 'DKIM', dmarc: 'DMARC' } as const;
const MEANS = {
  spf: 'which servers may send for the domain',
  dkim: 'the key by which a mail is known to be unchanged',
  dmarc: 'what becomes of mail that is neither',
} as const;

/** The step of the set-up. */
export function Domain({ ws, integration }: Props): ReactElement {
  const may = useMay('integrations.manage');
  const [selector, setSelector] = useState('');
  const ask = useMutation({
    mutationFn: () =>
      call<DomainChecked>('POST', at(ws, `/integrations/${integration.id}/domain-check`), {
        body: selector.trim() ? { selector: selector.trim() } : {},
      }),
  });
  const { data, error } = ask;
  const isGood = data?.records.every(({ good }) => good);
  return (
    <li>
      <State
        tone={isGood ? 'good' : data ? 'bad' : 'held'}
        icon={isGood ? 'check' : data ? 'cross' : 'clock'}
      >
        {data
          ? isGood
            ? `${data.domain} lets your mail be sent`
            : `${data.domain} is not set up yet`
          : 'The domain it sends from'}
      </State>
      <form
        className="copy"
        onSubmit={(event) => {
          event.preventDefault();
          if (may === true) ask.mutate();
        }}
      >
        <input
          aria-label="DKIM selector"
          placeholder="DKIM selector, if you know it"
          value={selector}
          onChange={({ currentTarget }) => setSelector(currentTarget.value)}
        />
        <Act may={may} busy={ask.isPending} onAct={() => ask.mutate()}>
          Look it up
        </Act>
      </form>
      <p className="muted">
        SPF, DKIM and DMARC, as the name servers of the domain say at this moment. The selector is the “s=” of
        the DKIM-Signature in a mail that was sent.
      </p>
      {error ? (
        <p className="fault" role="alert">
          {error.message}
        </p>
      ) : null}
      {data ? (
        <ul className="records" aria-label={`Records of ${data.domain}`}>
          {data.records.map((record) => (
            <Record key={record.what} record={record} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

function Record({
  record: { what, name, found, wanted, good, note },
}: {
  record: RecordShown;
}): ReactElement {
  return (
    <li>
      <div className="records-head">
        <State tone={good ? 'good' : 'bad'} icon={good ? 'check' : 'cross'}>
          {CALLED[what]}
        </State>
        <span className="muted">{MEANS[what]}</span>
      </div>
      <p className="mono breaks">{name}</p>
      {found.length > 0 ? (
        found.map((text) => (
          <pre key={text} className="code mono" tabIndex={0} aria-label={`${CALLED[what]}, as it is`}>
            {text}
          </pre>
        ))
      ) : (
        <p className="muted">No record is there.</p>
      )}
      {note ? <p className={good ? 'muted' : 'fault'}>{note}</p> : null}
      {good ? null : <Copy label={`A TXT record that would do`} text={wanted} />}
    </li>
  );
}
