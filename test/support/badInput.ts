/** What tests of bad input over a whole door share: requests byte by byte, and bodies with one place made wrong. */
import assert from 'node:assert/strict';
import { request as rawRequest } from 'node:http';

/* oxlint-disable typescript/no-explicit-any */
type Json = any;

/** An answer as it came. */
export type Sent = { status: number; text: string; type: string };

/** Sends exactly these bytes to a server: `fetch` tidies URLs and bodies. */
export function rawSender(url: string) {
  const { port, hostname } = new URL(url);
  return (
    method: string,
    path: string,
    body: string | Buffer | undefined,
    headers: Record<string, string> = {},
  ): Promise<Sent> =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const options = { method, path, port, hostname, headers: { ...headers, ...length } };
      const sent = rawRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            text: Buffer.concat(chunks).toString(),
            type: String(response.headers['content-type']),
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
}

/** Refused as `{ error: { code, … } }`, with words for people under the name that the API has for them. */
export function refusal(wordsAt: 'message' | 'description') {
  return (sent: Sent, what: string, statuses?: readonly number[]): void => {
    assert.ok(sent.status >= 400 && sent.status < 500, `${what}: ${sent.status} ${sent.text.slice(0, 300)}`);
    if (statuses)
      assert.ok(statuses.includes(sent.status), `${what}: ${sent.status} ${sent.text.slice(0, 300)}`);
    assert.match(sent.type, /^application\/json/, what);
    const { error } = JSON.parse(sent.text);
    assert.match(error.code, /^[a-z_]+$/, what);
    assert.ok(error[wordsAt].length > 3, what);
  };
}

/** Every place of a body, as path and value. */
export function* leaves(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (path.length > 0) yield path;
  if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value))
      yield* leaves(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** The body with another value in one place; without it when that is undefined. */
export function withAt(body: object, path: readonly (string | number)[], value: unknown): object {
  const copy = structuredClone(body) as Json;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key];
  const last = path.at(-1)!;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

/** What stands in a place. */
export function valueAt(body: object, path: readonly (string | number)[]): unknown {
  return path.reduce((at: Json, key) => at[key], body);
}

/** Values that are of the wrong type where `value` stands. */
export function wrong(value: unknown): unknown[] {
  if (typeof value === 'string') return [{}, [], { $ne: 1 }, 'x'.repeat(70_000), 'a\u0000b', '\ud800'];
  if (typeof value === 'boolean') return ['yes', 1, {}, []];
  if (typeof value === 'number') return ['1', {}, []];
  return Array.isArray(value) ? ['x', 7, {}, true] : ['x', 7, [], true];
}
