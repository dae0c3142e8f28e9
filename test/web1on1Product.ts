/** A bot of the Web1on1 door on the running product, and what arrives on the simulated phones of its contacts. */
import { createKey } from '../src/accounts/keys.ts';
import { toHex24 } from '../src/base/ids.ts';
import { must, startProduct, type App, type Product } from './sunshineProduct.ts';
import { until } from './support/until.ts';

// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;
export type Reply = { status: number; headers: Headers; body: Json };
export type Bot = App & { key: string; token: string; user: string; organization: string; email: string };

/** A workspace with a simulated integration of each provider, and a bot that acts in it. */
export async function newBot(product: Product, scopes: string[] = ['admin'], of?: App): Promise<Bot> {
  const { ctx, url } = product;
  const app = of ?? (await product.newApp());
  const made = must(
    await ctx.sql.begin((tx) =>
      createKey(tx, ctx, {
        owner: { workspaceId: app.workspaceId },
        door: 'web1on1',
        name: 'testbot',
        scopes,
        nowMs: ctx.clock.nowMs(),
      }),
    ),
  );
  const given = await callerOf(url, '')('POST', '/auth/token', { refreshToken: made.token });
  const user = toHex24(made.key.id);
  return {
    ...app,
    key: made.token,
    token: given.body.token,
    user,
    organization: app.appId,
    email: `bot+${user}@web1on1.chat`,
  };
}

/** Calls the door with a token. */
export function callerOf(url: string, token: string) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> => {
    const response = await fetch(`${url}/v2${path}`, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        'content-type': 'application/json',
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text ? JSON.parse(text) : undefined,
    };
  };
}

/** What a simulated device has received, oldest first. */
export function deviceOf(product: Product, bot: App, channel: string, address: string) {
  const received = async (): Promise<Json[]> =>
    (await product.sql`
      SELECT d.detail, d.state, d.channel, m.content, m.id FROM deliveries d JOIN messages m ON m.bucket = d.bucket AND m.id = d.cause_id
      WHERE d.workspace_id = ${bot.workspaceId} AND d.channel = ${channel} AND d.address = ${address}
        AND d.state BETWEEN 4 AND 6 ORDER BY m.id`) as Json[];
  return {
    received,
    arrived: (count: number) =>
      until(`${count} messages on ${address}`, async () => {
        const all = await received();
        return all.length >= count ? all : undefined;
      }),
  };
}

let last = 0;
/** A number that nobody has. */
export function newPhone(): string {
  last += 1;
  return `+31646${String(280_000 + last)}`;
}

export { startProduct };
