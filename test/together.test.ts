/** The tests that start nothing, in one process: which they are is found by `scripts/test.mjs`. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const files = process.env['TEST_TOGETHER']?.split(path.delimiter) ?? [];
for (const file of files) await import(pathToFileURL(path.resolve(import.meta.dirname, '..', file)).href);
