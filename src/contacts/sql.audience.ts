/**
 * An audience as a condition on `contacts c`, and the statements that use it. Values are parameters, always. Every leaf is
 * true or false, never null, so that `not` means what it says.
 */
import type { Audience, Clauses, Condition, FieldName, Test } from '../../contract/audience.ts';
import { parseIsoTime } from '../base/clock.ts';
import { bucketOf } from '../base/ids.ts';
import type { Db, Fragment } from '../db/pool.ts';
import type { SetRef } from './audience.match.ts';

/**
 * The condition, for use in `SELECT … FROM contacts c WHERE c.workspace_id = … AND c.bucket = ANY(…) AND <condition>`.
 * Give the buckets here too when the statement names some: then the look-ups in lists stay on their shard, and ids of
 * contacts elsewhere are not sent along.
 */
export function audienceCondition(
  db: Db,
  workspaceId: number,
  audience: Audience,
  buckets?: readonly number[],
): Fragment {
  const within = buckets && { list: [...buckets], has: new Set(buckets) };
  const included = clauseConditions(db, workspaceId, audience.include, within);
  const excluded = clauseConditions(db, workspaceId, audience.exclude ?? {}, within);
  // One clause stands alone, so that Postgres can turn its EXISTS into a join that starts from the members.
  const met = included.length === 1 ? included[0]! : db`(${joined(db, included, 'or')})`;
  return excluded.reduce<Fragment>((all, one) => db`${all} AND NOT ${one}`, met);
}

/** The lists, tags and segments that a contact is in. Locks nothing. */
export async function setsOfContact(db: Db, workspaceId: number, contactId: number): Promise<SetRef[]> {
  return await db<SetRef[]>`
    SELECT s.id, s.kind, s.name FROM set_members m JOIN sets s ON s.id = m.set_id
    WHERE m.bucket = ${bucketOf(contactId)} AND m.contact_id = ${contactId} AND s.workspace_id = ${workspaceId}
    UNION ALL
    SELECT s.id, 'segment', s.name FROM segment_members m JOIN segments s ON s.id = m.segment_id
    WHERE m.bucket = ${bucketOf(contactId)} AND m.contact_id = ${contactId} AND s.workspace_id = ${workspaceId}
    ORDER BY id`;
}

type Buckets = { list: number[]; has: ReadonlySet<number> } | undefined;

function clauseConditions(db: Db, workspaceId: number, clauses: Clauses, within: Buckets): Fragment[] {
  const conditions: Fragment[] = [];
  if (clauses.all) conditions.push(db`true`);
  if (clauses.lists?.length || clauses.tags?.length)
    conditions.push(memberOf(db, workspaceId, clauses.lists ?? [], clauses.tags ?? [], within));
  if (clauses.segments?.length) conditions.push(segmentMember(db, workspaceId, clauses.segments, within));
  if (clauses.contacts?.length) {
    const ids = within ? clauses.contacts.filter((id) => within.has.has(bucketOf(id))) : clauses.contacts;
    conditions.push(db`c.id = ANY(${ids}::bigint[])`);
  }
  if (clauses.filter !== undefined) conditions.push(db`(${conditionOf(db, clauses.filter)})`);
  return conditions;
}

function memberOf(
  db: Db,
  workspaceId: number,
  lists: readonly number[],
  tags: readonly (number | string)[],
  within: Buckets,
): Fragment {
  const tagIds = tags.filter((tag) => typeof tag === 'number');
  const tagNames = tags.filter((tag) => typeof tag === 'string');
  // Looked up once per statement, in a table that every node has; a set of another workspace has no members here.
  const sets = db`SELECT s.id FROM sets s WHERE s.workspace_id = ${workspaceId} AND (
    s.kind IN ('list', 'label', 'bot') AND s.id = ANY(${[...lists]}::bigint[]) OR
    s.kind = 'tag' AND (s.id = ANY(${tagIds}::bigint[]) OR s.name = ANY(${tagNames}::text[])))`;
  // The members of one set are in the order of the contacts, so that the two are merged; those of several are not, and each
  // contact of a bucket is compared with each member.
  const isOne = lists.length + tags.length === 1;
  return db`EXISTS (
    SELECT 1 FROM set_members m
    WHERE m.bucket = c.bucket ${within ? db`AND m.bucket = ANY(${within.list}::smallint[])` : db``}
      AND m.contact_id = c.id AND m.set_id = ${isOne ? db`(${sets})` : db`ANY(ARRAY(${sets}))`})`;
}

/** As `memberOf`, of segments. */
function segmentMember(
  db: Db,
  workspaceId: number,
  segmentIds: readonly number[],
  within: Buckets,
): Fragment {
  const segments = db`SELECT s.id FROM segments s WHERE s.workspace_id = ${workspaceId} AND s.id = ANY(${[...segmentIds]}::bigint[])`;
  const isOne = segmentIds.length === 1;
  return db`EXISTS (
    SELECT 1 FROM segment_members m
    WHERE m.bucket = c.bucket ${within ? db`AND m.bucket = ANY(${within.list}::smallint[])` : db``}
      AND m.contact_id = c.id AND m.segment_id = ${isOne ? db`(${segments})` : db`ANY(ARRAY(${segments}))`})`;
}

