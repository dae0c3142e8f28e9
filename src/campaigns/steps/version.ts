/** A version of a campaign, made ready: what is written, and what is worked out of it once. Immutable, and shared. Pure. */
import {
  CAMPAIGN_LIMITS,
  DAYS,
  type CampaignFile,
  type Crossing,
  type Goal,
  type Looked,
  type Rule,
  type Step,
  type Trigger,
  type WaitForStep,
  type Where,
  type WindowStep,
} from '../../../contract/campaign.ts';
import { basisPoints, durationMs, minuteOfText } from '../match/duration.ts';
import { asksSets, namesIn, segmentsIn } from '../match/evaluate.ts';
import { EVENT_LIMITS } from '../events/time.ts';
import type { DateTrigger } from './date.ts';
import { leadsTo } from './flow.ts';
import type { Window } from './local.ts';

/** A version. */
export type Version = {
  id: number;
  campaignId: number;
  workspaceId: number;
  number: number;
  file: CampaignFile;
  /** The steps, with what `event_without` stands for before them. */
  steps: readonly Step[];
  index: ReadonlyMap<string, number>;
  /** The event that sets it off; null where it is none. */
  trigger: { name: string; where?: Where } | null;
  /** What sets it off when it comes to hold, ceases to, changes or falls due; null where nothing of the kind does. */
  watch: Watched | null;
  /** How often one may enter: what is written, else what is usual for what sets it off. */
  entry: 'once' | 'every' | { per: string };
  triggersWithinMs: number;
  holdoutPoints: number;
  /** Shares of who is treated, in basis points. */
  variants: readonly { key: string; points: number }[];
  /** Whether all it sends is marketing, which alone may be kept from anybody. */
  isMarketing: boolean;
  /** Names of events that its rules, waits, goals and exits ask for, and how far back (ms). */
  names: ReadonlyMap<string, number>;
  /** Names that may take on somebody who is in it, or out of it. */
  takes: ReadonlySet<string>;
  /** These, and names of goals. */
  hears: ReadonlySet<string>;
  goals: readonly Goal[];
  /** What takes somebody out, as it is written and as goes without saying. */
  exits: readonly Looked[];
  asksSets: boolean;
  /** Whether who is in it is looked at when something is learnt of them: its filter is asked at any time, or a date of theirs is waited for. */
  heedsChanges: boolean;
  /** Whether its filter or a branch asks for a segment. */
  asksSegments: boolean;
  /** Whether they are when they come into a segment, or leave one: their filter asks for one at any time. */
  heedsSegments: boolean;
};

/** What is looked at of each contact. `segment`: one that people named; the others are the campaign's own. */
export type Watched =
  | { kind: 'segment'; key: string; on: 'entered' | 'left' }
  | { kind: 'rule'; rule: Rule; on: 'entered' | 'left' }
  | { kind: 'value'; path: string }
  | { kind: 'date'; date: DateTrigger };

/** What tells what became of a message that a step waits to hear of. */
export const SEND_TELLS = ['$failed', '$suppressed', '$accepted', '$delivered'] as const;
/** What comes of a message is waited for this long (ms): as long as a message lives, from when it is let in, however late that is. */
export const AWAITED_MS = 3 * 86_400_000;

const WITHOUT = '$without';
const DID_IT = '$did_it';

/** Makes a version ready. */
export function versionOf(
  row: Pick<Version, 'id' | 'campaignId' | 'workspaceId' | 'number' | 'file'>,
): Version {
  const { file } = row;
  const steps = stepsOf(file);
  const rules = rulesOf(file);
  const names = new Map<string, number>();
  const ask = (name: string, backMs: number) => names.set(name, Math.max(names.get(name) ?? 0, backMs));
  for (const { name, backMs } of rules.flatMap(namesIn)) ask(name, backMs);
  const takes = new Set<string>();
  for (const step of steps)
    if ('wait_for' in step) {
      takes.add(step.wait_for.event);
      ask(step.wait_for.event, backOf(step.wait_for));
    }
  const exits = exitsOf(file);
  for (const { event } of exits) {
    takes.add(event);
    // Who enters may have done it already.
    ask(event, CAMPAIGN_LIMITS.waitMs);
  }
  // Who is asked by the filter at any time is asked when they do what it counts.
  const asksAlways = file.checkFilter === 'always';
  if (asksAlways && file.filter) for (const { name } of namesIn(file.filter)) takes.add(name);
  if (steps.some((step) => 'send' in step && (step.send.await ?? 'none') !== 'none'))
    for (const name of SEND_TELLS) {
      takes.add(name);
      // After a pause it is looked for.
      ask(name, AWAITED_MS);
    }
  return {
    ...row,
    steps,
    index: new Map(steps.map(({ key }, i) => [key, i])),
    trigger: triggerOf(file),
    watch: watchOf(file.trigger),
    entry: file.entry ?? (isOften(file.trigger) ? 'every' : 'once'),
    triggersWithinMs:
      file.triggersWithin === undefined ? EVENT_LIMITS.triggersWithinMs : durationMs(file.triggersWithin)!,
    holdoutPoints: file.holdout === undefined ? 0 : basisPoints(file.holdout)!,
    variants: variantsOf(file),
    isMarketing: isMarketing(file),
    names,
    takes,
    hears: new Set([...takes, ...(file.goals ?? []).map(({ event }) => event)]),
    goals: file.goals ?? [],
    exits,
    asksSets: rules.some(asksSets),
    asksSegments: rules.some((rule) => segmentsIn(rule).length > 0),
    heedsChanges: asksAlways || steps.some(isForDate),
    heedsSegments: asksAlways && file.filter !== undefined && segmentsIn(file.filter).length > 0,
  };
}

