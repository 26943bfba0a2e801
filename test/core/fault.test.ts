// Fault: its code, its context and its cause, and whether the same call may succeed in a while.
import { expect, test } from 'vitest';
import { FAULTS, Fault, type FaultCode, messageOf, unreachable } from '../../src/core/fault.ts';

test('a fault has a code, a message, facts, and a cause only where one is given', () => {
  const plain = new Fault('not_found', 'no such thing');
  expect(plain).toMatchObject({ name: 'Fault', message: 'no such thing', context: {} });
  expect('cause' in plain).toBe(false);
  const cause = new Error('why');
  const full = new Fault('conflict', 'not now', { cause, context: { id: 7 } });
  expect(full.cause).toBe(cause);
  expect(full.context).toEqual({ id: 7 });
});

test('the table says of each code whether to try again', () => {
  const codes = Object.keys(FAULTS) as FaultCode[];
  for (const code of codes) expect(new Fault(code, '').retry).toBe(FAULTS[code].retry);
  expect(new Fault('rpc_unavailable', '').retry).toBe('later');
  expect(new Fault('body_invalid', '').retry).toBe('never');
});

test('the message of anything that was thrown', () => {
  expect(messageOf(new Error('why'))).toBe('why');
  expect(messageOf('text')).toBe('text');
  expect(messageOf(null)).toBe('null');
});

test('a member of a union that no case takes is told', () =>
  expect(() => unreachable('new' as never)).toThrow('unreachable: "new"'));
