// Accrual of what was reckoned: profit of transactions that could not be read, under the terms in
// force where it was made.
import { describe, expect, test } from 'vitest';
import { bookingsOf } from '../../src/core/accrual.ts';
import type { Movement } from '../../src/core/lot.ts';
import type { Terms } from '../../src/core/terms.ts';
import { madeClose } from '../support/made-close.ts';
import { agreed, termsOf } from '../support/terms.ts';

describe('profit behind a cut log', () => {
  const opened = (slot: number, base: bigint, fee = 0n): Movement => ({
    kind: 'open',
    slot,
    market: 0,
    position: 'long',
    base,
    quote: base * 100n,
    fee,
  });
  const reckoned = (
    netPnl: bigint,
    afterSlot: number,
    held: readonly { market: number; base: bigint; entry: bigint | null }[] | null = [],
  ) => ({ kind: 'reckoning', netPnl, afterSlot, uptoSlot: 95, held }) as const;
  const under = (terms: Terms[], slot: number, history: Movement[], afterSlot: number) =>
    bookingsOf(reckoned(1_000n, afterSlot), slot, agreed(terms), history).map((each) => [
      each.terms?.creatorWallet ?? null,
      each.netPnl,
    ]);

  test('a crumb from before the terms protects nothing', () => {
    const crumb = { market: 1, base: 1n, entry: 100n };
    const agreement = agreed([termsOf(10, 'a', 1_000)], { held: { slot: 9, positions: [crumb] } });
    const [only] = bookingsOf(reckoned(1_000n, 80, [crumb]), 90, agreement, []);
    expect(only).toMatchObject({ terms: { creatorWallet: 'a' }, amount: 100n });
  });

  test('it falls under the terms at its close; where its slot is not known, under the dearest since the last check', () => {
    const raised = [termsOf(10, 'cheap', 500), termsOf(50, 'dear', 2_000)];
    const lowered = [termsOf(10, 'dear', 2_000), termsOf(50, 'cheap', 500)];
    const hidden = (slot: number): Movement => ({ kind: 'unknown', slot });
    expect(under(raised, 60, [hidden(60)], 55)).toEqual([['dear', 1_000n]]);
    expect(under(lowered, 60, [hidden(60)], 40)).toEqual([['cheap', 1_000n]]);
    expect(under(lowered, 60, [hidden(45), hidden(60)], 40)).toEqual([['dear', 1_000n]]);
    // Transactions from before the last check were reckoned then.
    expect(under(lowered, 60, [hidden(45), hidden(60)], 48)).toEqual([['cheap', 1_000n]]);
  });

  test('a position opened before the end and closed unseen after it still owes', () => {
    const ended = [termsOf(10, 'a', 1_000), termsOf(50, 'a', 1_000, { ended: true })];
    expect(under(ended, 90, [opened(20, 3n)], 80)).toEqual([['a', 1_000n]]);
    expect(under(ended, 90, [], 80)).toEqual([[null, 1_000n]]);
  });

  test('an opening that was hidden falls under the dearest terms where it may have been hidden', () => {
    const lowered = agreed([termsOf(10, 'dear', 2_000), termsOf(50, 'cheap', 500)]);
    const seen = madeClose(400n, { baseClosed: 4n, proceeds: 800n, entry: 400n });
    const [only] = bookingsOf(seen, 90, lowered, [
      { kind: 'unknown', slot: 45 },
      { kind: 'unknown', slot: 60 },
    ]);
    expect(only).toMatchObject({ terms: { creatorWallet: 'dear' }, openedSlot: 45 });
  });

  test('the fees of opening what was closed unseen are deducted, as of a told close', () => {
    const [only] = bookingsOf(reckoned(1_000n, 80), 90, agreed([termsOf(10, 'a', 1_000)]), [
      opened(20, 3n, 30n),
    ]);
    expect(only).toMatchObject({ openingFee: 30n, netPnl: 970n, amount: 97n });
  });

  test('a position that was closed and opened anew unseen falls under the terms of then', () => {
    const held = { slot: 9, positions: [{ market: 0, base: 10n, entry: 100_000_000n }] };
    const agreement = agreed([termsOf(10, 'a', 1_000)], { held });
    const anew = { market: 0, base: 10n, entry: 150_000_000n };
    const seen: Movement[] = [
      { kind: 'unknown', slot: 20 },
      { ...reckoned(50_000_000n, 15, [anew]), slot: 20 },
    ];
    const sold = madeClose(50_000_000n, {
      baseClosed: 10n,
      proceeds: 200_000_000n,
      entry: 150_000_000n,
    });
    expect(bookingsOf(sold, 90, agreement, seen)).toMatchObject([
      { terms: { creatorWallet: 'a' }, netPnl: 50_000_000n },
    ]);
    // The rest of a position that was only reduced keeps its terms.
    const less = { market: 0, base: 4n, entry: 40_000_000n };
    const reduced: Movement[] = [
      { kind: 'unknown', slot: 20 },
      { ...reckoned(30_000_000n, 15, [less]), slot: 20 },
    ];
    const rest = madeClose(10_000_000n, {
      baseClosed: 4n,
      proceeds: 50_000_000n,
      entry: 40_000_000n,
    });
    expect(bookingsOf(rest, 90, agreement, reduced)).toMatchObject([{ terms: null }]);
  });
});
