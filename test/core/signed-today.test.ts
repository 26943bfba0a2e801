// Signed today: the sums of what was signed within 24 hours, for each subscriber and token.
import { expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import { createSignedToday, type SignedAmount } from '../../src/core/signed-today.ts';

const HOUR_MS = 3_600_000;
const UNDER = { account: 'nonce', value: 'value' };
const amount = (given: bigint, more: Partial<SignedAmount> = {}): SignedAmount => ({
  subscriberId: 'ana',
  mint: 'usdc',
  amount: given,
  paymentId: 'p1',
  under: null,
  ...more,
});
const [FIRST, SECOND, MOVE] = ['first', 'second', 'move'] as Signature[] as [
  Signature,
  Signature,
  Signature,
];
const signedBy = (signature: Signature) => ({ signature, lastValidBlockHeight: 150 });

test('amounts count for 24 hours, for their subscriber and token alone', () => {
  let nowMs = 0;
  const signed = createSignedToday(() => nowMs);
  signed.count(amount(5n));
  signed.count(amount(70n, { subscriberId: 'bob' }));
  signed.count(amount(900n, { mint: 'usdt' }));
  nowMs = 2 * HOUR_MS;
  signed.count(amount(3n));
  expect(signed.sum('ana', 'usdc')).toBe(8n);
  expect(signed.sum('bob', 'usdc')).toBe(70n);
  expect(signed.sum('ana', 'usdt')).toBe(900n);
  expect(signed.sum('eve', 'usdc')).toBe(0n);
  nowMs = 24 * HOUR_MS - 1;
  expect(signed.sum('ana', 'usdc')).toBe(8n);
  nowMs = 24 * HOUR_MS;
  expect(signed.sum('ana', 'usdc')).toBe(3n);
  expect(signed.sum('ana', 'usdt')).toBe(0n);
  nowMs = 26 * HOUR_MS;
  expect(signed.sum('ana', 'usdc')).toBe(0n);
});

test('an amount that was not signed after all counts no more', () => {
  const signed = createSignedToday(() => 0);
  const settle = signed.count(amount(5n));
  signed.count(amount(5n));
  settle(null);
  expect(signed.sum('ana', 'usdc')).toBe(5n);
});

test('taking back an amount of yesterday leaves the sum of today as it is', () => {
  let nowMs = 0;
  const signed = createSignedToday(() => nowMs);
  const settle = signed.count(amount(5n));
  nowMs = 25 * HOUR_MS;
  signed.count(amount(3n));
  expect(signed.sum('ana', 'usdc')).toBe(3n);
  settle(null);
  expect(signed.sum('ana', 'usdc')).toBe(3n);
});

test('the same payment under the same value of its nonce is known, and counts once', () => {
  const signed = createSignedToday(() => 0);
  const variant = amount(5n, { under: UNDER });
  signed.count(variant);
  signed.count(amount(6n));
  expect(signed.has(variant)).toBe(true);
  for (const other of [
    amount(4n, { under: UNDER }),
    amount(5n, { under: { ...UNDER, value: 'other' } }),
    amount(5n, { under: { ...UNDER, account: 'other' } }),
    amount(5n, { under: UNDER, paymentId: 'p2' }),
    amount(5n, { under: UNDER, mint: 'usdt' }),
    amount(6n),
  ])
    expect(signed.has(other)).toBe(false);
  signed.count(variant)(signedBy(SECOND));
  expect(signed.sum('ana', 'usdc')).toBe(11n);
});

test('a variant that was not signed takes nothing out while another one may land, or is being signed', () => {
  const signed = createSignedToday(() => 0);
  const [first, second, third] = [1, 2, 3].map(() => signed.count(amount(5n, { under: UNDER })));
  first?.(null);
  expect(signed.sum('ana', 'usdc')).toBe(5n);
  second?.(signedBy(SECOND));
  third?.(null);
  expect(signed.sum('ana', 'usdc')).toBe(5n);
});

test('a payment that failed is taken out once, by its own id and signature alone', () => {
  const signed = createSignedToday(() => 0);
  signed.count(amount(5n))(signedBy(FIRST));
  signed.count(amount(5n))(signedBy(SECOND));
  const failed = { by: 'failure' } as const;
  signed.ended('ana', 'p2', FIRST, failed);
  signed.ended('bob', 'p1', FIRST, failed);
  signed.ended('ana', 'p1', MOVE, failed);
  expect(signed.sum('ana', 'usdc')).toBe(10n);
  signed.ended('ana', 'p1', FIRST, failed);
  signed.ended('ana', 'p1', FIRST, failed);
  expect(signed.sum('ana', 'usdc')).toBe(5n);
});

test('a payment that was never executed is taken out once its own last block height is long final', () => {
  const signed = createSignedToday(() => 0);
  signed.count(amount(5n))(signedBy(FIRST));
  const at = (finalizedBlockHeight: number) =>
    signed.ended('ana', 'p1', FIRST, { by: 'expiry', finalizedBlockHeight });
  at(182);
  expect(signed.sum('ana', 'usdc')).toBe(5n);
  at(183);
  expect(signed.sum('ana', 'usdc')).toBe(0n);
});

test('a payment under a nonce is taken out by a failure of one of its transactions, and never by an expiry', () => {
  const signed = createSignedToday(() => 0);
  const variant = amount(5n, { under: UNDER });
  signed.count(variant)(signedBy(FIRST));
  signed.count(variant)(signedBy(SECOND));
  signed.ended('ana', 'p1', SECOND, { by: 'expiry', finalizedBlockHeight: 1_000 });
  expect(signed.sum('ana', 'usdc')).toBe(5n);
  signed.ended('ana', 'p1', SECOND, { by: 'failure' });
  expect(signed.sum('ana', 'usdc')).toBe(0n);
});

test('a cancellation takes out the payment whose nonce it moves, where it was signed here', () => {
  const signed = createSignedToday(() => 0);
  signed.count(amount(5n, { under: UNDER }))(signedBy(FIRST));
  const cancelled = { by: 'cancellation' } as const;
  signed.cancels('ana', 'other', MOVE);
  signed.cancels('bob', UNDER.value, MOVE);
  signed.ended('ana', 'p1', MOVE, cancelled);
  // A transaction of the payment is no cancellation, even where a row of the ledger says so.
  signed.ended('ana', 'p1', FIRST, cancelled);
  expect(signed.sum('ana', 'usdc')).toBe(5n);
  signed.cancels('ana', UNDER.value, MOVE);
  // A cancellation that fails moves the nonce as well, but is no failure of the payment.
  signed.ended('ana', 'p1', MOVE, { by: 'failure' });
  expect(signed.sum('ana', 'usdc')).toBe(5n);
  signed.ended('ana', 'p1', MOVE, cancelled);
  expect(signed.sum('ana', 'usdc')).toBe(0n);
});

test('a sum takes as long among 100,000 subscribers as alone', () => {
  const signed = createSignedToday(() => 0);
  let asked = 0;
  const counted = Array.from({ length: 100_000 }, (_, index) => ({
    ...amount(1n, { subscriberId: `s${index}` }),
    get amount() {
      asked++;
      return 1n;
    },
  }));
  for (const each of counted) signed.count(each);
  asked = 0;
  expect(signed.sum('s99999', 'usdc')).toBe(1n);
  expect(asked).toBe(0);
});
