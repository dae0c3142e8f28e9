/** Faults of orders: whose they are, what they are called, what is told of them and what their texts do. */
import { inFile } from '../fault.ts';

const ORDERS = ['test/orders.test.ts'];
const SHOUT = ['test/shoutOrders.test.ts'];
const BOTH = [...ORDERS, ...SHOUT];

export const orderFaults = [
  ...inFile('src/orders/orders.ts', BOTH, [
    [
      'an order that is gone keeps its reference',
      'if (reference !== null) await dropReferences(tx, [{ workspaceId, clientId, reference, orderId: order.id }]);',
      '',
      ORDERS,
    ],
    [
      'a duplicate that was to fail is made',
      'if (taken.has(reference)) results[at] = duplicate(telling);',
      '',
    ],
    ['in one call a reference is given twice that is to be once', 'else taken.add(reference);', ''],
    [
      'of two at once that want a reference alone both get it',
      'alone: telling.referencesOnce,',
      'alone: false,',
    ],
    [
      'one bad order of many takes the others with it',
      '    return !refused.has(order.id);',
      '    return !refused.size;',
    ],
    [
      'an order is an erased contact’s',
      'if (present.has(draft.contactId)) return [draft];',
      'return [draft];',
    ],
    [
      'an order of who became another is refused',
      'if (survivor !== undefined) return [{ ...draft, contactId: survivor }];',
      '',
    ],
    ['who is there is changed by an order', '    asTheyAre: true,\n', ''],
    [
      'nobody is told of an order',
      "  await tellOrders(\n    deps.queue,\n    tx,\n    'order.created',",
      "  if (made.length > 1e6) await tellOrders(\n    deps.queue,\n    tx,\n    'order.created',",
    ],
    [
      'a change of an order is told as paid again',
      'const paid = order.paid !== null && before.paid === null;',
      'const paid = order.paid !== null;',
    ],
    [
      'an order that is paid later is not told as paid',
      'const paid = order.paid !== null && before.paid === null;',
      'const paid = false;',
    ],
    [
      'an order moves to another person',
      '  const odd = stays(telling, before, read);\n  if (odd) return odd;\n',
      '',
    ],
    [
      'two who change an order at once lose one change',
      'await selectOrder(tx, whose, id, true);\n  if (!before)',
      'await selectOrder(tx, whose, id);\n  if (!before)',
    ],
    [
      'a reference that an order lets go of stays its',
      'if (before.reference !== null)\n    await dropReferences',
      'if (before.reference === reference)\n    await dropReferences',
    ],
    [
      'what is not said is forgotten',
      'Object.entries(rest).filter(([, value]) => value !== undefined)',
      'Object.entries({ description: null, ...rest })',
    ],
    [
      'an order that is on its way ships each time',
      '(dates.shipped ?? null) === null && before.shipped === null',
      '(dates.shipped ?? null) === null',
    ],
    [
      'who told a date is who changed another',
      'if (told === undefined || told === before?.us) return before;',
      'if (told === undefined) return before && { ...before, source };',
    ],
    [
      'an order that is gone is not told as gone',
      "await tellOrders(deps.queue, tx, 'order.deleted', [{ order, paid: false, atUs }]);",
      '',
    ],
  ]),
  ...inFile('src/orders/sql.ts', BOTH, [
    [
      'an order stays with the contact that is gone',
      'UPDATE orders SET contact_id = ${merge.toId}',
      'UPDATE orders SET contact_id = contact_id + 0 * ${merge.toId}::bigint',
    ],
    [
      'the orders of whoever is erased stay',
      'AND contact_id = ANY(${[...contactIds]}::bigint[]) AND workspace_id = ${workspaceId}\n    RETURNING',
      'AND contact_id = ANY(${[...contactIds]}::bigint[]) AND workspace_id = ${workspaceId} AND false\n    RETURNING',
    ],
    [
      'an alert is noted again',
      'AND o.workspace_id = k.workspace_id AND o.notified_us IS NULL',
      'AND o.workspace_id = k.workspace_id',
      [...SHOUT, 'test/orders.test.ts'],
    ],
    ['any number of orders of one reference', 'WHERE cardinality(r.earlier) < ${most - 1}`', '`'],
    [
      'a reference names the first that was given it',
      'DO UPDATE SET order_id = excluded.order_id, earlier = r.earlier || r.order_id\n',
      'DO UPDATE SET order_id = r.order_id, earlier = r.earlier || excluded.order_id\n',
    ],
    [
      'another company’s reference is one’s own',
      'AND r.workspace_id = k.workspace_id AND r.client_id = k.client_id\n      AND r.reference = k.reference`;\n}\n\n/**',
      'AND r.workspace_id = k.workspace_id\n      AND r.reference = k.reference`;\n}\n\n/**',
    ],
    ['updates go back in time', 'updated_us = greatest(o.updated_us, k.us)', 'updated_us = k.us'],
  ]),
  ...inFile('src/orders/told.ts', ORDERS, [
    ['a backfill sends texts', 'isHistory: isQuiet };', 'isHistory: false };', BOTH],
    [
      'an order sets off its alert at each payment',
      'key: `${orderId}.` });',
      'key: `${orderId}.${atUs}` });',
    ],
    ['two changes of an order are one', "name === '$order_updated' ? atUs : ''", "''"],
    [
      'what becomes of an order is told of who had it before',
      'const contactId = order?.contactId ?? told.contactId;',
      'const contactId = told.contactId;',
    ],
    ['an order that is gone sets something off', "if (name !== '$order_deleted' && !order) return [];", ''],
    [
      'many orders are told in one piece',
      'i * MOST_TOLD, (i + 1) * MOST_TOLD',
      '0, all.length',
      ['test/orders.test.ts', ...SHOUT],
    ],
  ]),
  ...inFile('src/orders/notified.ts', SHOUT, [
    ['a text that was refused counts as an alert', 'TAKEN.has(to) ?', 'to > 0 ?', BOTH],
    [
      'any campaign’s text is an alert',
      'setOffBy(deps, TEXT_CAMPAIGNS.alert.key)',
      'setOffBy(deps, TEXT_CAMPAIGNS.followUp.key)',
    ],
    [
      'an alert is noted when it arrives, not when it is taken',
      'new Map(taken.toReversed().map(',
      'new Map(taken.map(',
      BOTH,
    ],
  ]),
  ...inFile('src/orders/order.ts', BOTH, [
    [
      'what is refunded is shipped',
      "['refunded', 'shipped', 'paid', 'invoiced'] as const",
      "['shipped', 'refunded', 'paid', 'invoiced'] as const",
    ],
    ['a label is a parcel on its way', "new Set(['unknown', 'pre_transit'])", "new Set(['unknown'])"],
  ]),
  ...inFile('src/orders/money.ts', ORDERS, [
    [
      'money of a currency without cents is a hundredth',
      'format.resolvedOptions().maximumFractionDigits ?? 2',
      '2',
    ],
    ['a debt is a credit', "const sign = cents < 0 ? '-' : '';", "const sign = '';"],
  ]),
  ...inFile('src/orders/given.ts', BOTH, [
    [
      'a time without a zone is of Greenwich',
      'offsetMinutes === undefined ? onWall(wallUs, timeZone) : wallUs',
      'offsetMinutes === undefined ? wallUs : wallUs',
    ],
    [
      'of two that are now the earlier is later',
      'for (const date of ORDER_DATES.toReversed()) {',
      'for (const date of ORDER_DATES) {',
    ],
    [
      'a fraction of a cent is money',
      'Number.isSafeInteger(value)\n    ? value',
      'Number.isFinite(value)\n    ? value',
    ],
    ['a price of all is each one’s', 'Math.round(each! * quantity)', 'each!'],
  ]),
  ...inFile('src/orders/alerts.ts', ORDERS, [
    [
      'what a text says is published again each time',
      'const isNew = !found?.versionId || now.text !== before.text || now.delay !== before.delay;',
      'const isNew = true;',
    ],
    [
      'a text that is switched off goes on',
      "if (!on && paused !== 'all') return await pauseCampaign(deps, tx, workspaceId, id, 'all', nowMs);",
      '',
    ],
    [
      'a refund is asked how they like it',
      "{ event: '$order_updated', match, where: { property: 'status', is: 'refunded' } },",
      '',
    ],
    ['an order taken back is thanked for', "{ event: '$order_deleted', match },", ''],
    ['one order’s end ends another’s text', "const match = { order: 'order' };", 'const match = {};'],
    ['two orders of one person are one text', "entry: { per: 'order' },", "entry: 'once',", ORDERS],
    [
      'a follow-up is no marketing',
      "class: which === 'alert' ? 'transactional' : 'marketing'",
      "class: 'transactional'",
    ],
  ]),
  ...inFile('src/orders/references.ts', ORDERS, [
    [
      'an order that is gone takes the reference of others along',
      'orderIds: one.orderIds.filter((id) => !ids.has(id))',
      'orderIds: []',
    ],
  ]),
];
