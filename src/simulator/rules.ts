/**
 * The rules of test workspaces, and what is known of a workspace on the path of every message: read at most every 250 ms,
 * at once after a change by this process.
 */
import { CHANNELS, type ChannelName } from '../../contract/channels.ts';
import type { Clock } from '../base/clock.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import { lockFor } from '../db/lock.ts';
import type { Sql } from '../db/pool.ts';
import { deviceAddress, magicOutcome, readScript, type OutcomeName, type Script } from './outcomes.ts';
import { deleteRule, insertRule, selectRules, selectWorkspace, takeTimes, type RuleRow } from './sql.ts';

/** A scripted outcome. The first rule that matches, oldest first, decides; a rule wins over a magic address. */
export type Rule = {
  id: number;
  /** Absent: every channel. */
  channel?: ChannelName;
  /** An address in which `*` stands for any text. */
  addressPattern: string;
  outcome: Script;
  /** How many more messages it applies to; absent: any number. */
  timesLeft?: number;
  createdMs: number;
};

/** A rule as somebody asks for it. */
export type NewRule = {
  channel?: ChannelName;
  addressPattern: string;
  outcome: OutcomeName | Script;
  times?: number;
};

/** What is known of a workspace. */
export type World = { environment: 'test' | 'live'; clockAheadMs: number; rules: readonly RuleRow[] };

/** A message's script, and whether its address asked for it. */
export type Chosen = { script: Script; magic: boolean };

/** The rules of all workspaces. */
export type Rules = {
  addRule(workspaceId: number, input: NewRule): Promise<Rule | Fault>;
  listRules(workspaceId: number): Promise<Rule[] | Fault>;
  deleteRule(workspaceId: number, ruleId: number): Promise<Fault | undefined>;
  /** What is known of a workspace; a fault when it is not there or not a test workspace. */
  world(workspaceId: number): Promise<World | Fault>;
  /** What each message meets, in their order; counts down the rules that are limited. `undefined`: nothing special. */
  choose(
    world: World,
    channel: ChannelName,
    messages: readonly { to: string }[],
  ): Promise<(Chosen | undefined)[]>;
  /** Forgets what was read of a workspace. */
  forget(workspaceId: number): void;
};

const FRESH_MS = 250;
const MOST_WORLDS = 1_000;
const MOST_RULES = 200;
const LONGEST_PATTERN = 300;
const MOST_TIMES = 1_000_000;

/** The rules, over the database. */
export function createRules(deps: { sql: Sql; ids: IdSource; clock: Clock }): Rules {
  const { sql, ids, clock } = deps;
  const worlds = new Map<number, { readMs: number; world: Promise<World | Fault> }>();

  const read = async (workspaceId: number): Promise<World | Fault> => {
    const [workspace, rules] = await Promise.all([
      selectWorkspace(sql, workspaceId),
      selectRules(sql, workspaceId),
    ]);
    return !workspace ? NO_WORKSPACE : workspace.environment === 'test' ? { ...workspace, rules } : NOT_TEST;
  };
  const world = (workspaceId: number): Promise<World | Fault> => {
    const nowMs = clock.nowMs();
    const known = worlds.get(workspaceId);
    const ageMs = known ? nowMs - known.readMs : FRESH_MS;
    if (known && ageMs >= 0 && ageMs < FRESH_MS) return known.world;
    const entry = { readMs: nowMs, world: read(workspaceId) };
    worlds.delete(workspaceId);
    worlds.set(workspaceId, entry);
    if (worlds.size > MOST_WORLDS) worlds.delete(worlds.keys().next().value!);
    entry.world.catch(() => {
      if (worlds.get(workspaceId) === entry) worlds.delete(workspaceId);
    });
    return entry.world;
  };
  const fresh = (workspaceId: number): Promise<World | Fault> => {
    worlds.delete(workspaceId);
    return world(workspaceId);
  };

  return {
    world,
    forget: (workspaceId) => worlds.delete(workspaceId),
    async addRule(workspaceId, input) {
      const found = await fresh(workspaceId);
      if (isFault(found)) return found;
      const id = ids.inBucket(bucketOf(workspaceId));
      const row = readRule(input, { id, createdMs: clock.nowMs() });
      if (isFault(row)) return row;
      const isMade = await sql.begin(async (tx) => {
        // Each counts those before it, however many are made at once.
        await lockFor(tx, 'simulator rules', workspaceId);
        if ((await selectRules(tx, workspaceId)).length >= MOST_RULES) return false;
        await insertRule(tx, workspaceId, row);
        return true;
      });
      worlds.delete(workspaceId);
      return isMade
        ? present(row)
        : fault('unprocessable', `a workspace has at most ${MOST_RULES} rules; delete one first`);
    },
    async listRules(workspaceId) {
      const found = await fresh(workspaceId);
      return isFault(found) ? found : found.rules.map(present);
    },
    async deleteRule(workspaceId, ruleId) {
      const found = await fresh(workspaceId);
      if (isFault(found)) return found;
      const gone = await deleteRule(sql, workspaceId, ruleId);
      worlds.delete(workspaceId);
      return gone ? undefined : fault('not_found', 'there is no such rule', { field: 'ruleId' });
    },
    async choose({ rules }, channel, messages) {
      if (!rules.length) return messages.map(({ to }) => chosenByAddress(to));
      return await chooseByRule(sql, rules, channel, messages);
    },
  };
}

