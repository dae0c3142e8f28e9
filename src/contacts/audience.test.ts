/** The audience of a broadcast: what Postgres finds is what the rules say, and bad audiences are named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Audience, Clauses, Condition } from '../../contract/audience.ts';
import { testDatabase } from '../../test/support/database.ts';
import { isoTime } from '../base/clock.ts';
import { isFault } from '../base/fault.ts';
import { bucketOf, idSource } from '../base/ids.ts';
import { clausesMet, type SetRef } from './audience.match.ts';
import { checkAudience, audienceCondition, whyInAudience } from './audience.ts';
import type { WantedPerson } from './wanted.ts';
import { selectContacts, type Contact } from './sql.ts';
import { addMembers, ensureSets } from './sets.ts';
import { upsertContacts } from './upsert.ts';

const { sql } = await testDatabase();
const NOW = Date.UTC(2026, 10, 20, 9);
const ids = idSource(5, () => NOW);
const WORKSPACE = 1;
const CONTACTS = 150;

// Few values, so that conditions often hold; each of a kind that is easily mistaken.
const TEXTS = ['', 'a', 'A', 'ab', 'é', '\u{1F600}', '\uFFEE', '1', 'true', 'null', '%', '_', "'", '\\', '"'];
const scalar = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.constantFrom(0, 1, -1, 1.5, 1e21, 0.1, 1e-7, 123456789012),
  fc.boolean(),
);
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom({}, { a: 'a' }, [['a']], [{ a: 1 }]) },
);
const NAMES = ['plan', 'a', 'x y', "q'", '__proto__', 'toString'];
const attributes = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 4 })
  .map((entries) => Object.fromEntries(entries) as Record<string, unknown>);
const name = fc.option(fc.constantFrom(...TEXTS.filter((text) => text !== '')), { nil: undefined });

const [list, otherList, tag, namedTag] = await sql.begin(async (tx) => {
  const lists = await ensureSets(tx, ids, NOW, {
    workspaceId: WORKSPACE,
    kind: 'list',
    names: ['one', 'two'],
  });
  const tags = await ensureSets(tx, ids, NOW, {
    workspaceId: WORKSPACE,
    kind: 'tag',
    names: ['vip', 'one'],
  });
  assert.ok(!isFault(lists) && !isFault(tags));
  return [...lists, ...tags];
});
const sets = [list!, otherList!, tag!, namedTag!];
const { contacts, memberships } = await makeContacts();

async function makeContacts(): Promise<{ contacts: Contact[]; memberships: Map<number, SetRef[]> }> {
  const made: number[] = [];
  const inSets = new Map<number, SetRef[]>();
  const rows = fc.sample(fc.record({ attributes, givenName: name, surname: name, locale: name }), {
    numRuns: CONTACTS,
    seed: 11,
  });
  await sql.begin(async (tx) => {
    // Made at different times, some in other workspaces.
    for (let at = 0; at < 3; at++) {
      const people = rows
        .filter((_, i) => i % 3 === at)
        .map(
          (profile, i): WantedPerson => ({
            workspaceId: i % 10 === 9 ? 2 : WORKSPACE,
            identities: i % 2 ? [{ kind: 'external', value: `${TEXTS[i % TEXTS.length]}${at}${i}` }] : [],
            destinations: [],
            profile,
          }),
        );
      const got = await upsertContacts(tx, ids, NOW + at * 1000, people);
      made.push(...got.map(({ contactId }) => contactId));
    }
    for (const [i, set] of sets.entries()) {
      const members = made.filter((_, n) => n % (i + 2) === 0);
      await addMembers(tx, WORKSPACE, set.id, members);
      for (const id of members) inSets.set(id, [...(inSets.get(id) ?? []), set]);
    }
  });
  const found = await selectContacts(sql, WORKSPACE, made);
  return { contacts: found, memberships: inSets };
}

const testOf = fc.oneof(
  fc.record({ is: scalar }),
  fc.record({ isNot: scalar }),
  fc.record({ in: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
  fc.record({ contains: scalar }),
  fc.record({ startsWith: fc.constantFrom(...TEXTS) }),
  fc.record({ greaterThan: fc.oneof(fc.constantFrom(...TEXTS), fc.constantFrom(0, 1, 1e20)) }),
  fc.record({ lessThan: fc.oneof(fc.constantFrom(...TEXTS), fc.constantFrom(0, 1.5, 1e-6)) }),
  fc.record({ exists: fc.boolean() }),
);
const instant = fc.constantFrom(NOW - 1, NOW, NOW + 1, NOW + 1000, NOW + 2001).map(isoTime);
const single: fc.Arbitrary<Condition> = fc.oneof(
  fc.tuple(fc.constantFrom(...NAMES), testOf).map(([attribute, asked]) => ({ attribute, ...asked })),
  fc
    .tuple(fc.constantFrom('externalId', 'givenName', 'surname', 'timeZone', 'locale'), testOf)
    .map(([field, asked]) => ({ field, ...asked })),
  fc.record({ createdBefore: instant }),
  fc.record({ createdAfter: instant }),
);
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 4, arbitrary: single },
    fc.record({ all: fc.array(tie('condition'), { maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('condition'), { maxLength: 3 }) }),
    fc.record({ not: tie('condition') }),
  ),
}));
const clauses: fc.Arbitrary<Clauses> = fc.record(
  {
    all: fc.constant(true as const),
    lists: fc.subarray([list!.id, otherList!.id, 999, tag!.id]),
    tags: fc.subarray([tag!.id, namedTag!.name, 'none', list!.name]),
    contacts: fc.subarray(contacts.slice(0, 5).map(({ id }) => id)),
    filter: condition,
  },
  { requiredKeys: [] },
);
const audience: fc.Arbitrary<Audience> = fc.record(
  { include: clauses, exclude: clauses },
  { requiredKeys: ['include'] },
);
/** One condition and nothing else, so that no clause hides another. */
const alone: fc.Arbitrary<Audience> = fc
  .oneof(
    single,
    single.map((one) => ({ not: one })),
  )
  .map((filter) => ({ include: { filter } }));

