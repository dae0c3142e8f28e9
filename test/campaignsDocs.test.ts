/** What the guide to campaigns shows can be done as it stands there, in a workspace that has nothing yet. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { errors, startOutbound } from './outboundProduct.ts';

const { call, base } = await startOutbound();
const root = join(import.meta.dirname, '..');

async function publishes(file: string): Promise<void> {
  const made = await call('POST', `${base}/campaigns`, { file });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const live = await call('POST', `${base}/campaigns/${made.body.id}/publish`, { people: 'move' });
  assert.equal(live.status, 200, JSON.stringify(live.body));
}

test('O6 the campaigns of docs/campaigns.md and of examples/ are pushed and published as they stand', async () => {
  const guide = await readFile(join(root, 'docs/campaigns.md'), 'utf8');
  const shown = [...guide.matchAll(/```yaml\n(parley: campaign\/1\n[^`]*)```/g)].map(([, file]) => file!);
  assert.equal(shown.length, 1);
  const names = (await readdir(join(root, 'examples'))).filter((name) => name.endsWith('.yaml'));
  const examples = await Promise.all(names.map((name) => readFile(join(root, 'examples', name), 'utf8')));
  for (const file of [...shown, ...examples]) await publishes(file);
  assert.deepEqual(errors, []);
});
