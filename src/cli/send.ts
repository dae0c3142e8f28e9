/** `parley send` and `parley why`: one message, and what was decided about it. */
import { monotonicMs, pause, systemClock } from '../base/clock.ts';
import type { Api } from './api.ts';
import { command } from './command.ts';
import { Failure, say } from './failure.ts';
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

/** Prints every decision about a contact and a message or broadcast. */
export async function why(contact: string, flags: WhyFlags): Promise<void> {
  if ((flags.message === undefined) === (flags.broadcast === undefined))
    throw new Failure('Say which with --message <id> or --broadcast <id>.', 2);
  const { api, base } = await connect(flags);
  const about = flags.message === undefined ? `broadcast=${flags.broadcast}` : `message=${flags.message}`;
  const told = await api.get<Why>(`${base}/why?contact=${await contactId(api, base, contact)}&${about}`);
  say(`${told.sent ? 'sent' : 'not sent'}, ${told.state}`);
  const width = Math.max(...told.decisions.map(({ what }) => what.length));
  for (const { at, what, why: reason } of told.decisions) say(`${at}  ${what.padEnd(width)}  ${reason}`);
}

/** A contact by id, or by what it is known by. */
async function contactId(api: Api, base: string, text: string): Promise<string> {
  if (/^[0-9a-f]{24}$/i.test(text)) return text;
  const { contacts } = await api.get<{ contacts: { id: string }[] }>(
    `${base}/contacts?limit=2&search=${encodeURIComponent(text)}`,
  );
  if (contacts.length === 1) return contacts[0]!.id;
  throw new Failure(
    contacts.length === 0 ? `Nobody is known by ${text}.` : `More than one is known by ${text}.`,
  );
}
