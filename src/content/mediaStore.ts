/**
 * Files of conversations: what callers upload and what people send, known by an address that nobody can guess. Where they are
 * kept is a store's business (`mediaStore.disk.ts`, `mediaStore.s3.ts`), serving them a door's; addresses are the same for both.
 */
import { beginningOf } from '../base/text.ts';
import type { Readable } from 'node:stream';
import { randomToken } from '../base/crypto.ts';
import type { Fault } from '../base/fault.ts';
import { toHex24 } from '../base/ids.ts';

/** A file to keep. */
export type Upload = { bytes: Uint8Array; name: string; mediaType: string };

/** Which file. Both parts are of the alphabet of addresses: safe in a path and in a URL. */
export type FileKey = { workspace: string; token: string };

/** A file that is kept. */
export type KeptFile = {
  name: string;
  mediaType: string;
  sizeBytes: number;
  /** All of it, or the bytes from `from` to `to`, both included. */
  content(part?: { from: number; to: number }): Readable | Uint8Array;
};

/** Keeps files. A fault is `unavailable`: the store could not be asked, or did not do it. */
export type MediaStore = {
  put(key: FileKey, file: Upload): Promise<Fault | undefined>;
  /** The file; undefined when there is none. */
  get(key: FileKey): Promise<KeptFile | Fault | undefined>;
  /** Removes the file; false when there is none. */
  remove(key: FileKey): Promise<boolean | Fault>;
  /** Removes some files of a workspace, so many at most; returns how many, 0 when none is left. Safe to do twice, also at once. */
  removeSome(workspace: string, most: number): Promise<number | Fault>;
  close(): Promise<void>;
};

/** Where files are kept, and under which address the server is reached. */
export type MediaDeps = { files: MediaStore; publicUrl(): string };

/** Where files are served: `/files/<workspace>/<token>/<name>`. */
export const FILES_PREFIX = '/files';
const TOKEN_BYTES = 24;
const WORKSPACE = /^[0-9a-f]{24}$/;
const TOKEN = /^[\w-]{32}$/;
const PATH = /^\/files\/([0-9a-f]{24})\/([\w-]{32})\/[^/]*$/;
const LONGEST_TYPE = 255;

/** Keeps a file of a workspace; returns its public address. */
export async function keepFile(
  deps: MediaDeps,
  workspaceId: number,
  upload: Upload,
): Promise<string | Fault> {
  const key = { workspace: toHex24(workspaceId), token: randomToken(TOKEN_BYTES) };
  const name = upload.name.replaceAll(/[^\w.-]+/g, '_').slice(-100) || 'file';
  const mediaType = beginningOf(upload.mediaType, LONGEST_TYPE);
  const failed = await deps.files.put(key, { bytes: upload.bytes, name, mediaType });
  return failed ?? `${deps.publicUrl()}${FILES_PREFIX}/${key.workspace}/${key.token}/${name}`;
}

/** Removes a file of a workspace by its address; false when there is none. */
export async function removeFile(
  { files }: Pick<MediaDeps, 'files'>,
  workspaceId: number,
  url: string,
): Promise<boolean | Fault> {
  const parts = PATH.exec(URL.parse(url)?.pathname ?? '');
  if (!parts || parts[1] !== toHex24(workspaceId)) return false;
  return await files.remove({ workspace: parts[1], token: parts[2]! });
}

/** Files of a deleted workspace that are removed at once. */
const REMOVED_AT_ONCE = 100;

/** Removes some files of a workspace that is no more; returns how many, 0 when none is left. */
export async function removeSomeFiles(
  { files }: Pick<MediaDeps, 'files'>,
  workspaceId: number,
): Promise<number | Fault> {
  return await files.removeSome(toHex24(workspaceId), REMOVED_AT_ONCE);
}

/** The file behind the parts of an address; undefined when there is none. */
export async function findFile(
  { files }: Pick<MediaDeps, 'files'>,
  workspace: string,
  token: string,
): Promise<KeptFile | Fault | undefined> {
  if (!WORKSPACE.test(workspace) || !TOKEN.test(token)) return undefined;
  return await files.get({ workspace, token });
}
