/** Uploads: files that messages can point to, and pictures that are messages at once (api/sunshine.md §2). */
import { FileKept, FileNamed } from '../../../contract/doors/sunshine/apps.ts';
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { MessagesAdded } from '../../../contract/doors/sunshine/messages.ts';
import { type Static } from 'typebox';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { keepFile, removeFile } from '../../content/mediaStore.ts';
import { readForm } from '../kit/form.ts';
import { addMessages, readPosted } from './messages.ts';
import { acts, writes, type Call, type Route, type Work } from './route.ts';

/** The largest file (api/sunshine.md §1.5). */
export const FILE_BYTES = 50 * 1024 * 1024;

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
