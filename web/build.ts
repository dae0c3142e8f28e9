/**
 * Builds the front end into a folder: `node web/build.ts [--out DIR]`, by default `web/dist`, which a release ships. Each file is also
 * kept packed, so that nothing is packed while serving.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

const { values } = parseArgs({ options: { out: { type: 'string' } } });
const out = path.resolve(values.out ?? path.join(import.meta.dirname, 'dist'));
/** Smaller ones gain nothing. */
const PACKED_FROM_BYTES = 512;
/** One below the best: a tenth of its time, for a hundredth more bytes. */
const BROTLI_QUALITY = 10;

await build({
  configFile: path.join(import.meta.dirname, 'vite.config.ts'),
  logLevel: 'error',
  build: { outDir: out },
});
for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(?:js|css|html|svg|txt)$/.test(entry.name)) continue;
  const file = path.join(entry.parentPath, entry.name);
  const bytes = await readFile(file);
  if (bytes.length < PACKED_FROM_BYTES) continue;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  await writeFile(`${file}.br`, brotliCompressSync(bytes, { params }));
  await writeFile(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}
