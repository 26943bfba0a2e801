// Halt: the scopes of halts that hold a payment.
import { expect, test } from 'vitest';
import { haltScopes } from '../../src/core/halt.ts';

test('a payment is held by a halt of all, of its creator, and of its subscriber', () => {
  expect(haltScopes('ana', 'wallet')).toEqual(['all', 'creator:wallet', 'subscriber:ana']);
});
