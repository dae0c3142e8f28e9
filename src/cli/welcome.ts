/** What a newcomer sees: a first message that has arrived, and the line by which to send the next. */
import { monotonicMs, pause, systemClock } from '../base/clock.ts';
import type { Demo } from '../accounts/demo.ts';
import { SETTINGS } from '../base/config.ts';
import { createApi } from './api.ts';
import { say } from './failure.ts';
import type { Running } from './start.ts';

/** The simulated phone of the first message: the number that Twilio gives for tests. */
const PHONE = '+15005550006';
const ARRIVES_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 20;

/** Sends the first message and prints where everything is. */
export async function welcome({ url, demo }: Running, dataDir: string): Promise<void> {
  if (url === undefined) return say('Parley is running; this process delivers and serves no requests.');
  const integrationId = demo && (await texting(url, demo));
  if (!integrationId) return say(`Parley is running at ${url}\nCtrl-C stops it.`);
  const told = await firstMessage(url, demo, integrationId).catch(
    (error: Error) => `A first SMS could not be sent: ${error.message}`,
  );
  const { sunshine, console } = demo.keys;
  const where = dataDir === SETTINGS.dataDir.default ? '' : ` --data '${dataDir}'`;
  const lines = [
    '',
    `  Parley is running at ${url}`,
    '',
    `  ${told}`,
    '',
    '  Send the next one yourself:',
    '',
    curlLine(url, demo, integrationId),
    '',
    '  Look at the phone, and answer from it:',
    '',
    `    node bin/parley.mjs simulate phone ${PHONE}${where}`,
    `    node bin/parley.mjs simulate reply ${PHONE} "Thanks!"${where}`,
    '',
    `  Workspace    ${demo.workspace.name}, ${demo.workspace.id} (a test workspace: nothing leaves this machine)`,
    `  App key      ${sunshine.keyId}:${sunshine.secret}`,
    `  Console key  ${console.token}`,
    `  Sign in as   ${console.email}, ${console.password}`,
    '',
    '  Ctrl-C stops it.',
    '',
  ];
  say(lines.join('\n'));
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
