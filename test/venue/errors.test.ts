// Errors: every code that paying can meet has its class, and the same number means something else in another program.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { classify } from '../../src/venue/errors.ts';
import { PROGRAM_ID } from '../../src/venue/profile.ts';

const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;
const SYSTEM = '11111111111111111111111111111111' as Address;
const programs = [SYSTEM, PROGRAM_ID, TOKEN];
const custom = (index: number, code: number) =>
  classify({ InstructionError: [index, { Custom: code }] }, programs, (each) => `E${each}`);

test.each([
  [6259, 'retry_soon'],
  [6010, 'retry_soon'],
  [6264, 'retry_soon'],
  [6003, 'retry_when_healthier'],
  [6128, 'retry_when_healthier'],
  [6260, 'retry_when_healthier'],
  [6024, 'venue_paused'],
  [6149, 'venue_paused'],
  [6158, 'venue_paused'],
  [101, 'venue_paused'],
  [6125, 'permanent'],
  [6234, 'permanent'],
  [6093, 'operator'],
  [2001, 'operator'],
  [6999, 'operator'],
] as const)('venue code %i is %s', (code, expected) => {
  expect(custom(1, code)).toMatchObject({ class: expected, code: `venue_${code}` });
});

test('code 1 is three different things', () => {
  expect(custom(0, 1).class).toBe('needs_sol');
  expect(custom(1, 1)).toMatchObject({ class: 'retry_when_healthier', code: 'token_1' });
  expect(custom(2, 1)).toMatchObject({ class: 'retry_when_healthier', code: 'token_1' });
});

test('frozen accounts need a person', () => expect(custom(2, 17).class).toBe('permanent'));

test('errors of the whole transaction', () => {
  expect(classify('BlockhashNotFound', programs, String).class).toBe('retry_soon');
  expect(classify('AccountNotFound', programs, String).class).toBe('needs_sol');
  expect(classify({ InsufficientFundsForRent: { account_index: 0 } }, programs, String).class).toBe(
    'needs_sol',
  );
  expect(classify('SanitizeFailure', programs, String).class).toBe('operator');
  expect(
    classify({ InstructionError: [1, 'ComputationalBudgetExceeded'] }, programs, String).class,
  ).toBe('operator');
});
