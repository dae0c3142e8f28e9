/** Campaigns to start from: the files of `examples/`, which a test holds to be good ones. Read once. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CampaignFile } from '../../contract/campaign.ts';
import { isFault } from '../base/fault.ts';
import { fileOf, parseFile } from './file.ts';
import { readCampaign } from './steps/definition.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');

/** One of them: what it is about, and its file as it would be written. */
type Example = { key: string; about: string; file: string; campaign: CampaignFile };

let read: Promise<Example[]> | undefined;

/** All of them, by key. */
export async function gallery(): Promise<readonly Example[]> {
  read ??= readAll();
  read.catch(() => (read = undefined));
  return await read;
}

async function readAll(): Promise<Example[]> {
  const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.yaml')).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(EXAMPLES, name), 'utf8')));
  return texts.flatMap((text): Example[] => {
    const read = parseFile(text);
    const campaign = isFault(read) ? read : readCampaign(read.campaign);
    if (isFault(campaign)) return [];
    const about = /^# ?(.*)/.exec(text)?.[1] ?? campaign.key;
    return [{ key: campaign.key, about, file: fileOf(campaign), campaign }];
  });
}
