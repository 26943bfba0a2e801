// Outflow: by whose act value left.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outflow } from '../../src/core/fact.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import {
  DAY_SLOTS,
  type HeardOutflow,
  leftEvents,
  type OutflowContext,
  SMALL,
} from '../../src/core/outflow.ts';
import { classifyOutflows, QUOTES, WITHDRAWAL } from '../support/classes.ts';

const heard = (key: string, given: Partial<Outflow> = {}, ours = false): HeardOutflow => ({
  key,
  signature: `signature of ${key}` as Signature,
  slot: 10,
  ours,
  body: { ...WITHDRAWAL, ...given },
});

test('ours, internal, cleared, and everything else', () => {
  const clearance = {
    id: 'c',
    purpose: 'withdraw',
    amount: 100n,
    grantedSlot: 5,
    untilSlot: 20,
    trades: [],
  } as const;
  const classes = classifyOutflows(
    [
      heard('pays a creator', {}, true),
      heard('to the own wallet', { internal: true }),
      heard('permitted'),
      heard('too much for what is left', { amount: 1n }),
      heard('a tip', { route: 'sol_transfer', mint: null, amount: SMALL.sol.transaction }),
      heard('all the SOL', {
        route: 'sol_transfer',
        mint: null,
        amount: SMALL.sol.transaction + 1n,
      }),
    ],
    [clearance],
    QUOTES,
  );
  expect(Object.fromEntries(classes)).toEqual({
    'pays a creator': 'ours',
    'to the own wallet': 'internal',
    permitted: 'cleared',
    'too much for what is left': 'outflow',
    'a tip': 'small',
    'all the SOL': 'outflow',
  });
});

const sol = (amount: bigint, given: Partial<Outflow> = {}): Partial<Outflow> => ({
  route: 'sol_transfer',
  mint: null,
  decimals: 9,
  amount,
  ...given,
});
const at = (slot: number, key: string, given: Partial<Outflow>): HeardOutflow => ({
  ...heard(key, given),
  slot,
});
const outOf = (outflows: readonly HeardOutflow[], context?: OutflowContext): string[] => {
  const classes = classifyOutflows(outflows, [], QUOTES, context);
  return outflows.filter((each) => classes.get(each.key) === 'outflow').map((each) => each.key);
};

describe('a swap of USDC for SOL that no payment of the ledger is', () => {
  const rule = { amountMost: 2_000_000n, lamportsLeast: 5_000_000n, everySlots: 18_000 };
  const context = { creators: new Set<string>(), appointed: new Set<string>(), topUp: rule };
  const swap = (slot: number, given: Partial<Outflow> = {}) =>
    at(slot, `swap in slot ${slot}`, {
      route: 'token_transfer',
      amount: rule.amountMost,
      brought: rule.lamportsLeast,
      ...given,
    });
  test('is the daemon’s own where the platform lets it make such swaps', () => {
    expect(outOf([swap(1)], context)).toEqual([]);
    expect(outOf([swap(1)])).toEqual(['swap in slot 1']);
  });
  test('counts when it takes more, brings less, or comes too often', () => {
    const { amountMost, lamportsLeast } = rule;
    expect(outOf([swap(1, { amount: amountMost + 1n })], context)).toHaveLength(1);
    expect(outOf([swap(1, { brought: lamportsLeast - 1n })], context)).toHaveLength(1);
    expect(outOf([swap(1, { route: 'withdraw' })], context)).toHaveLength(1);
    const often = [swap(1), swap(9_000), swap(18_000), swap(18_001)];
    const left = ['swap in slot 9000', 'swap in slot 18000'];
    expect(outOf(often, context)).toEqual(left);
    expect(outOf(often.toReversed(), context).sort()).toEqual(left.toSorted());
  });
  test('is one swap with all its receivers', () => {
    const part = (key: string, amount: bigint) => ({
      ...heard(key, { route: 'token_transfer', amount, brought: rule.lamportsLeast }),
      signature: 'one transaction' as Signature,
    });
    expect(outOf([part('pool', 1_500_000n), part('fee', 500_000n)], context)).toEqual([]);
    expect(outOf([part('pool', 1_500_000n), part('fee', 500_001n)], context)).toHaveLength(2);
  });
});

