/**
 * A rule that is asked of people once, by hand: found, counted and gone through by whoever reads contacts (`audiences`). Nothing is kept,
 * not even the names of events that it asks for: what is not known by name was never done.
 */
import type { Rule } from '../../../contract/campaign.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { listSets } from '../../contacts/sets.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import { selectNames } from '../events/sql.ts';
import { asksSets, namesIn } from '../match/evaluate.ts';
import { reading } from '../match/reading.ts';
import { askedRuleAt } from '../match/rule.ts';
import { ruleCondition } from './sql.rule.ts';

/** A part of a rule that holds or does not, by its path. */
type Part = { path: string; holds: (db: Db) => Fragment };

/** A rule that was read: a condition on `contacts c`, whole and in its parts. */
export type AskedRule = {
  rule: Rule;
  /** Lists and tags that it names, as they are called now: `list:VIP` and its id. */
  sets: ReadonlyMap<string, number>;
  holds: (db: Db) => Fragment;
  parts: readonly Part[];
};

/** Reads a rule. `sets` of who asked before: lists and tags are those that were called so then. */
export async function askRule(
  db: Db,
  workspaceId: number,
  given: unknown,
  {
    nowMs,
    path = 'rule',
    sets: before,
  }: { nowMs: number; path?: string; sets?: ReadonlyMap<string, number> },
): Promise<AskedRule | Fault> {
  const rule = reading(() => askedRuleAt(given, path));
  if (isFault(rule)) return rule;
  const names = [...new Set(namesIn(rule).map(({ name }) => name))];
  const known = names.length > 0 ? await selectNames(db, workspaceId, names) : [];
  const sets = before ?? (asksSets(rule) ? await setsByName(db, workspaceId) : new Map<string, number>());
  const asked = { workspaceId, nowMs, sets, idOf: new Map(known.map(({ id, name }) => [name, id])) };
  return {
    rule,
    sets,
    holds: (on) => on`(${ruleCondition(on, rule, asked)})`,
    parts: partsOf(rule, path).map(({ path: at, part }) => ({
      path: at,
      holds: (on) => on`(${ruleCondition(on, part, asked)})`,
    })),
  };
}

async function setsByName(db: Db, workspaceId: number): Promise<ReadonlyMap<string, number>> {
  const all = await listSets(db, workspaceId);
  return new Map(all.map(({ id, kind, name }) => [`${kind}:${name}`, id]));
}

/** What of a rule is asked by itself. */
function partsOf(rule: Rule, path: string): { path: string; part: Rule }[] {
  if ('all' in rule) return rule.all.flatMap((one, i) => partsOf(one, `${path}.all[${i}]`));
  if ('any' in rule) return rule.any.flatMap((one, i) => partsOf(one, `${path}.any[${i}]`));
  return [{ path, part: rule }];
}
