// Close: the examples of the venue's arithmetic, and the formula against the program's own position
// rules.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeOf, type FillSide, openOf } from '../../src/core/close.ts';

const fill = (given: Partial<FillSide>): FillSide => ({
  market: 0,
  side: 'taker',
  direction: 'short',
  cause: 'trade',
  baseFilled: 1_000_000_000n,
  quoteFilled: 0n,
  fee: 0n,
  existingEntry: null,
  existingBase: null,
  fillRecordId: 1n,
  oraclePrice: 0n,
  counterparty: null,
  ...given,
});

describe('realised PnL of a close', () => {
  test('half of a long: the odd unit of the entry stays in the open part', () => {
    const close = closeOf(fill({ quoteFilled: 110_000_000n, existingEntry: 100_000_000n }));
    expect(close).toMatchObject({
      position: 'long',
      grossPnl: 10_000_000n,
      baseClosed: 1_000_000_000n,
    });
  });

  test('a short that lost', () => {
    const close = closeOf(
      fill({ direction: 'long', quoteFilled: 120_000_000n, existingEntry: 100_000_000n }),
    );
    expect(close).toMatchObject({ position: 'short', grossPnl: -20_000_000n });
  });

  test('a flip counts only the part that closed, and bears its part of the fee, rounded up', () => {
    const close = closeOf(
      fill({
        baseFilled: 3_000_000_000n,
        quoteFilled: 331_000_001n,
        existingEntry: 100_000_000n,
        existingBase: 1_000_000_000n,
        fee: 100n,
      }),
    );
    expect(close).toMatchObject({
      proceeds: 110_333_333n,
      grossPnl: 10_333_333n,
      fee: 34n,
      netPnl: 10_333_299n,
    });
  });

  test('opening or increasing is no close', () => {
    expect(closeOf(fill({ quoteFilled: 1n }))).toBeNull();
  });

  test("a maker's rebate raises the net", () => {
    const close = closeOf(
      fill({ side: 'maker', quoteFilled: 110n, existingEntry: 100n, fee: -3n }),
    );
    expect(close?.netPnl).toBe(13n);
  });
});

test('a fill of nothing closes and opens nothing', () => {
  const none = fill({ baseFilled: 0n, existingEntry: 5n, existingBase: 5n });
  expect(closeOf(none)).toBeNull();
  expect(openOf(none)).toBeNull();
});

/** controller/position.rs: truncating division, signs as stored on chain. */
function programPnl(
  position: { base: bigint; entry: bigint },
  deltaBase: bigint,
  deltaQuote: bigint,
): bigint {
  const abs = (value: bigint) => (value < 0n ? -value : value);
  if (abs(deltaBase) <= abs(position.base)) {
    const newEntry = position.entry - (position.entry * abs(deltaBase)) / abs(position.base);
    return position.entry - newEntry + deltaQuote;
  }
  const opened = deltaQuote - (deltaQuote * abs(position.base)) / abs(deltaBase);
  return position.entry + deltaQuote - opened;
}

test('equals the program to the unit, whatever the amounts', () => {
  const amount = fc.bigInt({ min: 1n, max: 10n ** 15n });
  fc.assert(
    fc.property(
      amount,
      amount,
      amount,
      amount,
      fc.boolean(),
      (base, entry, filled, quote, isLong) => {
        const position = { base: isLong ? base : -base, entry: isLong ? -entry : entry };
        const delta = isLong ? -filled : filled;
        const expected = programPnl(position, delta, isLong ? quote : -quote);
        // math/orders.rs calculate_existing_position_fields_for_order_action
        const flips = filled > base;
        const record = fill({
          direction: isLong ? 'short' : 'long',
          baseFilled: filled,
          quoteFilled: quote,
          existingEntry: flips ? entry : (entry * filled) / base,
          existingBase: flips ? base : null,
        });
        expect(closeOf(record)?.grossPnl).toBe(expected);
      },
    ),
    { numRuns: 5_000 },
  );
});
