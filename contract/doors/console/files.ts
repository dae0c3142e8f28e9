/** `POST …/files`: a file that messages can point to, as `multipart/form-data` with a part named `source`. */
import { type Static, Type } from 'typebox';

/** A file is kept; `url` is for `mediaUrl` of content. */
export const FileKept = Type.Object({ url: Type.String(), mediaType: Type.String(), name: Type.String() });
export type FileKept = Static<typeof FileKept>;
