/** Faults of groups and of the conversations of connected accounts: who is in them, who is told, whose posts they are. */
import { inFile } from '../fault.ts';

export const groupFaults = [
  ...inFile(
    'src/conversations/groups/posts.ts',
    ['test/groups.test.ts'],
    [
      ['what is said already is said again', 'if (now.position !== null) return true;', ''],
      [
        'anybody takes back what a member said',
        'const isTheirs = of.byContactId === undefined || post?.authorId === of.byContactId;',
        'const isTheirs = true;',
      ],
      [
        'another workspace’s post is taken back',
        '!post || post.workspaceId !== of.workspaceId || !isTheirs',
        '!post || !isTheirs',
      ],
      [
        'another workspace’s post is marked',
        'if (!message && post?.workspaceId !== of.workspaceId) return false;',
        'if (!message && !post) return false;',
      ],
    ],
  ),
  ...inFile(
    'src/conversations/groups/groups.ts',
    ['test/connectChats.test.ts'],
    [
      [
        'who is connected elsewhere is in the announcements',
        "workspaceId === of.workspaceId && kind === 'announcements' && closedMs === null",
        "workspaceId === of.workspaceId && kind === 'announcements'",
      ],
    ],
  ),
  ...inFile(
    'src/conversations/groups/groups.ts',
    ['test/groups.test.ts'],
    [
      ['a place that is not there yet is read', 'Math.min(position, group.position)', 'position'],
      ['a group that is deleted leaves its members', 'await deleteAllMembers(tx, group.id);', ''],
      ['a change of one thing forgets the others', '{ ...group.settings, ...settings }', 'settings'],
    ],
  ),
  ...inFile(
    'src/conversations/groups/sql.groups.ts',
    ['test/groups.test.ts'],
    [
      [
        'another workspace’s group is found',
        'AND g.id = ${id} AND g.workspace_id = ${workspaceId} ${lock',
        'AND g.id = ${id} ${lock',
      ],
      ['a member has read less than before', '      AND read_position < ${position}`;', '`;'],
      [
        'who muted it for a while is never told again',
        'coalesce(m.muted_until_ms, 0) <= ${nowMs}\n    AND (m.notify',
        'm.muted_until_ms IS NULL\n    AND (m.notify',
      ],
      [
        'two who become one lose what they were told of',
        'workspace_id, role, notify, muted_until_ms, read_position, joined_ms\n    FROM group_members WHERE bucket = ${bucketOf(fromId)}',
        "workspace_id, role, 'all', NULL, read_position, joined_ms\n    FROM group_members WHERE bucket = ${bucketOf(fromId)}",
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/room.ts',
    ['test/erase.test.ts: erased by the console'],
    [
      [
        'what somebody who is erased said to a group is kept for its devices',
        '    eraseFirst: forgetPosted,\n',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/conversations/groups/sql.posts.ts',
    ['test/erase.test.ts: erased by the console'],
    [
      [
        'what somebody who is erased said stays',
        "author = '{}',\n      author_id = NULL,",
        'author_id = NULL,',
      ],
    ],
  ),
  ...inFile(
    'src/conversations/groups/groups.ts',
    ['test/connectGrants.test.ts'],
    [
      [
        'who is erased while they are put into a group stays in it',
        'contactIds.length ? await heldNow(tx, of.workspaceId, contactIds) : []',
        '[...contactIds]',
      ],
      [
        'who was merged before it was read that they connected is in no announcements',
        'const [contactId = of.contactId] = await heldNow(tx, of.workspaceId, [of.contactId]);',
        'const { contactId } = of;',
      ],
    ],
  ),
];
