/** What a newcomer sees: a first message that has arrived, and the line by which to send the next. */
import { isoTime, monotonicMs, pause, systemClock } from '../base/clock.ts';
import { readDemo, type Demo } from '../accounts/demo.ts';
import type { FirstOwner } from '../accounts/signIn/passwordLinks.ts';
import { SETTINGS, type Config } from '../base/config.ts';
import { createApi } from './api.ts';
import { command } from './command.ts';
import { CommandFailure, say } from './failure.ts';
import { readRuntime } from './runtime.ts';
import type { Running } from './running.ts';
import { settingsFor, withInstall, type StoreFlags } from './store.ts';

/** The simulated phone of the first message: the number that Twilio gives for tests. */
const PHONE = '+15005550006';
const ARRIVES_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 20;

/** Says that it runs, and to whom it is new what to do first. Secrets are shown at the start that made them, and at no other. */
export async function welcome(parley: Running, config: Config): Promise<void> {
  const { url, demo, firstOwner, probes, signIn } = parley;
  if (url === undefined) {
    const where = probes === undefined ? '' : `\nProbes and metrics are at ${probes}`;
    return say(`Parley is running; this process delivers and serves no requests.${where}`);
  }
  if (firstOwner) say(ownerText(config.publicUrl || url, firstOwner));
  const integrationId = demo && (await texting(url, demo));
  if (!demo || !integrationId) return say(`Parley is running at ${url}\nCtrl-C stops it.`);
  const where = dataFlag(config.dataDir);
  const door = signIn ? `${config.publicUrl || url}${signIn.path}` : undefined;
  if (!demo.fresh)
    return say(
      `Parley is running at ${url}\n${door ? `Its console, signed in (once, within an hour): ${door}\n` : ''}The demo workspace ${demo.workspace.id} is there; its keys are shown by: ${command()} demo${where}\nCtrl-C stops it.`,
    );
  const told = await firstMessage(url, demo, integrationId).catch(
    (error: Error) => `A first SMS could not be sent: ${error.message}`,
  );
  say(
    [
      '',
      `  Parley is running at ${url}`,
      ...(door
        ? ['', '  Open its console; the link signs you in, once, within an hour:', '', `    ${door}`]
        : []),
      '',
      `  ${told}`,
      '',
      ...demoLines(url, demo, integrationId, where),
      '',
      `  This is shown once. Again: ${command()} demo${where}`,
      '  Ctrl-C stops it.',
      '',
    ].join('\n'),
  );
}

/** `parley demo`: what the first start showed. */
export async function demoAgain(flags: StoreFlags): Promise<void> {
  const config = settingsFor(flags);
  const demo = await withInstall(flags, ({ sql, vault }) => readDemo(sql, vault));
  if (!demo) throw new CommandFailure('There is no demo workspace here.');
  const runtime = await readRuntime(config.dataDir);
  const integrationId = runtime && (await texting(runtime.url, demo));
  const { keys, workspace } = demo;
  if (!runtime || !integrationId) return say(JSON.stringify({ workspace, keys }));
  say(demoLines(runtime.url, demo, integrationId, dataFlag(config.dataDir)).join('\n'));
}

function demoLines(url: string, demo: Demo, integrationId: string, where: string): string[] {
  const { sunshine, outbound, console } = demo.keys;
  return [
    '  Send the next one yourself:',
    '',
    curlLine(url, demo, integrationId),
    '',
    '  Look at the phone, and answer from it:',
    '',
    `    ${command()} simulate phone ${PHONE}${where}`,
    `    ${command()} simulate reply ${PHONE} "Thanks!"${where}`,
    '',
    `  Workspace    ${demo.workspace.name}, ${demo.workspace.id} (a test workspace: nothing leaves this machine)`,
    `  App key      ${sunshine.keyId}:${sunshine.secret}`,
    `  Outbound key ${outbound.private}`,
    `  Console key  ${console.token}`,
    `  Sign in as   ${console.email}, ${console.password}`,
  ];
}

function dataFlag(dataDir: string): string {
  return dataDir === SETTINGS.dataDir.default ? '' : ` --data '${dataDir}'`;
}

function ownerText(base: string, firstOwner: NonNullable<FirstOwner>): string {
  if ('path' in firstOwner)
    return `Nobody can sign in yet. Whoever opens this link first becomes the owner; it works once, until ${isoTime(firstOwner.expiresMs)}:\n  ${base}${firstOwner.path}`;
  return `Nobody can sign in yet. A link for the first owner was shown before, good until ${isoTime(firstOwner.shownUntilMs)}; another: ${command()} operator link`;
}

/** The demo's first integration for SMS. */
async function texting(url: string, demo: Demo): Promise<string | undefined> {
  const api = createApi({ url, token: demo.keys.console.token });
  const path = `/api/workspaces/${demo.workspace.id}/integrations`;
  const { integrations } = await api.get<{ integrations: { id: string; channel: string }[] }>(path);
  return integrations.find(({ channel }) => channel === 'sms')?.id;
}

/** A line for a shell that sends an SMS with the app key: no file, no variable, nothing to fill in. */
export function curlLine(url: string, demo: Demo, integrationId: string): string {
  const { appId, keyId, secret } = demo.keys.sunshine;
  const body = JSON.stringify(notification(integrationId, 'Hello from curl'));
  return `curl -u '${keyId}:${secret}' -H 'content-type: application/json' -d '${body}' ${url}/v1.1/apps/${appId}/notifications`;
}

function notification(integrationId: string, text: string) {
  return {
    destination: { integrationId, destinationId: PHONE },
    author: { role: 'appMaker' },
    message: { type: 'text', text },
  };
}

/** Sends by the public API, waits until it is on the phone, and says so. */
async function firstMessage(url: string, demo: Demo, integrationId: string): Promise<string> {
  const { appId, keyId, secret } = demo.keys.sunshine;
  const api = createApi({ url, token: demo.keys.console.token });
  const phone = `/api/workspaces/${demo.workspace.id}/simulator/messages?channel=sms&limit=1&address=${encodeURIComponent(PHONE)}`;
  const newest = async () => {
    const seen = await api.tryGet<{ messages: { id: string }[] }>(phone);
    return seen?.messages.at(-1)?.id;
  };
  const before = await newest();
  const startMs = monotonicMs();
  await createApi({ url, basic: `${keyId}:${secret}` }).post(
    `/v1.1/apps/${appId}/notifications`,
    notification(integrationId, 'Hello! This is the first message of your Parley.'),
  );
  while (monotonicMs() - startMs < ARRIVES_WITHIN_MS) {
    const now = await newest();
    if (now !== undefined && now !== before)
      return `It sent a first SMS to the simulated phone ${PHONE}; it was there after ${Math.round(monotonicMs() - startMs)} ms.`;
    await pause(systemClock, LOOK_AGAIN_MS);
  }
  return `A first SMS to the simulated phone ${PHONE} is on its way.`;
}
