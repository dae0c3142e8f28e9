/** Tells who sits here of what he wants to be told of: on the desktop and by a sound. What one looks at is not told. */
import type { ConsoleEvent } from '../../../contract/consoleLive.ts';
import type { ConversationShown } from '../../../contract/doors/console/inbox.ts';
import type { Notices } from '../../../contract/notices.ts';

/** Whose notices, and since when something is new, by the workspace's clock. */
export type NoticesOf = { ws: string; me: string; notices: Notices; sinceMs: number };

/** What was told in this browser, of late, for all of its tabs: ids. */
const TOLD = 'parley.told';
const MOST_TOLD = 200;

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
  if (!(desktop || sound)) return;
  const isSeen = document.visibilityState === 'visible' && location.pathname.includes(what.conversationId);
  once(what.id, () => {
    // What one looks at here is not told by a tab that hears of it later either.
    if (isSeen) return;
    if (desktop) show(of.ws, what);
    if (sound) ring();
  });
}

/**
 * Of the tabs of this browser the one that hears of it first does it, however much later the others do: a tab in the background, or one
 * whose line was away, is told minutes after. Where they cannot agree on who is first (no secure address) two that hear at one moment may both.
 */
function once(id: string, act: () => void): void {
  const doOnce = () => {
    const told = toldHere();
    if (told.includes(id)) return;
    localStorage.setItem(TOLD, JSON.stringify([...told, id].slice(-MOST_TOLD)));
    act();
  };
  const { locks } = navigator as { locks?: LockManager };
  if (locks) void locks.request(TOLD, doOnce);
  else doOnce();
}

/** Who sits here may have written anything there. */
function toldHere(): readonly unknown[] {
  try {
    const told: unknown = JSON.parse(localStorage.getItem(TOLD) ?? '[]');
    return Array.isArray(told) ? told : [];
  } catch {
    return [];
  }
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
