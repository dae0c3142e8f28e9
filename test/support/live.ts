/** People on the web chat, for tests: tokens, clients, and what clients were told. */
import assert from 'node:assert/strict';
import { SignJWT } from 'jose';
import { connectLive, type LiveClient } from '../../sdk/live/client.ts';
import { createKey } from '../../src/accounts/keys.ts';
import type { HttpContext } from '../../src/doors/kit/context.ts';
import { must } from './world.ts';

/** A key that signs tokens of people of a workspace. */
export async function newSigner(ctx: HttpContext, workspaceId: number) {
  const nowMs = ctx.clock.nowMs();
  const owner = { workspaceId };
  const { key, secret } = must(
    await ctx.sql.begin((tx) => createKey(tx, ctx, { owner, door: 'sunshine', name: 'live', nowMs })),
  );
  return {
    keyId: key.keyId,
    secret,
    tokenOf: (userId: string, claims: Record<string, unknown> = {}, signedWith = secret): Promise<string> =>
      new SignJWT({ scope: 'appUser', userId, ...claims })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.keyId })
        .sign(new TextEncoder().encode(signedWith)),
  };
}

/** A client that notes what it was told, as it was told. */
export type Tab = LiveClient & {
  /** Ids of messages in the order of their events. */
  told: string[];
  resets: number;
  opens: number;
  /** Events of messages that a welcome had shown already. */
  repeats: number;
};

const tabs: Tab[] = [];

/** Closes all tabs there are. */
export function closeTabs(): void {
  for (const tab of tabs.splice(0)) tab.close();
}

/** Connects a tab that comes back at once. */
export function openTab(url: string, token: string | (() => Promise<string>)): Tab {
  const client = connectLive({ url, token, backOffMs: { first: 2, longest: 40 } });
  const tab = Object.assign(client, { told: [] as string[], resets: 0, opens: 0, repeats: 0 });
  tabs.push(tab);
  const shown = new Set<string>();
  client.on('event', (event) => {
    if (event.kind !== 'message') return;
    tab.told.push(event.message.id);
    if (shown.has(event.message.id)) tab.repeats++;
  });
  client.on('reset', () => {
    tab.resets++;
    for (const { id } of client.messages()) shown.add(id);
  });
  client.on('status', (status) => {
    if (status === 'open') tab.opens++;
  });
  return tab;
}

/** Fails unless tabs were told the same messages in the same order, none twice. */
export function inStep(tabs: readonly Tab[], expected: readonly string[]): void {
  for (const tab of tabs) {
    assert.equal(new Set(tab.told).size, tab.told.length, 'a message was told twice');
    assert.deepEqual(tab.told.toSorted(), expected.toSorted(), 'a message was lost, or came from nowhere');
    assert.deepEqual(tab.told, tabs[0]!.told, 'tabs were told in another order');
    assert.deepEqual(
      tab.messages().map(({ id }) => id),
      tabs[0]!.messages().map(({ id }) => id),
    );
  }
}
