/** Connections of one network that say nothing: so many, each until it is known or gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLobby } from './lobby.ts';

test('a network has so much room, which is free again once, however often that is told; others have theirs', () => {
  const lobby = createLobby(2);
  const [first, second] = [lobby.enter('a'), lobby.enter('a')];
  assert.ok(first && second);
  assert.equal(lobby.enter('a'), undefined);
  assert.ok(lobby.enter('b'));
  first();
  first();
  assert.ok(lobby.enter('a'));
  assert.equal(lobby.enter('a'), undefined, 'who left twice made room for one');
});
