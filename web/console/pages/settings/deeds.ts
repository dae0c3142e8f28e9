/** What entries of the audit log say, as sentences: who did what to which. An action of the server without words here fails a test. */
import { paths } from '../../paths.ts';

/** What is done, in words; `{}` is which it was done to. Named by what an action begins with and ends with. */
const VERBS: Readonly<Record<string, string>> = {
  add: 'added {}',
  announcements: 'changed the announcements of {}',
  archive: 'put {} aside',
  batch: 'told many orders at once',
  cancel: 'called {} off',
  change: 'changed {}',
  copy: 'copied {}',
  create: 'created {}',
  delete: 'deleted {}',
  disable: 'switched {} off',
  draft: 'saved a draft of {}',
  enable: 'switched {} on',
  end: 'ended {}',
  members: 'changed who is in {}',
  member: 'changed who is in {}',
  opened: 'told that {} was opened',
  pause: 'paused {}',
  publish: 'published {}',
  rate: 'changed how fast {} goes',
  received: 'told that {} has arrived',
  remove: 'removed {}',
  rename: 'renamed {}',
  restore: 'took {} back',
  resume: 'resumed {}',
  schedule: 'scheduled {}',
  secrets: 'changed the secrets of {}',
  start: 'started {}',
  undo: 'undid {}',
  unschedule: 'took {} out of the schedule',
  update: 'changed {}',
  upload: 'uploaded {}',
};

/** What is done where the verb by itself does not say it. */
const DEEDS: Readonly<Record<string, string>> = {
  'account.broadcast': 'posted to the members of {}',
  'account.message': 'wrote to {}',
  'action.offer': 'offered an action, {}',
  'action.share': 'shared an action, {}',
  'broadcast.file': 'saved a file of {}',
  'campaign.enter': 'let somebody into {}',
  'campaign.hand': 'let an audience into {}',
  'campaign.holdout': 'changed who is held out of all campaigns',
  'campaign.since': 'let those into {} who did before what sets it off',
  'channel.notify': 'sent a notification, {}',
  'clock.advance': 'moved the clock on',
  'clock.cancel': 'stopped the clock on its way',
  'connect.enabled': 'switched connecting accounts on or off',
  'connect.grant': 'connected an account, {}',
  'connect.say': 'wrote to connected accounts, {}',
  'connect.secret': 'made a new secret for connected accounts',
  'connect.update': 'changed what accounts connect to',
  'connect.webhook': 'changed the webhook of connected accounts',
  'contact.erase': 'erased {}',
  'contact.merge': 'made one person of two, {}',
  'contacts.bulk': 'changed many people, {}',
  'contacts.bulk.stop': 'stopped a change of many people, {}',
  'contacts.import': 'imported people',
  'contacts.import.begin': 'began to import people',
  'conversation.note': 'noted something in {}',
  'destination.block': 'blocked an address of {}',
  'destination.link': 'gave an address to {}',
  'destination.unblock': 'allowed an address again of {}',
  'destination.unlink': 'took an address from {}',
  'export.link': 'fetched {}',
  'file.keep': 'uploaded {}',
  'group.post': 'wrote in {}',
  'integration.connect': 'connected {} with its provider',
  'integration.profile': 'changed how {} shows itself',
  'integration.rotate': 'made a new secret for {}',
  'integration.test': 'sent a test by {}',
  'key.create': 'made {}',
  'key.revoke': 'revoked {}',
  'key.rotate': 'made a new key in place of {}',
  'member.decline': 'declined an invitation',
  'member.invite': 'invited {}',
  'member.uninvite': 'took the invitation back of {}',
  'message.favorite': 'marked {}',
  'message.send': 'sent {}',
  'message.test': 'sent a test, {}',
  'number.lookup': 'looked numbers up',
  'operator.available': 'was available again',
  'operator.away': 'went away',
  'operator.bind': 'signs in by the company’s provider from now on',
  'operator.change': 'changed the own account',
  'operator.create': 'created {}',
  'operator.factor': 'set up a second factor',
  'operator.factor.begin': 'began a second factor',
  'operator.factor.end': 'ended the second factor',
  'operator.password': 'set another password',
  'operator.rename': 'changed the own name',
  'operator.unbind': 'does not sign in by the company’s provider any more',
  'orders.settings': 'changed what is sent about orders',
  'segment.try': 'tried {}',
  'operator.verify': 'proved the own e-mail address',
  'session.create': 'signed in',
  'session.end': 'signed out',
  'session.refused': 'was refused at signing in',
  'simulator.answer': 'answered a call as {}',
  'simulator.refuse': 'refused a call as {}',
  'simulator.chat': 'chatted as {}',
  'simulator.click': 'followed a link as {}',
  'simulator.complain': 'called a mail spam as {}',
  'simulator.look': 'looked at a message as {}',
  'simulator.press': 'pressed a button as {}',
  'simulator.read': 'read a message as {}',
  'simulator.reply': 'answered as {}',
  'simulator.rule.create': 'made {}',
  'simulator.rule.delete': 'deleted {}',
  'webhook.ping': 'tried {}',
  'webhook.replay': 'made calls again of {}',
  'webhook.replay-failed': 'made all failed calls again of {}',
  'webhook.rotate': 'made a new secret for {}',
  'workspace.create': 'created the workspace',
  'workspace.delete': 'began to delete the workspace',
  'workspace.removed': 'deleted the workspace',
  'workspace.update': 'changed the workspace',
};

