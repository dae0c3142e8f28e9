/** What pages are told of somebody who was erased, or has become another: as they are called now, and where one finds them. */
import type { ConsoleEvent } from '../../../contract/consoleLive.ts';
import { toHex24 } from '../../base/ids.ts';
import { getContact } from '../../contacts/contacts.ts';
import { selectRows } from '../../inbox/inbox.ts';
import type { News } from '../../live/notices.ts';
import { namesOf } from '../console/inbox/shown.ts';
import type { HttpContext } from '../kit/context.ts';

/** Reads it. Whom they became may be gone by now, too: then they are. */
export async function goneTold(
  { sql }: Pick<HttpContext, 'sql'>,
  { workspaceId, contactId, intoId }: Extract<News, { kind: 'gone' }>,
): Promise<{ event: ConsoleEvent }> {
  const gone = { kind: 'gone', contactId: toHex24(contactId) } as const;
  const into = intoId === 0 ? undefined : await getContact(sql, workspaceId, intoId);
  if (!into) return { event: { ...gone, became: null } };
  const [names, [row]] = await Promise.all([
    namesOf(sql, workspaceId, [into]),
    selectRows(sql, workspaceId, [into.id]),
  ]);
  const became = {
    id: toHex24(into.id),
    name: names.get(into.id) ?? null,
    conversationId: row ? toHex24(row.conversationId) : null,
  };
  return { event: { ...gone, became } };
}
