// Share: under any sequence of acts the amount of a debt stays, its paid part never falls, and its
// status moves only as the table in core/share.ts says.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_TRIES } from '../../src/core/aftermath.ts';
import type { Signature } from '../../src/core/ids.ts';
import {
  FORWARD,
  isOpen,
  notRetriedBecause,
  SHARE_STATUSES,
  type Share,
  type ShareStatus,
} from '../../src/core/share.ts';
import type { ShareChange } from '../../src/core/share-change.ts';
import {
  countedOf,
  isApart,
  isAsked,
  isDue,
  isUnpaid,
  uncoveredOf,
} from '../../src/core/share-due.ts';
import { transition } from '../../src/core/share-transition.ts';
import { ERROR_CLASSES, type Trouble } from '../../src/core/trouble.ts';
import { restingEvents, resumedEvents } from '../../src/core/waiting-events.ts';
import { LANDING, SHORT, shareWith } from '../support/fresh-share.ts';

const VOIDING = { reason: 'as agreed', actor: 'command', person: null };
const become = (share: Share, act: ShareChange): Share => {
  const found = transition(share, act);
  if (found === null) throw new Error(`${act.do} does not start from ${share.status}`);
  return found.share;
};

const amount = fc.bigInt({ min: 1n, max: 150n });
const atMs = fc.integer({ min: 0, max: 1_000_000 });
const retryAtMs = fc.option(atMs, { nil: null });
const trouble = fc
  .constantFrom(...ERROR_CLASSES)
  .map((kind): Trouble => ({ class: kind, code: 'expired', detail: '' }));
const acts: fc.Arbitrary<ShareChange> = fc.oneof(
  amount.map((each): ShareChange => ({ do: 'claim', amount: each })),
  fc
    .record({ trouble, retryAtMs, countsAsAttempt: fc.boolean() })
    .map((each): ShareChange => ({ do: 'rest', ...each })),
  fc
    .record({
      trouble,
      retryAtMs,
      countsAsAttempt: fc.boolean(),
      how: fc.constantFrom('failed_on_chain', 'expired', 'refused'),
    })
    .map((each): ShareChange => ({ do: 'free', ...each })),
  fc
    .record({ amount, claimed: fc.boolean() })
    .map((each): ShareChange => ({ do: 'land', ...each, landing: LANDING })),
  fc
    .record({ covered: amount, claimed: fc.boolean() })
    .map((each): ShareChange => ({ do: 'recall', ...each, landing: LANDING })),
  amount.map(
    (each): ShareChange => ({
      do: 'credit',
      amount: each,
      transfer: { signature: 'y' as Signature, slot: 5 },
    }),
  ),
  fc.constantFrom<ShareChange>(
    { do: 'unclaim' },
    { do: 'note', trouble: SHORT },
    { do: 'wait', trouble: SHORT },
    { do: 'wake' },
    { do: 'hasten' },
    { do: 'retry' },
    { do: 'release' },
    { do: 'adopt' },
  ),
  atMs.map((each): ShareChange => ({ do: 'void', voiding: VOIDING, atMs: each })),
  atMs.map((each): ShareChange => ({ do: 'lapse', accruedAtMs: 0, afterMs: 1_000, atMs: each })),
);

test('under any acts the debt keeps its amount, nothing paid is taken back, and an ended debt stays ended', () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(fc.boolean(), fc.array(acts, { maxLength: 40 }), (observed, happened) => {
      let share = shareWith({ observed });
      for (const act of happened) {
        const found = transition(share, act);
        if (found === null) continue;
        const { share: next, events } = found;
        reached.add(`${share.status} ${next.status}`);
        expect([next.id, next.amount, next.creatorWallet]).toEqual(['ps_1', 100n, 'creator']);
        expect(next.paid >= share.paid && next.overpaid >= share.overpaid).toBe(true);
        expect(next.paid <= next.amount).toBe(true);
        expect(next.status === 'paid').toBe(next.paid === next.amount);
        expect(next.overpaid === 0n || next.status === 'paid').toBe(true);
        expect(next.voided !== null).toBe(next.status === 'voided');
        expect(next.observed && !share.observed).toBe(false);
        expect(next.observed && next.status === 'processing').toBe(false);
        if (next.status !== share.status) expect(FORWARD[share.status]).toContain(next.status);
        expect(events.filter(({ kind }) => kind === 'share.paid')).toHaveLength(
          next.status === 'paid' && share.status !== 'paid' && next.overpaid === 0n ? 1 : 0,
        );
        share = next;
      }
    }),
    { numRuns: 600, seed: 17 },
  );
  // Every step that the table allows occurred in the histories above.
  const allowed = SHARE_STATUSES.flatMap((from) => FORWARD[from].map((to) => `${from} ${to}`));
  expect(allowed.filter((each) => !reached.has(each))).toEqual([]);
});

