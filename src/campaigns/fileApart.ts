/**
 * Files of campaigns, read and written where that holds up nobody else: what is long in a thread of its own, in turns of workspaces. A file of
 * the largest size takes a second, by which everything this process serves would be late.
 */
import type { CampaignFile } from '../../contract/campaign.ts';
import { createApart, type Apart } from '../base/apart.ts';
import { breaks, type Fault } from '../base/fault.ts';
import { fileOf, parseFile, type FileRead } from './file.ts';

/** What goes into the thread: what comes of it is what was read of the text, or the text of the campaign. */
export type FileWork = { text: string } | { campaign: CampaignFile };

/** What is no longer is done within 50 ms, whatever is in it. Most campaigns are a quarter of it. */
const SMALL = 4_096;
/** A machine that is full takes a multiple of what an idle one does. */
const DEADLINE_MS = 20_000;
const HEAP_MB = 256;

let thread: Apart<FileWork, FileRead | string> | undefined;

/** What is in a file. `whose` is the workspace, each of which has its turns. */
export async function readFile(text: string, whose: number): Promise<FileRead> {
  return text.length <= SMALL ? parseFile(text) : await apart<FileRead>({ text }, 'file', whose);
}

/** The text of a campaign. */
export async function writeFile(campaign: CampaignFile, whose: number): Promise<string | Fault> {
  const isSmall = JSON.stringify(campaign).length <= SMALL;
  return isSmall ? fileOf(campaign) : await apart<string>({ campaign }, 'campaign', whose);
}

async function apart<Made extends FileRead | string>(
  work: FileWork,
  field: string,
  whose: number,
): Promise<Made | Fault> {
  thread ??= createApart(new URL('fileThread.ts', import.meta.url), {
    deadlineMs: DEADLINE_MS,
    heapMb: HEAP_MB,
  });
  const result = await thread.run(work, whose);
  if (result.kind === 'done') return result.value as Made;
  return breaks(
    field,
    result.kind === 'late'
      ? `takes more than ${DEADLINE_MS / 1000} s`
      : 'takes more memory than there is for it',
  );
}
