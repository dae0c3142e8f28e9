/**
 * Runs test files in this process, one after another, each as a test of its path: its tests and hooks are that one's own. For most files
 * more than half of their CPU was a process that reads 2,200 modules and runs everything for the first time.
 */
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import './ofTheProcess.ts';
import { noteWhose } from './whoseTest.ts';

/** A file that waits for ever does not keep the rest. */
const LONGEST_FILE_MS = 900_000;

export function together(files: readonly string[]): void {
  for (const file of files)
    test(file, { timeout: LONGEST_FILE_MS }, async () => {
      noteWhose(true);
      try {
        await import(pathToFileURL(path.resolve(file)).href);
      } finally {
        noteWhose(false);
      }
    });
  noteWhose(false);
}
