#!/usr/bin/env node
// The command. Works on a fresh clone and on an older Node: installs what is missing, then runs src/main.ts
// under Node 24. Standard output belongs to the command alone; everything said here goes to standard error.
import module from 'node:module';
import path from 'node:path';
import {
  arenas,
  compiledIn,
  endWithNpm,
  ensureInstalled,
  heapFlags,
  node24,
  root,
  runUnder24,
} from '../scripts/bootstrap.mjs';

const main = path.join(root, 'src', 'main.ts');
let node;
try {
  endWithNpm();
  await ensureInstalled();
  node = node24();
  const flags = process.argv[2] === 'start' ? heapFlags() : [];
  if (node !== process.execPath) await runUnder24(main, process.argv.slice(2), flags);
  // V8 and glibc read their bounds at their own start only: this process begins again in its own place, under the same number.
  else if (flags.length > 0 && process.execve && !process.execArgv.includes(flags[0]))
    process.execve(
      node,
      [node, '--disable-warning=ExperimentalWarning', ...flags, ...process.argv.slice(1)],
      {
        ...arenas,
        ...process.env,
      },
    );
} catch (error) {
  process.stderr.write(`parley: ${error.message}\n`);
  process.exit(1);
}
// Already on Node 24: no second process, so signals and memory are those of the program itself.
if (node === process.execPath) {
  module.enableCompileCache(compiledIn());
  await import('../src/main.ts');
}