/** What things are called. */
const NOUNS: Readonly<Record<string, string>> = {
  account: 'the account',
  action: 'the action',
  audience: 'the audience',
  backtest: 'the back-test',
  bot: 'the bot',
  broadcast: 'the broadcast',
  change: 'the change',
  'device-message': 'a device',
  campaign: 'the campaign',
  client: 'the company',
  contact: 'the person',
  conversation: 'the conversation',
  destination: 'the address',
  export: 'a file of people',
  file: 'a file',
  group: 'the group',
  import: 'the import',
  integration: 'the channel',
  key: 'the key',
  label: 'the label',
  list: 'the list',
  member: 'the member',
  message: 'a message',
  operator: 'the operator',
  order: 'the order',
  saved_reply: 'the saved reply',
  'saved-reply': 'the saved reply',
  saved_view: 'the saved view',
  'saved-view': 'the saved view',
  segment: 'the segment',
  simulator: 'the simulator',
  rule: 'a rule of the simulator',
  tag: 'the tag',
  team: 'the team',
  template: 'the template',
  webhook: 'the webhook',
  workspace: 'the workspace',
};

/** Where the page of a thing is. */
const PAGES: Readonly<Record<string, (ws: string, id: string) => string>> = {
  broadcast: (ws, id) => paths.broadcast(ws, id),
  campaign: (ws, id) => paths.campaign(ws, id),
  contact: (ws, id) => paths.person(ws, id),
  conversation: (ws, id) => paths.inbox(ws, 'all', id),
  import: (ws, id) => paths.importOf(ws, id),
  integration: (ws, id) => paths.integration(ws, id),
  key: (ws) => paths.developers(ws, 'keys'),
  list: (ws, id) => paths.set(ws, 'lists', id),
  member: (ws) => paths.settings(ws, 'members'),
  operator: (ws) => paths.settings(ws, 'members'),
  saved_reply: (ws) => paths.settings(ws, 'replies'),
  segment: (ws, id) => paths.audience(ws, id),
  tag: (ws, id) => paths.set(ws, 'tags', id),
  team: (ws) => paths.settings(ws, 'teams'),
  template: (ws, id) => paths.template(ws, id),
  webhook: (ws, id) => paths.webhook(ws, id),
  workspace: (ws) => paths.settings(ws),
};

/** Where what has no page of its own is shown: with the person whose it is. */
const OF_PEOPLE: Readonly<Record<string, (ws: string, contactId: string) => string>> = {
  order: (ws, contactId) => paths.person(ws, contactId),
};

/** What is gone has no page any more. */
const ENDS = /\.(?:delete|erase)$/;
/** What of an entry's detail is the id of something that has a page. */
const NAMED: Readonly<Record<string, keyof typeof PAGES>> = {
  assigneeId: 'member',
  broadcastId: 'broadcast',
  contactId: 'contact',
  integrationId: 'integration',
  teamId: 'team',
};

/** Where the page is of what a field of an entry's detail names. */
export function pageOf(ws: string, field: string, id: string): string | undefined {
  const kind = NAMED[field];
  return kind === undefined ? undefined : PAGES[kind]?.(ws, id);
}

/** The words of an action, with `{}` for what it was done to; undefined where there are none. */
export function deedOf(action: string): string | undefined {
  const [, about = '', verb = ''] = /^([a-z_]+)\.(.+)$/.exec(action) ?? [];
  return DEEDS[action] ?? (about in NOUNS ? VERBS[verb] : undefined);
}

/** A sentence in parts: what stands before and after what it was done to, and that with its page. */
export type Deed = {
  before: string;
  which: { text: string; href: string | undefined } | null;
  after: string;
};

/** What an entry says. `nameOf` knows names of what is named by `operator:…` and the like. */
export function deedSaid(
  ws: string,
  { action, subject, detail }: { action: string; subject: string; detail: object },
  nameOf: (subject: string) => string | undefined,
): Deed {
  const words = deedOf(action) ?? `did ${action} to {}`;
  const [before = '', after] = words.split('{}');
  if (after === undefined) return { before, which: null, after: '' };
  const [kind = '', id = ''] = subject.split(':');
  const { name, contactId } = detail as { name?: unknown; contactId?: unknown };
  const called = nameOf(subject) ?? (typeof name === 'string' ? name : undefined);
  const page =
    PAGES[kind]?.(ws, id) ?? (typeof contactId === 'string' ? OF_PEOPLE[kind]?.(ws, contactId) : undefined);
  const noun = NOUNS[kind] ?? kind.replaceAll(/[_-]/g, ' ');
  const text = called === undefined ? noun : `${noun} ${called}`;
  return {
    before,
    which: { text, href: id && !ENDS.test(action) ? page : undefined },
    after,
  };
}
