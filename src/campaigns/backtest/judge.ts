/**
 * What the gate would have said to a message then: consent as it was, the workspace's rules and the contact's addresses as they are
 * today. Under a frequency cap the campaign's own messages count; what others sent then is not looked at. Pure.
 */
import type { Workspace } from '../../accounts/workspaces.ts';
import type { Person, Reachable } from '../../contacts/person.ts';
import { freeAt, type Mark } from '../../gate/caps.ts';
import type { Terms } from '../../gate/terms.ts';
import { standingOf } from '../../gate/standing.ts';
import { isTemplate } from '../../outbox/deliver/drafts.ts';
import { contentOf, saidTo, sendStepOf } from '../enrol/send.ts';
import { LEFT_CAMPAIGN } from '../enrol/optouts.ts';
import type { Judge } from './replay.ts';

/** What somebody said of being written to: which classes are blocked from then on, on one channel and address. */
export type SaidOfWriting = { channel: string; address: string; blockedClasses: number; atMs: number };

/** A contact as it can be written to. `said` is oldest first; `leftMs`: when they left this very campaign. */
type Addressed = {
  timeZone: string | null;
  destinations: readonly Reachable[];
  said: readonly SaidOfWriting[];
  leftMs: number | null;
  /** Who they are as the campaign has changed them by then: what is said may name it. */
  whom: () => Person | undefined;
  workspace: Pick<Workspace, 'name'>;
};

/** Marks that are kept before any is let go. */
const SOME_MARKS = 100;
/** Messages live so long, as the outbox has it. */
const LIFE_MS = 3 * 86_400_000;

/** Judges the messages of one contact, in the order in which they would have been sent. */
export function judgeOf(terms: Terms, person: Addressed): Judge {
  const marks: Mark[] = [];
  let causeId = 0;
  return (done, atMs) => {
    const step = sendStepOf(done);
    const content = contentOf(step, done.enrolment.variant);
    const channel = step.channel === undefined || step.channel === 'best' ? undefined : step.channel;
    if (person.leftMs !== null && person.leftMs <= atMs) return { at: 'unsent', code: LEFT_CAMPAIGN };
    const integrationId = channel === undefined ? null : (terms.byChannel.get(channel) ?? null);
    if (channel !== undefined && integrationId === null)
      return { at: 'unsent', code: `no integration for ${channel}` };
    const reachable = person.destinations.filter((one) => channel === undefined || one.channel === channel);
    if (!reachable.length) return { at: 'unsent', code: `no address${channel ? ` on ${channel}` : ''}` };
    const whom = person.whom();
    const unsaid = whom && saidTo(done, whom, person.workspace, reachable);
    if (typeof unsaid === 'string') return { at: 'unsent', code: unsaid.replaceAll(/"[^"]*"/g, '…') };
    const messageClass = step.class ?? 'marketing';
    const cap = messageClass === 'marketing' ? terms.rules.frequencyCap : undefined;
    const sending = {
      integrationId,
      class: messageClass,
      expiresMs: atMs + LIFE_MS,
      isTemplate: isTemplate(content),
      fromName: content.senderId !== undefined,
    };
    const destinations = reachable.map((one) => asOf(one, person.said, atMs));
    const recipient = { timeZone: person.timeZone, destinations };
    const freeMs = cap && freeAt(cap, marks, undefined, atMs);
    const { verdict } = standingOf(sending, terms, recipient, atMs, freeMs);
    if (verdict.verdict === 'never') return { at: 'never', code: verdict.code };
    const sentMs = verdict.verdict === 'hold' ? verdict.untilMs : atMs;
    if (sentMs >= sending.expiresMs) return { at: 'never', code: 'expired' };
    marks.push({ causeId: ++causeId, atMs: sentMs });
    // No cap asks for more than its own number of them, the latest.
    if (cap && marks.length > 2 * cap.most + SOME_MARKS)
      marks.splice(0, Infinity, ...marks.toSorted((a, b) => a.atMs - b.atMs).slice(-cap.most));
    return { at: 'sent', atMs: sentMs, ...(verdict.verdict === 'hold' ? { code: verdict.code } : {}) };
  };
}

/** An address with what was said of it by then. Where nothing was ever said, what blocks it today did so then. */
function asOf(destination: Reachable, said: readonly SaidOfWriting[], atMs: number): Reachable {
  const own = said.filter(({ channel }) => channel === destination.channel);
  if (!own.length) return destination;
  const last = own.findLast((one) => one.atMs <= atMs);
  if (!last?.blockedClasses) return { ...destination, blocks: null };
  const cause = 'opted_out_channel' as const;
  const block = { cause, classes: last.blockedClasses, scope: 0, elsewhere: 0, reason: 'as of then' };
  return { ...destination, blocks: [block] };
}
