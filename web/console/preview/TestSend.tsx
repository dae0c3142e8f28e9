/** Something that is written is tried on one address, and followed until there is nothing more to hear of it. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { Static } from 'typebox';
import type { MessageWhole } from '../../../contract/doors/console/messages.ts';
import { call } from '../api/call.ts';
import { at } from '../api/queries.ts';
import type { May } from '../may.ts';
import { DeliveryState, furthest, WhyLink } from '../pages/inbox/delivery.tsx';
import { Act } from '../ui/basic.tsx';
import { messageOf } from '../ui/states.tsx';

const LOOK_MS = 1_000;
/** What does not change by itself any more, or so seldom that one looks at why. */
const OVER = new Set(['delivered', 'read', 'failed', 'suppressed', 'expired', 'canceled']);

type Props = {
  ws: string;
  label: string;
  placeholder?: string;
  may: May;
  send: (address: string) => Promise<{ messageId: string }>;
};

/** The field, and what became of the last one. */
export function TestSend({ ws, label, placeholder, may, send }: Props): ReactElement {
  const [address, setAddress] = useState('');
  const test = useMutation({ mutationFn: send });
  const go = () => {
    if (address.trim() && may === true && !test.isPending) test.mutate(address.trim());
  };
  return (
    <form
      className="panel"
      aria-label="A test"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <label className="field">
        {label}
        <input
          value={address}
          placeholder={placeholder}
          onChange={({ currentTarget }) => setAddress(currentTarget.value)}
        />
      </label>
      {test.error ? (
        <p className="fault" role="alert">
          {messageOf(test.error)}
        </p>
      ) : null}
      <div className="card-acts">
        <Act may={may} busy={test.isPending} onAct={go}>
          Send a test
        </Act>
        {test.data ? <Course ws={ws} id={test.data.messageId} to={test.variables} /> : null}
      </div>
    </form>
  );
}

function Course({ ws, id, to }: { ws: string; id: string; to: string }): ReactElement {
  const { data } = useQuery({
    queryKey: [ws, 'test', id] as const,
    queryFn: ({ signal }) => call<Static<typeof MessageWhole>>('GET', at(ws, `/messages/${id}`), { signal }),
    refetchInterval: ({ state }) =>
      OVER.has(furthest(state.data?.deliveries ?? [])?.state ?? '') ? false : LOOK_MS,
  });
  return (
    <span className="row-state" role="status" aria-label="The test">
      <span className="muted">To {to}:</span> <DeliveryState delivery={furthest(data?.deliveries ?? [])} />{' '}
      <WhyLink why={id} />
    </span>
  );
}
