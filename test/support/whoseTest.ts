/**
 * Loaded before `node:test`, which notes of each promise and each socket of a process to whose test it belongs. That took 30 % of the CPU of
 * eight files that share a process (43 → 30 s twice, in turns, 30 November). It is asked only at the top of a file, where that says which tests and
 * hooks it has: there it is noted, and nowhere else. What is thrown outside of any test fails the run as before.
 */
import asyncHooks from 'node:async_hooks';

const { createHook } = asyncHooks;
let noting: ReturnType<typeof createHook> | undefined;

// The first to make one is `node:test` itself: nothing of ours does.
asyncHooks.createHook = (callbacks) => {
  asyncHooks.createHook = createHook;
  noting = createHook(callbacks);
  return noting;
};

/** From here on it is noted of what begins whose test it belongs to, or it is not. */
export function noteWhose(isNoted: boolean): void {
  if (isNoted) noting?.enable();
  else noting?.disable();
}
