/** Tells who sits here of what he wants to be told of: on the desktop and by a sound. What one looks at is not told. */
import type { ConsoleEvent } from '../../../contract/consoleLive.ts';
import type { ConversationShown } from '../../../contract/doors/console/inbox.ts';
import type { Notices } from '../../../contract/notices.ts';

/** Whose notices, and since when something is new, by the workspace's clock. */
export type NoticesOf = { ws: string; me: string; notices: Notices; sinceMs: number };

/** A tab that tells says so for so long: of several that hear of one thing, one tells it. */
const CLAIMED_MS = 5_000;
const MOST_TOLD = 200;
const told = new Set<string>();

/** Tells of an event, where it is one to be told of. */
export function noticeOf(of: NoticesOf, event: ConsoleEvent): void {
  if (event.kind === 'conversation') return noticeSaid(of, event.conversation);
  if (event.kind === 'given') {
    const { id, conversationId } = event;
    if (!of.notices.teams) return;
    return tell(of, { id, conversationId, ...givenWords(event) });
  }
  if (event.kind !== 'entry' || event.entry.type !== 'note') return;
  const { id, author, mentions, text } = event.entry;
  if (!of.notices.mentions || author.id === of.me || !mentions.some((one) => one.id === of.me)) return;
  tell(of, { id, conversationId: event.conversationId, title: `${author.name} mentioned you`, text });
}

/** What a team was given, in words. */
export function givenWords({ team, by, contact, count }: Extract<ConsoleEvent, { kind: 'given' }>): {
  title: string;
  text: string;
} {
  const what = count > 1 ? `${count} conversations` : `the conversation with ${contact ?? 'somebody'}`;
  return { title: `For ${team.name}`, text: `${by?.name ?? 'A key'} gave your team ${what}` };
}

/** What a contact has said, in a conversation that is his, or nobody's. */
function noticeSaid(of: NoticesOf, { id, contact, assignee, unread, last }: ConversationShown): void {
  if (!unread || last?.direction !== 'in' || Date.parse(last.at) < of.sinceMs) return;
  const { mine, unassigned } = of.notices;
  if (!(assignee ? assignee.id === of.me && mine : unassigned)) return;
  tell(of, { id: last.id, conversationId: id, title: contact.name ?? 'New message', text: last.text });
}

type Told = { id: string; conversationId: string; title: string; text: string };

function tell(of: NoticesOf, what: Told): void {
  const { desktop, sound } = of.notices;
  const isSeen = document.visibilityState === 'visible' && location.pathname.includes(what.conversationId);
  if (told.has(what.id) || !(desktop || sound) || isSeen) return;
  told.add(what.id);
  if (told.size > MOST_TOLD) told.delete(told.values().next().value!);
  claim(what.id, () => {
    if (desktop) show(of.ws, what);
    if (sound) ring();
  });
}

/** Of the tabs of this browser one does it. Where they cannot agree (no secure address) each does. */
function claim(id: string, act: () => void): void {
  const { locks } = navigator as { locks?: LockManager };
  if (!locks) return act();
  void locks.request(`parley notice ${id}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    act();
    await new Promise((done) => window.setTimeout(done, CLAIMED_MS));
  });
}

function show(ws: string, { conversationId, title, text }: Told): void {
  if (!mayShow()) return;
  // One of a conversation takes the place of the one before.
  const shown = new Notification(title, { body: text, tag: conversationId, icon: '/favicon.svg' });
  shown.addEventListener('click', () => {
    window.focus();
    location.assign(`/w/${ws}/inbox/all/${conversationId}`);
    shown.close();
  });
}

/** Whether this browser lets the page show something on the desktop. */
export function mayShow(): boolean {
  return typeof Notification !== 'undefined' && Notification.permission === 'granted';
}

/** Asks whoever sits here whether it may; for a click of theirs. False where it may not. */
export async function askToShow(): Promise<boolean> {
  return typeof Notification !== 'undefined' && (await Notification.requestPermission()) === 'granted';
}

let audio: AudioContext | undefined;
const [HIGH_HZ, LOW_HZ, RING_S, LOUD] = [880, 660, 0.35, 0.08];

/** Two short tones. A browser that has not been touched yet plays none. */
export function ring(): void {
  audio ??= new AudioContext();
  const { currentTime: from, destination } = audio;
  const volume = new GainNode(audio, { gain: LOUD });
  const tone = new OscillatorNode(audio, { frequency: HIGH_HZ });
  tone.frequency.setValueAtTime(LOW_HZ, from + RING_S / 2);
  volume.gain.setTargetAtTime(0, from + RING_S / 2, RING_S / 8);
  tone.connect(volume).connect(destination);
  tone.start();
  tone.stop(from + RING_S);
}
