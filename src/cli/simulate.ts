/** `parley simulate`: look at the devices of a test workspace, answer from them, move its clock. */
import { pause, systemClock } from '../base/clock.ts';
import { CommandFailure, say } from './failure.ts';
import { connect, type TargetFlags } from './target.ts';

type DeviceMessage = {
  id: string;
  channel: string;
  direction: 'in' | 'out';
  content: { text?: string; subject?: string; body?: string; say?: string; title?: string };
  at: string;
};

type Move = {
  id: string;
  state: 'running' | 'done' | 'canceled';
  happened: {
    at: string;
    kind: string;
    sender: { name: string | null } | null;
    count: number;
    more: boolean;
  }[];
  note: string | null;
};

/** How often it is asked how far a move of the clock is. */
const LOOK_MS = 200;

/** Prints what is on a phone or in a mailbox, oldest first. */
export async function phone(address: string, flags: TargetFlags & { limit: string }): Promise<void> {
  const { api, base } = await connect(flags);
  const query = new URLSearchParams({ address, limit: flags.limit });
  const { messages } = await api.get<{ messages: DeviceMessage[] }>(
    `${base}/simulator/messages?${query.toString()}`,
  );
  if (messages.length === 0) return say(`Nothing is on ${address} yet.`);
  for (const { at, channel, direction, content } of messages) {
    const what = content.text ?? content.body ?? content.say ?? JSON.stringify(content);
    const above = content.subject ?? content.title;
    say(`${at}  ${channel.padEnd(8)} ${direction === 'in' ? '→' : '←'} ${above ? `${above}: ` : ''}${what}`);
  }
}

/** Says something from a device. */
export async function reply(
  address: string,
  text: string,
  flags: TargetFlags & { channel?: string },
): Promise<void> {
  const { api, base } = await connect(flags);
  const channel = flags.channel ?? (address.includes('@') ? 'email' : 'sms');
  await api.post(`${base}/simulator/reply`, { channel, address, text });
  say(`${address} said: ${text}`);
}

/** Presses keys in the last call to a number. */
export async function press(address: string, keys: string, flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  await api.post(`${base}/simulator/press`, { address, keys });
  say(`${address} pressed ${keys}`);
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Moves the workspace's clock on: `90s`, `2h`, `14d`; prints what came due on the way. */
export async function advance(by: string, flags: TargetFlags): Promise<void> {
  const parts = /^(\d{1,15})(ms|s|m|h|d)$/.exec(by);
  if (!parts) throw new CommandFailure(`“${by}” is not a length of time, such as 90s, 2h or 14d.`, 2);
  const { api, base } = await connect(flags);
  const byMs = Number(parts[1]) * UNITS[parts[2]!]!;
  let move = await api.post<Move>(`${base}/clock/advance`, { byMs });
  while (move.state === 'running') {
    await pause(systemClock, LOOK_MS);
    move = await api.get<Move>(`${base}/clock/advances/${move.id}`);
  }
  for (const { at, kind, sender, count, more } of move.happened)
    say(`${at}  ${kind.padEnd(9)} ${count}${more ? '+' : ''}${sender?.name ? `  ${sender.name}` : ''}`);
  if (move.note) say(move.note);
  const { now } = await api.get<{ now: string }>(`${base}/clock`);
  say(`It is ${now} in the workspace.`);
}
