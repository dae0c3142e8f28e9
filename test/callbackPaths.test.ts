/** Every callback address that a page of `docs/channels` tells people to enter at a provider is one that is served. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromHex24 } from '../src/base/ids.ts';
import { startProduct } from './sunshineProduct.ts';

const product = await startProduct({ rateLimitPerS: 0 });
const app = await product.newApp();
const folder = join(import.meta.dirname, '..', 'docs', 'channels');

/** `…/status` of mailgun.md, `…/inbound/<webhookSecret>` of messagebird.md: by provider. */
async function documented(): Promise<[provider: string, path: string][]> {
  const found: [string, string][] = [];
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'utf8');
    for (const [, path] of text.matchAll(/`(\/(?:inbound|status|mail)(?:\/<\w+>)?)`/g))
      found.push([file.replace('.md', ''), path!.replace(/<\w+>/, 'the-secret')]);
  }
  return found;
}

test('documented callback addresses are served, with the key of the integration and no other', async () => {
  const paths = await documented();
  assert.ok(paths.length >= 6, JSON.stringify(paths));
  for (const [provider, path] of paths) {
    const id = app.integrations[provider];
    assert.ok(id, `${provider} is no provider of the test`);
    const { callbackKey } = (await product.ctx.directory.integration(fromHex24(id)!))!;
    const statusWith = async (key: string, at: string) =>
      (await fetch(`${product.url}/callbacks/${id}/${key}${at}`, { method: 'POST', body: '{}' })).status;
    const status = await statusWith(callbackKey, path);
    // What it says is none of a provider's: refused, but by who reads that provider.
    assert.ok(status !== 404 && status !== 405 && status < 500, `${provider} ${path}: ${status}`);
    assert.equal(await statusWith('another-key', path), 404);
  }
});
