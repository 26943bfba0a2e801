// Cancellation: what a person is told of a payment that is cancelled, has ended, or is under a
// blockhash.
import { expect, test } from 'vitest';
import { notCancelled, PLANNED_ANEW } from '../../src/core/cancellation.ts';

const told = (state: Parameters<typeof notCancelled>[0]['state'], guard: 'blockhash' | 'nonce') =>
  notCancelled({ id: 'pay_1' as never, state, guard });

test.each(['landed', 'failed', 'dead'] as const)('a payment that is %s has ended', (state) => {
  for (const guard of ['blockhash', 'nonce'] as const)
    expect(told(state, guard)).toBe(`Payment pay_1 has ended: it is ${state}.`);
});

test.each(['planned', 'signed', 'sent'] as const)('a payment that is %s', (state) => {
  expect(told(state, 'nonce')).toBe(`Payment pay_1 is ${state}, and is being cancelled.`);
  expect(told(state, 'blockhash')).toContain('under a blockhash and may land until that expires');
});

test('a payment that was not signed leaves debts that are planned anew', () => {
  expect(PLANNED_ANEW.code).toBe('planned_anew');
});