/** A condition on `contacts c`. */
export function conditionOf(db: Db, condition: Condition): Fragment {
  if ('all' in condition || 'any' in condition) {
    const inner = 'all' in condition ? condition.all : condition.any;
    const parts = inner.map((one) => db`(${conditionOf(db, one)})`);
    return joined(db, parts, 'all' in condition ? 'and' : 'or');
  }
  if ('not' in condition) return db`NOT (${conditionOf(db, condition.not)})`;
  if ('createdBefore' in condition)
    return db`c.created_ms < ${parseIsoTime(condition.createdBefore)!}::bigint`;
  if ('createdAfter' in condition) return db`c.created_ms > ${parseIsoTime(condition.createdAfter)!}::bigint`;
  if ('attribute' in condition) return attributeTest(db, condition.attribute, condition);
  return fieldTest(db, COLUMN[condition.field](db), condition);
}

function joined(db: Db, parts: readonly Fragment[], by: 'and' | 'or'): Fragment {
  if (parts.length === 0) return by === 'and' ? db`true` : db`false`;
  return parts.reduce((all, one) => (by === 'and' ? db`${all} AND ${one}` : db`${all} OR ${one}`));
}

function attributeTest(db: Db, name: string, test: Test): Fragment {
  return jsonTest(db, db`(c.attributes -> ${name}::text)`, test);
}

/** A test of a JSON value; null where there is none. */
export function jsonTest(db: Db, json: Fragment, test: Test): Fragment {
  const text = db`(${json} #>> '{}')`;
  const isText = db`coalesce(jsonb_typeof(${json}) = 'string', false)`;
  if (test.is !== undefined) return db`coalesce(${json} = ${JSON.stringify(test.is)}::text::jsonb, false)`;
  if (test.isNot !== undefined)
    return db`NOT coalesce(${json} = ${JSON.stringify(test.isNot)}::text::jsonb, false)`;
  if (test.in !== undefined)
    return db`coalesce(${json} = ANY(${test.in.map((v) => JSON.stringify(v))}::text[]::jsonb[]), false)`;
  if (test.exists !== undefined) {
    const present = db`coalesce(jsonb_typeof(${json}) <> 'null', false)`;
    return test.exists ? present : db`NOT ${present}`;
  }
  if (test.startsWith !== undefined)
    return db`(${isText} AND starts_with(${text}, ${test.startsWith}::text))`;
  if (test.greaterThan !== undefined) return compared(db, json, text, '>', test.greaterThan);
  if (test.lessThan !== undefined) return compared(db, json, text, '<', test.lessThan);
  const part = test.contains!;
  const inList = db`${json} @> ${JSON.stringify([part])}::text::jsonb`;
  const inText = typeof part === 'string' ? db`strpos(${text}, ${part}::text) > 0` : db`false`;
  return db`CASE jsonb_typeof(${json}) WHEN 'array' THEN ${inList} WHEN 'string' THEN ${inText} ELSE false END`;
}

function compared(db: Db, json: Fragment, text: Fragment, by: '<' | '>', than: string | number): Fragment {
  const operator = by === '<' ? db`<` : db`>`;
  if (typeof than === 'number')
    return db`coalesce(jsonb_typeof(${json}) = 'number' AND ${json} ${operator} ${JSON.stringify(than)}::text::jsonb, false)`;
  return db`coalesce(jsonb_typeof(${json}) = 'string' AND ${text} COLLATE "C" ${operator} ${than}::text, false)`;
}

const COLUMN: Readonly<Record<FieldName, (db: Db) => Fragment>> = {
  externalId: (db) => db`c.external_id`,
  givenName: (db) => db`c.given_name`,
  surname: (db) => db`c.surname`,
  timeZone: (db) => db`c.time_zone`,
  locale: (db) => db`c.locale`,
};

/** As attributeTest, for a column of text: a number or boolean is never in it. */
function fieldTest(db: Db, column: Fragment, test: Test): Fragment {
  const equals = (value: unknown) =>
    typeof value === 'string' ? db`coalesce(${column} = ${value}::text, false)` : db`false`;
  if (test.is !== undefined) return equals(test.is);
  if (test.isNot !== undefined) return db`NOT ${equals(test.isNot)}`;
  if (test.in !== undefined) {
    const texts = test.in.filter((value) => typeof value === 'string');
    return db`coalesce(${column} = ANY(${texts}::text[]), false)`;
  }
  if (test.exists !== undefined) return test.exists ? db`${column} IS NOT NULL` : db`${column} IS NULL`;
  if (test.startsWith !== undefined)
    return db`coalesce(starts_with(${column}, ${test.startsWith}::text), false)`;
  const than = test.greaterThan ?? test.lessThan;
  if (than !== undefined) {
    const operator = test.greaterThan === undefined ? db`<` : db`>`;
    return typeof than === 'string'
      ? db`coalesce(${column} COLLATE "C" ${operator} ${than}::text, false)`
      : db`false`;
  }
  const part = test.contains;
  return typeof part === 'string' ? db`coalesce(strpos(${column}, ${part}::text) > 0, false)` : db`false`;
}