test.each<[ShareChange['do'], ShareChange, readonly ShareStatus[]]>([
  ['claim', { do: 'claim', amount: 10n }, ['pending']],
  ['rest', { do: 'rest', trouble: SHORT, retryAtMs: 1, countsAsAttempt: true }, ['pending']],
  ['note', { do: 'note', trouble: SHORT }, ['pending']],
  ['wait', { do: 'wait', trouble: SHORT }, ['processing']],
  [
    'free',
    { do: 'free', trouble: SHORT, retryAtMs: 1, countsAsAttempt: true, how: 'refused' },
    ['processing'],
  ],
  ['unclaim', { do: 'unclaim' }, ['processing']],
  [
    'credit',
    { do: 'credit', amount: 10n, transfer: { signature: 'y' as Signature, slot: 5 } },
    ['pending', 'failed'],
  ],
  ['wake', { do: 'wake' }, ['pending']],
  ['hasten', { do: 'hasten' }, ['pending']],
  ['retry', { do: 'retry' }, ['pending', 'failed']],
  ['void', { do: 'void', voiding: VOIDING, atMs: 0 }, ['pending', 'failed']],
  ['lapse', { do: 'lapse', accruedAtMs: 0, afterMs: 1, atMs: 1 }, ['pending', 'failed']],
])('%s starts from nothing else', (_, act, from) => {
  const starts = SHARE_STATUSES.filter(
    (status) =>
      transition(
        shareWith({
          status,
          paid: status === 'paid' ? 100n : 0n,
          voided: status === 'voided' ? { by: 'operator', ...VOIDING, atMs: 0 } : null,
        }),
        act,
      ) !== null,
  );
  expect(starts).toEqual(from);
});

describe('a claim', () => {
  test('takes no more than is left, and nothing of a debt that is only observed', () => {
    const part = shareWith({ paid: 60n });
    expect(transition(part, { do: 'claim', amount: 41n })).toBeNull();
    expect(transition(part, { do: 'claim', amount: 0n })).toBeNull();
    expect(become(part, { do: 'claim', amount: 40n }).status).toBe('processing');
    expect(transition(shareWith({ observed: true }), { do: 'claim', amount: 1n })).toBeNull();
  });
});

describe('trouble', () => {
  const rest = (share: Share, trouble: Trouble, retryAtMs: number | null = 5) =>
    transition(share, { do: 'rest', trouble, retryAtMs, countsAsAttempt: true });

  test('is told when its reason is new, and never while a debt only waits for others', () => {
    const first = rest(shareWith(), SHORT);
    expect(first?.events).toMatchObject([
      { kind: 'share.blocked', body: { left: 100n, code: 'margin_floor', waitsForPerson: false } },
    ]);
    expect(first?.share).toMatchObject({ attempts: 1, retryAtMs: 5, status: 'pending' });
    expect(rest(first?.share as Share, SHORT)?.events).toEqual([]);
    expect(rest(shareWith(), { ...SHORT, class: 'accumulating' })?.events).toEqual([]);
    expect(rest(shareWith(), SHORT, null)?.share.status).toBe('failed');
  });

  test('is told again, for the same reason, when a person must act from then on', () => {
    const waiting = rest(shareWith(), SHORT)?.share as Share;
    expect(rest(waiting, SHORT, null)).toMatchObject({
      share: { status: 'failed' },
      events: [{ kind: 'share.blocked', body: { code: 'margin_floor', waitsForPerson: true } }],
    });
  });

  test('of a payment holds the debt back after a failure on chain alone, and is told when a person must act', () => {
    const claimed = shareWith({ status: 'processing' });
    const free = (how: 'failed_on_chain' | 'expired' | 'refused', retryAtMs: number | null) =>
      transition(claimed, { do: 'free', trouble: SHORT, retryAtMs, countsAsAttempt: true, how });
    expect(free('failed_on_chain', 9)?.share).toMatchObject({ failures: 1, heldUntilMs: 9 });
    expect(free('expired', 9)?.share).toMatchObject({ expiries: 1, heldUntilMs: null });
    expect(free('refused', 9)).toMatchObject({ share: { heldUntilMs: null }, events: [] });
    expect(free('refused', null)?.events).toMatchObject([
      { kind: 'share.blocked', body: { left: 100n, waitsForPerson: true } },
    ]);
  });

  test('is told once for the agent, and for the venue when no other debt waited for it', () => {
    const of = (kind: Trouble['class'], awaited: boolean) =>
      restingEvents('ana', { ...SHORT, class: kind }, awaited).map((each) => [
        each.kind,
        each.subscriberId,
      ]);
    expect(of('needs_sol', false)).toEqual([['agent.needs_sol', 'ana']]);
    expect(of('venue_paused', false)).toEqual([['venue.paused', null]]);
    expect(of('venue_paused', true)).toEqual([]);
    expect(of('retry_soon', false)).toEqual([]);
    const woken = (kind: Trouble['class']) => shareWith({ reason: { ...SHORT, class: kind } });
    expect(resumedEvents([woken('retry_soon'), woken('venue_paused')])).toEqual([
      { kind: 'venue.resumed', subscriberId: null, body: { waiting: 2 } },
    ]);
    expect(resumedEvents([woken('retry_soon')])).toEqual([]);
  });
});

