/** What a newcomer sees: a first message that has arrived, and the line by which to send the next. */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../base/clock.ts';
import type { Demo } from '../accounts/demo.ts';
import type { Parley } from '../parley.ts';
import { createApi } from './api.ts';
import { say } from './failure.ts';

/** The simulated phone of the first message: the number that Twilio gives for tests. */
const PHONE = '+15005550006';
const ARRIVES_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 20;

/** Sends the first message and prints where everything is. */
export async function welcome({ url, demo }: Parley): Promise<void> {
  if (url === undefined) return say('Parley is running; this process delivers and serves no requests.');
  const integration = demo?.integrations.find(({ type }) => type === 'twilio');
  if (!demo || !integration) return say(`Parley is running at ${url}\nCtrl-C stops it.`);
  const tookMs = await firstMessage(url, demo, integration.id);
  const { sunshine, console } = demo.keys;
  const lines = [
    '',
    `  Parley is running at ${url}`,
    '',
    tookMs === undefined
      ? `  A first SMS to the simulated phone ${PHONE} is on its way.`
      : `  It sent a first SMS to the simulated phone ${PHONE}; it was there after ${tookMs} ms.`,
    '',
    '  Send the next one yourself:',
    '',
    curlLine(url, demo, integration.id),
    '',
    '  Look at the phone, and answer from it:',
    '',
    `    node bin/parley.mjs simulate phone ${PHONE}`,
    `    node bin/parley.mjs simulate reply ${PHONE} "Thanks!"`,
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

/** Sends by the public API and waits until it is on the phone; undefined when it is not there in time. */
async function firstMessage(url: string, demo: Demo, integrationId: string): Promise<number | undefined> {
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
    if (now !== undefined && now !== before) return Math.round(monotonicMs() - startMs);
    await sleep(LOOK_AGAIN_MS);
  }
  return undefined;
}