/** Whether what a campaign sends is marketing, all of it. One that sends nothing (it sets, tags, calls a webhook) is none. */
export function isMarketing({ steps }: CampaignFile): boolean {
  const sends = steps.flatMap((step) => ('send' in step ? [step.send] : []));
  return sends.length > 0 && sends.every((send) => (send.class ?? 'marketing') === 'marketing');
}

/** The variants of a campaign: those of its first step that has any; the others have the same. */
export function variantsOf({ steps }: CampaignFile): { key: string; points: number }[] {
  const given = steps.flatMap((step) =>
    'send' in step && step.send.variants ? [step.send.variants] : [],
  )[0];
  return (given ?? []).map(({ key, share }) => ({ key, points: basisPoints(share)! }));
}

/** A wait looks back to the trigger, which may be as long ago as anybody waits. */
function backOf({ since, timeout }: WaitForStep): number {
  if (since === 'step') return durationMs(timeout)!;
  if (typeof since === 'object') return durationMs(since.ago)! + durationMs(timeout)!;
  return CAMPAIGN_LIMITS.waitMs;
}

function stepsOf({ trigger, steps }: CampaignFile): readonly Step[] {
  if (!('event_without' in trigger)) return steps;
  const { not, notWhere, within, match } = trigger.event_without;
  const wait: Step = {
    key: WITHOUT,
    wait_for: {
      event: not,
      timeout: within,
      ...(notWhere ? { where: notWhere } : {}),
      ...(match ? { match } : {}),
    },
    then: { done: DID_IT, timeout: steps[0]!.key },
  };
  return [wait, ...steps, { key: DID_IT, stop: { reason: 'did_it' } }];
}

/** Who disconnects is out of what connecting set off: it is done by an authorisation that is over. */
function exitsOf({ trigger, exits = [] }: CampaignFile): readonly Looked[] {
  const isByGrant = 'grant' in trigger && trigger.grant.on === 'created';
  return isByGrant ? [...exits, { event: '$grant_deleted', match: { grant: 'grant' } }] : exits;
}

function triggerOf({ trigger }: CampaignFile): Version['trigger'] {
  const named = (name: string, where: Where | undefined) => ({ name, ...(where ? { where } : {}) });
  if ('event' in trigger) return named(trigger.event.did, trigger.event.where);
  if ('event_without' in trigger) return named(trigger.event_without.did, trigger.event_without.where);
  if ('grant' in trigger) return named(`$grant_${trigger.grant.on}`, trigger.grant.where);
  if ('order' in trigger) return named(`$order_${trigger.order.on}`, trigger.order.where);
  if (!('form' in trigger)) return null;
  const { answered, where } = trigger.form;
  const form = answered === undefined ? [] : [{ property: 'form', is: answered }];
  const all: Where[] = [...form, ...(where ? [where] : [])];
  return named('$form_answered', all.length ? { all } : undefined);
}

/** What a trigger looks at. */
export function watchOf(trigger: Trigger): Watched | null {
  if ('date' in trigger) return { kind: 'date', date: trigger.date };
  if ('attribute' in trigger) {
    const { path, ...test } = trigger.attribute;
    if ('changed' in test) return { kind: 'value', path };
    return { kind: 'rule', rule: { attribute: path, ...test }, on: 'entered' };
  }
  const crossed = (crossing: Crossing): { name: string; on: 'entered' | 'left' } =>
    'entered' in crossing ? { name: crossing.entered, on: 'entered' } : { name: crossing.left, on: 'left' };
  if ('segment' in trigger) {
    const { name: key, on } = crossed(trigger.segment);
    return { kind: 'segment', key, on };
  }
  if (!('list' in trigger) && !('tag' in trigger)) return null;
  const { name, on } = crossed('list' in trigger ? trigger.list : trigger.tag);
  return { kind: 'rule', rule: 'list' in trigger ? { inList: name } : { tagged: name }, on };
}

function isForDate(step: Step): boolean {
  return 'wait_until' in step && 'attribute' in step.wait_until;
}

/** What happens again and again, each time for its own sake. A date comes each year where it is yearly. */
function isOften(trigger: Trigger): boolean {
  if ('date' in trigger) return true;
  return ['event', 'event_without', 'grant', 'order', 'form'].some((kind) => kind in trigger);
}

/** The keys of segments that a campaign names. */
export function segmentsAsked(file: CampaignFile): string[] {
  const watch = watchOf(file.trigger);
  return [...rulesOf(file).flatMap(segmentsIn), ...(watch?.kind === 'segment' ? [watch.key] : [])];
}

function rulesOf({ filter, steps }: CampaignFile): Rule[] {
  const branches = steps.flatMap((step) => ('branch' in step ? step.branch.map(({ when }) => when) : []));
  return filter ? [filter, ...branches] : branches;
}

/** Where an edge of a step leads, as `leadsTo`. What stands behind the last that was written is the end. */
export function after(version: Version, at: number, edge: string): string {
  const to = leadsTo(version.steps, at, edge);
  return to === DID_IT && version.steps[at]!.then?.[edge] === undefined ? 'end' : to;
}

/** The window of a step. */
export function windowOf({ days, from, to }: WindowStep): Window {
  return {
    from: minuteOfText(from)!,
    to: minuteOfText(to)!,
    days: new Set((days ?? DAYS).map((day) => (DAYS as readonly string[]).indexOf(day))),
  };
}