describe('small amounts', () => {
  const tip = SMALL.sol.transaction;
  test('add up inside one transaction', () => {
    const one = (key: string): HeardOutflow => ({
      ...heard(key, sol(tip / 2n)),
      signature: 'one transaction' as Signature,
    });
    expect(outOf([one('a'), one('b')])).toEqual([]);
    expect(outOf([one('a'), one('b'), one('c')])).toEqual(['a', 'b', 'c']);
  });
  test('add up over a day of slots, and are forgotten after it', () => {
    const tips = Array.from({ length: 7 }, (_, n) => at(1_000 + n, `tip ${n}`, sol(tip)));
    expect(outOf(tips)).toEqual(['tip 5', 'tip 6']);
    const spread = tips.map((each, n) => ({ ...each, slot: 1_000 + (n * DAY_SLOTS) / 5 }));
    expect(outOf(spread)).toEqual([]);
  });
  test('of the quote token as well, but never what was withdrawn from the venue', () => {
    const fee = { route: 'token_transfer', amount: SMALL.quote.transaction } as const;
    expect(outOf([heard('a relayer', fee)])).toEqual([]);
    expect(outOf([heard('too much', { ...fee, amount: fee.amount + 1n })])).toEqual(['too much']);
    expect(outOf([heard('withdrawn', { amount: 1n })])).toEqual(['withdrawn']);
    const other = { ...fee, amount: 1n, mint: 'jup' as never };
    expect(outOf([heard('another token of value', other)])).toEqual(['another token of value']);
  });
  test('are the same in whatever order they were heard', () => {
    const tips = fc.array(
      fc.record({
        slot: fc.integer({ min: 1, max: 3 * DAY_SLOTS }),
        amount: fc.bigInt({ min: 1n, max: 2n * tip }),
      }),
      { maxLength: 25 },
    );
    const both = tips
      .map((all) => all.map(({ slot, amount }, n) => at(slot, `tip ${n}`, sol(amount))))
      .chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
      );
    fc.assert(
      fc.property(both, ([one, other]) => {
        expect(outOf(other).sort()).toEqual(outOf(one).sort());
      }),
    );
  });
});

describe('whose doing', () => {
  const stranger = 'stranger' as Address;
  const context = (given: Partial<OutflowContext>): OutflowContext => ({
    creators: new Set(),
    appointed: new Set(),
    ...given,
  });
  test('a subscriber does not answer for an outflow that it did not sign, unless by an authority that it appointed', () => {
    const taken = heard('taken', { consent: 'none', signers: [stranger] });
    expect(outOf([taken])).toEqual([]);
    expect(outOf([taken], context({ appointed: new Set([stranger]) }))).toEqual(['taken']);
    const delegate = heard('by a delegate', { consent: 'appointed' });
    expect(outOf([delegate])).toEqual(['by a delegate']);
  });
  test('a transfer to a creator is no runaway, in any transaction and from any account', () => {
    const creator = 'creator' as Address;
    const known = context({ creators: new Set([creator]) });
    const paid = { route: 'token_transfer', amount: 10n ** 9n } as const;
    expect(outOf([heard('to its account', { ...paid, owner: creator })], known)).toEqual([]);
    expect(outOf([heard('withdrawn to it', { owner: creator })], known)).toEqual([]);
    const mint = 'jup' as never;
    expect(outOf([heard('another token', { ...paid, owner: creator, mint })], known)).toEqual([
      'another token',
    ]);
    expect(outOf([heard('to a stranger', { ...paid, owner: stranger })], known)).toEqual([
      'to a stranger',
    ]);
  });
  test('a token without value counts once the venue has paid it out', () => {
    const mint = 'a newer market' as never;
    const sent = heard('sent', { route: 'token_transfer', mint, ofValue: false });
    expect(outOf([sent])).toEqual([]);
    const out = heard('withdrawn', { route: 'withdraw', mint, internal: true });
    expect(outOf([sent, out])).toEqual(['sent']);
  });
});

test('an outflow to several receivers at once is told as one sum', () => {
  const parts = ['a', 'b'].map((key) => ({
    ...heard(key, sol(3_000_000_000n)),
    signature: 'one' as Signature,
    at: { slot: 10, blockIndex: null, ordinal: key === 'a' ? 8 : 9 },
  }));
  const none = { creators: new Set<string>(), appointed: new Set<string>() };
  expect(leftEvents(parts, [], QUOTES, none)).toEqual([
    expect.objectContaining({ what: '6.000000000 SOL', amount: 6_000_000_000n }),
    expect.objectContaining({ what: '6.000000000 SOL', amount: 6_000_000_000n }),
  ]);
});
