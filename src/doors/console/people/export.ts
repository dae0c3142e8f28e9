/** Everything Parley keeps about one contact, as one document. */
import { ContactExport } from '../../../../contract/doors/console/contacts.ts';
import type { Fault } from '../../../base/fault.ts';
import { exportPerson } from '../../../people/export.ts';
import { idIn, idText, missing, reads, timeText, type Call, type Route } from '../route.ts';

/** `…/contacts/{id}/export`. */
export const exportRoutes: readonly Route[] = [
  reads({
    path: '/contacts/:contactId/export',
    does: 'Everything that is kept about a contact, as one document.',
    action: 'contacts.export',
    answer: ContactExport,
    handle: exported,
  }),
];

async function exported(call: Call): Promise<ContactExport | Fault> {
  const contactId = idIn(call, 'contactId');
  const person = { workspaceId: call.workspace.id, contactId };
  const rooms = contactId > 0 ? await exportPerson(call.ctx.sql, call.ctx.rooms(), person) : undefined;
  return rooms
    ? { contactId: idText(contactId), exportedAt: timeText(call.workspaceNowMs), rooms }
    : missing('contact');
}
