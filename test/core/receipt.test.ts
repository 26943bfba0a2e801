// Receipt: the verdict from a receipt and what a node gave for it, over terms of both bases, with
// openings under old and new terms, a payment and a transfer; each figure changed by one unit is
// refused, and what no node has is never ok.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accrualOf } from '../../src/core/accrual.ts';
import { EMPTY_TAB } from '../../src/core/charge.ts';
import type { Signature } from '../../src/core/ids.ts';
import {
  type Receipt,
  receiptsIn,
  receiptText,
  termsOf as termsIn,
} from '../../src/core/receipt.ts';
import { checkReceipts, statedIn, verdictOf } from '../../src/core/receipt-verdict.ts';
import type { TermsRules } from '../../src/core/terms.ts';
import { quotesOf, USDC } from '../../src/core/token.ts';
import { made } from '../support/made-receipt.ts';
import { variantsOf } from '../support/receipt-variants.ts';

const BASES = ['per_close', 'high_water_mark'] as const;

const RULED: Partial<TermsRules> = {
  profit: 'gross',
  hurdle: 1_003n,
  capPerClose: 4_444n,
  capPerPeriod: 5_000n,
  periodSlots: 7,
};

describe.each([
  ...BASES.map((basis) => [basis, 'without further rules', {}, []] as const),
  ...BASES.map((basis) => [basis, 'with a hurdle, caps and a split', RULED, [500]] as const),
])('a receipt on the basis %s, %s', (basis, _, rules, splits) => {
  const { receipt, evidence, transactions } = made(basis, 70_001n, 7n, rules, splits);

  test('is ok when everything is as the node shows it, also as text', () => {
    const checks = checkReceipts(receiptsIn(receiptText(receipt)), evidence);
    expect(checks.filter((each) => each.verdict !== 'ok')).toEqual([]);
    expect(receipt.parts).toHaveLength(2);
    const [venue] = evidence.venues;
    const quotes = quotesOf(evidence.venues.map(({ quote }) => quote));
    expect(statedIn(receipt, quotes)[0]).toContain('25 %');
    if (rules !== RULED) return;
    expect(statedIn(receipt, quotes).join(' ')).toMatch(
      /5 % to .*hurdle is 0\.001003 USDC.*each period of 7 slots/,
    );
    const usdt = quotesOf([{ ...(venue?.quote ?? USDC), symbol: 'USDT' }]);
    const inUsdt = statedIn(receipt, usdt).join(' ');
    expect(inUsdt).toMatch(/hurdle is 0\.001003 USDT/);
    expect(inUsdt).not.toContain('USDC');
  });

  test('is refused with any figure changed by one unit, any entry left out or doubled', () => {
    // The wallets to which other debts go are stated, as the terms are. A cap or hurdle that does
    // not decide leaves every figure of the close as it is.
    const others =
      /^terms\[0\]\.(?:creatorWallet|splits\[0\]\.wallet)|^terms\[\d\]\.(?:cap|hurdle)/;
    const stated = splits.length > 0 ? new RegExp(`${others.source}|\\.creatorWallet`) : others;
    const variants = [...variantsOf(receipt)].filter(([each]) => !stated.test(each));
    expect(variants.length).toBeGreaterThan(50);
    for (const [name, variant] of variants)
      expect(verdictOf(checkReceipts([variant], evidence)), name).not.toBe('ok');
  });

  test('is never ok without each of its transactions, and differs when one failed', () => {
    expect(transactions.size).toBeGreaterThan(3);
    for (const signature of transactions.keys()) {
      const without = (each: Signature) => (each === signature ? null : evidence.transaction(each));
      const pruned = checkReceipts([receipt], { ...evidence, transaction: without });
      expect(verdictOf(pruned)).toBe('unknown');
      const failed = (each: Signature) => {
        const found = evidence.transaction(each);
        return found !== null && each === signature ? { ...found, error: 'x' } : found;
      };
      expect(verdictOf(checkReceipts([receipt], { ...evidence, transaction: failed }))).toBe(
        'differs',
      );
    }
  });
});

