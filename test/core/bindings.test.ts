// Bindings: a secret is sealed for one row, and rows of every kind have bindings of their own. What
// is sealed already must open in later releases, so the texts stay as they are.
import { expect, test } from 'vitest';
import { agentKeyBinding, endpointBinding } from '../../src/core/bindings.ts';

test('the texts under which secrets are sealed', () => {
  expect(agentKeyBinding('ana', 'key')).toBe('bailiff/agent-key/ana/key');
  expect(endpointBinding('e1')).toBe('bailiff/endpoint/e1');
});
