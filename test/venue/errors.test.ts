// Errors: every code that paying can meet has its class, and the same number means something else in another program.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { classify, LISTED } from '../../src/venue/errors.ts';
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

/** Every code that settle, withdraw and transfer can end in. */
const ALL: Record<string, readonly number[]> = {
  retry_soon: [
    6096, 6261, 6262, 6263, 6264, 6265, 6266, 6035, 6023, 6021, 6202, 6091, 6123, 6259, 6010,
  ],
  retry_when_healthier: [
    6003, 6095, 6117, 6118, 6128, 6092, 6173, 6268, 6260, 6180, 6153, 6157, 6254,
  ],
  venue_paused: [6024, 6149, 6158, 6146, 6148, 6213, 6250, 101],
  operator: [
    6093, 6022, 6036, 6077, 6078, 6079, 6080, 6081, 6086, 6087, 6088, 6089, 6090, 6083, 6084, 6065,
    6201, 6302, 6242, 6282, 6324, 6322, 6216, 6041, 6223, 6255, 6129, 6019, 6020, 6172, 2001, 2003,
    2006, 2012, 2014, 2015, 3007, 3008, 3010, 3012,
  ],
  permanent: [6125, 6007, 6151, 6150, 6164, 6161, 6162, 6234],
};
test.each(Object.entries(ALL))(
  'every code of class %s, with a sentence that names it',
  (kind, codes) => {
    for (const code of codes) {
      const found = custom(1, code);
      expect([code, found.class]).toEqual([code, kind]);
      expect(found.detail).toContain(`(${code})`);
      expect(LISTED.has(code), `${code} is in the table`).toBe(true);
    }
  },
);

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
