/** `parley campaigns`: campaigns as files. Pulling writes them, pushing makes drafts and tells what publishing would do; it never starts one; publishing does. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailure, say } from './failure.ts';
import { connect, type TargetFlags } from './target.ts';
import type { Api } from './api.ts';

type Campaign = { id: string; key: string; state: string; hasDraft: boolean };
type Checked = { file: string | null; problems: { message: string }[] };
type Plan = {
  number: number;
  newEpoch: boolean;
  steps: { step: string; version: number; people: number; goesTo: string }[];
  exact: boolean;
};

/** Writes every campaign that has not ended, or those with some keys, into a folder: `<key>.yaml`. */
export async function pull(keys: readonly string[], flags: TargetFlags & { dir: string }): Promise<void> {
  const { api, base } = await connect(flags);
  // What has ended takes no draft any more: a folder that is pulled can be pushed.
  const found = (await all(api, base)).filter(({ key, state }) =>
    keys.length ? keys.includes(key) : state !== 'ended',
  );
  const missing = keys.find((key) => !found.some((one) => one.key === key));
  if (missing !== undefined) throw new CommandFailure(`There is no campaign ${missing}.`);
  await mkdir(flags.dir, { recursive: true });
  for (const { id, key } of found) {
    const { file } = await api.get<{ file: string | null }>(`${base}/campaigns/${id}/file`);
    if (file === null) continue;
    const path = join(flags.dir, `${key}.yaml`);
    await writeFile(path, file);
    say(path);
  }
  if (!found.length) say('There are no campaigns yet.');
}

/** Makes drafts of files, and tells what publishing each would do to those who are in it. */
export async function push(files: readonly string[], flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  // All are read, and could be drafts, before the first of them is one.
  for (const path of files) await checked(api, base, path);
  for (const path of files) {
    const made = await api.post<Campaign>(`${base}/campaigns`, { file: await textOf(path) });
    const plan = await api.get<Plan>(`${base}/campaigns/${made.id}/plan`);
    say(
      `${path}: draft of ${made.key} (${made.id}), which is ${made.state}; published it is version ${plan.number}.`,
    );
    if (plan.newEpoch && plan.number > 1) say('  What is compared is new: its counts begin anew.');
    for (const { step, version, people, goesTo } of plan.steps)
      say(
        `  ${plan.exact ? '' : 'About '}${people} at ${step} (version ${version}) ${goesTo.startsWith('exits: ') ? 'leave: the step is gone' : `go to ${goesTo}`}.`,
      );
    if (!plan.exact)
      say('  They are many, and a part of them was counted: steps at which few stand may be missing.');
  }
  say('Nothing is published: that is done by “campaigns publish KEY”.');
}

/** Publishes the draft of a campaign: from now on it runs. `people`: what becomes of those who are in it. */
export async function publish(key: string, flags: TargetFlags & { people: string }): Promise<void> {
  if (flags.people !== 'move' && flags.people !== 'finish')
    throw new CommandFailure('--people must be move or finish.', 2);
  const { api, base } = await connect(flags);
  const { id } = await findByKey(api, base, key);
  const made = await api.post<Campaign>(`${base}/campaigns/${id}/publish`, { people: flags.people });
  say(`${key} is published, and is ${made.state}.`);
}

/** Shows where files differ from what the server has, line by line, as it would write them. Ends with 1 when any does. */
export async function diff(files: readonly string[], flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  const known = await ofAll(api, base);
  let differs = false;
  for (const path of files) {
    const file = await checked(api, base, path);
    const key = /^key: (\S+)$/m.exec(file)![1]!.replaceAll(/^["']|["']$/g, '');
    const campaign = known.find((one) => one.key === key);
    const there = campaign
      ? (await api.get<{ file: string | null }>(`${base}/campaigns/${campaign.id}/file`)).file
      : null;
    const lines = changedLines((there ?? '').split('\n'), file.split('\n'));
    if (lines.length) differs = true;
    say(`${path}: ${lines.length ? (campaign ? 'differs' : 'is new') : 'is the same'}`);
    for (const line of lines) say(line);
  }
  if (differs) throw new CommandFailure('There are differences.');
}

/** What a file says, as the server would write it. */
async function checked(api: Api, base: string, path: string): Promise<string> {
  const { file, problems } = await api.post<Checked>(`${base}/campaigns/validate`, {
    file: await textOf(path),
  });
  if (file === null) throw new CommandFailure(`${path}: ${problems[0]!.message}`);
  return file;
}

/** What a file says, or in words why it cannot be read. */
export async function textOf(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (!text.trim()) throw new CommandFailure(`${path}: is empty.`);
    return text;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** The campaign with a key. */
export async function findByKey(api: Api, base: string, key: string): Promise<Campaign> {
  const found = (await ofAll(api, base)).find((one) => one.key === key);
  if (!found) throw new CommandFailure(`There is no campaign ${key}.`);
  return found;
}

/** Campaigns, those that were put aside as well: a key is theirs. */
async function ofAll(api: Api, base: string): Promise<Campaign[]> {
  return [...(await all(api, base)), ...(await all(api, base, '&archived=true'))];
}

/** Campaigns, page by page. */
async function all(api: Api, base: string, which = ''): Promise<Campaign[]> {
  const found: Campaign[] = [];
  let before = '';
  for (;;) {
    const page = await api.get<{ campaigns: Campaign[]; next: string | null }>(
      `${base}/campaigns?limit=200${which}${before}`,
    );
    found.push(...page.campaigns);
    if (page.next === null) return found;
    before = `&before=${page.next}`;
  }
}

/** Lines that are in one only, in order: `- ` of the first, `+ ` of the second (longest common subsequence). */
function changedLines(before: readonly string[], after: readonly string[]): string[] {
  const length = Array.from({ length: before.length + 1 }, () => new Int32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      length[i]![j] =
        before[i] === after[j]
          ? length[i + 1]![j + 1]! + 1
          : Math.max(length[i + 1]![j]!, length[i]![j + 1]!);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      i++;
      j++;
    } else if (j >= after.length || (i < before.length && length[i + 1]![j]! >= length[i]![j + 1]!))
      lines.push(`- ${before[i++]}`);
    else lines.push(`+ ${after[j++]}`);
  }
  return lines;
}
