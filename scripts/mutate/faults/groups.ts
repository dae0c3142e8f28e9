/** Faults of groups and of the conversations of connected accounts: who is in them, who is told, what stands where. */
import { inFile } from '../fault.ts';

const GROUPS = ['test/groups.test.ts'];
const CHATS = ['test/connectChats.test.ts'];
const HOLDERS = ['test/holderChats.test.ts'];
const ERASE = ['test/erase.test.ts'];
const REACH = ['test/connectReach.test.ts'];

export const groupFaults = [
  ...inFile('src/conversations/groups/posts.ts', GROUPS, [
    [
      'somebody who is not in it posts',
      "if (!author) return fault('forbidden', 'group: only its members post in it');",
      'if (!author) return undefined;',
    ],
    [
      'a group that is closed is posted in',
      'if (group.closedMs !== null) return',
      'if (group.position < 0) return',
    ],
    [
      'members post where only those who run it may',
      "(posting === 'admins' && author.role !== 'member')",
      "posting === 'admins'",
    ],
    [
      'accounts post in the announcements',
      "if (group.kind === 'announcements')\n",
      'if (group.position < 0)\n',
      [...HOLDERS, ...CHATS],
    ],
    [
      'what is said later has a place now',
      'of.later ? null : await takePosition(tx, group.id)',
      'await takePosition(tx, group.id)',
    ],
    [
      'who posts has not read what was said before',
      'if (authorId !== null && position !== null)',
      'if (false)',
    ],
    [
      'what was taken back is said at its time',
      'if (!now || now.deletedMs !== null) return false;',
      'if (!now) return false;',
    ],
    ['what is said already is said again', 'if (now.position !== null) return true;', ''],
    [
      'anybody takes back what a member said',
      'const isTheirs = of.byContactId === undefined || post?.authorId === of.byContactId;',
      'const isTheirs = true;',
      [...HOLDERS, ...GROUPS],
    ],
    [
      'another workspace’s post is taken back',
      '!post || post.workspaceId !== of.workspaceId || !isTheirs',
      '!post || !isTheirs',
      [...HOLDERS, ...GROUPS, 'test/doorRoles.test.ts'],
    ],
    [
      'another workspace’s post is marked',
      'if (!message && post?.workspaceId !== of.workspaceId) return false;',
      'if (!message && !post) return false;',
      [...GROUPS, ...CHATS, ...HOLDERS],
    ],
  ]),
  ...inFile('src/conversations/groups/groups.ts', GROUPS, [
    [
      'who joins has all to read that was ever said',
      'await insertMembers(tx, { ...of, role, position, nowMs }, contactIds)',
      'await insertMembers(tx, { ...of, role, position: 0, nowMs }, contactIds)',
    ],
    [
      'accounts join the announcements without connecting',
      "return fault('conflict', 'group: the members of the announcements are those who are connected');",
      'void 0;',
      [...CHATS, ...HOLDERS],
    ],
    [
      'accounts leave the announcements',
      "  if (group.kind === 'announcements')\n    return fault(\n      'conflict',\n      'The announcements cannot be left",
      "  if (group.position < 0)\n    return fault(\n      'conflict',\n      'The announcements cannot be left",
      [...CHATS, ...HOLDERS],
    ],
    [
      'who is connected is not in announcements that are opened later',
      '  await insertMembersSelected(\n',
      '  if (nowMs < 0) await insertMembersSelected(\n',
      CHATS,
    ],
    [
      'who disconnected stays in the announcements',
      'else await deleteMembers(tx, groupId, [of.contactId]);',
      '',
      [...CHATS, ...REACH],
    ],
    [
      'who is connected elsewhere is in the announcements',
      "workspaceId === of.workspaceId && kind === 'announcements' && closedMs === null",
      "workspaceId === of.workspaceId && kind === 'announcements'",
      CHATS,
    ],
    [
      'a place that is not there yet is read',
      'Math.min(position, group.position)',
      'position',
      [...GROUPS, ...HOLDERS],
    ],
    [
      'a group that is deleted leaves its members',
      'await deleteAllMembers(tx, group.id);',
      '',
      [...GROUPS, ...HOLDERS],
    ],
    [
      'a change of one thing forgets the others',
      '{ ...group.settings, ...settings }',
      'settings',
      [...GROUPS, ...HOLDERS],
    ],
  ]),
  ...inFile('src/conversations/groups/sql.groups.ts', GROUPS, [
    [
      'another workspace’s group is found',
      'AND g.id = ${id} AND g.workspace_id = ${workspaceId} ${lock',
      'AND g.id = ${id} ${lock',
      [...GROUPS, ...HOLDERS, 'test/consoleBadInput.test.ts'],
    ],
    [
      'a group that is closed gives places',
      'AND id = ${groupId} AND closed_ms IS NULL RETURNING position',
      'AND id = ${groupId} RETURNING position',
    ],
    ['a member has read less than before', '      AND read_position < ${position}`;', '`;'],
    ['the author is told of what they said', 'm.contact_id <> ${post.authorId ?? 0} AND', ''],
    [
      'who muted it is told',
      'coalesce(m.muted_until_ms, 0) <= ${nowMs}\n    AND (m.notify',
      'true\n    AND (m.notify',
    ],
    [
      'who muted it for a while is never told again',
      'coalesce(m.muted_until_ms, 0) <= ${nowMs}\n    AND (m.notify',
      'm.muted_until_ms IS NULL\n    AND (m.notify',
    ],
    [
      'who wants mentions is told of all',
      "(m.notify = 'all' OR m.notify = 'mentions' AND ${named})",
      "(m.notify IN ('all', 'mentions'))",
    ],
    ['a mention of all is one of nobody', 'post.mentionsAll ? db`true` :', 'post.mentionsAll ? db`false` :'],
    [
      'announcements reach who has disconnected',
      "AND h.kind = 'announcements' AND h.closed_ms IS NULL)`",
      "AND h.kind = 'announcements')`",
      [...CHATS, ...REACH],
    ],
    [
      'two who become one lose what they were told of',
      'workspace_id, role, notify, muted_until_ms, read_position, joined_ms\n    FROM group_members WHERE bucket = ${bucketOf(fromId)}',
      "workspace_id, role, 'all', NULL, read_position, joined_ms\n    FROM group_members WHERE bucket = ${bucketOf(fromId)}",
      [...GROUPS, ...HOLDERS, ...ERASE],
    ],
    [
      'who left is in it when a post reaches them',
      'AND m.contact_id = ANY(${[...contactIds]}::bigint[]) AND ${wants(db, post, nowMs)}`;',
      'AND m.contact_id = ANY(${[...contactIds]}::bigint[])`;',
    ],
  ]),
  ...inFile('src/conversations/groups/sql.posts.ts', GROUPS, [
    [
      'what was taken back counts as unread',
      'AND p.position > k.position AND p.deleted_ms IS NULL',
      'AND p.position > k.position',
    ],
    [
      'one’s own posts are unread',
      '\n        AND p.author_id IS DISTINCT FROM ${contactId}) u`',
      ') u`',
      [...GROUPS, ...HOLDERS],
    ],
    [
      'what is taken back can be read',
      'content = \'{"type":"text","text":"–"}\', mentions = \'{}\', mentions_all = false\n    WHERE p.bucket',
      "mentions = '{}', mentions_all = false\n    WHERE p.bucket",
    ],
    [
      'what is to be said later is shown',
      'AND p.group_id = ${groupId} AND p.position IS NOT NULL',
      'AND p.group_id = ${groupId}',
    ],
    [
      'what somebody who is erased said stays',
      "author = '{}',\n      author_id = NULL,",
      'author_id = NULL,',
      [...ERASE, ...GROUPS],
    ],
    [
      'who is erased is mentioned',
      'AND mentions && ${[...contactIds]}::bigint[]`',
      'AND mentions = ${[...contactIds]}::bigint[]`',
      [...ERASE, ...GROUPS, ...HOLDERS],
    ],
    [
      'what two said who become one is nobody’s',
      'UPDATE group_posts SET author_id = ${toId} WHERE bucket >= 0 AND author_id = ${fromId}',
      'UPDATE group_posts SET author_id = NULL WHERE bucket >= 0 AND author_id = ${fromId} AND ${toId} > 0',
      [...ERASE, ...GROUPS, ...HOLDERS],
    ],
  ]),
  ...inFile('src/conversations/groups/chats.ts', CHATS, [
    [
      'connected again what is not allowed any more stays open',
      '  await closeChatRows(tx, [contactId], nowMs);\n  const rows',
      '  const rows',
      [...CHATS, ...REACH, 'test/connectGrants.test.ts'],
    ],
    [
      'who disconnects stays in group chats',
      'await deleteMemberships(tx, contactIds);',
      '',
      [...CHATS, ...REACH, ...HOLDERS],
    ],
    ['who has disconnected is written to', '&& found.closedMs === null\n', '\n', [...CHATS, ...REACH]],
    [
      'another company writes to an account',
      'return found?.workspaceId === workspaceId && found',
      'return found && found',
      [...CHATS, 'test/connectConsole.test.ts'],
    ],
    [
      'who has disconnected answers',
      "if (chat.closedMs !== null) return fault('forbidden', 'This account is not connected any more.');",
      '',
      HOLDERS,
    ],
    [
      'a notification is answered',
      "return chat.kind === 'direct'\n",
      "return chat.kind !== 'announcements'\n",
      HOLDERS,
    ],
    [
      'who muted a conversation is told',
      "chat.notify === 'all' && (chat.mutedUntilMs ?? 0) <= nowMs",
      "chat.notify === 'all'",
      [...HOLDERS, ...REACH],
    ],
  ]),
  ...inFile('src/conversations/groups/sql.chats.ts', CHATS, [
    [
      'who disconnected gets what is posted to all',
      'AND h.kind = ${of.kind} AND h.closed_ms IS NULL\n    ON CONFLICT',
      'AND h.kind = ${of.kind}\n    ON CONFLICT',
    ],
    [
      'who muted it is told of what is posted',
      "h.closed_ms IS NULL AND h.notify = 'all' AND coalesce",
      'h.closed_ms IS NULL AND coalesce',
    ],
    [
      'what was read is unread again',
      'read_ms = greatest(h.read_ms, ${to.readMs ?? 0}::bigint)',
      'read_ms = coalesce(${to.readMs ?? null}::bigint, h.read_ms)',
      HOLDERS,
    ],
    [
      'a conversation that was closed stays closed',
      'DO UPDATE SET closed_ms = NULL, opened_ms',
      'DO UPDATE SET opened_ms',
    ],
    [
      'what was muted is lost in a merge',
      'kind, id, workspace_id, notify, muted_until_ms, read_ms, opened_ms, closed_ms\n    FROM connect_chats',
      "kind, id, workspace_id, 'all', NULL, read_ms, opened_ms, closed_ms\n    FROM connect_chats",
      [...ERASE, 'test/connectGrants.test.ts', ...HOLDERS],
    ],
  ]),
  ...inFile('src/conversations/groups/sql.own.ts', HOLDERS, [
    [
      'an account sees what was said to another',
      'AND m.at_ms >= ${of.fromMs} AND (m.at_ms, m.id)',
      'AND (m.at_ms, m.id)',
    ],
    [
      'an account sees what was posted to another',
      'AND b.at_ms >= ${of.fromMs} AND (b.at_ms, b.broadcast_id)',
      'AND (b.at_ms, b.broadcast_id)',
    ],
    [
      'one’s own words are unread',
      "AND m.direction = 'out' AND m.kind = k.message_kind",
      'AND m.kind = k.message_kind',
    ],
    [
      'notifications stand in the conversation',
      "{ direct: 'message', notices: 'notification' }",
      "{ direct: 'message', notices: 'message' }",
    ],
  ]),
  ...inFile('src/conversations/groups/reach.ts', GROUPS, [
    [
      'a post that was taken back is told',
      'if (!post || post.deletedMs !== null) return new Set();',
      'if (!post) return new Set();',
    ],
    [
      'nobody is told of what is gone: everybody is',
      'return toldOf(db, { ...origin, ...(post ?? nobody(origin.groupId)) }, at);',
      'return toldOf(db, { ...origin, authorId: null, mentions: [], mentionsAll: true, ...post }, at);',
    ],
  ]),
  ...inFile('src/conversations/groups/people.ts', ERASE, [
    ['who is erased is in groups', '  await deleteMemberships(tx, of.contactIds);\n', ''],
    ['who is erased has conversations', '  await deleteChats(tx, of.contactIds);\n', ''],
    [
      'the contact that is gone is in groups',
      'await deleteMemberships(tx, [discardedId]);',
      '',
      [...ERASE, ...GROUPS, ...HOLDERS, 'test/connectGrants.test.ts'],
    ],
    [
      'who stays is in none of the groups of who is gone',
      'await copyMemberships(tx, discardedId, survivingId);',
      '',
      [...ERASE, ...GROUPS, ...HOLDERS, 'test/connectGrants.test.ts'],
    ],
    [
      'who stays has no conversation',
      'await copyChats(tx, discardedId, survivingId);',
      '',
      ['test/connectGrants.test.ts', ...HOLDERS],
    ],
  ]),
];
