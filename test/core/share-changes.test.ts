// Share changes: the debt that follows from each change, field by field, and the events of the
// change.

import { describe, expect, test } from 'vitest';
import { cancelledBy, landedDespite } from '../../src/core/cancellation.ts';
import type { Signature } from '../../src/core/ids.ts';
import type { Share } from '../../src/core/share.ts';
import type { ShareChange } from '../../src/core/share-change.ts';
import { isDue } from '../../src/core/share-due.ts';
import { transition } from '../../src/core/share-transition.ts';
import { USDC } from '../../src/core/token.ts';
import type { Trouble } from '../../src/core/trouble.ts';
import { BORN, FRESH, LANDING, SHORT, shareWith } from '../support/fresh-share.ts';

const DISCHARGED = { ...LANDING, creatorWallet: 'creator' };
const of = (act: ShareChange, change: Partial<Share> = {}) => {
  const found = transition(shareWith(change), act);
  return found === null ? null : { share: found.share, events: found.events };
};
/** The debt after an act about which nothing is told. */
const quiet = (change: Partial<Share>) => ({ share: shareWith(change), events: [] });
const told = (kind: string, body: object) => ({
  kind,
  subscriberId: 'ana',
  body: { mint: USDC.mint, symbol: USDC.symbol, ...body },
});

/** A debt that has failed before, waits, and is held back. */
const WORN: Partial<Share> = {
  retryAtMs: 7,
  heldUntilMs: 9,
  reason: SHORT,
  attempts: 4,
  failures: 3,
  expiries: 2,
  unexpected: 1,
};

test('a new debt is owed at once, whole, and is told with its origin', () => {
  expect(FRESH).toMatchObject({ status: 'pending', paid: 0n, overpaid: 0n, retryAtMs: null });
  expect(BORN).toEqual([
    told('share.accrued', {
      share: 'ps_1',
      subscription: 'sub',
      signature: 's',
      slot: 9,
      netPnl: 1_000n,
      shareBps: 1_000,
      creatorWallet: 'creator',
      amount: 100n,
    }),
  ]);
});

test('a claim takes the reason away; when it is lost the debt is due at once', () => {
  expect(of({ do: 'claim', amount: 100n }, WORN)).toEqual(
    quiet({ ...WORN, status: 'processing', reason: null }),
  );
  expect(of({ do: 'unclaim' }, { ...WORN, status: 'processing' })).toEqual(
    quiet({ ...WORN, retryAtMs: null }),
  );
});

test('unexpected troubles are counted beside the attempts, others are not', () => {
  const rest = (kind: Trouble['class'], countsAsAttempt: boolean) =>
    of({ do: 'rest', trouble: { ...SHORT, class: kind }, retryAtMs: 1, countsAsAttempt }, WORN)
      ?.share;
  expect(rest('unexpected', true)).toMatchObject({ attempts: 5, unexpected: 2 });
  expect(rest('retry_soon', false)).toMatchObject({ attempts: 4, unexpected: 1 });
});

test('a debt that rests until a person acts says so', () => {
  const rest = (retryAtMs: number | null) =>
    of({ do: 'rest', trouble: SHORT, retryAtMs, countsAsAttempt: true })?.events;
  expect(rest(null)).toMatchObject([{ body: { waitsForPerson: true } }]);
  expect(rest(5)).toMatchObject([{ body: { waitsForPerson: false } }]);
});

test('only an expiry counts as one', () => {
  const free = (how: 'failed_on_chain' | 'expired' | 'refused') =>
    of(
      { do: 'free', trouble: SHORT, retryAtMs: 5, countsAsAttempt: true, how },
      { status: 'processing' },
    )?.share;
  expect(free('expired')).toMatchObject({ expiries: 1, failures: 0 });
  expect(free('failed_on_chain')).toMatchObject({ expiries: 0, failures: 1 });
  expect(free('refused')).toMatchObject({ expiries: 0, failures: 0 });
});

describe('operators and clearances', () => {
  test('wake makes it due, and changes nothing else', () =>
    expect(of({ do: 'wake' }, WORN)).toEqual(quiet({ ...WORN, retryAtMs: null })));
  test('hasten makes it due however small it is, and forgets the reason', () =>
    expect(of({ do: 'hasten' }, WORN)).toEqual(
      quiet({ ...WORN, retryAtMs: null, reason: null, hastened: true }),
    ));
  test('retry begins the counts of failures anew, and ends the hold', () => {
    const again = {
      ...WORN,
      retryAtMs: null,
      heldUntilMs: null,
      hastened: true,
      failures: 0,
      unexpected: 0,
    };
    expect(of({ do: 'retry' }, { ...WORN, status: 'failed' })).toEqual(quiet(again));
    expect(of({ do: 'retry' }, { ...WORN, observed: true })).toBeNull();
  });
  test('release ends the hold alone, and only where there is one', () => {
    expect(of({ do: 'release' }, WORN)).toEqual(quiet({ ...WORN, heldUntilMs: null }));
    expect(of({ do: 'release' })).toBeNull();
  });
  test('adopt makes an observed debt payable, once', () => {
    const adopted = of({ do: 'adopt' }, { ...WORN, observed: true, paid: 10n });
    expect(adopted?.share).toEqual(shareWith({ ...WORN, paid: 10n, retryAtMs: null }));
    expect(adopted?.events).toEqual([told('share.adopted', { share: 'ps_1', left: 90n })]);
    expect(of({ do: 'adopt' })).toBeNull();
    expect(of({ do: 'adopt' }, { observed: true, status: 'voided' })).toBeNull();
  });
});

