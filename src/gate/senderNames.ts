/** Whether an SMS from a name arrives at a number, by what is known of its country (contract/senderNames.ts). Pure. */
import { NO_NAMES_UNDER_1, REFUSED_NAMES, REGISTERED_NAMES } from '../../contract/senderNames.ts';

/**
 * Numbers at which a provider's messages from a name do not arrive, as a regular expression that JavaScript and Postgres read alike.
 */
export function refusingNames(provider: string): string {
  return `^\\+(?:${[NO_NAMES_UNDER_1, ...(REFUSED_NAMES[provider] ?? [])].join('|')})`;
}

const patterns = new Map<string, RegExp>();

/** Whether a provider's message from a name would be lost on its way to a number. */
export function refusesName(provider: string, number: string): boolean {
  let pattern = patterns.get(provider);
  if (!pattern) patterns.set(provider, (pattern = new RegExp(refusingNames(provider))));
  return pattern.test(number);
}

const REGISTERS = new RegExp(`^\\+(?:${REGISTERED_NAMES.join('|')})`);

/** Whether the country of a number wants a name to be registered first: whether it is, the provider knows. */
export function registersNames(number: string): boolean {
  return REGISTERS.test(number);
}
