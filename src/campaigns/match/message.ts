/** What is asked of messages is asked of what Parley tells of them: an event of the contact, `$opened` of a campaign and step. Pure. */
import type { MessageRule, Often, Where } from '../../../contract/campaign.ts';

/** The rule on messages as one on events. */
export function didOf({ state, of, step, ...often }: MessageRule): { did: string } & Often {
  const named: Where[] = [
    ...(of === undefined ? [] : [{ property: 'campaign', is: of }]),
    ...(step === undefined ? [] : [{ property: 'step', is: step }]),
  ];
  return { did: `$${state}`, ...often, ...(named.length ? { where: { all: named } } : {}) };
}
