/**
 * Provider contracts, for tests: what a provider takes and how it answers, in words of our own, one file a provider in
 * `contracts/`. Where the documents collected from the providers lie beside the project (`../shared/contracts`), requests and
 * answers are held to them as well; without them nothing is skipped.
 */
import { existsSync, realpathSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import type { ErrorClass } from '../../../contract/channels.ts';

const BESIDE = join(import.meta.dirname, '../../../../shared/contracts');
/** Where it really is: what it imports is told by its own path, which is not that of a link to it. */
const FOLDER = existsSync(BESIDE) ? realpathSync(BESIDE) : BESIDE;

/** Whether the collected documents are on this machine. */
export const COLLECTED = existsSync(join(FOLDER, 'check.mjs'));

/** Path of a file of the collection. */
export function collectedFile(name: string): string {
  return join(FOLDER, name);
}

/** One call that a provider takes. */
export type ProviderCall = {
  method: 'GET' | 'POST' | 'DELETE';
  path: RegExp;
  /** What may be asked for, where that is described. */
  query?: TSchema;
  /** How the body is written; absent: there is none. A form is an object whose repeated fields are lists. */
  takes?: 'form' | 'json';
  /** The body, or what it has to be by what is in it. */
  body?: TSchema | ((body: Record<string, unknown>) => TSchema);
  /** What a schema does not say: what is wrong with a body that has the right shape. */
  rule?(body: Record<string, unknown>): string[];
  /** By status. What is not named is a failure. */
  answers: Record<number, TSchema>;
  failure?: TSchema;
};

/** What we know of a provider. */
export type Described = {
  /** Document and version. */
  source: string;
  /** The day on which it was read. */
  readOn: string;
  /** The document of the collection that says all of it. */
  collected?: string;
  calls: readonly ProviderCall[];
};

/** What codes mean, class by class. */
export type CodesByClass<C> = Readonly<Partial<Record<ErrorClass, readonly C[]>>>;

/** A request as a contract sees it. */
export type ContractRequest = {
  method: string;
  path: string;
  query?: URLSearchParams;
  contentType: string;
  body: string;
};

/** A loaded contract: each function lists what is wrong. */
export type Contract = {
  request(request: ContractRequest): string[];
  response(answer: { method: string; path: string; status: number; body: string }): string[];
};

/** Holds to what is described, and to the collected document where there is one. */
export async function contractOf(described: Described): Promise<Contract> {
  const own = ownContract(described);
  const collected = await collectedContract(described);
  if (!collected) return own;
  return {
    request: (request) => [...own.request(request), ...collected.request(request)],
    response: (answer) => [...own.response(answer), ...collected.response(answer)],
  };
}

/** Holds to what is described. */
export function ownContract({ calls }: Described): Contract {
  const find = ({ method, path }: { method: string; path: string }) =>
    calls.find((call) => call.method === method && call.path.test(path));
  return {
    request(request) {
      const call = find(request);
      if (!call) return [`no such call: ${request.method} ${request.path}`];
      const asked = call.query ? wrongWith(call.query, Object.fromEntries(request.query ?? [])) : [];
      if (!call.takes) return [...asked, ...(request.body ? ['takes no body'] : [])];
      if (!request.contentType.includes(call.takes))
        return [`takes ${call.takes}, not ${request.contentType}`];
      const body = call.takes === 'form' ? formOf(request.body) : jsonOf(request.body);
      if (typeof body !== 'object' || body === null) return ['the body is no object'];
      const fields = body as Record<string, unknown>;
      const schema = typeof call.body === 'function' ? call.body(fields) : call.body;
      return [...(schema ? wrongWith(schema, body) : []), ...(call.rule?.(fields) ?? [])];
    },
    response({ status, body, ...asked }) {
      const call = find(asked);
      const schema = call?.answers[status] ?? (status >= 400 ? call?.failure : undefined);
      // An answer the contract does not describe cannot break it.
      return schema ? wrongWith(schema, jsonOf(body)) : [];
    },
  };
}

/** What of a value does not fit a schema. */
export function wrongWith(schema: TSchema, value: unknown): string[] {
  return Errors(schema, value).map(({ instancePath, message, params }) =>
    `${instancePath || 'body'} ${message} ${JSON.stringify(params)}`.trim(),
  );
}

type Checked = { ok: boolean; errors: string[] };
type Checker = {
  request(request: { method: string; path: string; contentType: string; body: unknown }): Checked;
  response(answer: { method: string; path: string; status: number; body: unknown }): Checked;
};

/** What the collected document says; undefined where there is none. */
export async function collectedContract({ collected }: Described): Promise<Contract | undefined> {
  if (!COLLECTED || collected === undefined) return undefined;
  const checker = (await makeContract())(collectedFile(collected));
  return {
    request(request) {
      const form = request.contentType.includes('form');
      return checker.request({ ...request, body: form ? request.body : jsonOf(request.body) }).errors;
    },
    response(answer) {
      const { errors } = checker.response({ ...answer, body: jsonOf(answer.body) });
      return errors.filter((error) => !error.endsWith('undocumented'));
    },
  };
}

/** check.mjs lies outside of the project, so what it imports is found from here. */
async function makeContract(): Promise<(file: string) => Checker> {
  const url = pathToFileURL(join(FOLDER, 'check.mjs')).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, context.parentURL === url ? { ...context, parentURL: import.meta.url } : context),
  });
  try {
    const loaded = (await import(url)) as { makeContract: (file: string) => Checker };
    return loaded.makeContract;
  } finally {
    hooks.deregister();
  }
}

function formOf(text: string): Record<string, unknown> {
  const form = new URLSearchParams(text);
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const all = form.getAll(name);
      return [name, all.length > 1 ? all : all[0]];
    }),
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
