/** Faults of orders: whose they are, what they are called, what is told of them and what their texts do. */
import { inFile } from '../fault.ts';

const SHOUT = ['test/shoutOrders.test.ts'];

export const orderFaults = [
  ...inFile(
    'src/orders/orders.ts',
    ['test/orders.test.ts'],
    [
      [
        'an order of who became another is refused',
        'if (survivor !== undefined) return [{ ...draft, contactId: survivor }];',
        '',
      ],
      ['who is there is changed by an order', '    asTheyAre: true,\n', ''],
      [
        'an order that is paid later is not told as paid',
        'const paid = order.paid !== null && before.paid === null;',
        'const paid = false;',
      ],
      [
        'one whose reference is refused spoils the rest',
        "if (late === 'undoes all' && refused.size)",
        'if (refused.size)',
      ],
      [
        'of two changes at once one is lost',
        'const before = id === undefined ? undefined : await selectOrder(tx, whose, id, true);',
        'const before = id === undefined ? undefined : await selectOrder(tx, whose, id, false);',
      ],
      [
        'a change goes back in time',
        'const updatedUs = Math.max(nowUs(), before.updatedUs + 1);',
        'const updatedUs = nowUs();',
      ],
      [
        'who told a date first is forgotten when it is told again',
        'if (told === undefined || told === before?.us) return before;',
        'if (told === undefined) return before;',
        SHOUT,
      ],
      [
        'a reference that the account changes goes to another company',
        '{ telling: { ...telling, workspaceId, clientId }, order: { ...before, reference } },',
        '{ telling, order: { ...before, reference } },',
        SHOUT,
      ],
    ],
  ),
  ...inFile('src/orders/references.ts', SHOUT, [
    [
      'of two companies’ references of one name one is kept when who they are about is erased',
      '`${workspaceId}|${clientId}|${reference}`;',
      '`${workspaceId}|${Math.min(clientId, 0)}|${reference}`;',
    ],
  ]),
  ...inFile(
    'src/orders/sql.ts',
    ['test/orders.test.ts'],
    [
      ['an alert is noted again', ' AND o.notified_us IS NULL`', '`'],
      ['any number of orders have one reference', 'WHERE cardinality(r.earlier) < 99', ''],
    ],
  ),
  ...inFile(
    'src/orders/told.ts',
    ['test/orders.test.ts'],
    [
      ['a backfill sends texts', 'isHistory: isQuiet };', 'isHistory: false };'],
      [
        'a payment that is corrected is told again',
        "name: '$order_paid', key: `${orderId}.` }",
        "name: '$order_paid', key: `${orderId}.${atUs}` }",
      ],
    ],
  ),
];
