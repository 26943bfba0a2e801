// Restoring: what a payment that the chain shows changes in a ledger that had lost it.
import { describe, expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import type { PaidOnChain } from '../../src/core/rebuild.ts';
import {
  type PaymentOnRecord,
  requireRest,
  requireRoom,
  restoring,
  subscriptionOf,
} from '../../src/core/restoring.ts';
import { USDC } from '../../src/core/token.ts';

const CREATOR = 'creator' as Address;
const HOUSE = 'house' as Address;
const SIGNATURE = 'sig' as Signature;
const PAID: PaidOnChain = {
  id: 'pay_1',
  signature: SIGNATURE,
  slot: 60,
  creatorWallet: CREATOR,
  token: USDC,
  amount: 100n,
};
const record = (more: Partial<PaymentOnRecord> = {}): PaymentOnRecord => ({
  id: 'pay_1',
  subscriberId: 'ana',
  mint: USDC.mint,
  state: 'sent',
  received: [{ wallet: CREATOR, amount: 100n }],
  signature: SIGNATURE,
  variants: [],
  excess: 0n,
  isAccepted: false,
  ...more,
});
const of = (known: PaymentOnRecord[], explained = 0n) =>
  restoring('ana', PAID, explained === 0n ? [] : [{ shareId: 'ps_1', amount: explained }], known);
const ANEW = { do: 'book', id: 'pay_1.sig', excess: 100n };

describe('a payment on record that has not landed', () => {
  test.each([
    ['sent with this signature', {}],
    ['planned, without a signature', { state: 'planned', signature: null }],
    ['dead', { state: 'dead' }],
    ['with this signature on a variant', { signature: 'other', variants: [SIGNATURE] }],
  ] as [string, Partial<PaymentOnRecord>][])('lands: %s', (_, more) => {
    expect(of([record(more)])).toEqual({ do: 'land', id: 'pay_1' });
  });
  test.each([
    ['to another recipient', { received: [{ wallet: HOUSE, amount: 100n }] }],
    ['of another amount', { received: [{ wallet: CREATOR, amount: 99n }] }],
    ['in another token', { mint: 'mint' as Address }],
    ['of another subscriber', { subscriberId: 'bo' }],
  ] as [string, Partial<PaymentOnRecord>][])('is another payment: %s', (_, more) => {
    expect(of([record({ ...more, signature: null })])).toEqual(ANEW);
  });
  test('is another payment when it was signed with other signatures only', () => {
    const other = record({ signature: 'other' as Signature, variants: ['third' as Signature] });
    expect(of([other])).toEqual(ANEW);
  });
});

describe('a payment on record that landed with this signature', () => {
  const booked = (more: Partial<PaymentOnRecord> = {}) =>
    record({ state: 'landed', excess: 40n, ...more });
  test('has its excess explained by debts that are known now', () => {
    expect(of([booked()], 30n)).toEqual({ do: 'explain', id: 'pay_1', explained: 30n });
    expect(of([booked({ id: 'pay_1.sig' })], 30n)).toMatchObject({ id: 'pay_1.sig' });
  });
  test('stays as it is without an excess, without new debts, or once a person accepted it', () => {
    const nothing = { do: 'nothing' };
    expect(of([booked({ excess: 0n })], 30n)).toEqual(nothing);
    expect(of([booked()])).toEqual(nothing);
    expect(of([booked({ isAccepted: true })], 30n)).toEqual(nothing);
  });
  test('is not explained by more than is left of its excess, which another caller has used', () => {
    expect(of([booked()], 40n)).toMatchObject({ do: 'explain', explained: 40n });
    const changed = expect.objectContaining({ code: 'books_behind', retry: 'later' });
    expect(() => of([booked()], 41n)).toThrow(changed);
  });
});

test('a payment of another subscriber with this signature explains nothing of this one', () => {
  const known = record({ id: 'pay_9', subscriberId: 'bo', state: 'landed', excess: 40n });
  expect(of([known], 30n)).toEqual({ do: 'book', id: 'pay_1', excess: 70n });
});

test('a payment that is not on record is booked, with the excess that no debt explains', () => {
  expect(of([], 70n)).toEqual({ do: 'book', id: 'pay_1', excess: 30n });
  expect(of([])).toEqual({ do: 'book', id: 'pay_1', excess: 100n });
});

test('a cover fits into what is uncovered of its debt now, or nothing is booked', () => {
  const debt = { shareId: 'ps_1', creatorWallet: CREATOR, mint: USDC.mint, uncovered: 30n };
  const cover = (amount: bigint) => [{ shareId: 'ps_1', amount }];
  expect(() => requireRoom([debt], cover(30n))).not.toThrow();
  expect(() => requireRoom([debt], cover(31n))).toThrow(/ps_1 changed/);
  expect(() => requireRoom([], cover(1n))).toThrow(/ps_1 changed/);
});

test('it is booked under the subscription of its oldest debt, or the first one that names it', () => {
  const under = (id: string, recipients: Address[], mint: Address = USDC.mint) => ({
    id,
    mint,
    recipients,
  });
  const all = [
    under('s3', [CREATOR]),
    under('s2', [HOUSE, CREATOR]),
    under('s1', [HOUSE]),
    under('s0', [CREATOR], 'mint' as Address),
  ];
  expect(subscriptionOf(PAID, null, all)).toBe('s2');
  expect(subscriptionOf(PAID, 's1', all)).toBe('s1');
  expect(subscriptionOf(PAID, 's0', all)).toBeNull();
  expect(subscriptionOf(PAID, null, [under('s1', [HOUSE])])).toBeNull();
  const recipients = [
    { wallet: CREATOR, amount: 60n },
    { wallet: HOUSE, amount: 40n },
  ];
  expect(subscriptionOf({ ...PAID, recipients }, null, all)).toBe('s1');
});

test('debts to a recipient are paid by its own part of an excess', () => {
  const debt = (shareId: string, creatorWallet: Address) => ({
    shareId,
    creatorWallet,
    mint: USDC.mint,
    uncovered: 30n,
  });
  const debts = [debt('ps_1', CREATOR), debt('ps_2', CREATOR), debt('ps_3', HOUSE)];
  const rests = [
    { wallet: CREATOR, amount: 40n },
    { wallet: HOUSE, amount: 20n },
  ];
  const book = (...covers: [string, bigint][]) =>
    requireRest(
      'pay_1',
      rests,
      debts,
      covers.map(([shareId, amount]) => ({ shareId, amount })),
    );
  const refused = expect.objectContaining({ code: 'books_behind' });
  book(['ps_1', 30n], ['ps_2', 10n], ['ps_3', 20n]);
  expect(() => book(['ps_1', 30n], ['ps_2', 11n])).toThrow(refused);
  expect(() => book(['ps_3', 21n])).toThrow(refused);
  expect(() => book(['ps_9', 1n])).toThrow(refused);
});
