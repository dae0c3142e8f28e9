/**
 * What a company says to its connected accounts, through the Shout door, with push: one broadcast beside as many single calls (the source
 * claims ten times; see S61), and an announcement to many members, of which the poster waits for nothing but the answer.
 */
import { request } from 'undici';
import { parleyArguments, profiled, say, timed, type Bench, type ParleyChild } from './bench.ts';
import type { Child } from './child.ts';
import { inParallel } from './load.ts';
import { sharedMs } from './measure.ts';
import type { ParleyCommands } from './parleyProcess.ts';
import { pushSettings } from './channels.ts';
import type { PushSinkCommands } from './pushSink.ts';
import type { Rate } from './report.ts';

/** What the announcement is for, at the most. */
const MEMBERS = 100_000;
const CONNECTIONS = 32;

/** What was found of saying things to accounts. */
export type ConnectFound = {
  singly: Rate;
  broadcast: Rate;
  announcement: Rate & { members: number; answeredMs: number; servedMs: number };
};

type World = {
  bench: Bench;
  child: ParleyChild;
  sink: Child<PushSinkCommands>;
  company: { url: string; token: string; firstUserId: number };
};

/** Measures the three. */
export async function measureConnect(bench: Bench): Promise<void> {
  const { sizes } = bench.options;
  const accounts = sizes[0]!;
  const members = sizes.findLast((size) => size <= MEMBERS) ?? accounts;
  const sink = await bench.start<PushSinkCommands>('./pushSink.ts');
  const { fcm } = pushSettings(await sink.ask('urls'));
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'connect'));
  const worldOf = async (count: number): Promise<World> => {
    const company = await child.ask('makeAccounts', { count, fcm });
    await child.ask('settleStore');
    return { bench, child, sink, company };
  };
  const few = await worldOf(accounts);
  await warmUp(few);
  const singly = await measureSingly(few, accounts);
  const broadcast = await measureBroadcast(few, accounts);
  say(`one broadcast is ${(broadcast.perS / singly.perS).toFixed(1)} times as fast as single calls`);
  const announcement = await measureAnnouncement(
    members === accounts ? few : await worldOf(members),
    members,
  );
  bench.found.connect = { singly, broadcast, announcement };
  await child.stop();
  await sink.stop();
}

/** A process that has just started is slow. */
async function warmUp(world: World): Promise<void> {
  await inParallel(CONNECTIONS, 500, (n) =>
    call(world, '/messages/send_connect_notification', notice(world, n)),
  );
  await call(world, '/broadcast_messages/send_connect_notification', TO_ALL);
  await world.child.ask('untilQuiet');
}

async function measureSingly(world: World, accounts: number): Promise<Rate> {
  const { bench, child } = world;
  const what = `notification to ${inWords(accounts)} accounts, a call each`;
  let found: Rate | undefined;
  await profiled(bench, child, 'connect-singly', async () => {
    const { rate } = await timed(bench, child.pid, what, accounts, async () => {
      const arrived = await counted(world, accounts);
      const fromMs = sharedMs();
      await inParallel(CONNECTIONS, accounts, (n) =>
        call(world, '/messages/send_connect_notification', notice(world, n)),
      );
      return { ms: (await arrived()) - fromMs };
    });
    found = rate;
  });
  return found!;
}

async function measureBroadcast(world: World, accounts: number): Promise<Rate> {
  const { bench, child } = world;
  const what = `notification to ${inWords(accounts)} accounts, one broadcast`;
  let found: Rate | undefined;
  await profiled(bench, child, 'connect-broadcast', async () => {
    const { rate } = await timed(bench, child.pid, what, accounts, async () => {
      const arrived = await counted(world, accounts);
      const fromMs = sharedMs();
      await call(world, '/broadcast_messages/send_connect_notification', TO_ALL);
      return { ms: (await arrived()) - fromMs };
    });
    found = rate;
  });
  return found!;
}

async function measureAnnouncement(world: World, members: number): Promise<ConnectFound['announcement']> {
  const { bench, child } = world;
  const what = `announcement to ${inWords(members)} members`;
  let found: ConnectFound['announcement'] | undefined;
  await profiled(bench, child, 'connect-announcement', async () => {
    let answeredMs = 0;
    let servedMs = 0;
    const { rate } = await timed(bench, child.pid, what, members, async () => {
      const arrived = await counted(world, members);
      const fromMs = sharedMs();
      await call(world, '/messages/send_announcement', { message: { body: 'News for all of you' } });
      answeredMs = sharedMs() - fromMs;
      servedMs = (await arrived()) - fromMs;
      return { ms: servedMs, note: `answered after ${answeredMs.toFixed(1)} ms` };
    });
    found = { ...rate, members, answeredMs, servedMs };
  });
  return found!;
}

/** Counts pushes from now on; what it returns waits for the last and says when it came. All that is to be written is written then. */
async function counted({ child, sink }: World, wanted: number): Promise<() => Promise<number>> {
  await sink.ask('reset');
  return async () => {
    await child.ask('untilQuiet');
    const { count, lastMs } = await sink.ask('count');
    if (count !== wanted) throw new Error(`${count} pushes came of ${wanted}`);
    return lastMs;
  };
}

const TO_ALL = { broadcast_message: { body: 'An order came in', include_all_connect_users: true } };

function notice({ company }: World, n: number) {
  return { message: { body: 'An order came in', user_id: company.firstUserId + n } };
}

async function call({ company }: World, path: string, body: object): Promise<void> {
  const answer = await request(company.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${company.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 201) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
}

const inWords = (n: number) => n.toLocaleString('en-US');
