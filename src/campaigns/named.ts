/**
 * What a campaign names that must be there when it is published (lists, segments, campaigns that it starts, what other rooms do for it), and a key
 * that is over. A tag need not be there: it is made where the first is given it.
 */
import type { CampaignFile, Crossing, Rule } from '../../contract/campaign.ts';
import { fault, type Fault } from '../base/fault.ts';
import { holdSegments } from '../contacts/segments.ts';
import { holdSets } from '../contacts/sets.ts';
import type { Tx } from '../db/pool.ts';
import { checkHanded, type HandDeps } from './enrol/hand.ts';
import { selectByKey, type CampaignRow } from './enrol/sql.live.ts';
import { setsIn } from './segments/uses.ts';

/** The first that is not there, and that it could not do without. */
export async function checkNamed(
  deps: Partial<HandDeps>,
  tx: Tx,
  workspaceId: number,
  file: CampaignFile,
): Promise<Fault | undefined> {
  return (
    (await holdAsked(tx, workspaceId, file)) ??
    (await checkStarted(tx, workspaceId, file)) ??
    (await checkHanded(deps, tx, workspaceId, file))
  );
}

/**
 * Holds what it asks for until it is published: from then on nobody deletes it. A list or segment that is gone would let nobody in, or keep nobody
 * out.
 */
async function holdAsked(tx: Tx, workspaceId: number, file: CampaignFile): Promise<Fault | undefined> {
  const asked = askedIn(file);
  // Before segments, as where a list gets another name.
  const sets = await holdSets(tx, workspaceId, setsIn(file));
  const keys = asked.flatMap(({ what, name }) => (what === 'segment' ? [name] : []));
  const segments = await holdSegments(tx, workspaceId, keys);
  const gone = asked.find(({ what, name }) =>
    what === 'segment' ? !segments.has(name) : !sets.some((one) => one.kind === 'list' && one.name === name),
  );
  return (
    gone &&
    fault('bad_request', `${gone.field}: there is no ${gone.what} ${gone.name}`, { field: gone.field })
  );
}

/** A list or segment, and where it is asked for. */
type Asked = { what: 'list' | 'segment'; name: string; field: string };

function askedIn({ trigger, filter, steps }: CampaignFile): Asked[] {
  const crossed = (what: Asked['what'], crossing: Crossing): Asked[] =>
    Object.entries(crossing).map(([on, name]) => ({ what, name, field: `campaign.trigger.${what}.${on}` }));
  const set = [
    ...('list' in trigger ? crossed('list', trigger.list) : []),
    ...('segment' in trigger ? crossed('segment', trigger.segment) : []),
  ];
  const branches = steps.flatMap((step, i) =>
    'branch' in step
      ? step.branch.flatMap(({ when }, j) => inRule(when, `campaign.steps[${i}].branch[${j}].when`))
      : [],
  );
  return [...set, ...(filter ? inRule(filter, 'campaign.filter') : []), ...branches];
}

function inRule(rule: Rule, field: string): Asked[] {
  if ('all' in rule) return rule.all.flatMap((one, i) => inRule(one, `${field}.all[${i}]`));
  if ('any' in rule) return rule.any.flatMap((one, i) => inRule(one, `${field}.any[${i}]`));
  if ('not' in rule) return inRule(rule.not, `${field}.not`);
  if ('inList' in rule) return [{ what: 'list', name: rule.inList, field: `${field}.inList` }];
  return 'inSegment' in rule ? [{ what: 'segment', name: rule.inSegment, field: `${field}.inSegment` }] : [];
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
