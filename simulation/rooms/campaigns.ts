/** Campaigns: people who enter, wait, are written to and leave, while the campaign is paused, published anew and resumed under them. */
import type { CampaignFile } from '../../contract/campaign.ts';
import {
  findCampaignByKey,
  pauseCampaign,
  publish,
  resumeCampaign,
  saveDraft,
} from '../../src/campaigns/campaigns.ts';
import { auditCampaigns } from '../../src/campaigns/report/audit.ts';
import { fromRef } from '../../src/ledger/ref.ts';
import type { Done, Run, Step } from '../run.ts';
import { isFault } from '../../src/base/fault.ts';
import { must } from '../world.ts';
import { leftOfErased } from './erased.ts';
import type { RoomPlay } from './room.ts';

type Event = { person: number; event: 'joined' | 'bought' | 'left'; twice: boolean };

const KEY = 'welcome';

export const campaigns: RoomPlay = {
  name: 'campaigns',
  isApart: true,
  steps: [
    {
      what: 'event',
      weight: 22,
      draw: (draws) => ({
        person: draws.between('who does', 0, 23),
        event: draws.weighted('event', [
          [6, 'joined'],
          [2, 'bought'],
          [2, 'left'],
        ] as const),
        twice: draws.happens('event told twice', 0.2),
      }),
    },
    { what: 'pause', weight: 2, draw: (draws) => ({ of: draws.one('paused', ['entering', 'all', 'all'] as const) }) },
    { what: 'resume', weight: 3, draw: (draws) => ({ mode: draws.one('resumed', ['shift', 'catch_up'] as const) }) },
    {
      what: 'publish',
      weight: 2,
      draw: (draws) => ({
        wait: draws.one('new wait', ['1m', '20m', '3h'] as const),
        how: draws.one('published', ['move', 'finish'] as const),
      }),
    },
  ],
  async furnish(run) {
    await publishWith(run, '20m', 'move');
  },
  perform(run, step) {
    return step.what === 'event' ? tell(run, step as Step & Event) : steer(run, step);
  },
  async heal(run) {
    await steer(run, { atMs: 0, room: 'campaigns', what: 'resume', mode: 'catch_up' });
  },
  async check(run) {
    const { id } = run.places.busy;
    return [
      ...(await auditCampaigns(run.look, id)).breaks,
      ...(await leftInCampaigns(run)),
      ...(await doubled(run)),
      ...(await miscounted(run)),
      ...(await sentAfterLeaving(run)),
      ...(await begunWhilePaused(run)),
      ...(await leftOfErased(run, [...TABLES, 'contact_events', 'event_stats', 'event_arrivals'])),
    ];
  },
  standings: { among: ['nobody in it', 'not taken yet', 'waits', 'has left', 'stands still'], of: standing },
};

/** How somebody stands in the campaign, or all do. */
async function standing({ look, places }: Run, step: Step | undefined): Promise<string[]> {
  const phone = typeof step?.['person'] === 'number' ? places.busy.people[step['person']]!.phone : null;
  const [row] = await look<{ arriving: boolean; waiting: boolean; left: boolean; still: boolean }[]>`
    WITH who AS (SELECT contact_id FROM identities WHERE kind = 'phone' AND (${phone}::text IS NULL OR value = ${phone}::text))
    SELECT EXISTS (SELECT FROM event_arrivals JOIN who USING (contact_id)) arriving,
      EXISTS (SELECT FROM enrolments JOIN who USING (contact_id)) waiting,
      EXISTS (SELECT FROM campaign_entries e JOIN who USING (contact_id) WHERE e.ended_ms IS NOT NULL) "left",
      EXISTS (SELECT FROM campaigns WHERE key = ${KEY} AND paused = 'all') still`;
  const { arriving, waiting, left, still } = row!;
  return [
    ...(arriving ? ['not taken yet'] : []),
    ...(waiting ? [still ? 'stands still' : 'waits'] : []),
    ...(left ? ['has left'] : []),
    ...(arriving || waiting || left ? [] : ['nobody in it']),
  ];
}

const TABLES = ['enrolments', 'timers', 'campaign_entries', 'campaign_sends', 'conversions', 'enrolment_log'] as const;