const NO_WORKSPACE = fault('not_found', 'there is no such workspace', { field: 'workspaceId' });
/** Said where a workspace is none for tests. */
export const NOT_TEST = fault('forbidden', 'only test workspaces have a simulator');

const BY_ADDRESS = new Map<OutcomeName, Chosen>();

function chosenByAddress(to: string): Chosen | undefined {
  const outcome = magicOutcome(to);
  if (outcome === undefined) return undefined;
  let chosen = BY_ADDRESS.get(outcome);
  if (!chosen) BY_ADDRESS.set(outcome, (chosen = { script: { outcome }, magic: true }));
  return chosen;
}

/** Goes round until each message has a rule that grants it, or none is left that matches. */
async function chooseByRule(
  sql: Sql,
  rules: readonly RuleRow[],
  channel: ChannelName,
  messages: readonly { to: string }[],
): Promise<(Chosen | undefined)[]> {
  const chosen: (Chosen | undefined)[] = [];
  const matchers = rules
    .filter((rule) => rule.channel === null || rule.channel === channel)
    .map((rule) => ({
      rule,
      matches: glob(deviceAddress(channel, rule.addressPattern)),
      spent: rule.timesLeft === 0,
    }));
  let waiting = messages.map((_, at) => at);
  while (waiting.length) {
    const asking = new Map<(typeof matchers)[number], number[]>();
    for (const at of waiting) {
      const address = deviceAddress(channel, messages[at]!.to);
      const first = matchers.find((matcher) => !matcher.spent && matcher.matches(address));
      if (!first) chosen[at] = chosenByAddress(messages[at]!.to);
      else if (first.rule.timesLeft === null) chosen[at] = { script: first.rule.outcome, magic: false };
      else (asking.get(first) ?? asking.set(first, []).get(first)!).push(at);
    }
    if (!asking.size) break;
    const wanted = [...asking].map(([{ rule }, ats]) => ({ id: rule.id, times: ats.length }));
    const granted = new Map((await takeTimes(sql, wanted)).map((row) => [row.id, row.granted]));
    waiting = [];
    for (const [matcher, ats] of asking) {
      const times = granted.get(matcher.rule.id) ?? 0;
      for (const at of ats.slice(0, times)) chosen[at] = { script: matcher.rule.outcome, magic: false };
      if (times < ats.length) matcher.spent = true;
      waiting.push(...ats.slice(times));
    }
  }
  return messages.map((_, at) => chosen[at]);
}

/** A matcher of texts in which `*` is any text. Linear: a regular expression of many `.*` would not be. */
export function glob(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  const head = parts[0]!;
  if (parts.length === 1) return (text) => text === head;
  const tail = parts.at(-1)!;
  const middle = parts.slice(1, -1).filter(Boolean);
  return (text) => {
    if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail))
      return false;
    let at = head.length;
    const end = text.length - tail.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

function present(row: RuleRow): Rule {
  const { channel, timesLeft, ...rest } = row;
  return { ...rest, ...(channel === null ? {} : { channel }), ...(timesLeft === null ? {} : { timesLeft }) };
}

function readRule(input: NewRule, made: { id: number; createdMs: number }): RuleRow | Fault {
  const broken = (field: string, rule: string) => fault('bad_request', `${field} ${rule}`, { field });
  const { channel, addressPattern, times } = input;
  if (channel !== undefined && !CHANNELS.includes(channel))
    return broken('channel', `must be one of ${CHANNELS.join(', ')}`);
  if (
    typeof addressPattern !== 'string' ||
    addressPattern.length < 1 ||
    addressPattern.length > LONGEST_PATTERN ||
    addressPattern.includes('\0')
  )
    return broken('addressPattern', `must be a text of 1 to ${LONGEST_PATTERN} characters`);
  if (times !== undefined && (!Number.isInteger(times) || times < 1 || times > MOST_TIMES))
    return broken('times', `must be a whole number from 1 to ${MOST_TIMES}`);
  const outcome = readScript(input.outcome, 'outcome');
  if (isFault(outcome)) return outcome;
  return { ...made, channel: channel ?? null, addressPattern, outcome, timesLeft: times ?? null };
}
