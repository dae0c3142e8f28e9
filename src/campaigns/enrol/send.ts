/**
 * Messages of a turn, let in as any other: through the outbox, where the one gate decides on each. Rendered here, since what is said may
 * hold what set the campaign off. What cannot be said or sent is told, and nobody waits for it.
 */
import type { SendStep } from '../../../contract/campaign.ts';
import type { ChannelName } from '../../../contract/channels.ts';
import type { Content } from '../../../contract/content.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { isFault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import { selectPeople } from '../../contacts/people.ts';
import type { Person, Reachable } from '../../contacts/person.ts';
import { compile, type Compiled } from '../../content/compile.ts';
import { isRenderFailure } from '../../content/failure.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import type { Tx } from '../../db/pool.ts';
import { streamApart } from '../../queue/work/stream.ts';
import { termsOf } from '../../gate/terms.ts';
import type { AcceptDeps } from '../../outbox/accept.ts';
import { say, type Saying } from '../../outbox/say.ts';
import { WAY_OUT } from '../../outbox/deliver/unsubscribe.ts';
import { variablesOf } from '../../outbox/deliver/wire.ts';
import type { Changes, EffectDone, SendRow } from './changes.ts';
import { LEFT_CAMPAIGN } from './optouts.ts';
import type { Member } from './member.ts';

/** What sending needs. */
export type EnrolSendDeps = AcceptDeps & { ids: IdSource };

/** An effect that was to be a message and became none, and why. */
type Unsent = { done: EffectDone; reason: string };

/**
 * Lets messages in; part of the turn's transaction. Returns those that could not be. Who is in `people` is not read again, and who is read
 * is put there. Whose messages they are is left in `changes.sends`.
 */
export async function sendAll(
  deps: EnrolSendDeps,
  tx: Tx,
  workspace: Workspace,
  { members, people }: { members: ReadonlyMap<number, Member>; people: Map<number, Person> },
  wanted: readonly EffectDone[],
  changes: Changes,
  nowMs: number,
): Promise<Unsent[]> {
  if (!wanted.length) return [];
  const unread = wanted.filter(({ contactId }) => !people.has(contactId));
  const [read, conversations] = await Promise.all([
    unread.length ? selectPeople(tx, unread, { attributes: true }) : new Map<number, Person>(),
    conversationsOf(
      tx,
      wanted.map(({ contactId }) => contactId),
    ),
  ]);
  for (const [contactId, person] of read) people.set(contactId, person);
  const byChannel = (await termsOf(deps.directory, [workspace.id])).get(workspace.id)?.byChannel;
  const unsent: Unsent[] = [];
  const sends: { done: EffectDone; saying: Saying }[] = [];
  for (const done of wanted) {
    const person = people.get(done.contactId);
    const { contactId, enrolment } = done;
    const made = !person
      ? 'the contact is gone'
      : members.get(contactId)?.left.has(enrolment.campaignId)
        ? LEFT_CAMPAIGN
        : draft(done, person, workspace, byChannel);
    if (typeof made === 'string') unsent.push({ done, reason: made });
    else sends.push({ done, saying: made });
  }
  if (!sends.length) return unsent;
  const accepted = await say(
    deps,
    tx,
    { workspace, nowMs, conversations },
    sends.map(({ saying }) => saying),
  );
  const rows = sends.map(({ done }, i): SendRow => {
    const { enrolment, effect, contactId, workspaceId } = done;
    const { messageId, atMs } = accepted[i]!;
    const { campaignId, epoch, id: enrolmentId, versionId, variant } = enrolment;
    return {
      contactId,
      workspaceId,
      messageId,
      campaignId,
      enrolmentId,
      epoch,
      versionId,
      variant,
      step: effect.step,
      atMs,
      depth: enrolment.trigger?.depth ?? null,
    };
  });
  changes.sends.push(...rows);
  return unsent;
}

/** The step that sends. */
export function sendStepOf({ version, effect }: EffectDone): SendStep {
  const step = version.steps[version.index.get(effect.step)!]!;
  if (!('send' in step)) throw new Error(`step ${effect.step} of version ${version.id} sends nothing`);
  return step.send;
}

/** The message, or why there is none. */
function draft(
  done: EffectDone,
  person: Person,
  workspace: Workspace,
  byChannel: ReadonlyMap<string, number> | undefined,
): Saying | string {
  const step = sendStepOf(done);
  const channel =
    step.channel === undefined || step.channel === 'best' ? undefined : (step.channel as ChannelName);
  const integrationId = channel && byChannel?.get(channel);
  if (channel && integrationId === undefined) return `no integration for ${channel}`;
  const reachable = person.destinations.filter((one) => channel === undefined || one.channel === channel);
  if (!reachable.length) return `no address${channel ? ` on ${channel}` : ''}`;
  const content = saidTo(done, person, workspace, reachable);
  if (typeof content === 'string') return content;
  const messageClass = step.class ?? 'marketing';
  const { campaignId, id } = done.enrolment;
  return {
    to: { contactId: done.contactId },
    kind: 'message',
    class: messageClass,
    // What many people get at one time takes no room of what one person waits for.
    stream: messageClass === 'transactional' ? 0 : streamApart(campaignId),
    content,
    author: {},
    source: { type: 'campaign', id: `${campaignId}.${id}.${done.effect.step}` },
    ...(integrationId === undefined ? {} : { integrationId }),
  };
}

/** What is said to somebody whom these addresses reach; a text says why nothing can be. */
export function saidTo(
  done: EffectDone,
  person: Person,
  workspace: Pick<Workspace, 'name'>,
  reachable: readonly Reachable[],
): Content | string {
  const step = sendStepOf(done);
  // Where it goes is known as it is sent; a page shows what is said as it was let in.
  const isMarketing = (step.class ?? 'marketing') === 'marketing';
  const hasWayOut = isMarketing && reachable.every((one) => one.channel !== 'webchat');
  const said = contentOf(step, done.enrolment.variant);
  return rendered(said, done, person, workspace, hasWayOut ? { unsubscribe: WAY_OUT } : {});
}

/** What is said to somebody. Who entered when there was no such variant gets the first. */
export function contentOf({ content, variants }: SendStep, variant: string | null): Content {
  return content ?? (variants!.find(({ key }) => key === variant) ?? variants![0]!).content!;
}

const compiled = new WeakMap<Content, Compiled>();

/** The content with what is known in it; a text says why not. */
function rendered(
  content: Content,
  { enrolment }: EffectDone,
  person: Person,
  workspace: Pick<Workspace, 'name'>,
  links: { unsubscribe?: string },
): Content | string {
  let ready = compiled.get(content);
  if (!ready) {
    const made = compile(content);
    if (isFault(made)) return made.message;
    ready = made;
    compiled.set(content, made);
  }
  const variables = variablesOf(person, person.destinations[0]!, workspace);
  const said = ready.renderContent({ ...variables, links, event: enrolment.trigger?.properties ?? {} });
  return isRenderFailure(said) ? `it cannot be said: ${said.detail}` : said;
}
