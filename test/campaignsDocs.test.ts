/** What the guide to campaigns shows can be done as it stands there, in a workspace that has nothing yet. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { errors, startOutbound } from './outboundProduct.ts';

const { call, base, post, person } = await startOutbound();
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
  // The one thing that a campaign cannot make for itself.
  const list = await call('POST', `${base}/lists`, { name: 'newsletter' });
  assert.equal(list.status, 201, JSON.stringify(list.body));
  for (const file of [...shown, ...examples]) await publishes(file);
  assert.deepEqual(errors, []);
});

test('O6 every call that docs/campaigns.md shows succeeds as it stands, in the order in which it stands', async () => {
  const guide = await readFile(join(root, 'docs/campaigns.md'), 'utf8');
  const shown = /```http\n([^`]*)```/.exec(guide)![1]!.trimEnd().split('\n');
  await post('/v2/track', { user_id: 'ann', event: 'add to cart', email: 'ann@example.com' });
  const { id: contact } = await person('ann');
  const ids: Record<string, string> = { contact };
  for (const line of shown) {
    const [, method, path, body] = /^(GET|POST|PUT) +…(\S+)(?: +(\{.*\}))?$/.exec(line) ?? assert.fail(line);
    const filled = (text: string) =>
      text.replaceAll(/\{(campaign|contact|backtest)\}/g, (_all, name: string) => ids[name] ?? name);
    const said = await call(method!, base + filled(path!), body && JSON.parse(filled(body)));
    assert.ok(said.status < 300, `${line}: ${said.status} ${JSON.stringify(said.body)}`);
    if (line.startsWith('POST …/campaigns ')) ids['campaign'] = said.body.id;
    if (path === '/backtests') ids['backtest'] = said.body.id;
    if (path!.endsWith('/hand/forecast')) assert.equal(said.body.error, 0);
    if (path!.endsWith('/validate')) assert.equal(said.body.valid, true);
  }
  assert.deepEqual(errors, []);
});
