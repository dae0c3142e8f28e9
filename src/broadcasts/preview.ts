/** What content is on a channel for one person, and what is wrong with it and where. Reads only; sends nothing. */
import type { ChannelName, Rendered } from '../../contract/channels.ts';
import type { Content } from '../../contract/content.ts';
import type { Problem } from '../../contract/doors/console/render.ts';
import type { MadeUp } from '../../contract/preview.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { selectPeople } from '../contacts/people.ts';
import { compile, type Compiled } from '../content/compile.ts';
import { isRenderFailure } from '../content/failure.ts';
import { segments, type Segments } from '../../contract/smsSegments.ts';
import type { Variables } from '../content/variables.ts';
import type { Sql } from '../db/pool.ts';
import type { Links } from '../links/links.ts';
import { variablesOf } from '../outbox/deliver/wire.ts';
import { madeUp } from './madeUp.ts';
import { contentProblems } from './rendering.ts';
import { asLongAsSent } from './size.ts';

/** As whom it is shown: a contact, or somebody made up. */
export type Seer = { contactId: number } | { madeUp: MadeUp };

/** What it comes to. */
type Preview = {
  person: { contactId: number | null; name: string | null; locale: string | null };
  content: Content | null;
  shown: Rendered | null;
  segments: Segments | null;
  problems: Problem[];
};

type Deps = { sql: Sql; links: Links };

/** Content as somebody would see it; undefined where there is no such contact. `id` stands for the cause, in short links. */
export async function previewContent(
  { sql, links }: Deps,
  workspace: Workspace,
  of: { id: number; content: Content; channel: ChannelName; seer: Seer },
): Promise<Preview | undefined> {
  const compiled = compile(of.content, { path: 'content' });
  const names = isFault(compiled) ? [] : compiled.variables;
  const variables = await knownOf(sql, workspace, of.channel, of.seer, names);
  if (!variables) return undefined;
  const person = {
    contactId: 'contactId' in of.seer ? of.seer.contactId : null,
    name: variables.contact?.name ?? null,
    locale: variables.contact?.locale ?? null,
  };
  const nothing = { person, content: null, shown: null, segments: null };
  if (isFault(compiled)) return { ...nothing, problems: [problemOf(compiled)] };
  const warnings = contentProblems(of.content).map(
    (message): Problem => ({
      severity: 'warning',
      message,
      ...placeOf(of.content, /\{\{ (\S+) \}\}/.exec(message)?.[1]),
    }),
  );
  const filled = compiled.renderContent(variables);
  const shown = compiled.renderFor(of.channel, variables, asLongAsSent(links, workspace, of));
  if (isRenderFailure(filled) || isRenderFailure(shown)) {
    const { detail } = isRenderFailure(filled) ? filled : (shown as { detail: string });
    const failed: Problem = {
      severity: 'error',
      message: detail,
      ...placeOf(of.content, named(detail, compiled)),
    };
    return { ...nothing, problems: [failed, ...warnings] };
  }
  const size = shown.channel === 'sms' && !shown.media?.length ? segments(shown.text) : null;
  return { person, content: filled, shown, segments: size, problems: warnings };
}

/** What is wrong with content that cannot be sent to anybody, with its place where its parser says one. */
export function problemOf({ message, field }: Fault): Problem {
  const place = /\bline:? ?(\d+)(?:, col:? ?(\d+))?/.exec(message);
  return {
    severity: 'error',
    message,
    field: field ?? null,
    line: place ? Number(place[1]) : null,
    column: place?.[2] === undefined ? null : Number(place[2]),
  };
}

/** Content with its variables filled in for somebody: what is sent to try it. */
export async function filledFor(
  sql: Sql,
  workspace: Workspace,
  of: { content: Content; channel: ChannelName; seer: Seer },
): Promise<Content | Fault | undefined> {
  const compiled = compile(of.content, { path: 'content' });
  if (isFault(compiled)) return compiled;
  const variables = await knownOf(sql, workspace, of.channel, of.seer, compiled.variables);
  if (!variables) return undefined;
  const filled = compiled.renderContent(variables);
  return isRenderFailure(filled)
    ? { fault: 'unprocessable', message: `content: ${filled.detail}`, field: 'content' }
    : filled;
}

async function knownOf(
  sql: Sql,
  workspace: Workspace,
  channel: ChannelName,
  seer: Seer,
  names: readonly string[],
): Promise<Variables | undefined> {
  const invented = madeUp('madeUp' in seer ? seer.madeUp : 'usual', names, workspace.name);
  if ('madeUp' in seer) return invented;
  const { contactId } = seer;
  const people = await selectPeople(sql, [{ workspaceId: workspace.id, contactId }], { attributes: true });
  const person = people.get(contactId);
  if (!person) return undefined;
  const destination = person.destinations.find((one) => one.channel === channel) ?? NOWHERE;
  return { ...variablesOf(person, { ...destination, channel }, workspace), links: invented.links! };
}

/** For who has no address on the channel yet. */
const NOWHERE = {
  destinationId: 0,
  channel: '',
  integrationId: null,
  address: '',
  status: 'active',
  blocks: null,
  lastInboundMs: null,
  linkedMs: 0,
} as const;

function named(detail: string, { variables }: Compiled): string | undefined {
  return [...variables].sort((a, b) => b.length - a.length).find((name) => detail.includes(name));
}

/** Where a name stands first in the texts of content. */
function placeOf(content: Content, name: string | undefined): Pick<Problem, 'field' | 'line' | 'column'> {
  const nowhere = { field: null, line: null, column: null };
  if (name === undefined) return nowhere;
  for (const [field, text] of textsOf(content, 'content')) {
    const at = text.indexOf(name);
    if (at < 0) continue;
    const before = text.slice(0, at).split('\n');
    return { field, line: before.length, column: before.at(-1)!.length + 1 };
  }
  return nowhere;
}

function* textsOf(value: unknown, path: string): Generator<[string, string]> {
  if (typeof value === 'string') yield [path, value];
  else if (typeof value === 'object' && value !== null)
    for (const [name, part] of Object.entries(value))
      yield* textsOf(part, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`);
}
