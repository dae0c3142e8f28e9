/**
 * What a simulated provider says of a phone number: the numbers that make it misbehave do so here too, any other is a mobile
 * one. Scripted rules are about messages and are left alone. Remembers nothing: a number that fails once fails at each look-up.
 */
import type { Adapter, NumberLookUp } from '../channels/adapter.ts';
import { codeOf, detailOf } from './forms.ts';
import { BEHAVIOURS, magicOutcome, type Behaviour } from './outcomes.ts';

/** The answer of a provider about a number. */
export function simulatedNumber(
  { provider, channel }: Pick<Adapter, 'provider' | 'channel'>,
  number: string,
): NumberLookUp {
  const behaviour: Behaviour = BEHAVIOURS[magicOutcome(number) ?? 'delivered'];
  const error = (meaning: NonNullable<Behaviour['class']>) => ({
    code: codeOf(provider, channel, meaning),
    class: meaning,
    detail: detailOf(meaning),
  });
  switch (behaviour.answer) {
    case 'refused':
      return { kind: 'refused', ...error('recipient') };
    case 'deferred': {
      const { retryAfterMs } = behaviour;
      return { kind: 'deferred', ...error('rate'), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    case 'unclear':
    case 'lost':
      return { kind: 'deferred', code: 'timeout', class: 'transient', detail: 'simulated: no answer' };
    case 'accepted':
      return { kind: 'found', valid: true, lineType: 'mobile', carrier: 'Simulated' };
  }
}
