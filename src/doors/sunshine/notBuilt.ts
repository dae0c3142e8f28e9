/** Parts of the API that are known and not offered: they say so, so that nobody looks for a mistake in the path. */
import { fault, type Fault } from '../../base/fault.ts';
import { acts, reads, type Route } from './route.ts';

const NOT_BUILT = fault('not_built', 'Parley does not offer this part of the API.');

/** A photo is read, so that the answer says that it is not taken, and nothing of its form. */
const PHOTO_BYTES = 5_000_000;

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

const NO_SERVICE_ACCOUNTS = fault(
  'not_built',
  'Parley has no service accounts: make a key of the account, or a key of the app, which reaches that app only.',
);

function absent(path: string, ...methods: Method[]): Route[] {
  return refused(NOT_BUILT, path, methods);
}

function refused(why: Fault, path: string, methods: readonly Method[]): Route[] {
  const common = { path, does: why.message, action: 'workspace.read', answers: {} } as const;
  return methods.map((method) =>
    method === 'GET'
      ? reads({ ...common, handle: async () => why })
      : acts({ ...common, method, handle: async () => why }),
  );
}

/** Below an app. */
export const notBuiltRoutes: readonly Route[] = [
  ...absent('/appusers/:userId/integrations/viber/qrcode', 'GET'),
  ...absent('/appusers/:userId/integrations/wechat/qrcode', 'GET'),
  ...absent('/appusers/:userId/stripe/customer', 'POST'),
  ...absent('/appusers/:userId/stripe/transaction', 'POST'),
  ...absent('/stripe/account', 'GET'),
  ...absent('/attachments/token', 'POST'),
  ...absent('/attachments/cookie', 'GET'),
  acts({
    method: 'PUT',
    path: '/integrations/:integrationId/profile/photo',
    does: NOT_BUILT.message,
    answers: {},
    action: 'workspace.read',
    upload: PHOTO_BYTES,
    handle: async () => NOT_BUILT,
  }),
];

/** Of the account. */
export const notBuiltAccountRoutes: readonly Route[] = [
  ...refused(NO_SERVICE_ACCOUNTS, '/serviceaccounts', ['GET', 'POST']),
  ...refused(NO_SERVICE_ACCOUNTS, '/serviceaccounts/:id', ['GET', 'PUT', 'DELETE']),
  ...refused(NO_SERVICE_ACCOUNTS, '/serviceaccounts/:id/keys', ['GET', 'POST']),
  ...refused(NO_SERVICE_ACCOUNTS, '/serviceaccounts/:id/keys/:keyId', ['GET', 'DELETE']),
  ...refused(NO_SERVICE_ACCOUNTS, '/serviceaccounts/:id/keys/:keyId/jwt', ['GET']),
  ...absent('/whatsapp/deployments', 'GET', 'POST'),
  ...absent('/whatsapp/deployments/:id', 'GET', 'DELETE'),
  ...absent('/whatsapp/deployments/:id/activate', 'POST'),
  ...absent('/whatsapp/deployments/:id/code/confirm', 'POST'),
].map((route): Route => ({ ...route, of: 'caller', scopes: ['account'] }));
