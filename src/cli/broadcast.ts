/** `parley broadcast`: draft, forecast, start, and watch one content go to an audience. */
import { confirm, isCancel } from '@clack/prompts';
import { monotonicMs, pause, systemClock } from '../base/clock.ts';
import { CommandFailure, say } from './failure.ts';
import { countText, createProgress, timeText } from './progress.ts';
import { connect, type TargetFlags } from './target.ts';

type Flags = TargetFlags & {
  channel: string;
  name?: string;
  class?: string;
  list?: string[];
  tag?: string[];
  all?: boolean;
  subject?: string;
  rate?: string;
  yes?: boolean;
};

type Forecast = {
  matched: number;
  reachable: number;
  unreachable: Record<string, number>;
  held: Record<string, number>;
  rendering: { problems: string[] };
  ratePerS: number | null;
  durationMs: number | null;
  segments: { encoding: string; each: number; total: number; varies: boolean } | null;
};
type Broadcast = { id: string; state: string; counts: Record<string, number> & { matched: number } };

const LOOK_AGAIN_MS = 250;
const OVER = ['done', 'canceled'];
const WAITING = ['queued', 'held'];

/** Makes a broadcast of a text and starts it; ends when it has. */
export async function broadcast(text: string, flags: Flags): Promise<void> {
  const { api, base } = await connect(flags);
  const made = await api.post<{ id: string }>(`${base}/broadcasts`, {
    name: flags.name ?? text.slice(0, 60),
    content: { type: 'text', text, ...(flags.subject === undefined ? {} : { subject: flags.subject }) },
    channel: flags.channel,
    ...(flags.class === undefined ? {} : { class: flags.class }),
    ...(flags.rate === undefined ? {} : { ratePerS: Number(flags.rate) }),
    audience: { include: await included(flags, () => api.get(`${base}/lists`)) },
  });
  const forecast = await api.get<Forecast>(`${base}/broadcasts/${made.id}/forecast`);
  for (const line of forecastLines(forecast)) say(line);
  if (!flags.yes && process.stdin.isTTY && !(await agreed(forecast.reachable))) {
    say(`Not started; it is draft ${made.id}.`);
    return;
  }
  await api.post(`${base}/broadcasts/${made.id}/start`);
  await watch(() => api.get<Broadcast>(`${base}/broadcasts/${made.id}`));
}

async function included(
  flags: Flags,
  lists: () => Promise<{ lists: { id: string; name: string }[] }>,
): Promise<object> {
  if (flags.all) return { all: true };
  if (!flags.list?.length && !flags.tag?.length)
    throw new CommandFailure('Say to whom: --list, --tag or --all.', 2);
  const known = flags.list?.length ? (await lists()).lists : [];
  const ids = (flags.list ?? []).map((name) => {
    const found = known.find((list) => list.name === name || list.id === name);
    if (!found) throw new CommandFailure(`There is no list ${name}.`);
    return found.id;
  });
  return { ...(ids.length > 0 ? { lists: ids } : {}), ...(flags.tag?.length ? { tags: flags.tag } : {}) };
}

function forecastLines({
  matched,
  reachable,
  unreachable,
  held,
  rendering,
  durationMs,
  segments,
}: Forecast): string[] {
  const rate = durationMs === null ? '' : `, in ${timeText(durationMs)} at the rate in force`;
  return [
    `${countText(matched)} contacts, of whom ${countText(reachable)} will be reached${rate}`,
    ...(segments
      ? [
          `  ${countText(segments.each)} SMS to each (${segments.encoding})${segments.varies ? ', more or less by name' : ''}: ${countText(segments.total)}`,
        ]
      : []),
    ...Object.entries(held).map(([reason, n]) => `  ${countText(n)} later: ${reason}`),
    ...Object.entries(unreachable).map(([reason, n]) => `  ${countText(n)} not: ${reason}`),
    ...rendering.problems.map((problem) => `  ! ${problem}`),
  ];
}

async function agreed(n: number): Promise<boolean> {
  const answer = await confirm({ message: `Send to ${countText(n)} people now?` });
  return !isCancel(answer) && answer;
}

async function watch(look: () => Promise<Broadcast>): Promise<void> {
  const progress = createProgress();
  const startMs = monotonicMs();
  for (;;) {
    const { state, counts, id } = await look();
    const left = WAITING.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
    const through = counts.matched - left;
    const share = counts.matched > 0 ? through / counts.matched : undefined;
    const perS = (through / (monotonicMs() - startMs)) * 1000;
    const text = `${countText(through)} of ${countText(counts.matched)}, ${countText(perS)} a second`;
    if (OVER.includes(state)) {
      progress.end(1, text);
      const { matched: _matched, fannedOut: _fannedOut, ...states } = counts;
      const told = Object.entries(states).filter(([, n]) => n > 0);
      say(`${state} (${id}): ${told.map(([name, n]) => `${countText(n)} ${name}`).join(', ') || 'nobody'}`);
      return;
    }
    progress.show(share, text);
    await pause(systemClock, LOOK_AGAIN_MS);
  }
}
