/** The campaign in a body: as it is, or the text of its file. */
import { breaks, type Fault } from '../../../base/fault.ts';
import type { FileRead } from '../../../campaigns/file.ts';
import { readFile } from '../../../campaigns/fileApart.ts';

type Body = { campaign?: unknown; file?: string };

/** The campaign that is given, in a workspace. */
export async function givenIn(body: Body, workspaceId: number): Promise<FileRead> {
  return checkGiven(body) ?? (await readGiven(body, workspaceId));
}

/** What is wrong with a body, whatever the file says. */
export function checkGiven({ campaign, file }: Body): Fault | undefined {
  return (campaign === undefined) === (file === undefined)
    ? breaks('campaign', 'exactly one of campaign and file must be given')
    : undefined;
}

/** The campaign in a body that has one. */
export async function readGiven({ campaign, file }: Body, workspaceId: number): Promise<FileRead> {
  return file === undefined ? { campaign } : await readFile(file, workspaceId);
}
