/** What a campaign names that must be there when it is published (segments, campaigns that it starts, what other rooms do for it), and a key that is over. */
import type { CampaignFile } from '../../contract/campaign.ts';
import { fault, type Fault } from '../base/fault.ts';
import { holdSegments } from '../contacts/segments.ts';
import { holdSets } from '../contacts/sets.ts';
import type { Tx } from '../db/pool.ts';
import { checkHanded, type HandDeps } from './enrol/hand.ts';
import { selectByKey, type CampaignRow } from './enrol/sql.live.ts';
import { setsIn } from './segments/uses.ts';
import { segmentsAsked } from './steps/version.ts';

/** The first that is not there, and that it could not do without. */
export async function checkNamed(
  deps: Partial<HandDeps>,
  tx: Tx,
  workspaceId: number,
  file: CampaignFile,
): Promise<Fault | undefined> {
  // Before segments, as where a list gets another name.
  await holdSets(tx, workspaceId, setsIn(file));
  return (
    (await holdSegments(tx, workspaceId, segmentsAsked(file))) ??
    (await checkStarted(tx, workspaceId, file)) ??
    (await checkHanded(deps, tx, workspaceId, file))
  );
}

/** Nobody can be led to a campaign that there is not, or that is over. One that is a draft yet may be published later. */
async function checkStarted(
  tx: Tx,
  workspaceId: number,
  { steps }: CampaignFile,
): Promise<Fault | undefined> {
  for (const [i, step] of steps.entries()) {
    if (!('start' in step)) continue;
    const field = `campaign.steps[${i}].start.campaign`;
    const found = await selectByKey(tx, workspaceId, step.start.campaign);
    if (!found)
      return fault('bad_request', `${field}: there is no campaign ${step.start.campaign}`, { field });
    if (found.state === 'ended')
      return fault('conflict', `${field}: the campaign ${found.key} has ended`, { field });
  }
  return undefined;
}

/** Why a campaign that is over has no draft any more: what is told of it stays what it was. */
export function keyOfEnded({ key, state }: CampaignRow): Fault | undefined {
  if (state !== 'ended') return undefined;
  const field = 'campaign.key';
  return fault('conflict', `${field}: the campaign ${key} has ended; another needs another key`, { field });
}
