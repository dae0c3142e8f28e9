/** Lines of files of people: what a spreadsheet makes of them, and what an import reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../base/fault.ts';
import { columnsOf as importColumnsOf, personOf } from '../contacts/imports/columns.ts';
import { columnsOf, lineOf } from './lines.ts';

const contact = {
  id: 4096,
  workspaceId: 1,
  externalId: null,
  givenName: null,
  surname: null,
  attributes: {},
  timeZone: null,
  locale: null,
  credentialRequired: false,
  signedUpMs: null,
  createdMs: 0,
  changedMs: 0,
  lastInboundMs: null,
  disconnectedMs: null,
};
const seen = (name: string, ...types: string[]) => ({ name, types, times: 1, values: [] });
const nobody = { destinations: [], lists: [], tags: [] };

test('what any spreadsheet takes for a formula is guarded, also behind blanks and controls; names and numbers are not', () => {
  const columns = columnsOf([seen('a', 'string')]);
  const cellOf = (a: unknown) => {
    const line = lineOf({ ...nobody, contact: { ...contact, attributes: { a } } }, columns);
    return line.replace(/^,{7}/, '').split(',')[0]!.replace(/^"/, '');
  };
  for (const text of [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    ' =1',
    '\t=1',
    '\r=1',
    "'=1",
    '\uFF1D1',
    '\u0000\u00A0=1'.slice(1),
  ])
    assert.ok(cellOf(text).startsWith("'"), JSON.stringify(text));
  for (const text of ['Ann', "'s-Gravenhage", '1-2', 'a=b']) assert.equal(cellOf(text), text);
  assert.equal(cellOf(-1), '-1');
});

test('a column of numbers alone says so; one of other names than ours has its own, and what is no scalar is among the others', () => {
  const { header, attributes } = columnsOf([
    seen('n', 'number'),
    seen('m', 'number', 'string'),
    seen('email', 'string'),
    seen('o', 'object'),
    seen('=x', 'string'),
  ]);
  assert.deepEqual(attributes, ['=x', 'm', 'n']);
  assert.ok(
    header.startsWith(
      "external_id,given_name,surname,phone,email,time_zone,locale,'=x,m,n:number,other_attributes,",
    ),
  );
  const line = lineOf(
    { ...nobody, contact: { ...contact, attributes: { n: 1, o: { a: 1 }, m: ['x'], email: 'e' } } },
    { header, attributes },
  );
  assert.match(line, /^,,,,,,,,,1,"\{""o"":\{""a"":1\},""m"":\[""x""\],""email"":""e""\}",/);
});

test('an id keeps the apostrophe that it begins with, through a file and back', () => {
  const { header, attributes } = columnsOf([]);
  const read = importColumnsOf(header.trim().split(','), { lists: 'ignore', tags: 'ignore' });
  assert.ok(!isFault(read));
  for (const externalId of ["'abc", "'7", "''", "'=1", '=1', '007', "'0-1", 'x']) {
    const line = lineOf({ ...nobody, contact: { ...contact, externalId } }, { header, attributes });
    const person = personOf({ cells: line.trim().split(','), line: 2 }, read, { workspaceId: 1 });
    assert.ok(!('rule' in person), JSON.stringify(person));
    assert.deepEqual(person.identities, [{ kind: 'external', value: externalId }]);
  }
});
