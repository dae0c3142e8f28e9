/**
 * Carrying a contact to another channel (W41, W43): an auth code brings them to the web, a link request to WhatsApp, SMS or mail, as
 * themselves. No source writes these two down for this API; they are as at the Sunshine door, which it stands on, in its own form.
 */
import type { Static } from 'typebox';
import { AuthCode, LinkRequests } from '../../../contract/doors/web1on1/answers.ts';
import { isoTime } from '../../base/clock.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24, toHex24 } from '../../base/ids.ts';
import { getContact } from '../../contacts/contacts.ts';
import { AUTH_CODE_LIFE_MS, issueAuthCodes, LINK_REQUEST_LIFE_MS } from '../../links/authCodes.ts';
import { requestLinks } from '../../links/transfer.ts';
import { acts, missing, readId, type Call, type Route, type Work } from './route.ts';
import { organizationOf } from './present.ts';

/** `/contacts/:id/authcode` and `/contacts/:id/linkrequests`. Both are made anew each time, so they are posted. */
export const transferRoutes: readonly Route[] = [
  acts({
    path: '/contacts/:id/authcode',
    does: 'Makes a code that brings a contact to the web as themselves.',
    answers: { 201: AuthCode },
    scope: 'agent',
    action: 'contacts.write',
    secret: true,
    handle: authCode,
  }),
  acts({
    path: '/contacts/:id/linkrequests',
    does: 'Makes links that bring a contact to other channels as themselves.',
    answers: { 201: LinkRequests },
    scope: 'agent',
    action: 'contacts.write',
    secret: true,
    handle: linkRequests,
  }),
];

async function authCode(call: Call): Promise<Work<201, Static<typeof AuthCode>> | Fault> {
  const { workspace, workspaceNowMs } = call;
  const contactId = readId(call.params['id']!, 'id');
  if (isFault(contactId)) return contactId;
  return async (tx) => {
    if (!(await getContact(tx, workspace.id, contactId))) return missing('contact');
    const [code] = await issueAuthCodes(tx, workspaceNowMs, [{ workspaceId: workspace.id, contactId }]);
    const contact = toHex24(contactId);
    return {
      status: 201,
      body: {
        ...organizationOf(workspace),
        contact,
        authuser: contact,
        authtoken: code!,
        expiresAt: isoTime(workspaceNowMs + AUTH_CODE_LIFE_MS),
      },
    };
  };
}

/** For the services that the query names (`services=<id>,<id>`), else for all that people can write to. */
async function linkRequests(call: Call): Promise<Work<201, LinkRequests> | Fault> {
  const { ctx, workspace, workspaceNowMs, query } = call;
  const contactId = readId(call.params['id']!, 'id');
  if (isFault(contactId)) return contactId;
  const named = new URLSearchParams(query).get('services')?.split(',');
  const all = (await ctx.directory.integrationsOf(workspace.id)).filter(({ status }) => status === 'active');
  const unknown = named?.findIndex((name) => !all.some(({ id }) => id === fromHex24(name))) ?? -1;
  if (unknown >= 0) return breaks('services', 'must be ids of active services, with commas between them');
  const wanted = all.filter(({ id }) => named === undefined || named.includes(toHex24(id)));
  return async (tx) => {
    if (!(await getContact(tx, workspace.id, contactId))) return missing('contact');
    const made = await requestLinks(tx, workspaceNowMs, { workspaceId: workspace.id, contactId }, wanted);
    return {
      status: 201,
      body: made.map(({ integration, code, url }) => ({
        ...organizationOf(workspace),
        contact: toHex24(contactId),
        service: toHex24(integration.id),
        type: integration.channel,
        code,
        url,
        expiresAt: isoTime(workspaceNowMs + LINK_REQUEST_LIFE_MS),
      })),
    };
  };
}
