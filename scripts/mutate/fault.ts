/** A fault: one small change to the code that somebody could make by mistake, and the tests that must fail when it is so. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * One fault. `text` occurs exactly once in `file` (from the root); `tests` are tried in order until one fails. A test is a file, or those
 * in it that have some words in their name: `src/gate/gate.test.ts: quiet hours`.
 */
export type Fault = {
  file: string;
  text: string;
  /** What stands there instead. */
  becomes: string;
  /** What would go wrong, in words. */
  wrong: string;
  tests: readonly string[];
};

/** The file of a test, and the words that name those which are run of it. */
export function testIn(test: string): { file: string; words: string | undefined } {
  const [, file, words] = /^(.*?\.ts)(?:: (.*))?$/.exec(test)!;
  return { file: file!, words };
}

/** The root of the project. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

/** How often a fault's text is in today's code: other than once, the fault says nothing any more. */
export function timesIn({ file, text }: Pick<Fault, 'file' | 'text'>): number {
  return readFileSync(path.join(ROOT, file), 'utf8').split(text).length - 1;
}

/** The faults of one file, which the same tests must notice unless they name others. */
export function inFile(
  file: string,
  tests: readonly string[],
  faults: readonly (readonly [wrong: string, text: string, becomes: string, tests?: readonly string[]])[],
): Fault[] {
  return faults.map(([wrong, text, becomes, own]) => ({ file, text, becomes, wrong, tests: own ?? tests }));
}
