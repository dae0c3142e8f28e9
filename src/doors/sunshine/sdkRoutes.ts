/**
 * What SDKs may call, as documents describe it, and what each call answers. Who calls is told by a session or by a token that the
 * business signed (`sdk.ts`), so that these are no routes of the kit.
 */
import type { TSchema } from 'typebox';
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { ConversationShown, MessagePage } from '../../../contract/doors/sunshine/messages.ts';
import {
  Arrival,
  Asked,
  Clicked,
  ConfigShown,
  Device,
  Leaving,
  Login,
  NewSdkUser,
  Said,
  SaidShown,
  SessionShown,
  Upgraded,
} from '../../../contract/doors/sunshine/sdk.ts';
import { ChangedUser, ClientShown, UserShown } from '../../../contract/doors/sunshine/users.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import type { Answers } from '../kit/route.ts';

/** One of them. */
type SdkRoute = {
  method: string;
  path: string;
  does: string;
  body?: TSchema;
  /** Takes a body of parts. */
  upload?: true;
  answers: Answers;
};

const user = '/appusers/:userId';

/** Below `/sdk/v2/apps/:appId`. */
export const SDK_ROUTES: readonly SdkRoute[] = [
  {
    method: 'GET',
    path: '/config',
    does: 'What an SDK reads before it does anything; nothing is made by it.',
    answers: { 200: ConfigShown },
  },
  {
    method: 'POST',
    path: '/appusers',
    does: 'Makes a user with a session, and starts the conversation.',
    body: NewSdkUser,
    answers: { 201: SessionShown },
  },
  {
    method: 'POST',
    path: '/login',
    does: 'Signs a user of the business in; 204 where the first word is to make them.',
    body: Login,
    answers: { 200: SessionShown, 204: Nothing },
  },
  {
    method: 'POST',
    path: '/appusers/authcode',
    does: 'Makes a device the user’s whom a code stands for.',
    body: Arrival,
    answers: { 200: SessionShown },
  },
  { method: 'GET', path: user, does: 'The user, and what was said last.', answers: { 200: SessionShown } },
  {
    method: 'PUT',
    path: user,
    does: 'What the user tells of themselves.',
    body: ChangedUser,
    answers: { 200: UserShown },
  },
  {
    method: 'POST',
    path: `${user}/conversation`,
    does: 'Starts the conversation; once it is, this does nothing.',
    answers: { 200: ConversationShown },
  },
  {
    method: 'POST',
    path: `${user}/conversation/read`,
    does: 'The user has read all there is.',
    answers: { 200: ConversationShown },
  },
  {
    method: 'GET',
    path: `${user}/messages`,
    does: 'What was said, a page at a time.',
    answers: { 200: MessagePage },
  },
  {
    method: 'POST',
    path: `${user}/messages`,
    does: 'The user says something.',
    body: Said,
    answers: { 201: SaidShown },
  },
  {
    method: 'POST',
    path: `${user}/postback`,
    does: 'The user clicks on a postback.',
    body: Clicked,
    answers: { 200: Done },
  },
  {
    method: 'POST',
    path: `${user}/images`,
    does: 'The user sends a picture.',
    upload: true,
    answers: { 201: SaidShown },
  },
  {
    method: 'PUT',
    path: `${user}/clients/:clientId`,
    does: 'Keeps the push token of a device.',
    body: Device,
    answers: { 200: Done },
  },
  {
    method: 'POST',
    path: `${user}/clients`,
    does: 'The user wants to be reached at a number, too, and is asked there.',
    body: Asked,
    answers: { 201: ClientShown },
  },
  {
    method: 'DELETE',
    path: `${user}/clients/:clientId`,
    does: 'The user takes a client of theirs back.',
    answers: { 200: Done },
  },
  {
    method: 'POST',
    path: `${user}/logout`,
    does: 'Ends the session; what was pushed to the device is pushed no more.',
    body: Leaving,
    answers: { 200: Done },
  },
  {
    method: 'POST',
    path: `${user}/upgrade`,
    does: 'Changes the session for one that lasts as long as a new one.',
    answers: { 200: Upgraded },
  },
];

/** The one of this method and path. */
export function sdkRoute(method: string, path: string): SdkRoute {
  const found = SDK_ROUTES.find((route) => route.method === method && route.path === path);
  if (!found) throw new Error(`${method} ${path} is not described in sdkRoutes.ts`);
  return found;
}
