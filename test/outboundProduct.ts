/** The running product with its demo workspace, for the tests of the Outbound door. */
import { caller, startConsole, type Json } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

export { errors, type Json } from './consoleProduct.ts';

/** An answer: its body as it came. */
export type Said = { status: number; text: string; headers: Headers };

/** Starts it. */
export async function startOutbound() {
  const database = await testDatabase();
  const product = await startConsole(database);
  const { url, demo, call, base } = product;
  const { sql } = database;
  const keys = demo.keys.outbound;

  /** A call of the door as one of its clients makes it. */
  async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Said> {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'x-outbound-key': keys.private, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  /** A user as the console shows it, with addresses. */
  async function person(userId: string): Promise<Json> {
    const { body } = await call('GET', `${base}/contacts?search=${encodeURIComponent(userId)}`);
    const found = body.contacts.find((one: Json) => one.externalId === userId) ?? body.contacts[0];
    if (!found) return undefined;
    const { body: at } = await call('GET', `${base}/contacts/${found.id}/destinations`);
    return { ...found, destinations: at.destinations };
  }

  /** What a user did, once all that came is taken: name, how often. */
  async function did(userId: string): Promise<Record<string, number>> {
    await until('all was taken', async () => (await sql`SELECT 1 FROM event_arrivals LIMIT 1`).length === 0);
    const rows = await sql<{ name: string; count: number }[]>`
      SELECT n.name, s.count FROM identities i JOIN event_stats s ON s.contact_id = i.contact_id
      JOIN event_names n ON n.id = s.name_id WHERE i.value = ${userId} AND i.kind IN ('external', 'anonymous')`;
    return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  }

  /** Another workspace with nothing in it, and its keys. */
  async function newWorkspace(): Promise<{ private: string; public: string }> {
    const { body: token } = await caller(url)('POST', '/api/sessions', {
      email: demo.keys.console.email,
      password: demo.keys.console.password,
    });
    const as = caller(url, token.token);
    const { body: made } = await as('POST', '/api/workspaces', { name: 'Other', environment: 'test' });
    const key = async (scope: string) =>
      (await as('POST', `/api/workspaces/${made.id}/keys`, { door: 'outbound', scope })).body.token as string;
    return { private: await key('private'), public: await key('public') };
  }

  return { ...product, sql, keys, post, person, did, newWorkspace };
}
