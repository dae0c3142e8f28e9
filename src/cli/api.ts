/** The product's API as the commands call it. */
import { Agent, request } from 'undici';
import { CommandFailure } from './failure.ts';

/** Where, and as whom. */
export type Target = { url: string; token?: string; basic?: string };

/** The API. Every call but `tryGet` ends the command with the server's own words when it is refused. */
export type Api = {
  get<T>(path: string): Promise<T>;
  /** Undefined when it is not there. */
  tryGet<T>(path: string): Promise<T | undefined>;
  post<T>(path: string, body?: unknown): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  delete(path: string): Promise<void>;
};

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

const agent = new Agent({ keepAliveTimeout: 1000, connect: { timeout: 5000 } });

/** The API of a target. */
export function createApi(target: Target): Api {
  const call = async (method: Method, path: string, body?: unknown) => {
    try {
      const answer = await request(`${target.url}${path}`, {
        method,
        dispatcher: agent,
        headers: {
          ...authorization(target),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      throw new CommandFailure(`There is no answer from ${target.url}: ${reasonOf(error)}`);
    }
  };
  const expect = async <T>(method: Method, path: string, body?: unknown): Promise<T> => {
    const { status, text } = await call(method, path, body);
    if (status >= 400) throw new CommandFailure(`${refusal(text)} (${status})`);
    return (text ? JSON.parse(text) : undefined) as T;
  };
  return {
    get: (path) => expect('GET', path),
    post: (path, body) => expect('POST', path, body),
    patch: (path, body) => expect('PATCH', path, body),
    delete: (path) => expect('DELETE', path),
    async tryGet<T>(path: string) {
      const { status, text } = await call('GET', path);
      if (status === 404) return undefined;
      if (status >= 400) throw new CommandFailure(`${refusal(text)} (${status})`);
      return JSON.parse(text) as T;
    },
  };
}

/** The header that says as whom. */
export function authorization({ token, basic }: Target): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  return basic === undefined ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` };
}

/** What the server said, in whichever door's form. */
export function refusal(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error: { message?: string; description?: string } };
    return error.message ?? error.description ?? text;
  } catch {
    return text.slice(0, 500) || 'The server refused.';
  }
}

/** Why a connection failed. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ECONNREFUSED') return 'nothing listens there.';
  return message || code || String(error);
}
