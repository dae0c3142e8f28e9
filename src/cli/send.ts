/** `parley send` and `parley why`: one message, and what was decided about it. */
import { monotonicMs, pause, systemClock } from '../base/clock.ts';
import type { Api } from './api.ts';
import { command } from './command.ts';
import { CommandFailure, say } from './failure.ts';
import { connect, type TargetFlags } from './target.ts';

type SendFlags = TargetFlags & { channel?: string; class?: string; integration?: string };
type Delivery = { state: string; channel: string | null; address: string | null; code: string | null };

const WAITING = ['queued', 'held', 'unknown'];
const WATCHED_MS = 5000;
const LOOK_AGAIN_MS = 50;

/** Sends one text and says how it stands after a moment. */
export async function send(to: string, text: string, flags: SendFlags): Promise<void> {
  const { api, base } = await connect(flags);
  const channel = flags.channel ?? (to.includes('@') ? 'email' : 'sms');
  const { messageId, contactId } = await api.post<{ messageId: string; contactId: string }>(
    `${base}/messages`,
    {
      destination: { channel, address: to },
      content: { type: 'text', text },
      ...(flags.class === undefined ? {} : { class: flags.class }),
      ...(flags.integration === undefined ? {} : { integrationId: flags.integration }),
    },
  );
  const delivery = await watch(api, `${base}/messages/${messageId}/deliveries`);
  say(`message ${messageId} to contact ${contactId}: ${delivery?.state ?? 'queued'}`);
  if (delivery?.code) say(`  ${delivery.code}`);
  say(`  why: ${command()} why ${contactId} --message ${messageId}`);
}

/** The delivery once it is on its way, or as it stands when a few seconds are over. */
async function watch(api: Api, path: string): Promise<Delivery | undefined> {
  const startMs = monotonicMs();
  for (;;) {
    const { deliveries } = await api.get<{ deliveries: Delivery[] }>(path);
    const last = deliveries.at(-1);
    if ((last && !WAITING.includes(last.state)) || monotonicMs() - startMs > WATCHED_MS) return last;
    await pause(systemClock, LOOK_AGAIN_MS);
  }
}

type WhyFlags = TargetFlags & { message?: string; broadcast?: string };
type Why = { sent: boolean; state: string; decisions: { at: string; what: string; why: string }[] };

type Entry =
  | { at: string; type: 'message'; message: { id: string; direction?: string; text?: string } }
  | { at: string; type: 'broadcast'; broadcast: { id: string; name: string } };

/** How many are told of when nobody says which. */
const LAST = 5;

/** Prints every decision: about one message or broadcast, or the last ones of a contact. A message's id is enough by itself. */
export async function why(about: string, flags: WhyFlags): Promise<void> {
  if (flags.message !== undefined && flags.broadcast !== undefined)
    throw new CommandFailure('Say one of --message <id> and --broadcast <id>.', 2);
  const { api, base } = await connect(flags);
  const contact = await contactId(api, base, about);
  const { message, broadcast } = flags;
  if (contact === undefined)
    return tellOne(await api.get<Why>(`${base}/why?message=${encodeURIComponent(about)}`));
  const asked = `${base}/why?contact=${contact}&`;
  if (message !== undefined)
    return tellOne(await api.get<Why>(`${asked}message=${encodeURIComponent(message)}`));
  if (broadcast !== undefined)
    return tellOne(await api.get<Why>(`${asked}broadcast=${encodeURIComponent(broadcast)}`));
  const { entries } = await api.get<{ entries: Entry[] }>(
    `${base}/contacts/${contact}/history?limit=${LAST}`,
  );
  if (entries.length === 0) return say('Nothing was ever sent to them, nor came from them.');
  for (const [index, entry] of entries.entries()) {
    const [name, id] =
      entry.type === 'message' ? ['message', entry.message.id] : ['broadcast', entry.broadcast.id];
    if (index > 0) say();
    say(`${name} ${id}, ${entry.at}`);
    tellOne(await api.get<Why>(`${asked}${name}=${id}`));
  }
}

function tellOne({ sent, state, decisions }: Why): void {
  say(`${sent ? 'sent' : 'not sent'}, ${state}`);
  const width = Math.max(...decisions.map(({ what }) => what.length));
  for (const { at, what, why: reason } of decisions) say(`${at}  ${what.padEnd(width)}  ${reason}`);
}

/** A contact by id, or by what it is known by; undefined when the text is the id of a message. */
async function contactId(api: Api, base: string, text: string): Promise<string | undefined> {
  const path = encodeURIComponent(text);
  if (/^(?:[0-9a-f]{24}|[0-9a-f-]{32,36})$/i.test(text)) {
    const contact = await api.tryGet<{ id: string }>(`${base}/contacts/${path}`);
    if (contact) return contact.id;
    if (await api.tryGet(`${base}/messages/${path}`)) return undefined;
  }
  const { contacts } = await api.get<{ contacts: { id: string }[] }>(
    `${base}/contacts?limit=2&search=${path}`,
  );
  if (contacts.length === 1) return contacts[0]!.id;
  throw new CommandFailure(
    contacts.length === 0 ? `Nobody is known by ${text}.` : `More than one is known by ${text}.`,
  );
}
