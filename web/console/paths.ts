/** The address of every page: one function each, and nothing else knows how addresses are made. */
import type { View } from '../../contract/inboxViews.ts';

/** Addresses. `ws` is a workspace's id. */
export const paths = {
  signIn: () => '/sign-in',
  me: () => '/me',
  workspace: (ws: string) => `/w/${ws}`,
  inbox: (ws: string, view: View = 'all', conversation?: string) =>
    `/w/${ws}/inbox/${view}${conversation === undefined ? '' : `/${conversation}`}`,
  people: (ws: string) => `/w/${ws}/people`,
  imports: (ws: string) => `/w/${ws}/people/imports`,
  person: (ws: string, contact: string) => `/w/${ws}/people/${contact}`,
  set: (ws: string, kind: 'lists' | 'tags', set: string) => `/w/${ws}/people/sets/${kind}/${set}`,
  audience: (ws: string, id: string) => `/w/${ws}/people/audiences/${id}`,
  importOf: (ws: string, id: string) => `/w/${ws}/people/imports/${id}`,
  broadcasts: (ws: string) => `/w/${ws}/broadcasts`,
  broadcast: (ws: string, broadcast: string, step = 'message') => `/w/${ws}/broadcasts/${broadcast}/${step}`,
  campaigns: (ws: string) => `/w/${ws}/campaigns`,
  campaign: (ws: string, campaign: string, part = 'results') => `/w/${ws}/campaigns/${campaign}/${part}`,
  templates: (ws: string) => `/w/${ws}/templates`,
  template: (ws: string, template: string) => `/w/${ws}/templates/${template}`,
  developers: (ws: string, part = 'api') => `/w/${ws}/developers/${part}`,
  webhook: (ws: string, webhook: string, call?: string) =>
    `/w/${ws}/developers/webhooks/${webhook}${call === undefined ? '' : `/${call}`}`,
  channels: (ws: string) => `/w/${ws}/channels`,
  integration: (ws: string, integration: string) => `/w/${ws}/channels/${integration}`,
  newChannel: (ws: string, provider?: string) =>
    `/w/${ws}/channels/new${provider === undefined ? '' : `/${provider}`}`,
  apps: (ws: string) => `/w/${ws}/apps`,
  settings: (ws: string, part?: string) => `/w/${ws}/settings${part === undefined ? '' : `/${part}`}`,
  simulator: (ws: string) => `/w/${ws}/simulator`,
} as const;

/** So many conditions may narrow a list in its address; who needs more builds an audience. */
export const MOST_CONDITIONS = 10;
