// Nonce account: which changes of a nonce account may be made at which stage, and what moved it.
import { expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import {
  mayStillOpen,
  type NonceAccount,
  type NonceChange,
  nonceAfter,
  ownMoverIn,
  type PaymentUnderNonce,
  stageOf,
} from '../../src/core/nonce-account.ts';
import { PAYMENT_STATES } from '../../src/core/payment.ts';

const nonce = {
  subscriberId: 'ana',
  account: 'n' as Address,
  authority: 'sponsor' as Address,
  rent: 9n,
};
const opening: NonceAccount = {
  ...nonce,
  noted: null,
  askedMs: 1_000,
  closingMs: null,
  closedMs: null,
};
const open = { ...opening, noted: { value: 'v1', slot: 8 } };
const closing = { ...open, closingMs: 2_000 };
const closed = { ...opening, closedMs: 3_000 };
const ask: NonceChange = { do: 'ask', nonce, againAfterMs: 500 };
const note = (from: string | null, value: string, slot: number): NonceChange => ({
  do: 'note',
  from,
  to: { value, slot },
});
const close: NonceChange = { do: 'close', isPaying: false, againAfterMs: 500 };

test('an account goes from opening over open and closing to closed', () => {
  expect([opening, open, closing, closed].map(stageOf)).toEqual([
    'opening',
    'open',
    'closing',
    'closed',
  ]);
  expect(stageOf({ ...opening, closingMs: 5 })).toBe('closing');
});

test('a first account is created, and another one once the account is closed', () => {
  const other = { ...nonce, account: 'm' as Address, rent: 8n };
  const asked: NonceChange = { ...ask, nonce: other };
  const made = { ...opening, ...other, askedMs: 7 };
  expect(nonceAfter(null, asked, 7)).toEqual(made);
  expect(nonceAfter(closed, asked, 7)).toEqual(made);
  for (const before of [opening, open, closing]) expect(nonceAfter(before, asked, 9e9)).toBeNull();
});

test('a creation is sent again once its time has passed, unless the account has a value', () => {
  expect(nonceAfter(opening, ask, 1_499)).toBeNull();
  expect(nonceAfter(opening, ask, 1_500)).toEqual({ ...opening, askedMs: 1_500 });
  expect(nonceAfter({ ...opening, closingMs: 1_200 }, ask, 1_500)).toEqual({
    ...opening,
    askedMs: 1_500,
  });
  expect(nonceAfter(open, ask, 9e9)).toBeNull();
});

test('a value is noted by a reader that knows the noted one', () => {
  expect(nonceAfter(opening, note(null, 'v1', 8), 9)).toEqual(open);
  expect(nonceAfter(open, note('v1', 'v2', 8), 9)?.noted).toEqual({ value: 'v2', slot: 8 });
  expect(nonceAfter(closing, note('v1', 'v2', 9), 9)?.closingMs).toBe(2_000);
  expect(nonceAfter(open, note(null, 'v2', 9), 9)).toBeNull();
  expect(nonceAfter(open, note('v0', 'v2', 9), 9)).toBeNull();
  expect(nonceAfter(opening, note('v1', 'v2', 9), 9)).toBeNull();
  expect(() => nonceAfter(open, note('v1', 'v0', 7), 9)).toThrow(/goes back.*slot 8.*slot 7/);
});

test('a closing is sent while no payment is under way, and again once its time has passed', () => {
  expect(nonceAfter(open, close, 2_000)).toEqual(closing);
  expect(nonceAfter(opening, close, 2_000)?.closingMs).toBe(2_000);
  expect(nonceAfter(closing, close, 2_499)).toBeNull();
  expect(nonceAfter(closing, close, 2_500)).toEqual({ ...closing, closingMs: 2_500 });
  for (const before of [opening, open, closing])
    expect(nonceAfter(before, { ...close, isPaying: true }, 9e9)).toBeNull();
});

test('an account that is gone has no value, and nothing but a creation changes it', () => {
  for (const before of [opening, open, closing])
    expect(nonceAfter(before, { do: 'gone' }, 3_000)).toEqual(closed);
  for (const before of [null, closed])
    for (const change of [note(null, 'v1', 9), close, { do: 'gone' } as const])
      expect(nonceAfter(before, change, 9e9)).toBeNull();
});

test('a creation may land until its time has passed, or the account was read', () => {
  expect(mayStillOpen(opening, 1_999, 1_000)).toBe(true);
  expect(mayStillOpen(opening, 2_000, 1_000)).toBe(false);
  expect(mayStillOpen(open, 1_001, 1_000)).toBe(false);
});

test('what moved a nonce: a payment that was executed, or its own cancellation', () => {
  const own = { signature: 'c' as Signature, slot: 7, own: true };
  const payment = (change: Partial<PaymentUnderNonce>): PaymentUnderNonce => ({
    state: 'landed',
    signature: 'p' as Signature,
    executedSlot: 5,
    moved: own,
    ...change,
  });
  const found = PAYMENT_STATES.map((state) => ownMoverIn(payment({ state })));
  const executed = { signature: 'p', slot: 5 };
  expect(found).toEqual([null, null, null, executed, executed, { signature: 'c', slot: 7 }]);
  // Refused before it was signed.
  const refused = { executedSlot: null, signature: null, moved: null };
  expect(ownMoverIn(payment({ state: 'failed', ...refused }))).toBeNull();
  expect(ownMoverIn(payment({ state: 'failed', executedSlot: null }))).toBeNull();
  // Another transaction moved it, which the ledger does not know.
  expect(ownMoverIn(payment({ state: 'dead', moved: { ...own, own: false } }))).toBeNull();
  expect(ownMoverIn(payment({ state: 'dead', moved: null }))).toBeNull();
});
