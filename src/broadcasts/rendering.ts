/**
 * What would be wrong with how a broadcast renders: names that do not exist, and a sample of its audience rendered as it would be sent.
 * Reads only.
 */
import type { Content } from '../../contract/content.ts';
import { monotonicMs } from '../base/clock.ts';
import { isFault } from '../base/fault.ts';
import { startStretch } from '../base/stretch.ts';
import { selectPeople } from '../contacts/people.ts';
import { compile, type Compiled } from '../content/compile.ts';
import { isRenderFailure } from '../content/failure.ts';
import { NAMES_OF } from '../content/variables.ts';
import { variablesOf } from '../outbox/deliver/wire.ts';
import type { Broadcast, BroadcastDeps } from './broadcast.ts';
import { selectSample } from './sql.ts';

/** So many are rendered: all of a small audience, and of a large one enough to meet what a hundredth of it lacks. */
const SAMPLE = 1000;
/** A template that is dear is not rendered for longer: who asked waits for the answer. */
const SAMPLE_MS = 2_000;
/** So many kinds of failure are told. */
const MOST_KINDS = 10;

/** What rendering a sample came to. */
export type RenderForecast = {
  sampled: number;
  failed: number;
  /** What is wrong, the most frequent first, each with how many of the sample it concerns; then names that do not exist. */
  problems: string[];
};

/** Renders a sample of the audience. */
export async function forecastRendering(deps: BroadcastDeps, broadcast: Broadcast): Promise<RenderForecast> {
  const compiled = compile(broadcast.content);
  if (isFault(compiled)) return { sampled: 0, failed: 0, problems: [compiled.message] };
  if (!compiled.variables.length) return { sampled: 0, failed: 0, problems: [] };
  const { workspaceId, channel, audience } = broadcast;
  const workspace = await deps.directory.workspace(workspaceId);
  const ids = await selectSample(deps.sql, workspaceId, audience, channel, SAMPLE);
  const people = await selectPeople(
    deps.sql,
    ids.map((contactId) => ({ workspaceId, contactId })),
    { attributes: true },
  );
  const failures = new Map<string, number>();
  const attributes = new Set<string>();
  let sampled = 0;
  const breathe = await startStretch();
  const startMs = monotonicMs();
  for (const person of people.values()) {
    await breathe();
    if (monotonicMs() - startMs > SAMPLE_MS) break;
    const destination = person.destinations.find((one) => one.channel === channel && one.status === 'active');
    if (!destination || !workspace) continue;
    sampled++;
    for (const name of Object.keys(person.attributes ?? {})) attributes.add(name);
    const variables = { ...variablesOf(person, destination, workspace), links: SAMPLE_LINKS };
    const rendered = compiled.renderFor(channel, variables);
    if (isRenderFailure(rendered)) failures.set(rendered.detail, (failures.get(rendered.detail) ?? 0) + 1);
  }
  const kinds = [...failures].sort(([, a], [, b]) => b - a);
  const failed = kinds.reduce((sum, [, n]) => sum + n, 0);
  const problems = kinds
    .slice(0, MOST_KINDS)
    .map(
      ([detail, n]) => `${n} of ${sampled} would fail: ${detail}${hintIn(detail, compiled, [...attributes])}`,
    );
  const named = nameProblems(compiled).filter(
    (problem) => !problems.some((one) => one.includes(nameIn(problem))),
  );
  return { sampled, failed, problems: [...problems, ...named] };
}

const SAMPLE_LINKS = { unsubscribe: 'https://example.com/u/abcdefghijklmnopqrstuvwxyz' };

/** Names in content that nothing has, whoever it goes to, each with the one that was meant. */
export function contentProblems(content: Content): string[] {
  const compiled = compile(content);
  return isFault(compiled) ? [] : nameProblems(compiled);
}

function nameProblems({ variables }: Compiled): string[] {
  return variables.flatMap((name) => {
    const [root, first] = name.split('.');
    const known = NAMES_OF[root ?? ''];
    if (!known || first === undefined || known.includes(first)) return [];
    return [
      `{{ ${name} }} is nothing that a person has${meant(
        name,
        known.map((one) => `${root}.${one}`),
      )}`,
    ];
  });
}

function nameIn(problem: string): string {
  return /\{\{ (\S+) \}\}/.exec(problem)?.[1] ?? problem;
}

/** A hint for a failure that names a variable. */
function hintIn(detail: string, { variables }: Compiled, attributes: readonly string[]): string {
  const named = [...variables].sort((a, b) => b.length - a.length).find((name) => detail.includes(name));
  if (named === undefined) return '';
  const known = Object.entries(NAMES_OF).flatMap(([root, names]) => names.map((one) => `${root}.${one}`));
  const possible =
    named.includes('.') && !named.startsWith('attributes.') ? known : [...attributes, ...known];
  return possible.includes(named) ? '' : meant(named, possible);
}

/** What other systems call what a person has. */
const SYNONYMS: Readonly<Record<string, string>> = {
  firstname: 'givenName',
  forename: 'givenName',
  fname: 'givenName',
  lastname: 'surname',
  familyname: 'surname',
  lname: 'surname',
  fullname: 'name',
  phonenumber: 'phone',
  mobile: 'phone',
  mail: 'email',
  emailaddress: 'email',
  language: 'locale',
  userid: 'externalId',
};

function meant(name: string, possible: readonly string[]): string {
  const own = plain(name.split('.').at(-1)!);
  const synonym = possible.find((one) => one.endsWith(`.${SYNONYMS[own]}`));
  const near = possible
    .map((one) => ({ one, steps: distance(own, plain(one.split('.').at(-1)!)) }))
    .sort((a, b) => a.steps - b.steps)[0];
  const best = synonym ?? (near && near.steps <= Math.max(1, own.length / 4) ? near.one : undefined);
  return best === undefined ? '' : `; did you mean ${best}?`;
}

function plain(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}]/gu, '').toLowerCase();
}

/** Letters to change, add or leave out to get from one word to the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
