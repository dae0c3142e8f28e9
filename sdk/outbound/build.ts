/**
 * Builds the package: a plain script, an ES module, a CommonJS module and the types. What comes out is in `dist`, kept with the
 * sources so that nobody needs a bundler to use it; a test holds it to them. `npm run sdk`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';

const here = import.meta.dirname;
const LINE = '/*! outbound 2.0.0 */';

const COMMON: BuildOptions = {
  bundle: true,
  minify: true,
  write: false,
  // What browsers have known since 2022. Metro makes of it what React Native knows.
  target: 'es2022',
  banner: { js: LINE },
  charset: 'utf8',
  // Modules are strict, and so are classes, in which it matters: the word need not be said.
  tsconfigRaw: { compilerOptions: { alwaysStrict: false } },
  // What nobody outside sees, and what is not kept either, may be called anything: the whole is to have 4 kB and little more.
  mangleProps:
    /^(waiting|sending|failures|adopted|putOff|pump|run|end|line|send|ready|timer|options|letGo|again|afterMs|alone|busy|idle|shelf|adopt|forget|hold|keep|ended|watched|campaigns|put|done|client|enqueue)$/,
};

/** The files of the package, by name. The same sources make the same bytes. */
export async function buildOutbound(): Promise<Record<string, string>> {
  const bundle = async (entry: string, more: BuildOptions) => {
    const { outputFiles } = await build({ ...COMMON, entryPoints: [join(here, 'src', entry)], ...more });
    return outputFiles![0]!.text;
  };
  return {
    'outbound.js': await bundle('script.ts', { format: 'iife' }),
    'outbound.mjs': await bundle('outbound.ts', { format: 'esm' }),
    // `require` answers the constructor itself, as the first library did.
    'outbound.cjs': await bundle('outbound.ts', {
      format: 'cjs',
      footer: { js: 'module.exports=Object.assign(module.exports.Outbound,module.exports);' },
    }),
    'outbound.d.ts': await types(),
  };
}

/** The declarations of the public file, with those it takes from the line in one. */
async function types(): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), 'outbound-types-'));
  try {
    const compiler = join(here, '../../node_modules/typescript/bin/tsc');
    const flags =
      '--ignoreConfig --declaration --emitDeclarationOnly --skipLibCheck --target es2022 --module nodenext --allowImportingTsExtensions --types node';
    execFileSync(process.execPath, [compiler, ...flags.split(' '), '--outDir', out, 'src/outbound.ts'], {
      cwd: here,
    });
    const [main, ...parts] = await Promise.all(
      ['outbound.d.ts', 'line.d.ts', 'shelf.d.ts'].map((name) => readFile(join(out, name), 'utf8')),
    );
    const shared = parts.flatMap(
      (part) => part.match(/(?:\/\*\*[^/]*\*\/\n)?export type Outbound\w+ = \{[\s\S]*?\n\};\n/g) ?? [],
    );
    return main!.replaceAll(/^(?:import|export type \{) ?.* from .*\n/gm, '') + shared.join('');
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename)
  for (const [name, text] of Object.entries(await buildOutbound()))
    await writeFile(join(here, 'dist', name), text);
