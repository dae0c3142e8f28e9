// Runs a file under Node 24 after installing what is missing: node scripts/run24.mjs <file> [arguments]
import path from 'node:path';
import { ensureInstalled, runUnder24 } from './bootstrap.mjs';

const [file, ...args] = process.argv.slice(2);
if (!file) {
  process.stderr.write('usage: node scripts/run24.mjs <file> [arguments]\n');
  process.exit(2);
}
try {
  await ensureInstalled({ tools: true });
  await runUnder24(path.resolve(file), args);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