describe('what lands', () => {
  test('comes on top of what was paid, and beyond the debt it is overpaid and told so', () => {
    const part = become(shareWith({ status: 'processing', failures: 2, heldUntilMs: 7 }), {
      do: 'land',
      amount: 60n,
      claimed: false,
      landing: LANDING,
    });
    expect(part).toMatchObject({ status: 'pending', paid: 60n, ...NO_TRIES, heldUntilMs: null });
    const over = transition(part, { do: 'land', amount: 60n, claimed: false, landing: LANDING });
    expect(over?.share).toMatchObject({ status: 'paid', paid: 100n, overpaid: 20n });
    expect(over?.events).toMatchObject([{ kind: 'share.overpaid', body: { overpaid: 20n } }]);
  });

  test('and was lost is recalled as far as it covers, and a debt that remembers more stays', () => {
    const recall = (share: Share, covered: bigint, claimed = false) =>
      become(share, { do: 'recall', covered, claimed, landing: LANDING });
    expect(recall(shareWith(), 100n).status).toBe('paid');
    expect(recall(shareWith({ paid: 70n }), 40n)).toMatchObject({ paid: 70n, status: 'pending' });
    expect(recall(shareWith({ status: 'processing' }), 40n, true).status).toBe('processing');
    const voided = shareWith({ status: 'voided', voided: { by: 'terms', ...VOIDING, atMs: 0 } });
    expect(recall(voided, 40n)).toMatchObject({ status: 'voided', paid: 40n });
    expect(recall(voided, 100n)).toMatchObject({ status: 'paid', voided: null });
  });
});

test('a debt is due when nothing holds it back', () => {
  const free = { heldUntilMs: null, halted: false };
  expect(isDue(shareWith(), 10, free)).toBe(true);
  expect(isDue(shareWith({ retryAtMs: 11 }), 10, free)).toBe(false);
  expect(isDue(shareWith({ retryAtMs: 10 }), 10, free)).toBe(true);
  expect(isDue(shareWith({ observed: true }), 10, free)).toBe(false);
  expect(isDue(shareWith(), 10, { ...free, heldUntilMs: 11 })).toBe(false);
  expect(isDue(shareWith(), 10, { ...free, heldUntilMs: 10 })).toBe(true);
  expect(isDue(shareWith(), 10, { ...free, halted: true })).toBe(false);
  expect(SHARE_STATUSES.filter(isOpen)).toEqual(['pending', 'processing', 'failed']);
});

test('a debt is payable while no person is asked, and open until it ends', () => {
  const which = (change: Partial<Share>) =>
    (['payable', 'open'] as const).filter((each) => isUnpaid(shareWith(change), each));
  expect(which({})).toEqual(['payable', 'open']);
  expect(which({ status: 'processing' })).toEqual(['payable', 'open']);
  expect(which({ status: 'failed' })).toEqual(['open']);
  expect(which({ observed: true })).toEqual(['open']);
  expect(which({ status: 'paid' })).toEqual([]);
  expect(which({ status: 'voided' })).toEqual([]);
});

test('a debt is paid apart once a payment to several recipients failed with it', () => {
  expect(isApart({ attempts: 1, failedTogether: 2 })).toBe(true);
  expect(isApart({ attempts: 1, failedTogether: 1 })).toBe(false);
  expect(isApart({ attempts: 0, failedTogether: 2 })).toBe(false);
});

test('of a voided debt only what was paid is left to be covered', () => {
  expect(uncoveredOf({ status: 'pending', amount: 100n, paid: 0n }, 30n, 20n)).toBe(50n);
  expect(uncoveredOf({ status: 'voided', amount: 100n, paid: 40n }, 30n, 0n)).toBe(10n);
});

test('a debt is paid however small it is for each of four reasons', () => {
  const none = { hastened: false, delinquent: false, ended: false, dropped: false };
  expect(isAsked(none)).toBe(false);
  for (const reason of ['hastened', 'delinquent', 'ended', 'dropped'] as const)
    expect(isAsked({ ...none, [reason]: true }), reason).toBe(true);
});

test('for the standing the whole of a debt counts, and of a voided or observed one what was paid', () => {
  const counted = (change: Partial<Share>, observing = false) =>
    countedOf(shareWith({ paid: 40n, ...change }), observing);
  expect(counted({})).toBe(100n);
  expect(counted({ observed: true })).toBe(40n);
  expect(counted({ observed: true }, true)).toBe(100n);
  expect(counted({ status: 'voided' })).toBe(40n);
  expect(counted({ status: 'voided', observed: true }, true)).toBe(40n);
});

test.each([
  ['processing', false, /is on its way; the end of that payment decides/],
  ['pending', true, /mode observe and is not paid until it is adopted/],
  ['paid', true, /is paid; there is nothing to try again/],
  ['voided', false, /is voided; there is nothing to try again/],
] as const)(
  'why a retry of a debt that is %s changes nothing (observed: %s)',
  (status, observed, says) => {
    expect(notRetriedBecause({ id: 'ps_1', status, observed })).toMatch(says);
  },
);
