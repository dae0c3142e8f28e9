/** Somebody in a workspace with some campaigns, by the engine alone: what they do, what is known of them, what falls due. For tests of it. */
import type { CampaignFile, Rule } from '../../../contract/campaign.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import type { Contact } from '../../contacts/contacts.ts';
import type { Segment } from '../../contacts/segments.ts';
import { memberOf } from '../enrol/book.ts';
import { Changes } from '../enrol/changes.ts';
import { onChange, onDue, onEvent } from '../enrol/engine.ts';
import { liveOf } from '../enrol/live.ts';
import { insideBy, look } from '../enrol/look.ts';
import type { Campaign, Taken } from '../enrol/member.ts';
import type { LiveCampaign } from '../enrol/sql.live.ts';
import { withAttributes } from '../steps/changed.ts';
import { versionOf, watchOf, type Version } from '../steps/version.ts';

/** When what is tested begins, unix ms. */
export const BEGAN_MS = Date.parse('2026-03-02T10:00:00Z');

/** A step that sends. */
export const mailed = (key: string) => ({ key, send: { content: { type: 'text' as const, text: key } } });

/** A campaign as it is published, without what all have. */
export type Published = Omit<CampaignFile, 'parley'>;

/** Somebody in a workspace with some campaigns and segments; of the watches of `unknown` (`100 + n`, of the nth campaign) nothing is known yet. */
export function somebody(
  files: readonly Published[],
  attributes: Record<string, unknown> = {},
  { unknown = [], segments = {} }: { unknown?: number[]; segments?: Record<string, Rule> } = {},
) {
  const rows = files.map(rowsOf);
  const watched = files.flatMap(({ key, trigger }, i): Segment[] => {
    const watch = watchOf(trigger);
    const of = { name: key, campaignId: i + 1 };
    if (watch?.kind === 'rule') return [segmentRow(100 + i, { rule: watch.rule, ...of })];
    return watch?.kind === 'date' ? [segmentRow(100 + i, { kind: 'date', rule: watch.date, ...of })] : [];
  });
  const named = Object.entries(segments).map(([key, rule], i) =>
    segmentRow(200 + i, { key, rule, name: key }),
  );
  const made = liveOf(
    rows.map(([campaign]) => campaign),
    rows.map(([, version]) => ({ version, isOpen: true })),
    null,
    [...watched, ...named],
  );
  const live = { ...made, nameOf: new Map<number, string>() };
  const contact = { id: 7, attributes, createdMs: 0, timeZone: null } as unknown as Contact;
  const workspace = { id: 1, timeZone: 'UTC' } as Workspace;
  const kept = { inside: [], values: new Map(), unknown: new Set(unknown) };
  const member = memberOf(live, workspace, contact, { stats: [], events: [], sets: undefined }, kept);
  const changes = new Changes({ laneOf: () => 0 });
  const keys = new Map(files.map(({ key }, i) => [i + 1, key]));
  let order = 0;
  return {
    live,
    member,
    changes,
    /** They do something; `depth`: so many campaigns have led to it. */
    does(name: string, atMs = BEGAN_MS, properties: Record<string, unknown> = {}, depth = 0) {
      const id = ++order;
      const of = { name, atMs, receivedMs: atMs, key: id, order: id, properties, isHistory: false };
      const event: Taken = depth > 0 ? { ...of, depth } : of;
      const crossed = insideBy(live, member, atMs, changes);
      onEvent(live, member, event, atMs, changes);
      look(live, member, { asOfMs: atMs, did: event, crossed }, changes);
    },
    /** Something is learnt of them; `depth`: so many campaigns have led to it. */
    becomes(set: Record<string, unknown>, atMs = BEGAN_MS, depth = 0) {
      member.facts = withAttributes(member.facts, set);
      member.depth = depth;
      const crossed = insideBy(live, member, atMs, changes);
      onChange(live, member, atMs, changes);
      look(live, member, { asOfMs: atMs, crossed }, changes);
    },
    /** What falls due next, in any campaign. */
    due() {
      const [next] = [...member.enrolments.values()].toSorted((a, b) => a.place.dueMs - b.place.dueMs);
      if (!next) return false;
      onDue(live, member, next, next.place.dueMs, 0, changes);
      look(live, member, { asOfMs: next.place.dueMs }, changes);
      return true;
    },
    /** A campaign as it is live, by its key. */
    campaign: (key: string): Campaign => [...live.campaigns.values()].find((one) => one.key === key)!,
    /** What was decided in a campaign. */
    told: (key: string) =>
      changes.log.flatMap(({ campaignId, what }) => (keys.get(campaignId) === key ? [what] : [])),
    /** Why they did not enter a campaign, the last time. */
    refused: (key: string) =>
      [...changes.refusals.values()].find(({ campaignId }) => keys.get(campaignId) === key)?.reason,
  };
}

function rowsOf(file: Published, i: number): [LiveCampaign, Version] {
  const of = { workspaceId: 1, campaignId: i + 1, number: 1, id: i + 1 };
  const version = versionOf({ ...of, file: { parley: 'campaign/1' as const, ...file } });
  const campaign = { id: i + 1, key: file.key, workspaceId: 1, versionId: i + 1, epoch: 1, paused: null };
  return [{ ...campaign, pausedMs: null, startedMs: null, salt: 's' }, version];
}

function segmentRow(id: number, own: Pick<Segment, 'rule' | 'name'> & Partial<Segment>): Segment {
  const of = {
    workspaceId: 1,
    key: null,
    campaignId: null,
    state: 'live' as const,
    createdMs: 0,
    changedMs: 0,
  };
  return { ...of, id, kind: 'rule', ...own };
}
