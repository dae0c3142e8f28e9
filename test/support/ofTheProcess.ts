/** What several test files of one process share (`together.ts`) ends with the process, not with the file that happened to come first. */
import { AsyncResource } from 'node:async_hooks';

// Made outside of any test: `node:test` tells by where something was called whose hook it is.
const outside = new AsyncResource('outside of tests');

/** Does the work as if no test were running: hooks that it sets are the process's. */
export function ofTheProcess<T>(work: () => T): T {
  return outside.runInAsyncScope(work);
}
