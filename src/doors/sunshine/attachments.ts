/** Uploads: files that messages can point to, and pictures that are messages at once (api/sunshine.md §2). */
import { FileKept, FileNamed } from '../../../contract/doors/sunshine/apps.ts';
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { MessagesAdded } from '../../../contract/doors/sunshine/messages.ts';
import { type Static } from 'typebox';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { keepFile, removeFile, type Upload } from '../../content/mediaStore.ts';
import { addMessages, readPosted } from './messages.ts';
import { acts, writes, type Call, type Route, type Work } from './route.ts';

/** The largest file (api/sunshine.md §1.5). */
export const FILE_BYTES = 50 * 1024 * 1024;
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/;

/** `…/attachments` and `…/images`. */
export const attachmentRoutes: readonly Route[] = [
  acts({
    method: 'POST',
    path: '/attachments',
    does: 'Keeps a file that messages can point to.',
    answers: { 201: FileKept },
    action: 'messages.send',
    upload: FILE_BYTES,
    handle: attach,
  }),
  writes({
    method: 'POST',
    path: '/attachments/remove',
    does: 'Deletes a file.',
    answers: { 200: Done },
    action: 'messages.send',
    body: FileNamed,
    handle: remove,
  }),
  acts({
    method: 'POST',
    path: '/appusers/:userId/images',
    does: 'Keeps a picture and says it at once.',
    answers: { 201: MessagesAdded },
    action: 'conversations.reply',
    upload: FILE_BYTES,
    handle: postImage,
  }),
];

async function attach(call: Call): Promise<Work<201, Static<typeof FileKept>> | Fault> {
  const { access } = call.query;
  if (access !== undefined && access !== 'public') return breaks('access', 'must be public');
  const form = await readForm(call);
  if (isFault(form)) return form;
  const { source } = form;
  return async () => {
    const mediaUrl = await keepFile(call.ctx, call.workspace.id, source);
    if (isFault(mediaUrl)) return mediaUrl;
    return { status: 201, body: { mediaUrl, mediaType: source.mediaType } };
  };
}

async function remove(call: Call<Static<typeof FileNamed>>): Promise<Work<200, object>> {
  return async () => {
    const removed = await removeFile(call.ctx, call.workspace.id, call.body.mediaUrl);
    if (isFault(removed)) return removed;
    return removed
      ? { status: 200, body: {} }
      : fault('not_found', 'mediaUrl: there is no such file of this app', { field: 'mediaUrl' });
  };
}

async function postImage(call: Call): Promise<Work<201, MessagesAdded> | Fault> {
  const form = await readForm(call);
  if (isFault(form)) return form;
  const { source, fields } = form;
  if (!source.mediaType.startsWith('image/')) return breaks('source', 'must be an image');
  const { role } = fields;
  if (role !== 'appUser' && role !== 'appMaker') return breaks('role', 'must be one of appUser, appMaker');
  const given = Object.fromEntries(
    Object.entries(fields).filter(([name]) => ['name', 'email', 'avatarUrl', 'text'].includes(name)),
  );
  const image = { ...given, role, type: 'image', mediaType: source.mediaType } as const;
  // Checked before the file is kept, with an address of the same kind as the one it will have.
  const checked = await readPosted(call, { ...image, mediaUrl: `${call.ctx.publicUrl()}/files/` });
  if (isFault(checked)) return checked;
  return async (tx) => {
    const mediaUrl = await keepFile(call.ctx, call.workspace.id, source);
    if (isFault(mediaUrl)) return mediaUrl;
    const posted = await readPosted(call, { ...image, mediaUrl });
    const added = isFault(posted) ? posted : await addMessages(call, tx, posted, undefined);
    if (isFault(added)) await removeFile(call.ctx, call.workspace.id, mediaUrl);
    return added;
  };
}

/** The parts of a body: the file, and the texts beside it. */
export async function readForm(
  call: Pick<Call, 'contentType' | 'rawBody'>,
): Promise<{ source: Upload; fields: Record<string, string> } | Fault> {
  if (!/^multipart\/form-data\b/i.test(call.contentType))
    return fault('unsupported_media', 'The body must be multipart/form-data with a file named source.');
  const headers = { 'content-type': call.contentType };
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(call.rawBody), { headers }).formData();
  } catch {
    return fault('bad_request', 'The body is not well-formed multipart/form-data.');
  }
  const source = form.get('source');
  if (source === null || typeof source === 'string') return breaks('source', 'is required, as a file');
  if (source.size === 0) return breaks('source', 'is empty');
  const fields: Record<string, string> = {};
  for (const [name, value] of form) if (typeof value === 'string') fields[name] = value;
  const texts = Object.values(fields);
  if (texts.some((text) => text.includes('\0')))
    return breaks('source', 'no field beside it may hold U+0000');
  const mediaType = MEDIA_TYPE.test(source.type) ? source.type.toLowerCase() : 'application/octet-stream';
  return { source: { bytes: await source.bytes(), name: source.name, mediaType }, fields };
}
