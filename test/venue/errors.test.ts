// Errors: every error that paying can meet has its class, its name is the IDL's, and the same
// number means something else in another program.
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { DRIFT_PROFILE, PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { classify, NOTHING_TO_SETTLE, SHORT_OF_COLLATERAL } from '../../src/venue/errors.ts';

const ERRORS = DRIFT_PROFILE.errors;
const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;
const SYSTEM = '11111111111111111111111111111111' as Address;
const programs = [SYSTEM, PROGRAM_ID, TOKEN];
const custom = (index: number, number: number, logs: readonly string[] = []) =>
  classify(
    DRIFT_PROFILE,
    { InstructionError: [index, { Custom: number }] },
    programs,
    logs,
    (each) => `E${each}`,
  );
const whole = (error: unknown) => classify(DRIFT_PROFILE, error, programs, [], String);

/** Every error that settle, withdraw and transfer can end in, by what it means for the debt. */
const CLASSES: Record<string, readonly number[]> = {
  retry_soon: [
    6010, 6019, 6021, 6023, 6035, 6091, 6096, 6123, 6202, 6251, 6259, 6261, 6262, 6263, 6264, 6265,
    6266,
  ],
  retry_when_healthier: [
    6003, 6007, 6095, 6117, 6118, 6150, 6151, 6153, 6157, 6161, 6162, 6164, 6234, 6254,
  ],
  venue_limited: [6092, 6128, 6173, 6180, 6260, 6268],
  venue_paused: [101, 6024, 6146, 6148, 6149, 6158, 6213, 6250],
  permanent: [6125],
  operator: [
    2001, 2003, 2006, 2012, 2014, 2015, 3007, 3008, 3010, 3012, 6020, 6022, 6036, 6041, 6065, 6077,
    6078, 6079, 6080, 6081, 6083, 6084, 6086, 6087, 6088, 6089, 6090, 6093, 6129, 6168, 6172, 6201,
    6214, 6216, 6223, 6242, 6255, 6282, 6302, 6322, 6324,
  ],
};

describe('errors of the venue', () => {
  test.each(Object.entries(CLASSES))('%s', (kind, numbers) => {
    for (const number of numbers) {
      const found = custom(1, number);
      expect(found).toMatchObject({ class: kind, code: `venue_${number}` });
      const row = ERRORS.get(number);
      expect(found.detail).toContain(`${row?.name} (${number}). ${row?.reason}`);
    }
  });

  test('the table and this list hold the same errors', () => {
    const listed = Object.values(CLASSES).flat();
    expect([...ERRORS.keys()].sort((a, b) => a - b)).toEqual([...listed].sort((a, b) => a - b));
  });

  test('every name is the one that the IDL gives to that number', () => {
    const idl = createRequire(import.meta.url)('@drift-labs/sdk/lib/node/idl/drift.json') as {
      errors: { code: number; name: string }[];
    };
    const names = new Map(idl.errors.map((each) => [each.code, each.name]));
    for (const { number, name } of ERRORS.values())
      if (number >= 6000) expect([number, names.get(number)]).toEqual([number, name]);
  });

  test('one that is not in the table is unexpected, and carries the name that the SDK has for it', () => {
    expect(custom(1, 6999)).toMatchObject({ class: 'unexpected', code: 'venue_6999' });
    expect(custom(1, 6999).detail).toMatch(/^E6999 \(6999\)\./);
  });

  test('the codes that planning asks about are codes of the table', () => {
    for (const code of [SHORT_OF_COLLATERAL, ...NOTHING_TO_SETTLE])
      expect(ERRORS.has(Number(code.replace('venue_', '')))).toBe(true);
    expect(custom(1, 6003).code).toBe(SHORT_OF_COLLATERAL);
    expect([custom(1, 6010).code, custom(1, 6259).code]).toEqual(NOTHING_TO_SETTLE);
  });
});

test('error 1 is three different things', () => {
  expect(custom(0, 1).class).toBe('needs_sol');
  expect(custom(1, 1)).toMatchObject({ class: 'retry_when_healthier', code: 'token_1' });
  expect(custom(2, 1)).toMatchObject({ class: 'retry_when_healthier', code: 'token_1' });
});

test('a frozen token account needs a person', () =>
  expect(custom(2, 17)).toMatchObject({ class: 'permanent', code: 'token_17' }));

describe('errors of the whole transaction', () => {
  test.each([
    'BlockhashNotFound',
    'AccountInUse',
    'AlreadyProcessed',
    'ClusterMaintenance',
    'CommitCancelled',
    'ProgramCacheHitMaxLimit',
    'ResanitizationNeeded',
    'WouldExceedAccountDataBlockLimit',
    'WouldExceedAccountDataTotalLimit',
    'WouldExceedMaxAccountCostLimit',
    'WouldExceedMaxBlockCostLimit',
    'WouldExceedMaxVoteCostLimit',
  ])('%s passes by itself', (name) =>
    expect(whole(name)).toMatchObject({ class: 'retry_soon', code: name }),
  );

  test('errors about the fee payer mean that it lacks SOL', () => {
    expect(whole('InvalidAccountForFee').class).toBe('needs_sol');
    expect(whole('AccountNotFound').class).toBe('needs_sol');
    expect(whole('InsufficientFundsForFee').class).toBe('needs_sol');
    expect(whole({ InsufficientFundsForRent: { account_index: 0 } }).class).toBe('needs_sol');
  });

  test.each([
    ['SanitizeFailure', 'SanitizeFailure'],
    [{ SomethingNew: { account_index: 1 } }, 'SomethingNew'],
    [{ InstructionError: [1, 'ComputationalBudgetExceeded'] }, 'ComputationalBudgetExceeded'],
    [{ InstructionError: [1, { BorshIoError: 'x' }] }, 'BorshIoError'],
    [null, 'unknown'],
  ])('%j is unexpected: it is tried again before a person must look', (error, code) =>
    expect(whole(error)).toMatchObject({ class: 'unexpected', code }),
  );
});

describe('an error that an instruction passes on from a program that it called', () => {
  const failed = (program: string, number: number) =>
    `Program ${program} failed: custom program error: 0x${number.toString(16)}`;
  const passedOn = (number: number, ...programs: string[]) =>
    custom(1, number, [
      `Program ${PROGRAM_ID} invoke [1]`,
      'Program log: Instruction: Withdraw',
      ...programs.map((each) => failed(each, number)),
    ]);

  test('is the error of the innermost program that failed', () => {
    expect(passedOn(17, TOKEN, PROGRAM_ID).code).toBe('token_17');
    // The rent of an account, which a call to the system program did not find.
    expect(passedOn(1, SYSTEM, PROGRAM_ID)).toMatchObject({ class: 'needs_sol', code: 'system_1' });
    const another = '4'.repeat(44);
    expect(passedOn(6_003, another, PROGRAM_ID).code).toBe(`${another}_6003`);
    expect(passedOn(6_003, PROGRAM_ID).code).toBe('venue_6003');
  });

  test('is taken by its number alone where the log does not tell the program', () => {
    expect(custom(1, 1).code).toBe('token_1');
    expect(custom(1, 1, ['Log truncated']).code).toBe('token_1');
    // A line that a program wrote itself is none of the runtime's, and one of another number is
    // none of this error.
    expect(custom(1, 6_003, [`Program log: ${failed(TOKEN, 6_003)}`]).code).toBe('venue_6003');
    expect(custom(1, 6_003, [failed(TOKEN, 1)]).code).toBe('venue_6003');
  });
});
