/** Parts of the API that are known and not offered: they say so, so that nobody looks for a mistake in the path. */
import { fault } from '../../base/fault.ts';
import { acts, reads, type Route } from './route.ts';

const NOT_BUILT = fault('not_built', 'Parley does not offer this part of the API.');

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

function absent(path: string, ...methods: Method[]): Route[] {
  const common = { path, action: 'workspace.read' } as const;
  return methods.map((method) =>
    method === 'GET'
      ? reads({ ...common, handle: async () => NOT_BUILT })
      : acts({ ...common, method, handle: async () => NOT_BUILT }),
  );
}

/** Below an app. */
export const notBuiltRoutes: readonly Route[] = [
  ...absent('/appusers/:userId/authcode', 'GET'),
  ...absent('/appusers/:userId/linkrequest', 'GET'),
  ...absent('/appusers/:userId/integrations/viber/qrcode', 'GET'),
  ...absent('/appusers/:userId/integrations/wechat/qrcode', 'GET'),
  ...absent('/appusers/:userId/stripe/customer', 'POST'),
  ...absent('/appusers/:userId/stripe/transaction', 'POST'),
  ...absent('/stripe/account', 'GET'),
  ...absent('/attachments/token', 'POST'),
  ...absent('/attachments/cookie', 'GET'),
  ...absent('/integrations/:integrationId/profile', 'GET', 'PUT'),
  ...absent('/integrations/:integrationId/profile/photo', 'PUT'),
];

/** Of one app, or of the account. */
export const notBuiltAppRoutes: readonly Route[] = absent('', 'DELETE');

/** Of the account. */
export const notBuiltAccountRoutes: readonly Route[] = [
  ...absent('/serviceaccounts', 'GET', 'POST'),
  ...absent('/serviceaccounts/:id', 'GET', 'PUT', 'DELETE'),
  ...absent('/serviceaccounts/:id/keys', 'GET', 'POST'),
  ...absent('/serviceaccounts/:id/keys/:keyId', 'GET', 'DELETE'),
  ...absent('/serviceaccounts/:id/keys/:keyId/jwt', 'GET'),
  ...absent('/whatsapp/deployments', 'GET', 'POST'),
  ...absent('/whatsapp/deployments/:id', 'GET', 'DELETE'),
  ...absent('/whatsapp/deployments/:id/activate', 'POST'),
  ...absent('/whatsapp/deployments/:id/code/confirm', 'POST'),
].map((route): Route => ({ ...route, scopes: ['account'] }));
