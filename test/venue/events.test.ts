// Events: our decoding equals the SDK's on generated records of every shape; on older layouts,
// where the SDK throws, ours reads on.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeEvent, type Struct } from '../../src/local/drift/layout.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { arbitraryEvent, compare, oracle } from '../support/sdk-oracle.ts';

test.each([
  'DepositRecord',
  'OrderActionRecord',
  'FundingPaymentRecord',
  'LiquidationRecord',
  'SwapRecord',
  'SettlePnlRecord',
])('%s: every field of any record equals the SDK’s', (name) => {
  fc.assert(
    fc.property(arbitraryEvent(name), (value) => compare(encodeEvent(name, value))),
    { numRuns: 300 },
  );
});

test('an older, shorter record reads as absent where the SDK throws', () => {
  fc.assert(
    fc.property(arbitraryEvent('OrderActionRecord'), (value) => {
      // Before 2025-06 a record ended after bit_flags or even before it.
      const blank: Struct = {
        ...value,
        takerExistingQuoteEntryAmount: null,
        takerExistingBaseAssetAmount: null,
        makerExistingQuoteEntryAmount: null,
        makerExistingBaseAssetAmount: null,
        triggerPrice: null,
        builderIdx: null,
        builderFee: null,
      };
      const whole = encodeEvent('OrderActionRecord', blank);
      const older = whole.subarray(0, whole.length - 7);
      expect(() => oracle(older)).toThrow();
      expect(DRIFT_V2.records.decodeEvent(older)).toMatchObject({
        event: 'OrderActionRecord',
        takerExistingQuoteEntryAmount: undefined,
        builderFee: undefined,
      });
    }),
    { numRuns: 50 },
  );
});

test('a record that ends inside a needed field is spoiled, and no guess', () => {
  const bytes = encodeEvent(
    'DepositRecord',
    fc.sample(arbitraryEvent('DepositRecord'), 1)[0] ?? {},
  );
  expect(DRIFT_V2.records.decodeEvent(bytes.subarray(0, 60))).toEqual({
    event: 'Spoiled',
    of: 'DepositRecord',
    why: 'short',
    keys: null,
  });
  expect(DRIFT_V2.records.decodeEvent(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9))).toBeNull();
});
