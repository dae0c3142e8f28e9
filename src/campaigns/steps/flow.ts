/** Where the edges of a campaign lead: that every one of them leads somewhere, and that nobody goes in a circle without waiting. Pure. */
import {
  CAMPAIGN_LIMITS,
  type CampaignFile,
  type Step,
  type WaitForStep,
} from '../../../contract/campaign.ts';
import { OWN_EVENTS } from '../events/names.ts';
import { breaks } from '../match/reading.ts';
import { basisPoints, durationMs } from '../match/duration.ts';
import { EDGES, kindOf } from './kinds.ts';

/** The end of a campaign, as an edge. */
export const END = 'end';

/** Where an edge leads: what `then` says, else the step that stands behind; `end` behind the last. */
export function leadsTo(steps: readonly Step[], at: number, edge: string): string {
  return steps[at]!.then?.[edge] ?? steps[at + 1]?.key ?? END;
}

/** All steps that a step may lead to. */
function successors(steps: readonly Step[], at: number): string[] {
  const step = steps[at]!;
  const found = EDGES[kindOf(step)].map((edge) => leadsTo(steps, at, edge));
  if ('branch' in step) found.push(...step.branch.map(({ to }) => to));
  if ('split' in step) found.push(...Object.keys(step.split));
  return [...new Set(found)];
}

/** Checks the edges of a campaign that was read. */
export function checkFlow(campaign: CampaignFile, path: string): void {
  const { steps } = campaign;
  const keys = new Map<string, number>();
  steps.forEach(({ key }, i) => {
    if (key === END) breaks(`${path}.steps[${i}].key`, `${END} is the end of a campaign, and no step`);
    if (keys.has(key)) breaks(`${path}.steps[${i}].key`, 'is there twice');
    keys.set(key, i);
  });
  steps.forEach((step, i) => checkEdges(step, `${path}.steps[${i}]`, keys, steps));
  checkHoldout(campaign, path);
  checkVariants(campaign, path);
  const cycle = instantCycle(steps, keys);
  if (cycle)
    breaks(
      `${path}.steps[${keys.get(cycle)}]`,
      `leads back to itself without a wait of at least ${CAMPAIGN_LIMITS.cycleWaitMs / 1000} s`,
    );
}

function checkEdges(
  step: Step,
  path: string,
  keys: ReadonlyMap<string, number>,
  steps: readonly Step[],
): void {
  const known = EDGES[kindOf(step)];
  for (const [edge, to] of Object.entries(step.then ?? {})) {
    if (!known.includes(edge))
      breaks(`${path}.then.${edge}`, `is no edge of this step; it has ${known.join(', ') || 'none'}`);
    if (to !== END && !keys.has(to)) breaks(`${path}.then.${edge}`, `there is no step ${to}`);
  }
  for (const to of 'branch' in step
    ? step.branch.map((one) => one.to)
    : 'split' in step
      ? Object.keys(step.split)
      : [])
    if (to !== END && !keys.has(to)) breaks(path, `there is no step ${to}`);
  if ('send' in step && step.then?.['failed'] !== undefined && (step.send.await ?? 'none') === 'none')
    breaks(
      `${path}.then.failed`,
      'needs send.await: accepted or delivered, since nobody waits to hear of it',
    );
  // Any other name that begins with $ is the app's own, such as $pageview of a library that it uses.
  const { event, of }: Partial<WaitForStep> = 'wait_for' in step ? step.wait_for : {};
  if (of !== undefined && !steps.some((one) => one.key === of && 'send' in one))
    breaks(`${path}.wait_for.of`, `there is no step ${of} that sends`);
  if (of !== undefined && !(OWN_EVENTS as readonly unknown[]).includes(event))
    breaks(`${path}.wait_for.of`, 'is for what Parley tells of a message, such as $clicked');
}

/** Who got one variant gets it throughout, so the steps that have any have the same. */
function checkVariants({ steps }: CampaignFile, path: string): void {
  const shares = steps.map((step) =>
    'send' in step && step.send.variants
      ? JSON.stringify(step.send.variants.map(({ key, share }) => [key, basisPoints(share)]))
      : undefined,
  );
  const first = shares.find((one) => one !== undefined);
  const odd = shares.findIndex((one) => one !== undefined && one !== first);
  if (odd >= 0)
    breaks(
      `${path}.steps[${odd}].send.variants`,
      'must have the keys and shares of the other steps, in their order',
    );
}

/** A holdout is kept from what may be left out: who must get a message is not drawn lots for. */
function checkHoldout({ holdout, steps }: CampaignFile, path: string): void {
  if (holdout === undefined) return;
  const at = steps.findIndex((step) => 'send' in step && (step.send.class ?? 'marketing') !== 'marketing');
  if (at >= 0)
    breaks(`${path}.steps[${at}].send.class`, 'must be marketing in a campaign that has a holdout');
}

/** A step from which one comes back to it without waiting a minute. */
function instantCycle(steps: readonly Step[], keys: ReadonlyMap<string, number>): string | undefined {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (key: string): string | undefined => {
    if (key === END || state.get(key) === 'done') return undefined;
    if (state.get(key) === 'open') return key;
    const at = keys.get(key)!;
    if (waitsLong(steps[at]!)) return undefined;
    state.set(key, 'open');
    for (const next of successors(steps, at)) {
      const found = visit(next);
      if (found) return found;
    }
    state.set(key, 'done');
    return undefined;
  };
  for (const { key } of steps) {
    const found = visit(key);
    if (found) return found;
  }
  return undefined;
}

function waitsLong(step: Step): boolean {
  return 'wait' in step && durationMs(step.wait.for)! >= CAMPAIGN_LIMITS.cycleWaitMs;
}
