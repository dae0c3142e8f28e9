/**
 * What each role may do: one table, for the doors and for the console's pages, which say beforehand what a role may not do. Pure.
 */

/** The roles of a member, from most to least. */
export const ROLES = ['owner', 'admin', 'marketer', 'agent', 'viewer'] as const;
/** A member's role in a workspace. */
export type Role = (typeof ROLES)[number];

/**
 * Everybody whom a door lets into a workspace: a member in a role, a key in the role it was given, or a program that takes part
 * in conversations (a key of the Web1on1 door of scope `bot`), or a customer by a token of his own, who reaches only himself; or a
 * server or a browser of the business, by a private or public key of the Outbound door.
 */
export const HOLDERS = [...ROLES, 'bot', 'customer', 'server', 'browser'] as const;
/** As what somebody is let into a workspace. */
export type Holder = (typeof HOLDERS)[number];

const ANYONE = [...ROLES, 'bot'] as const;
const ALL = [...ROLES, 'bot', 'customer'] as const;
const TELLERS = ['owner', 'admin', 'marketer', 'server', 'browser'] as const;
const OWNERS = ['owner'] as const;
const ADMINS = ['owner', 'admin'] as const;
const MARKETERS = ['owner', 'admin', 'marketer'] as const;
const AGENTS = ['owner', 'admin', 'agent', 'bot', 'customer'] as const;
const STAFF = ['owner', 'admin', 'marketer', 'agent', 'bot'] as const;
const PEOPLE = ['owner', 'admin', 'marketer', 'agent'] as const;
const SELF = ['owner', 'admin', 'marketer', 'agent', 'bot', 'customer'] as const;
const SPEAKERS = ['owner', 'admin', 'bot', 'customer'] as const;

/** The table: who may do what. */
export const ACTIONS = {
  'workspace.read': { roles: ANYONE, means: 'see the workspace' },
  'workspace.update': { roles: ADMINS, means: 'change the workspace' },
  'workspace.delete': { roles: OWNERS, means: 'delete the workspace' },
  'members.read': { roles: ANYONE, means: 'see members' },
  'members.manage': { roles: ADMINS, means: 'add, change and remove members' },
  'owners.manage': { roles: OWNERS, means: 'make or remove owners' },
  'keys.manage': { roles: ADMINS, means: 'make and revoke API keys' },
  'integrations.read': { roles: ANYONE, means: 'see integrations' },
  'integrations.manage': { roles: ADMINS, means: 'change integrations' },
  'webhooks.manage': { roles: ADMINS, means: 'change webhooks' },
  'audit.read': { roles: ADMINS, means: 'read the audit log' },
  'contacts.read': { roles: ALL, means: 'see contacts' },
  'contacts.write': { roles: SELF, means: 'change contacts' },
  'contacts.import': { roles: MARKETERS, means: 'import contacts' },
  'contacts.export': { roles: ADMINS, means: 'export contacts' },
  'contacts.erase': { roles: ADMINS, means: 'erase contacts' },
  'people.tell': { roles: TELLERS, means: 'tell who people are and what they do' },
  'content.write': { roles: MARKETERS, means: 'change templates' },
  'messages.read': { roles: ALL, means: 'see messages, deliveries and why' },
  'messages.send': { roles: STAFF, means: 'send single messages' },
  'conversations.reply': { roles: AGENTS, means: 'answer in conversations' },
  'messages.impersonate': { roles: SPEAKERS, means: 'speak in the name of another, or as the customer' },
  'broadcasts.read': { roles: ANYONE, means: 'see broadcasts' },
  'broadcasts.write': { roles: MARKETERS, means: 'draft broadcasts' },
  'broadcasts.send': { roles: MARKETERS, means: 'start, pause and cancel broadcasts' },
  'campaigns.read': { roles: ANYONE, means: 'see campaigns' },
  'campaigns.write': { roles: MARKETERS, means: 'draft campaigns' },
  'campaigns.run': { roles: MARKETERS, means: 'publish, pause and end campaigns' },
  'groups.read': { roles: ANYONE, means: 'see groups and what is said in them' },
  'groups.write': { roles: STAFF, means: 'run groups and post in them' },
  'connect.read': { roles: ANYONE, means: 'see connected accounts' },
  'connect.act': { roles: MARKETERS, means: 'act for connected accounts' },
  'connect.manage': { roles: ADMINS, means: 'change what accounts connect to' },
  'orders.read': { roles: ANYONE, means: 'see orders' },
  'orders.write': { roles: STAFF, means: 'tell, change and delete orders' },
  'orders.manage': { roles: MARKETERS, means: 'decide what is sent about orders' },
  'simulator.use': { roles: PEOPLE, means: 'use the simulator' },
  'clock.advance': { roles: MARKETERS, means: "advance a test workspace's clock" },
} as const satisfies Record<string, { roles: readonly Holder[]; means: string }>;

/** Something a role may or may not do. */
export type Action = keyof typeof ACTIONS;

/** Why somebody in a role may not do something, in words; undefined when he may. */
export function whyNot(role: Holder, action: Action): string | undefined {
  const { roles, means }: { roles: readonly Holder[]; means: string } = ACTIONS[action];
  if (roles.includes(role)) return undefined;
  // A person is told of roles that a person can be given.
  const takes = isRole(role) ? roles.filter(isRole) : roles;
  return `The role ${role} may not ${means}; that takes ${takes.join(' or ')}.`;
}

/** True for the name of a role. */
export function isRole(value: unknown): value is Role {
  return (ROLES as readonly unknown[]).includes(value);
}