/** A message at once, one after a wait, and one when nothing was bought for a while; who leaves gets no more of it. */
function fileOf(wait: string, hasHoldout: boolean): CampaignFile {
  // What is compared is marketing.
  const usual = hasHoldout ? 'marketing' : 'transactional';
  const text = (text: string) => ({ content: { type: 'text' as const, text }, channel: 'sms' });
  return {
    parley: 'campaign/1',
    key: KEY,
    trigger: { event: { did: 'joined' } },
    entry: 'every',
    whileActive: 'alongside',
    exits: [{ event: 'left' }],
    goals: [{ key: 'bought', event: 'bought', within: '2d' }],
    ...(hasHoldout ? { holdout: '15%' } : {}),
    steps: [
      { key: 'first', send: { ...text('welcome'), class: usual } },
      { key: 'wait', wait: { for: wait } },
      { key: 'second', send: { ...text('how is it?'), class: 'marketing' } },
      { key: 'buys', wait_for: { event: 'bought', timeout: '5h' } },
      { key: 'third', send: { ...text('bye'), class: usual } },
    ],
  };
}

async function publishWith(run: Run, wait: string, how: 'move' | 'finish'): Promise<void> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const { id } = must(await saveDraft(ctx, tx, workspaceId, fileOf(wait, run.seed % 2 === 0), nowMs));
    must(await publish(ctx, tx, workspaceId, id, how, nowMs));
  });
}

/** Told by a client that repeats what it got no answer to: by its key it is one event. */
async function tell(run: Run, { atMs, person, event, twice }: Step & Event): Promise<{ key: string }> {
  const { ctx } = run.door();
  const { id: workspaceId, people } = run.places.busy;
  const { phone } = people[person]!;
  const key = `${atMs} ${person} ${event}`;
  const told = [{ person: { identities: [{ kind: 'phone' as const, value: phone }], destinations: [] }, event: { name: event, key } }];
  for (let i = 0; i < (twice ? 2 : 1); i++) must(await ctx.arrive(workspaceId, told));
  return { key };
}

/** Of two who steer it at once the second is told that it is so already. */
function mustOrWas(outcome: unknown): void {
  if (!isFault(outcome) || outcome.fault !== 'conflict') must(outcome);
}

async function steer(run: Run, step: Step): Promise<void> {
  if (step.what === 'publish')
    return await publishWith(run, String(step['wait']), step['how'] as 'move' | 'finish');
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const { id, state } = (await findCampaignByKey(tx, workspaceId, KEY))!;
    if (step.what === 'pause') mustOrWas(await pauseCampaign(ctx, tx, workspaceId, id, step['of'] as 'entering' | 'all', nowMs));
    else if (state === 'paused')
      mustOrWas(await resumeCampaign(ctx, tx, workspaceId, id, { mode: step['mode'] as 'shift' | 'catch_up', over: '0m' }, nowMs));
  });
}

/** At rest nobody is in a campaign any more: all its waits end. */
export async function leftInCampaigns({ look }: Run): Promise<string[]> {
  const [left] = await look<Record<string, number>[]>`
    SELECT (SELECT count(*)::int FROM enrolments) enrolments, (SELECT count(*)::int FROM timers) timers,
           (SELECT count(*)::int FROM event_arrivals) event_arrivals, (SELECT count(*)::int FROM campaign_tasks) campaign_tasks`;
  return Object.entries(left!)
    .filter(([, n]) => n > 0)
    .map(([table, n]) => `${n} rows are left in ${table}`);
}

/** A step writes to who is in it once; and what it let in has a delivery. */
async function doubled({ look }: Run): Promise<string[]> {
  const rows = await look<{ enrolment_id: number; step: string; n: number }[]>`
    SELECT enrolment_id, step, count(*)::int n FROM campaign_sends GROUP BY 1, 2 HAVING count(*) > 1`;
  const lost = await look<{ message_id: number }[]>`
    SELECT message_id FROM campaign_sends s
    WHERE NOT EXISTS (SELECT FROM deliveries d WHERE d.contact_id = s.contact_id AND d.cause_id = s.message_id)
      AND NOT EXISTS (SELECT FROM merged_contacts m WHERE m.into_id = s.contact_id)`;
  return [
    ...rows.map(({ enrolment_id, step, n }) => `${enrolment_id} was written to ${n} times at ${step}`),
    ...lost.map(({ message_id }) => `message ${message_id} of a campaign has no delivery`),
  ];
}

function toldEvents(run: Run): (Done & { step: Step & Event })[] {
  return run.done.filter(({ step }) => step.room === 'campaigns' && step.what === 'event') as (Done & { step: Step & Event })[];
}

