/** What content is on a channel for somebody, and what is wrong with it and where: for who writes it. Sends and keeps nothing. */
import { RenderAsked, RenderShown } from '../../../contract/doors/console/render.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { previewContent, problemOf, type Seer } from '../../broadcasts/preview.ts';
import { withoutTemplate } from './broadcasts.ts';
import { readContent } from './input.ts';
import { asks, idOf, idText, missing, type Call, type Route } from './route.ts';

/** `…/render`. */
export const renderRoutes: readonly Route[] = [
  asks({
    path: '/render',
    does: 'What content is on a channel for a contact, or for somebody made up; and what is wrong with it, by line and column.',
    action: 'contacts.read',
    body: RenderAsked,
    answers: { 200: RenderShown },
    handle: render,
  }),
];

async function render(call: Call<RenderAsked>): Promise<{ status: 200; body: RenderShown } | Fault> {
  const { ctx, workspace, body } = call;
  const { channel, contactId, locale } = body;
  const seer: Seer =
    contactId === undefined ? { madeUp: body.madeUp ?? 'usual' } : { contactId: idOf(contactId) };
  const nobody = { contactId: contactId ?? null, name: null, locale: null };
  const nothing = { channel, person: nobody, content: null, shown: null, segments: null };
  const read = await readContent(body.content, 'content', workspace.id);
  const content = isFault(read) ? read : await withoutTemplate(call, read, locale);
  // What is being written is not yet right most of the time: that is an answer, and no refusal.
  if (isFault(content)) return { status: 200, body: { ...nothing, problems: [problemOf(content)] } };
  const of = { id: ctx.ids.spread(), content, channel, seer };
  const preview = await previewContent(ctx, workspace, of);
  if (!preview) return missing('contact', 'contactId');
  const { person, shown, segments, problems } = preview;
  return {
    status: 200,
    body: {
      ...nothing,
      person: { ...person, contactId: idText(person.contactId) },
      content: preview.content,
      shown,
      segments,
      problems,
    },
  };
}
