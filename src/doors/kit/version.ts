/** The version of Parley, as its package says. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const file = path.join(import.meta.dirname, '../../../package.json');

/** The version of Parley. */
export const VERSION = (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
