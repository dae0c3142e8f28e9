/** Names of mailboxes in quotes: what the library takes apart wrongly it is given without them, and has back what was written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readsQuotedAddresses } from './quotedAddress.ts';

/** A connection that takes a command apart as the library does: at blanks and at `@`. */
function connection() {
  const given: string[] = [];
  const made = {
    given,
    _parseAddressCommand(_name: string, command: string) {
      given.push(command);
      const [, address, ...args] = /<([^\s@]+@[^\s@>]+)>\s?(.*)$/.exec(command) ?? [];
      return address === undefined ? (false as const) : { address, args };
    },
  };
  readsQuotedAddresses(made);
  return made;
}

test('a quoted name comes back as it was written, whatever is in it', () => {
  const inner = fc
    .array(fc.constantFrom('a', ' ', '@', '>', '<', '$&', '$1', '\\"', '\\\\', '.', 'é'), { maxLength: 12 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(inner, (name) => {
      const parsed = connection()._parseAddressCommand(
        'mail from',
        `MAIL FROM:<"${name}"@mail.example> SIZE=5`,
      );
      assert.deepEqual(parsed, { address: `"${name}"@mail.example`, args: ['SIZE=5'] });
    }),
  );
});

test('what has no quotes goes by untouched, and so does what is not understood', () => {
  const made = connection();
  assert.deepEqual(made._parseAddressCommand('rcpt to', 'RCPT TO:<ann@mail.example>'), {
    address: 'ann@mail.example',
    args: [''],
  });
  assert.deepEqual(made.given, ['RCPT TO:<ann@mail.example>']);
  assert.equal(made._parseAddressCommand('rcpt to', 'RCPT TO:<"ann>'), false);
});

test('a control character in a name is refused before the library sees it', () => {
  for (const name of ['a\u0000b', 'a\tb', 'a\u007fb', 'a\u0085b']) {
    const made = connection();
    assert.equal(made._parseAddressCommand('mail from', `MAIL FROM:<"${name}"@mail.example>`), false);
    assert.deepEqual(made.given, []);
  }
});

test('a library that takes commands apart in another way is left alone', () => {
  const other = {};
  readsQuotedAddresses(other);
  assert.deepEqual(other, {});
});