/** An event is kept once however often it is told, and each that began something began one thing. */
async function miscounted(run: Run): Promise<string[]> {
  const all = toldEvents(run);
  if (run.done.some(({ step }) => /erase|merge/.test(step.what))) return [];
  const [row] = await run.look<{ kept: number; counted: number; entries: number }[]>`
    SELECT (SELECT count(*)::int FROM contact_events e JOIN event_names n ON n.id = e.name_id WHERE n.name NOT LIKE '$%') kept,
      (SELECT coalesce(sum(s.count), 0)::int FROM event_stats s JOIN event_names n ON n.id = s.name_id WHERE n.name NOT LIKE '$%') counted,
      (SELECT count(*)::int FROM campaign_entries e JOIN campaigns c ON c.id = e.campaign_id AND c.key = ${KEY}) entries`;
  const { kept, counted, entries } = row!;
  const sure = all.filter(({ state }) => state === 'done').length;
  const broken: string[] = [];
  if (kept < sure || kept > all.length) broken.push(`${kept} events are kept of ${sure} to ${all.length} that were told`);
  if (counted !== kept) broken.push(`${counted} events are counted, and ${kept} kept`);
  const joined = all.filter(({ step }) => step.event === 'joined');
  const isSteered = run.done.some(({ step }) => step.room === 'campaigns' && step.what === 'pause');
  const least = isSteered ? 0 : joined.filter(({ state }) => state === 'done').length;
  if (entries < least || entries > joined.length) broken.push(`${entries} entries of ${least} to ${joined.length}`);
  return broken;
}

/** Who has left gets nothing of what comes after a wait. */
async function sentAfterLeaving(run: Run): Promise<string[]> {
  const rows = await run.look<{ phone: string; step: string; at_ms: number; entered_ms: number }[]>`
    SELECT i.value phone, s.step, s.at_ms, n.entered_ms FROM campaign_sends s
    JOIN campaign_entries n ON n.contact_id = s.contact_id AND n.enrolment_id = s.enrolment_id
    JOIN identities i ON i.contact_id = s.contact_id AND i.kind = 'phone'
    JOIN campaigns c ON c.id = s.campaign_id AND c.key = ${KEY} WHERE s.step <> 'first'`;
  return toldEvents(run).flatMap(({ step, state, atMs, begunMs }) => {
    if (step.event !== 'left' || state !== 'done') return [];
    const { phone } = run.places.busy.people[step.person]!;
    return rows
      .filter((one) => one.phone === phone && one.entered_ms < begunMs && one.at_ms > atMs)
      .map((one) => `${phone} was written to at ${one.step} ${Math.round((one.at_ms - atMs) / 1000)} s after they left`);
  });
}

/** What a pause is answered with comes true within so long, ms. */
const SOON_MS = 1_000;

/** Nothing of a campaign that stands still begins, but for what is no marketing and was let in before: that goes on as any message does. */
async function begunWhilePaused(run: Run): Promise<string[]> {
  const sends = await run.look<{ message_id: number; at_ms: number; marketing: boolean }[]>`
    SELECT s.message_id, s.at_ms, m.class = 'marketing' marketing FROM campaign_sends s
    JOIN campaigns c ON c.id = s.campaign_id AND c.key = ${KEY} JOIN messages m ON m.id = s.message_id`;
  const own = new Map(sends.map((one) => [one.message_id, one]));
  const stands = (ref: string, pausedMs: number) => {
    const sent = own.get(fromRef(ref)?.causeId ?? 0);
    return sent !== undefined && (sent.marketing || sent.at_ms > pausedMs);
  };
  const steered = run.done.filter(
    ({ step, state }) => step.room === 'campaigns' && state !== 'refused' && /pause|resume/.test(step.what),
  );
  return steered.flatMap(({ step, state, atMs }, i) => {
    if (step.what !== 'pause' || step['of'] !== 'all' || state !== 'done') return [];
    const next = steered.slice(i + 1).find((one) => one.step.what === 'resume');
    const untilMs = (next?.begunMs ?? run.healedMs) - SOON_MS;
    return run.books.begun
      .filter((one) => one.atMs > atMs + SOON_MS && one.atMs < untilMs && stands(one.ref, atMs))
      .map(({ to }) => `a message of the campaign to ${to} began while it stood still`);
  });
}
