// Outcome: every close has a reason, told by what is on record of it.

import { describe, expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import {
  type BookedPart,
  outcomeOf,
  type PartShare,
  type RecordedClose,
} from '../../src/core/outcome.ts';
import { USDC } from '../../src/core/token.ts';

const waiting: RecordedClose = {
  token: USDC,
  account: 'account' as Address,
  signature: 'sig' as Signature,
  slot: 50,
  ordinal: 0,
  final: true,
  body: {} as RecordedClose['body'],
  subscriptionId: 's',
  firstTermsSlot: 10,
  waits: true,
  checkedSlot: 50,
  gap: false,
  parts: [],
  cursor: '',
};
const part: BookedPart = {
  termsSlot: 10,
  openedSlot: 20,
  base: null,
  basis: 'per_close',
  shareBps: 1_000,
  netPnl: 5_000_000n,
  profit: 'net',
  fees: 1_000_000n,
  hurdled: 0n,
  allowed: null,
  freeBeforeSlot: 0,
  charged: 5_000_000n,
  amount: 500_000n,
  deficitBefore: 0n,
  deficitAfter: 0n,
  shares: [],
};
const reasonOf = (more: Partial<RecordedClose>) => outcomeOf({ ...waiting, ...more }).reason;
const booked = (...parts: Partial<BookedPart>[]) =>
  outcomeOf({ ...waiting, parts: parts.map((each) => ({ ...part, ...each })) });
const nothing = { charged: 0n, amount: 0n };

describe('a close that is not booked', () => {
  test('has no subscription, or none with terms', () => {
    expect(reasonOf({ subscriptionId: null })).toBe('no_subscription');
    expect(reasonOf({ firstTermsSlot: null })).toBe('no_subscription');
  });
  test('came before the first terms; in their slot it falls under them', () => {
    const early = outcomeOf({ ...waiting, slot: 9 });
    expect(early.reason).toBe('before_terms');
    expect(early.sentence).toMatch(/began in slot 10/);
    expect(reasonOf({ slot: 10 })).toBe('not_booked');
  });
  test('is not final', () => expect(reasonOf({ final: false })).toBe('not_final'));
  test('waits for a check at its slot or later', () => {
    expect(reasonOf({ checkedSlot: null })).toBe('not_checked');
    expect(reasonOf({ checkedSlot: 49 })).toBe('not_checked');
    expect(reasonOf({ checkedSlot: 49, gap: true })).toBe('gap');
  });
  test('is booked next when it is checked, or when it does not wait for that', () => {
    expect(reasonOf({})).toBe('not_booked');
    expect(reasonOf({ gap: true })).toBe('not_booked');
    expect(reasonOf({ waits: false, checkedSlot: null })).toBe('not_booked');
  });
  test('has a sentence for each reason, and owes nothing', () => {
    const given: Partial<RecordedClose>[] = [
      { subscriptionId: null },
      { slot: 9 },
      { final: false },
      { checkedSlot: null },
      { checkedSlot: null, gap: true },
      {},
    ];
    const outcomes = given.map((more) => outcomeOf({ ...waiting, ...more }));
    expect(new Set(outcomes.map(({ sentence }) => sentence)).size).toBe(given.length);
    for (const { amount, parts, sentence } of outcomes) {
      expect([amount, parts]).toEqual([0n, []]);
      expect(sentence).not.toBe('');
    }
  });
});

describe('a part that owes', () => {
  const share: PartShare = {
    id: 'share-1',
    recipient: 0,
    amount: 500_000n,
    creatorWallet: 'c' as Address,
    paid: 0n,
    status: 'pending',
    observed: false,
  };
  test('says its share and what became of it', () => {
    expect(booked({})).toMatchObject({ reason: null, amount: 500_000n });
    expect(booked({}).sentence).toBe('10 % of 5.000000 USDC is 0.500000 USDC.');
    expect(booked({ shares: [share] }).sentence).toMatch(/The share share-1 is pending\.$/);
  });
  test('that was only observed says what a transfer from outside has paid of it', () => {
    const observed = { ...share, observed: true };
    const told = (more: Partial<PartShare>): string =>
      booked({ shares: [{ ...observed, ...more }] }).sentence;
    expect(told({ status: 'pending' })).toBe(
      '10 % of 5.000000 USDC is 0.500000 USDC. The share share-1 was only observed, and is not paid until a person adopts it.',
    );
    expect(told({ status: 'pending', paid: 200_000n })).toMatch(
      /only observed; a transfer made outside Bailiff has paid 0\.200000 USDC of it, and 0\.300000 USDC is not paid until a person adopts it\.$/,
    );
    expect(told({ status: 'paid', paid: 500_000n })).toMatch(
      /The share share-1 was only observed, and a transfer made outside Bailiff has paid it\.$/,
    );
    expect(told({ status: 'voided' })).toMatch(/was only observed, and is voided\.$/);
    expect(told({ status: 'voided', paid: 200_000n })).toMatch(/ and 0\.300000 USDC is voided\.$/);
  });
  test('of a split says it of each recipient', () => {
    const own = { ...share, amount: 400_000n };
    const other = { ...share, id: 'share-2', recipient: 1, amount: 100_000n, status: 'paid' };
    const shares = [{ ...own, observed: true }, other];
    expect(booked({ shares }).sentence).toMatch(
      /Of it 0\.400000 USDC to c \(share-1\) was only observed, and is not paid until a person adopts it; 0\.100000 USDC to c \(share-2\) is paid\.$/,
    );
  });
  test('owes whatever the terms of the other parts are', () => {
    const both = booked({ ...nothing, termsSlot: null, openedSlot: 9 }, {});
    expect(both).toMatchObject({ reason: null, amount: 500_000n });
    expect(both.parts.map(({ reason }) => reason)).toEqual(['before_terms', null]);
  });
});

describe('a part that owes nothing', () => {
  test('was opened before anything was agreed, or after the end', () => {
    const none = { termsSlot: null, ...nothing };
    expect(booked({ ...none, openedSlot: null }).reason).toBe('before_terms');
    expect(booked({ ...none, openedSlot: 9 }).reason).toBe('before_terms');
    expect(booked({ ...none, openedSlot: 10 }).reason).toBe('after_end');
    const untermed = { ...waiting, firstTermsSlot: null, parts: [{ ...part, ...none }] };
    expect(outcomeOf(untermed).reason).toBe('before_terms');
  });
  test('closed with a loss, or without a profit', () => {
    const loss = booked({ ...nothing, netPnl: -2_000_000n });
    expect(loss.reason).toBe('loss');
    expect(loss.sentence).toMatch(/loss of 2\.000000 USDC/);
    const even = booked({ ...nothing, netPnl: 0n });
    expect(even.reason).toBe('loss');
    expect(even.sentence).toMatch(/without a profit/);
  });
  test('made good earlier losses', () => {
    const given = booked({ ...nothing, deficitBefore: 9_000_000n, deficitAfter: 4_000_000n });
    expect(given.reason).toBe('made_good');
    expect(given.sentence).toMatch(/losses of 9\.000000 USDC; 4\.000000 USDC of them are left/);
  });
  test('closed in the free period, within the hurdle, or after a cap was reached', () => {
    const free = booked({ amount: 0n, allowed: 0n, freeBeforeSlot: 51 });
    expect(free.reason).toBe('free_period');
    expect(free.sentence).toBe('It closed before slot 51, up to which the terms take nothing.');
    expect(booked({ freeBeforeSlot: 50 }).reason).toBeNull();
    const low = booked({ ...nothing, hurdled: 5_000_000n });
    expect(low.reason).toBe('below_hurdle');
    expect(low.sentence).toMatch(
      /5\.000000 USDC is within the hurdle of the terms from slot 10 on/,
    );
    const full = booked({ amount: 0n, allowed: 0n });
    expect(full.reason).toBe('capped');
    expect(full.sentence).toMatch(/A cap of the terms from slot 10 on was reached/);
    const cut = booked({ amount: 400_000n, allowed: 400_000n });
    expect(cut.reason).toBeNull();
    expect(cut.sentence).toBe(
      '10 % of 5.000000 USDC is more than the cap allows; 0.400000 USDC is owed.',
    );
  });
  test('a loss after fees that is a profit before them owes under terms of the gross profit', () => {
    const loss = { ...nothing, netPnl: -400_000n };
    expect(booked(loss).sentence).toMatch(/^Fees included, it closed with a loss of 0\.400000/);
    const gross = { profit: 'gross', charged: 600_000n, amount: 60_000n } as const;
    expect(booked({ ...loss, ...gross }).reason).toBeNull();
    const both = booked({ ...nothing, netPnl: -2_000_000n, profit: 'gross' });
    expect(both.sentence).toMatch(/^Before fees, it closed with a loss of 1\.000000 USDC/);
  });
  test('has a share of 0 %, or less than a base unit', () => {
    const free = booked({ amount: 0n, shareBps: 0 });
    expect(free.reason).toBe('no_share');
    expect(free.sentence).toMatch(/from slot 10 on take a share of 0 %/);
    const dust = booked({ amount: 0n, charged: 9n });
    expect(dust.reason).toBe('dust');
    expect(dust.sentence).toMatch(/^10 % of 0\.000009 USDC is less than a base unit/);
  });
  test('of several, the first gives the reason of the whole, and each sentence stands once', () => {
    const loss = { ...nothing, netPnl: -1n };
    const given = booked({ ...nothing, termsSlot: null, openedSlot: null }, loss, loss);
    expect(given.reason).toBe('before_terms');
    expect(given.sentence).toBe(
      'It was opened before anything was agreed. Fees included, it closed with a loss of 0.000001 USDC.',
    );
    expect(booked({ ...nothing, termsSlot: null }).sentence).toMatch(/after the subscription/);
  });
});
