/** How fast each channel sends at most, each saved by its field; the channel's own page has the rest of it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { use, useState, type ReactElement } from 'react';
import type { Static } from 'typebox';
import type { IntegrationShown, IntegrationsShown } from '../../../../contract/doors/console/integrations.ts';
import { ApiFault, call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { integrationsQuery } from '../channels/queries.ts';
import { channelDifferences } from './changes.ts';
import { OnMeanwhile } from './save.ts';
import { numberText } from '../../../shared/reader.ts';

const LEAST_PER_S = 0.001;
const MOST_PER_S = 100_000;

/** The list. */
export function Rates(): ReactElement {
  const { id: ws } = useHere();
  const { data, error, refetch } = useQuery(integrationsQuery(ws));
  return (
    <section className="setting" aria-label="Send rates">
      <h3>How fast</h3>
      {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <Waiting rows={2} height={24} /> : null}
      {data?.integrations.map((one) => (
        <Rate key={one.id} ws={ws} integration={one} />
      ))}
      <p className="muted">It holds for all that goes out there; a broadcast may be given less of it.</p>
    </section>
  );
}

function Rate({ ws, integration }: { ws: string; integration: IntegrationShown }): ReactElement {
  const { id, name, type, ratePerS } = integration;
  const label = name || type;
  const may = useMay('integrations.manage');
  // What is not typed is as it is there, whoever changes it meanwhile.
  const [typed, setTyped] = useState<string>();
  const text = typed ?? (ratePerS === null ? '' : String(ratePerS));
  const next = text === '' ? null : Number(text);
  const save = useSaveRate(ws, integration, () => setTyped(undefined));
  const isRate = next === null || (next >= LEAST_PER_S && next <= MOST_PER_S);
  const can =
    may !== true
      ? may
      : next === ratePerS
        ? 'It says that already.'
        : isRate || `A rate is from ${LEAST_PER_S} to ${numberText(MOST_PER_S)} a second.`;
  return (
    <form
      className="setting"
      onSubmit={(event) => {
        event.preventDefault();
        if (can === true) save.mutate(next);
      }}
    >
      <label className="field">
        {`${label}, messages a second at most`}
        <input
          type="number"
          step="any"
          readOnly={may !== true}
          placeholder="as fast as the provider takes them"
          value={text}
          onChange={({ currentTarget: { value } }) => setTyped(value)}
        />
      </label>
      {save.error ? (
        <p className="fault" role="alert">
          {messageOf(save.error)}
        </p>
      ) : null}
      <Act may={can} size="xs" busy={save.isPending} onAct={() => save.mutate(next)}>
        {`Save the rate of ${label}`}
      </Act>
      <Link to="/w/$ws/channels/$integration" params={{ ws, integration: id }}>
        {`More settings of ${label}`}
      </Link>
    </form>
  );
}

/** Saves a rate over the revision that is shown: what somebody else has changed meanwhile is told, and not written over unseen. */
function useSaveRate(ws: string, integration: IntegrationShown, onSaved: () => void) {
  const client = useQueryClient();
  const onMeanwhile = use(OnMeanwhile);
  const { queryKey } = integrationsQuery(ws);
  const { id, name, type, revision } = integration;
  return useMutation({
    mutationFn: (ratePerS: number | null) =>
      call<IntegrationShown>('PATCH', at(ws, `/integrations/${id}`), { body: { ratePerS }, revision }),
    onSuccess(saved) {
      client.setQueryData<Static<typeof IntegrationsShown>>(
        queryKey,
        (all) => all && { integrations: all.integrations.map((one) => (one.id === id ? saved : one)) },
      );
      onSaved();
      onMeanwhile([]);
      toast(`The rate of ${name || type} is saved.`);
    },
    async onSettled(_done, error) {
      await client.invalidateQueries({ queryKey });
      if (!(error instanceof ApiFault && error.status === 412)) return;
      const now = client.getQueryData(queryKey)?.integrations.find((one) => one.id === id);
      onMeanwhile(now ? channelDifferences(integration, now) : []);
    },
  });
}
