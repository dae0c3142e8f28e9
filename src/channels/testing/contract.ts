/**
 * Checks requests and answers against the collected provider contracts in `../shared/contracts`, for tests.
 * The collection is not part of the repository: without it there is nothing to check and tests say so.
 */
import { existsSync, realpathSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const BESIDE = join(import.meta.dirname, '../../../../shared/contracts');
/** Where it really is: what it imports is told by its own path, which is not that of a link to it. */
const FOLDER = existsSync(BESIDE) ? realpathSync(BESIDE) : BESIDE;

/** Why contract checks are skipped; undefined when they run. */
export const CONTRACTS_ABSENT: string | undefined = existsSync(join(FOLDER, 'check.mjs'))
  ? undefined
  : 'the provider contracts (../shared/contracts) are not on this machine';

/** Path of a file of the collection. */
export function contractFile(name: string): string {
  return join(FOLDER, name);
}

/** A request as a contract sees it. */
export type ContractRequest = { method: string; path: string; contentType: string; body: string };

/** A loaded contract: each function lists what is wrong. */
export type Contract = {
  request(request: ContractRequest): string[];
  response(answer: { method: string; path: string; status: number; body: string }): string[];
};

type Checked = { ok: boolean; errors: string[] };
type Checker = {
  request(request: { method: string; path: string; contentType: string; body: unknown }): Checked;
  response(answer: { method: string; path: string; status: number; body: unknown }): Checked;
};

/** The contract in a file of the collection; undefined when the collection is absent. */
export async function loadContract(name: string): Promise<Contract | undefined> {
  if (CONTRACTS_ABSENT) return undefined;
  const checker = (await makeContract())(contractFile(name));
  return {
    request(request) {
      const form = request.contentType.includes('form');
      return checker.request({ ...request, body: form ? request.body : jsonOf(request.body) }).errors;
    },
    response(answer) {
      const { errors } = checker.response({ ...answer, body: jsonOf(answer.body) });
      // An answer the contract does not describe cannot break it.
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

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