describe('the end of a debt', () => {
  test('by an operator is told with the reason, the actor and the person', () => {
    const voiding = { reason: 'as agreed', actor: 'command', person: 'Ana' };
    const ended = of({ do: 'void', voiding, atMs: 0 }, { ...WORN, paid: 30n });
    const voided = { by: 'operator', ...voiding, atMs: 0 } as const;
    expect(ended?.share).toEqual(
      shareWith({ ...WORN, paid: 30n, status: 'voided', retryAtMs: null, voided }),
    );
    const body = { share: 'ps_1', left: 70n, by: 'operator', ...voiding };
    expect(ended?.events).toEqual([
      told('share.voided', { ...body, at: '1970-01-01T00:00:00.000Z' }),
    ]);
  });
  test('by its terms has the terms for actor, and the age at which it lapsed', () => {
    const ended = of({ do: 'lapse', accruedAtMs: 500, afterMs: 500, atMs: 1_000 });
    expect(of({ do: 'lapse', accruedAtMs: 501, afterMs: 500, atMs: 1_000 })).toBeNull();
    const lapse = { by: 'terms', reason: 'lapsed', actor: 'terms', person: null } as const;
    expect(ended?.share.voided).toEqual({ ...lapse, atMs: 1_000, afterMs: 500 });
    expect(ended?.events).toEqual([
      told('share.voided', { share: 'ps_1', left: 100n, ...lapse, at: '1970-01-01T00:00:01.000Z' }),
    ]);
  });
});

describe('a transfer by others', () => {
  const transfer = { signature: 'y' as Signature, slot: 5 };
  const origin = { share: 'ps_1', creatorWallet: 'creator', ...transfer };
  const credit = (amount: bigint, change: Partial<Share> = {}) =>
    of({ do: 'credit', amount, transfer }, change);

  test('pays a part, and the debt goes on as it was', () => {
    const part = credit(40n, { ...WORN, paid: 10n });
    expect(part?.share).toEqual(shareWith({ ...WORN, paid: 50n }));
    expect(part?.events).toEqual([told('share.credited', { ...origin, amount: 40n, left: 50n })]);
  });
  test('pays the rest, which ends the debt and is told as paid without a payment', () => {
    const whole = credit(90n, { ...WORN, paid: 10n });
    expect(whole?.share).toEqual(
      shareWith({ ...WORN, paid: 100n, status: 'paid', retryAtMs: null, reason: null }),
    );
    expect(whole?.events).toEqual([
      told('share.credited', { ...origin, amount: 90n, left: 0n }),
      told('share.paid', { ...origin, payment: null, amount: 100n }),
    ]);
  });
  test('pays nothing, or more than is left, never', () => {
    expect(credit(0n)).toBeNull();
    expect(credit(-1n)).toBeNull();
    expect(credit(91n, { paid: 10n })).toBeNull();
  });
});

describe('a landing', () => {
  const land = (amount: bigint, change: Partial<Share> = {}) =>
    of({ do: 'land', amount, claimed: false, landing: LANDING }, change);

  test('of the whole debt is told as paid; of a part nothing is told', () => {
    const paid = told('share.paid', { share: 'ps_1', ...DISCHARGED, amount: 100n });
    expect(land(100n)?.events).toEqual([paid]);
    expect(land(99n)?.events).toEqual([]);
  });
  test('on a debt that is overpaid tells only what it brought beyond', () => {
    const again = land(30n, { status: 'paid', paid: 100n, overpaid: 20n });
    expect(again?.share.overpaid).toBe(50n);
    expect(again?.events).toEqual([
      told('share.overpaid', { share: 'ps_1', ...DISCHARGED, amount: 100n, overpaid: 30n }),
    ]);
  });
  test('that is recalled, and was known already, tells nothing', () => {
    const recall: ShareChange = { do: 'recall', covered: 100n, claimed: false, landing: LANDING };
    expect(of(recall, { status: 'paid', paid: 100n })?.events).toEqual([]);
  });
  test('of a part keeps a debt with a person when a cancelled payment left it there, and no other failed debt', () => {
    const left = { status: 'failed', reason: cancelledBy(null) } as const;
    const part = { claimed: false, landing: LANDING };
    for (const change of [
      { do: 'recall', covered: 40n, ...part },
      { do: 'land', amount: 40n, ...part },
    ] as const) {
      expect(of(change, left)).toEqual(quiet({ ...left, paid: 40n }));
      const other = of(change, { ...left, reason: SHORT });
      expect(other).toEqual(quiet({ paid: 40n }));
    }
    expect(land(100n, left)?.share).toMatchObject({ status: 'paid', reason: null });
  });
  test('of a part that was to be cancelled leaves the rest to a person, and tells so', () => {
    const left = landedDespite(LANDING.signature);
    const asked = (change: Partial<Share>, claimed = false) =>
      of({ do: 'land', amount: 60n, claimed, left, landing: LANDING }, change);
    const body = { share: 'ps_1', left: 40n, ...left, waitsForPerson: true };
    expect(asked({ status: 'processing' })).toEqual({
      share: shareWith({ paid: 60n, status: 'failed', reason: left }),
      events: [told('share.blocked', body)],
    });
    // Another payment has claimed the debt, or a person retried the debt since.
    expect(asked({ status: 'processing' }, true)?.share.status).toBe('processing');
    expect(asked({ status: 'pending' })?.share.status).toBe('pending');
    const whole = asked({ status: 'processing', paid: 40n })?.share;
    expect(whole).toMatchObject({ status: 'paid', reason: null });
  });
});

test('only a pending debt is due, from its time on', () => {
  const free = { heldUntilMs: null, halted: false };
  const due = (change: Partial<Share>) => isDue(shareWith(change), 10, free);
  expect(due({ status: 'failed' })).toBe(false);
  expect(due({ status: 'processing' })).toBe(false);
  expect(isDue(shareWith(), -1, free)).toBe(true);
});
