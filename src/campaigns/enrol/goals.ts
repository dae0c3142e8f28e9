/**
 * Goals that were reached. They count from entry, by when it was done, also for who has left the campaign by then. A contact converts
 * once for an entry and a goal; values add up. Pure.
 */
import { durationMs } from '../match/duration.ts';
import { isLookedFor } from '../match/evaluate.ts';
import { valueAt } from '../match/reading.ts';
import { ofWhom, type Changes, type Conversion } from './changes.ts';
import type { Goal } from '../../../contract/campaign.ts';
import type { Entry } from './entry.ts';
import type { Live, Member, Taken } from './member.ts';

/** Late events count until the window is over and this much more. */
const LATE_MS = 24 * 3600_000;
/**
 * What is worth more is no value: sums of squares of such are beyond what the store adds up, and one event that anybody may tell would stop
 * the lane and the report.
 */
const MOST_VALUE = 1e12;

/**
 * Counts an event for every entry and goal that it reaches, and returns those. What came before a goal was there is not counted back:
 * an entry goes by the goals of the version it entered by.
 */
export function convert(
  live: Live,
  member: Member,
  event: Taken,
  changes: Changes,
): { goal: Goal; entry: Entry }[] {
  if (!live.goals.has(event.name)) return [];
  const fromMs = event.atMs - (live.goalsWithinMs.get(event.name) ?? Infinity);
  const found = member.entries.since(fromMs).flatMap((entry) =>
    goalsOf(live, entry)
      .filter(
        (goal) =>
          reaches(goal, entry, member, event) &&
          !member.reached.has(
            keyOfConversion({ enrolmentId: entry.enrolmentId, goal: goal.key, eventKey: event.key }),
          ),
      )
      .map((goal) => ({ goal, entry })),
  );
  for (const { goal, entry } of found) count(goal, entry, member, event, changes);
  return found;
}

/** By what goals somebody goes: those of a campaign that is over count until their windows are, as for who has left. */
function goalsOf(live: Live, { campaignId, versionId }: Entry): readonly Goal[] {
  const goals = live.campaigns.has(campaignId)
    ? live.versions.get(versionId)?.goals
    : live.goalsLeft.get(versionId);
  return goals ?? [];
}

/** What a conversion is known by, of one contact. */
export function keyOfConversion(of: Pick<Conversion, 'enrolmentId' | 'goal' | 'eventKey'>): string {
  return `${of.enrolmentId}|${of.goal}|${of.eventKey}`;
}

function reaches(goal: Goal, entry: Entry, member: Member, event: Taken): boolean {
  if (goal.event !== event.name) return false;
  const untilMs = entry.enteredMs + durationMs(goal.within)!;
  if (event.atMs < entry.enteredMs || event.atMs > untilMs || event.receivedMs > untilMs + LATE_MS)
    return false;
  const around = { trigger: entry.trigger, asOfMs: event.receivedMs };
  return isLookedFor(goal, event, member.facts, around);
}

/** A number, or one that is told as a text; what is neither (true, a list) is no amount. */
function amountOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : 0;
}

function count(goal: Goal, entry: Entry, member: Member, event: Taken, changes: Changes): void {
  const currency = event.properties?.['currency'];
  // Sums are of one currency, however it is written.
  const isOther =
    goal.currency !== undefined && typeof currency === 'string' && currency.toUpperCase() !== goal.currency;
  const given = goal.value === undefined || isOther ? 0 : amountOf(valueAt(event.properties, goal.value));
  const value = Math.abs(given) <= MOST_VALUE ? given : 0;
  const before = entry.converted[goal.key];
  const sum = before?.value ?? 0;
  const now = {
    n: (before?.n ?? 0) + 1,
    value: sum + value,
    firstMs: Math.min(before?.firstMs ?? event.atMs, event.atMs),
  };
  entry.converted = { ...entry.converted, [goal.key]: now };
  changes.keepEntry(member, entry, true);
  const { enrolmentId, campaignId, epoch, arm } = entry;
  changes.conversions.push({
    ...ofWhom(member),
    enrolmentId,
    goal: goal.key,
    eventKey: event.key,
    campaignId,
    epoch,
    arm,
    atMs: event.atMs,
    value,
  });
  if (isOther) changes.count(member, entry, 'other_currency', { step: `goal:${goal.key}` });
  changes.count(member, entry, 'converted', {
    step: `goal:${goal.key}`,
    n: before ? 0 : 1,
    total: value,
    squares: now.value ** 2 - sum ** 2,
  });
}
