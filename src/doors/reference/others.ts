/** Routes that no door's table has: what people, providers and machines ask for. They are served where their doors say. */
import { Type } from 'typebox';
import { AnyObject, Nothing } from '../../../contract/doors/fields.ts';
import { CHAT_CALLS } from '../pages/chat.ts';
import type { DescribedRoute } from './openapi.ts';

const page = { mediaType: 'text/html', answers: { 200: Type.String() }, open: true };
const script = { mediaType: 'text/javascript', answers: { 200: Type.String() }, open: true };
const json = { answers: { 200: AnyObject } };

/** They, by path. */
export const OTHERS: readonly DescribedRoute[] = [
  { method: 'GET', path: '/healthz', does: 'Whether the process is alive.', ...json, open: true },
  {
    method: 'GET',
    path: '/readyz',
    does: 'Whether it can do its work; 503 with what is amiss where it cannot.',
    answers: { 200: AnyObject, 503: AnyObject },
    open: true,
  },
  {
    method: 'GET',
    path: '/metrics',
    does: 'Metrics in the form of Prometheus.',
    mediaType: 'text/plain',
    answers: { 200: Type.String() },
  },
  {
    method: 'GET',
    path: '/api/openapi/:file',
    does: 'The document of an API: console.json, sunshine.json, web1on1.json, outbound.json, shout.json, other.json.',
    ...json,
    open: true,
  },
  ...['/:purpose', '/:purpose/:secret', '/mail'].flatMap((rest) =>
    ['GET', 'POST'].map((method) => ({
      method,
      path: `/callbacks/:integrationId/:callbackKey${rest}`,
      does: 'What a provider tells of messages, or a message from a person, in the provider’s own form.',
      mediaType: '*/*',
      answers: { 200: Type.String() },
      open: true,
    })),
  ),
  { method: 'GET', path: '/l/:code', does: 'A short link: leads on, or to the web chat.', ...page },
  { method: 'POST', path: '/l/:code', does: 'Leads on whoever pressed the button.', ...page },
  { method: 'GET', path: '/u/:token', does: 'The page on which mail is unsubscribed from.', ...page },
  { method: 'POST', path: '/u/:token', does: 'Unsubscribes, by the page or in one click.', ...page },
  {
    method: 'GET',
    path: '/o/:token',
    does: 'The picture by which a mail tells that it was opened.',
    mediaType: 'image/gif',
    answers: { 200: Type.String() },
    open: true,
  },
  {
    method: 'GET',
    path: '/sign-in/provider',
    does: 'Leads a browser to the company’s provider of sign-ins.',
    ...page,
    answers: { 303: Nothing },
  },
  {
    method: 'GET',
    path: '/sign-in/callback',
    does: 'Where that provider leads back to: opens a session and leads on, or says on a page why not.',
    ...page,
    answers: { 303: Nothing },
  },
  { method: 'GET', path: '/setup/:token', does: 'The page on which the first password is set.', ...page },
  { method: 'POST', path: '/setup/:token', does: 'Sets the first password.', ...page },
  {
    method: 'GET',
    path: '/files/:workspace/:token/:name',
    does: 'A file that a message points to.',
    mediaType: '*/*',
    answers: { 200: Type.String() },
    open: true,
  },
  {
    method: 'GET',
    path: '/live',
    does: 'The live channel of a person, by WebSocket (contract/live.ts).',
    answers: { 101: Nothing, 426: AnyObject },
    open: true,
  },
  {
    method: 'GET',
    path: '/api/workspaces/:workspaceId/live',
    does: 'The live channel of the console’s pages, by WebSocket (contract/consoleLive.ts).',
    answers: { 101: Nothing, 426: AnyObject },
    open: true,
  },
  { method: 'GET', path: '/chat/:workspace', does: 'The page of the web chat.', ...page },
  ...['page.js', 'page.css', 'icon.svg'].map((name) => ({
    method: 'GET',
    path: `/chat/assets/${name}`,
    does: 'What the page of the web chat is made of.',
    ...script,
  })),
  ...Object.values(CHAT_CALLS),
  {
    method: 'GET',
    path: '/chat/events',
    does: 'What happens, as server-sent events.',
    mediaType: 'text/event-stream',
    answers: { 200: Type.String() },
  },
  ...['GET', 'POST'].map((method) => ({
    method,
    path: '/connect/:client',
    does: 'The page on which somebody signs in or up and authorises a company.',
    ...page,
  })),
  ...['/connect/:client.js', '/connect/assets/end.js'].map((path) => ({
    method: 'GET',
    path,
    does: 'The script for a company’s own page, and that of the window it opens.',
    ...script,
  })),
  ...['connect.css', 'icon.svg', ':client.css'].map((name) => ({
    method: 'GET',
    path: `/connect/assets/${name}`,
    does: 'What the page is made of.',
    mediaType: '*/*',
    answers: { 200: Type.String() },
    open: true,
  })),
  {
    method: 'GET',
    path: '/connect/:client/status',
    does: 'Whether a visitor of a company’s page is connected to it.',
    ...json,
    open: true,
  },
  ...['/outbound.js', '/outbound/:key.js'].map((path) => ({
    method: 'GET',
    path,
    does: 'The script with which a website tells of its visitors.',
    ...script,
  })),
];