test('whatever the profit, a true receipt is ok and one with a forged amount is not', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...BASES),
      fc.bigInt({ min: 60_000n, max: 10n ** 15n }),
      fc.bigInt({ min: -50n, max: 10_000n }),
      fc.bigInt({ min: 1n, max: 10n ** 6n }),
      (basis, gain, fee, more) => {
        const { receipt, evidence } = made(basis, gain, fee);
        expect(verdictOf(checkReceipts([receipt], evidence))).toBe('ok');
        const amount = receipt.share.amount + more;
        const share = { ...receipt.share, amount, paid: amount };
        expect(verdictOf(checkReceipts([{ ...receipt, share }], evidence))).toBe('differs');
      },
    ),
    { numRuns: 50 },
  ));

test('a profit that only account state shows can not be told, and its amount is computed all the same', () => {
  const { receipt, evidence } = made('per_close', 70_001n);
  const body = {
    kind: 'reckoning',
    netPnl: 40_000n,
    afterSlot: 61,
    uptoSlot: 92,
    heldBefore: null,
    held: [],
  } as const;
  const agreement = { terms: termsIn(receipt), held: receipt.held, tabs: { 10: EMPTY_TAB } };
  const [booked] = accrualOf(body, 90, agreement, receipt.movements as never).bookings;
  const { terms: under, fees: _, owed: _o, ...part } = booked as NonNullable<typeof booked>;
  const amount = part.amount;
  const [payment] = receipt.payments as [Receipt['payments'][number]];
  const of = (charged: bigint): Receipt => ({
    ...receipt,
    close: { ...receipt.close, body },
    parts: [
      { ...part, charged, termsSlot: 50, basis: 'per_close', shareBps: under?.shareBps ?? 0 },
    ],
    share: { ...receipt.share, amount, paid: 0n, status: 'pending' },
    payments: [],
    credits: [],
  });
  const found = checkReceipts([of(part.charged)], evidence);
  expect(
    found.filter((each) => each.verdict !== 'ok').map((each) => [each.what, each.verdict]),
  ).toEqual([
    ['close', 'unknown'],
    ['history', 'unknown'],
  ]);
  expect(verdictOf(checkReceipts([of(part.charged + 1n)], evidence))).toBe('differs');
  expect(payment.amount).toBeGreaterThan(0n);
});

test('two receipts that count one transfer for more than it moved are refused together', () => {
  const { receipt, evidence } = made('per_close', 70_001n);
  const other = { ...receipt, share: { ...receipt.share, id: 'ps_2' } };
  const together = checkReceipts([receipt, other], evidence).filter((each) => each.share === null);
  expect(together).toMatchObject([
    { verdict: 'differs', detail: expect.stringMatching(/two shares.*of the transfer is counted/) },
  ]);
});

test('a text that is no receipt is refused with the place of the fault', () => {
  const { receipt } = made('per_close', 70_001n);
  const text = (change: object) =>
    JSON.stringify({ ...JSON.parse(receiptText(receipt)), ...change });
  for (const [given, says] of [
    ['nothing', 'no JSON'],
    ['{}', 'kind must be bailiff.receipt'],
    [text({ version: 2 }), 'version must be 1'],
    [text({ extra: 1 }), 'extra must be absent'],
    [text({ parts: 'x' }), 'parts must be a list'],
    [text({ share: { id: 'x' } }), 'share.termsSlot must be a whole number'],
    [text({ mint: 'x' }), 'mint must be a Solana address'],
    [
      text({ close: { ...JSON.parse(receiptText(receipt)).close, body: { kind: 'x' } } }),
      'close.body.kind',
    ],
  ] as const)
    expect(() => receiptsIn(given), says).toThrow(says);
});
