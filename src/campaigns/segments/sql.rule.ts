/**
 * A segment's rule as a condition on `contacts c`: what `match/evaluate.ts` says of one contact in hand, said to Postgres of all of a lane.
 * A property test holds the two together. Values are parameters, always; every leaf is true or false, never null, so that `not` means
 * what it says.
 */
import type { Test } from '../../../contract/audience.ts';
import type { ChannelName } from '../../../contract/channels.ts';
import { CAMPAIGN_LIMITS, type Often, type Rule, type Where } from '../../../contract/campaign.ts';
import { parseIsoTime } from '../../base/clock.ts';
import { conditionOf, jsonTest } from '../../contacts/audience.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import { durationMs } from '../match/duration.ts';
import { didOf } from '../match/message.ts';

/** What a rule is asked with: the ids of names of events (one that is not known was never done), and when, by the workspace's clock. */
type Asked = {
  workspaceId: number;
  idOf: ReadonlyMap<string, number>;
  nowMs: number;
  /** Lists and tags as they were called when it was asked, by kind and name: what is renamed meanwhile stays the same. */
  sets?: ReadonlyMap<string, number>;
};

/** The condition. */
export function ruleCondition(db: Db, rule: Rule, asked: Asked): Fragment {
  if ('all' in rule || 'any' in rule) {
    const parts = ('all' in rule ? rule.all : rule.any).map((one) => db`(${ruleCondition(db, one, asked)})`);
    return parts.reduce((all, one) => ('all' in rule ? db`${all} AND ${one}` : db`${all} OR ${one}`));
  }
  if ('not' in rule) return db`NOT (${ruleCondition(db, rule.not, asked)})`;
  if ('did' in rule) return often(db, rule.did, rule, asked);
  if ('did_not' in rule) return db`NOT (${often(db, rule.did_not, rule, asked)})`;
  if ('message' in rule) {
    const did = didOf(rule.message);
    return often(db, did.did, did, asked);
  }
  if ('attribute' in rule)
    return jsonTest(db, valueAtPath(db, db`c.attributes`, rule.attribute), rule as Test);
  if ('inList' in rule) return memberOf(db, asked, 'list', rule.inList);
  if ('tagged' in rule) return memberOf(db, asked, 'tag', rule.tagged);
  if ('inSegment' in rule) return insideOf(db, asked.workspaceId, rule.inSegment);
  if ('hasChannel' in rule) return reachedOn(db, rule.hasChannel);
  if ('createdWithin' in rule)
    return db`c.created_ms >= ${asked.nowMs - durationMs(rule.createdWithin)!}::bigint`;
  if ('trigger' in rule) throw new Error('a segment has no such rule');
  return conditionOf(db, rule as Parameters<typeof conditionOf>[1]);
}

/** The value at a dotted path; a name that has a dot in it is found whole first. Null where there is none, as `valueAt` has it. */
export function valueAtPath(db: Db, json: Fragment, path: string): Fragment {
  const names = path.split('.');
  const nested = db`${json} #> ${names}::text[]`;
  const found =
    names.length === 1
      ? db`${json} -> ${path}::text`
      : db`CASE WHEN ${json} ? ${path}::text THEN ${json} -> ${path}::text ELSE ${nested} END`;
  return db`nullif((${found}), 'null'::jsonb)`;
}

/** A digest of the value of a contact at a path; null where there is none. */
export function digestAt(db: Db, path: string): Fragment {
  return db`md5((${valueAtPath(db, db`c.attributes`, path)})::text)`;
}

/** Contacts who did something of some names since a moment: those of whom a rule may cease to hold by time alone. */
export function didSince(db: Db, names: readonly { id: number; sinceMs: number }[]): Fragment {
  return db`EXISTS (
    SELECT 1 FROM event_stats s JOIN unnest(${names.map(({ id }) => id)}::bigint[], ${names.map(({ sinceMs }) => sinceMs)}::bigint[])
      AS k (name_id, since_ms) ON k.name_id = s.name_id
    WHERE s.bucket = c.bucket AND s.contact_id = c.id AND s.last_ms >= k.since_ms)`;
}

