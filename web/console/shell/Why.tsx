/** Why a message was sent, or was not: every decision on its way. On any page, by the address. */
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { exactText } from '../../shared/time.tsx';
import { whyQuery } from '../api/queries.ts';
import { Side } from '../ui/overlays.tsx';
import { Failed, Waiting } from '../ui/states.tsx';
import { DeliveryState } from '../pages/inbox/delivery.tsx';
import { useHere } from './session.ts';

/** The drawer. */
export function Why({
  message,
  onClose,
}: {
  message: string | undefined;
  onClose: () => void;
}): ReactElement {
  return (
    <Side title="Why this message" opened={message !== undefined} onClose={onClose}>
      {message === undefined ? null : <Told message={message} />}
    </Side>
  );
}

function Told({ message }: { message: string }): ReactElement | null {
  const { id } = useHere();
  const { data, error, refetch } = useQuery(whyQuery(id, message));
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={48} />;
  return (
    <div className="why">
      <p>
        {data.sent ? 'It was sent.' : 'It was not sent.'} It stands at <strong>{data.state}</strong>.
      </p>
      <ol>
        {data.decisions.map(({ at, what, why }, n) => (
          <li key={n}>
            <time dateTime={at}>{exactText(Date.parse(at))}</time>
            <strong>{what}</strong>
            <span>{why}</span>
          </li>
        ))}
      </ol>
      {data.deliveries.map((delivery) => (
        <dl key={delivery.ref} className="facts">
          <div>
            <dt>State</dt>
            <dd>
              <DeliveryState delivery={delivery} />
            </dd>
          </div>
          <div>
            <dt>To</dt>
            <dd>
              {delivery.address} ({delivery.channel})
            </dd>
          </div>
          <div>
            <dt>Attempts</dt>
            <dd>{delivery.attempts}</dd>
          </div>
          {delivery.segments ? (
            <div>
              <dt>Segments</dt>
              <dd>
                {delivery.segments.count} ({delivery.segments.encoding})
              </dd>
            </div>
          ) : null}
          {delivery.code ? (
            <div>
              <dt>Code</dt>
              <dd>
                {delivery.code} {delivery.detail}
              </dd>
            </div>
          ) : null}
          {delivery.externalIds.length ? (
            <div>
              <dt>Provider’s id</dt>
              <dd className="mono">{delivery.externalIds.join(', ')}</dd>
            </div>
          ) : null}
          <div>
            <dt>Reference</dt>
            <dd className="mono">{delivery.ref}</dd>
          </div>
        </dl>
      ))}
    </div>
  );
}
