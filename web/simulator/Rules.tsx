/** What messages to this address will meet: scripted failures, made and taken away with a press. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Static } from 'typebox';
import type { RulesShown } from '../../contract/doors/console/simulator.ts';
import { call } from '../console/api/call.ts';
import { at } from '../console/api/queries.ts';
import { Item } from '../console/ui/menuParts.tsx';
import { Opens } from '../console/ui/Opens.tsx';
import { toastError } from '../console/ui/toasts.tsx';
import { Icon } from '../shared/icons.tsx';
import type { Address } from './Simulator.tsx';

/** The outcomes one tries most, in words; all are in docs/simulator.md. */
const OUTCOMES = [
  { outcome: 'invalid', says: 'There is no such address' },
  { outcome: 'throttled', says: 'Too fast, then delivered' },
  { outcome: 'error', says: 'Server error, then delivered' },
  { outcome: 'undelivered', says: 'Accepted, then not delivered' },
  { outcome: 'late', says: 'Receipts after a minute' },
  { outcome: 'lost', says: 'Sent, but the answer is lost' },
  { outcome: 'optout', says: 'Opted out at the provider' },
  { outcome: 'complaint', says: 'Delivered, then a complaint' },
] as const;

/** The chips. */
export function Rules({ ws, device }: { ws: string; device: Address }): ReactElement {
  const client = useQueryClient();
  const queryKey = [ws, 'simulator-rules'];
  const { data } = useQuery({
    queryKey,
    queryFn: ({ signal }) => call<Static<typeof RulesShown>>('GET', at(ws, '/simulator/rules'), { signal }),
  });
  const change = useMutation({
    mutationFn: (act: () => Promise<unknown>) => act(),
    onSuccess: () => client.invalidateQueries({ queryKey }),
    onError: toastError,
  });
  const { channel, address } = device;
  const here = (data?.rules ?? []).filter(
    (rule) =>
      (rule.channel === null || rule.channel === channel) &&
      rule.addressPattern === address &&
      rule.timesLeft !== 0,
  );
  const make = (outcome: string) =>
    change.mutate(() =>
      call('POST', at(ws, '/simulator/rules'), {
        body: { channel, addressPattern: address, outcome, times: 1 },
      }),
    );
  return (
    <div className="rules" role="group" aria-label="What the next message meets">
      {here.map(({ id, outcome, timesLeft }) => (
        <button
          key={id}
          type="button"
          className="chip"
          aria-label={`Take away: ${outcome.outcome}`}
          onClick={() => change.mutate(() => call('DELETE', at(ws, `/simulator/rules/${id}`)))}
        >
          {timesLeft === null ? 'always' : `next ${timesLeft}`}: {outcome.outcome}{' '}
          <Icon name="cross" size={14} />
        </button>
      ))}
      <Opens
        position="bottom-end"
        width={280}
        items={
          <>
            {OUTCOMES.map(({ outcome, says }) => (
              <Item key={outcome} onClick={() => make(outcome)}>
                {says}
                <span className="reason">
                  {outcome} · always: {addressOf(channel, outcome, data?.addresses ?? [])}
                </span>
              </Item>
            ))}
          </>
        }
      >
        <button type="button" className="chip">
          Let the next one fail … <Icon name="down" size={14} />
        </button>
      </Opens>
    </div>
  );
}

/** The address that has an outcome without a rule, as one writes it on a channel. */
function addressOf(channel: string, outcome: string, all: Static<typeof RulesShown>['addresses']): string {
  const magic = all.find((one) => one.outcome === outcome);
  if (channel === 'email') return magic?.mail ?? '…';
  return (channel === 'push' || channel === 'webhook' ? magic && `…${magic.infix}` : magic?.phone) ?? '…';
}