function memberOf(db: Db, { workspaceId, sets }: Asked, kind: 'list' | 'tag', name: string): Fragment {
  const set = sets
    ? db`${sets.get(`${kind}:${name}`) ?? 0}::bigint`
    : db`(SELECT s.id FROM sets s WHERE s.workspace_id = ${workspaceId} AND s.kind = ${kind} AND s.name = ${name})`;
  return db`EXISTS (SELECT 1 FROM set_members m WHERE m.bucket = c.bucket AND m.contact_id = c.id AND m.set_id = ${set})`;
}

function insideOf(db: Db, workspaceId: number, key: string): Fragment {
  return db`EXISTS (
    SELECT 1 FROM segment_members m WHERE m.bucket = c.bucket AND m.contact_id = c.id AND m.segment_id = (
      SELECT s.id FROM segments s WHERE s.workspace_id = ${workspaceId} AND s.key = ${key}))`;
}

function reachedOn(db: Db, channel: ChannelName): Fragment {
  return db`EXISTS (
    SELECT 1 FROM destinations d WHERE d.bucket = c.bucket AND d.workspace_id = c.workspace_id AND d.contact_id = c.id
      AND d.channel = ${channel} AND d.status = 'active')`;
}

function often(db: Db, name: string, rule: Often, { idOf, nowMs }: Asked): Fragment {
  const id = idOf.get(name);
  const atLeast = rule.atLeast ?? (rule.atMost === undefined ? 1 : 0);
  const atMost = rule.atMost ?? Number.MAX_SAFE_INTEGER;
  if (id === undefined) return atLeast === 0 ? db`true` : db`false`;
  const [since, until] = rule.between ?? [rule.since];
  const fromMs =
    rule.within !== undefined
      ? nowMs - durationMs(rule.within)!
      : since === undefined
        ? undefined
        : parseIsoTime(since)!;
  const untilMs = until === undefined ? Number.MAX_SAFE_INTEGER : parseIsoTime(until)!;
  const within = fromMs === undefined ? db`` : db`AND s.last_ms >= ${fromMs}`;
  const did = (more: Fragment) => db`EXISTS (
    SELECT 1 FROM event_stats s
    WHERE s.bucket = c.bucket AND s.contact_id = c.id AND s.name_id = ${id} ${within} AND ${more})`;
  const between = (count: Fragment) => db`${count} BETWEEN ${atLeast} AND ${atMost}`;
  const holds =
    fromMs === undefined && !rule.where
      ? did(between(db`s.count`))
      : did(between(countOf(db, id, { fromMs: fromMs ?? 0, untilMs }, rule.where)));
  // Who never did it (in that time) is among those who did it no more than so often.
  return atLeast === 0 ? db`(${holds} OR NOT ${did(db`true`)})` : holds;
}

/** How many of the newest that a rule looks at are what is asked for. */
function countOf(
  db: Db,
  nameId: number,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
  where: Where | undefined,
): Fragment {
  return db`(SELECT count(*) FROM (
    SELECT e.properties, e.at_ms FROM contact_events e
    WHERE e.bucket = c.bucket AND e.contact_id = c.id AND e.name_id = ${nameId} AND e.at_ms >= ${fromMs}
    ORDER BY e.at_ms DESC, e.key DESC LIMIT ${CAMPAIGN_LIMITS.counted}) e
    WHERE e.at_ms < ${untilMs} AND ${where ? whereCondition(db, where) : db`true`})`;
}

function whereCondition(db: Db, where: Where): Fragment {
  if ('all' in where || 'any' in where) {
    const parts = ('all' in where ? where.all : where.any).map((one) => db`(${whereCondition(db, one)})`);
    return parts.reduce((all, one) => ('all' in where ? db`${all} AND ${one}` : db`${all} OR ${one}`));
  }
  if ('not' in where) return db`NOT (${whereCondition(db, where.not)})`;
  return jsonTest(db, valueAtPath(db, db`e.properties`, where.property), where as Test);
}