test('S67 S68 the contacts Postgres finds are those the rules name', async () => {
  let telling = 0;
  const buckets = [...new Set(contacts.map(({ id }) => bucketOf(id)))];
  await fc.assert(
    fc.asyncProperty(fc.oneof(audience, alone), fc.boolean(), async (who, half) => {
      const within = half ? buckets.slice(0, buckets.length / 2) : buckets;
      const found = await sql<{ id: number }[]>`
        SELECT c.id FROM contacts c
        WHERE c.workspace_id = ${WORKSPACE} AND c.bucket = ANY(${within}::smallint[])
          AND ${audienceCondition(sql, WORKSPACE, who, half ? within : undefined)}`;
      const expected = contacts.filter((contact) => {
        const inSets = memberships.get(contact.id) ?? [];
        return (
          within.includes(bucketOf(contact.id)) &&
          clausesMet(who.include, contact, inSets).length > 0 &&
          clausesMet(who.exclude ?? {}, contact, inSets).length === 0
        );
      });
      if (expected.length > 0 && expected.length < contacts.length / 2) telling += 1;
      const sorted = (rows: readonly { id: number }[]) => rows.map(({ id }) => id).sort((a, b) => a - b);
      assert.deepEqual(sorted(found), sorted(expected));
    }),
    { numRuns: 2000 },
  );
  assert.ok(telling > 200, `only ${telling} audiences divided the contacts`);
});

test('every audience made here passes the check unchanged', () => {
  fc.assert(
    fc.property(audience, (who) => {
      const checked = checkAudience(structuredClone(who));
      if (isFault(checked)) assert.match(checked.message, /must name all, lists|characters/);
      else assert.equal(JSON.stringify(checked), JSON.stringify(who));
    }),
  );
});

async function countOf(who: Audience): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*) AS n FROM contacts c
    WHERE c.workspace_id = ${WORKSPACE} AND c.bucket >= 0 AND ${audienceCondition(sql, WORKSPACE, who)}`;
  return row!.n;
}

test('why a contact is in an audience, and that a count agrees', async () => {
  const both: Audience = {
    include: { lists: [otherList!.id, list!.id], filter: { attribute: 'plan', exists: true } },
    exclude: { tags: ['vip'] },
  };
  let members = 0;
  for (const contact of contacts) {
    const why = await whyInAudience(sql, WORKSPACE, contact.id, both);
    const inSets = memberships.get(contact.id) ?? [];
    assert.equal(why!.included.includes('include.lists[1]'), inSets.includes(list!));
    assert.equal(why!.excluded.includes('exclude.tags[0]'), inSets.includes(tag!));
    if (why!.matches) members += 1;
  }
  assert.equal(await countOf(both), members);
  assert.equal(await whyInAudience(sql, 77, contacts[0]!.id, both), undefined);
});

test('S67 the same id in an include and an exclude is excluded', async () => {
  const { id } = contacts[0]!;
  const who: Audience = { include: { contacts: [id] }, exclude: { contacts: [id] } };
  assert.equal(await countOf(who), 0);
});

test('a bad audience is refused with its field', () => {
  const cases: [unknown, string][] = [
    [undefined, 'audience'],
    [{}, 'audience.include'],
    [{ include: {} }, 'audience.include'],
    [{ include: { lists: [] } }, 'audience.include'],
    [{ include: { all: false } }, 'audience.include.all'],
    [{ include: { all: true }, excludes: { tags: ['x'] } }, 'audience.excludes'],
    [{ include: { all: true }, exclude: { tag: ['x'] } }, 'audience.exclude.tag'],
    [{ include: { lists: ['a'] } }, 'audience.include.lists[0]'],
    [{ include: { filter: { attribute: 'a' } } }, 'audience.include.filter'],
    [{ include: { filter: { attribute: 'a', is: 1, in: [1] } } }, 'audience.include.filter'],
    [{ include: { filter: { attribute: 'a', is: null } } }, 'audience.include.filter.is'],
    [{ include: { filter: { attribute: 'a', like: 'x' } } }, 'audience.include.filter.like'],
    [{ include: { filter: { attribute: 'a\u0000', is: 'x' } } }, 'audience.include.filter.attribute'],
    [{ include: { filter: { attribute: 'a', is: '\u0000' } } }, 'audience.include.filter.is'],
    [{ include: { filter: { field: 'email', is: 'x' } } }, 'audience.include.filter.field'],
    [{ include: { filter: { all: [{ not: 3 }] } } }, 'audience.include.filter.all[0].not'],
    [{ include: { filter: { createdBefore: '2026-01-01' } } }, 'audience.include.filter.createdBefore'],
    [{ include: { filter: { any: 'x' } } }, 'audience.include.filter.any'],
  ];
  for (const [value, field] of cases) {
    const checked = checkAudience(value);
    assert.ok(isFault(checked), JSON.stringify(value));
    assert.equal(checked.field, field, checked.message);
  }
  const deep = (levels: number): unknown =>
    levels === 0 ? { attribute: 'a', exists: true } : { not: deep(levels - 1) };
  assert.ok(!isFault(checkAudience({ include: { filter: deep(9) } })));
  assert.ok(isFault(checkAudience({ include: { filter: deep(10) } })));
  const wide = Array.from({ length: 200 }, () => ({ attribute: 'a', exists: true }));
  assert.ok(isFault(checkAudience({ include: { filter: { any: wide } } })));
});
