// Shares: profit shares, in memory.

import { tabsAfter } from '../../../src/core/accrual.ts';
import { type ProfitShare, type Shares, UNSIGNED_MOST_MS } from '../../../src/core/debt-ports.ts';
import type { Fact } from '../../../src/core/fact.ts';
import { NO_TRIES } from '../../../src/core/payment.ts';
import { shareIdOf, termsSlotOf } from '../../../src/ledger/accruals.ts';
import { PLANNED_ANEW } from '../../../src/ledger/shares.ts';
import { applyCredits } from './credits.ts';
import { createMemoryEnds } from './ends.ts';
import {
  ASKED,
  accrualKey,
  inChainOrder,
  isAsked,
  LIVE,
  type PaymentRow,
  type ShareRow,
  type State,
} from './state.ts';

const OPEN: ReadonlySet<string> = new Set(['pending', 'processing', 'failed']);

const exact = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;
/** Oldest first, as the chain has it: several closes may share a slot. */
function byAge(state: State): (a: ShareRow, b: ShareRow) => number {
  const placeOf = (share: ShareRow): number => {
    for (const { fact, blockIndex } of state.facts.values())
      if (
        fact.signature === share.signature &&
        fact.subscriberId === share.subscriberId &&
        fact.position.slot === share.slot &&
        fact.position.ordinal === share.ordinal
      )
        return blockIndex ?? Number.MAX_SAFE_INTEGER;
    return 0;
  };
  return (a, b) =>
    a.slot - b.slot || placeOf(a) - placeOf(b) || a.ordinal - b.ordinal || (a.id < b.id ? -1 : 1);
}
type Place = Pick<Fact, 'signature' | 'position'>;
const comesAfter = (fact: Place, after: Place): boolean => {
  const row = (each: Place) => ({
    fact: each as Fact,
    blockIndex: each.position.blockIndex,
    finality: 'finalized' as const,
  });
  return inChainOrder(row(fact), row(after)) > 0;
};
const sharesOf = (state: State, subscriberId: string): ShareRow[] =>
  [...state.shares.values()]
    .filter((each) => each.subscriberId === subscriberId)
    .sort(byAge(state));
const halted = (state: State, share: ShareRow): boolean =>
  ['all', `creator:${share.creatorWallet}`, `subscriber:${share.subscriberId}`].some((each) =>
    state.halts.has(each),
  );
const landed = (state: State, shareId: string): PaymentRow[] =>
  [...state.payments.values()].filter(
    (each) => each.state === 'landed' && each.covers.some((cover) => cover.shareId === shareId),
  );

export function createMemoryShares(state: State, nowMs: () => number): Shares {
  const creditsOf = (row: ShareRow) =>
    [...state.credits.values()].flatMap(({ signature, shares }) =>
      shares.filter((each) => each.shareId === row.id).map(({ amount }) => ({ amount, signature })),
    );
  const viewOf = (row: ShareRow): ProfitShare => ({
    id: row.id,
    subscriberId: row.subscriberId,
    subscriptionId: row.subscriptionId,
    creatorWallet: row.creatorWallet,
    signature: row.signature,
    slot: row.slot,
    netPnl: row.netPnl,
    shareBps: row.shareBps,
    amount: row.amount,
    paid: row.paid,
    status: row.status,
    reason: row.status === 'voided' ? null : row.reason,
    attempts: row.attempts,
    retryAtMs:
      row.status === 'pending' && row.heldUntilMs !== null
        ? Math.max(row.retryAtMs ?? 0, row.heldUntilMs)
        : row.retryAtMs,
    paidBy: landed(state, row.id).flatMap((each) => each.signature ?? []),
    credited: creditsOf(row).reduce((sum, each) => sum + each.amount, 0n),
    creditedBy: creditsOf(row).map((each) => each.signature),
    observed: row.observed,
    voided:
      row.status === 'voided'
        ? { by: 'terms', actor: 'terms', person: null, reason: 'lapsed', atMs: row.voidedAtMs ?? 0 }
        : null,
  });
  const isHeld = (subscriberId: string): boolean =>
    sharesOf(state, subscriberId).some(
      (each) => each.status === 'pending' && (each.heldUntilMs ?? 0) > nowMs(),
    );
  const isDue = (row: ShareRow): boolean =>
    row.status === 'pending' &&
    !row.observed &&
    (row.retryAtMs === null || row.retryAtMs <= nowMs()) &&
    !isHeld(row.subscriberId) &&
    !halted(state, row);
  /** Nothing is signed of it: it ends, and its debts are due. */
  const endUnsigned = (payment: PaymentRow): void => {
    payment.state = 'failed';
    for (const { shareId } of payment.covers) {
      const share = state.shares.get(shareId);
      if (share?.status !== 'processing') continue;
      Object.assign(share, { status: 'pending', reason: PLANNED_ANEW, retryAtMs: nowMs() });
    }
  };
  /** By payments that landed, and by those that still may. */
  const claimed = (row: ShareRow): bigint =>
    [...state.payments.values()]
      .filter((each) => each.state === 'landed' || LIVE.has(each.state))
      .flatMap((each) => each.covers)
      .reduce((sum, c) => sum + (c.shareId === row.id ? c.amount : 0n), 0n);
  return {
    async unaccrued(limit, after) {
      const found = [...state.facts.values()].flatMap(({ fact, finality, blockIndex }) => {
        const { body } = fact;
        if ((body.kind !== 'close' && body.kind !== 'reckoning') || finality !== 'finalized')
          return [];
        return [...state.subscriptions.values()]
          .filter(
            (each) =>
              each.driftAccount === fact.account &&
              each.subscriberId === fact.subscriberId &&
              fact.position.slot >= Math.min(...each.terms.map((terms) => terms.fromSlot)) &&
              !state.accruals.has(accrualKey(each.id, fact)),
          )
          .map((subscription) => ({
            subscription: { ...subscription },
            // The simulated terms are plain, and openings are not simulated: a close is the whole of what it closes.
            history: [],
            vouched: true,
            fact: { ...fact, body, position: { ...fact.position, blockIndex } },
          }));
      });
      return found
        .sort((a, b) =>
          inChainOrder(
            { ...a, blockIndex: a.fact.position.blockIndex, finality: 'finalized' },
            { ...b, blockIndex: b.fact.position.blockIndex, finality: 'finalized' },
          ),
        )
        .filter(({ fact }) => after == null || comesAfter(fact, after))
        .slice(0, limit);
    },
    async book({ fact, subscription }, { bookings }) {
      const key = accrualKey(subscription.id, fact);
      const own = state.subscriptions.get(subscription.id);
      const sameTabs =
        JSON.stringify(own?.tabs, exact) === JSON.stringify(subscription.tabs, exact);
      if (state.accruals.has(key) || own === undefined || !sameTabs) return false;
      own.tabs = tabsAfter(own.tabs, bookings);
      state.accruals.set(
        key,
        bookings.reduce((sum, each) => sum + each.amount, 0n),
      );
      const { slot, ordinal } = fact.position;
      const owing = bookings.filter((each) => each.amount > 0n);
      for (const booking of owing) {
        const id = shareIdOf(subscription.id, fact, termsSlotOf(booking));
        state.shares.set(id, {
          id,
          subscriberId: fact.subscriberId,
          subscriptionId: subscription.id,
          creatorWallet: booking.terms?.creatorWallet ?? ('' as never),
          signature: fact.signature,
          slot,
          ordinal,
          amount: booking.amount,
          netPnl: booking.netPnl,
          shareBps: booking.terms?.shareBps ?? 0,
          termsSlot: termsSlotOf(booking),
          accruedAtMs: nowMs(),
          paid: 0n,
          status: 'pending',
          reason: null,
          attempts: 0,
          retryAtMs: null,
          hastened: false,
          heldUntilMs: null,
          observed: state.observing,
          ...NO_TRIES,
        });
      }
      if (owing.length === 0) return true;
      for (const { terms } of owing)
        if (terms !== null) applyCredits(state, fact.subscriberId, terms.creatorWallet);
      for (const each of sharesOf(state, fact.subscriberId))
        if (each.status === 'pending') each.retryAtMs = null;
      return true;
    },
    async due(subscriberId) {
      return sharesOf(state, subscriberId)
        .filter(isDue)
        .map((row) => {
          const subscription = state.subscriptions.get(row.subscriptionId);
          const driftUser = subscription?.driftAccount ?? ('' as never);
          const under = subscription?.terms.find((each) => each.fromSlot === row.termsSlot);
          const asked = isAsked(state, row);
          return {
            shareId: row.id,
            subscriptionId: row.subscriptionId,
            creatorWallet: row.creatorWallet,
            driftUser,
            subAccountId: state.accounts.get(driftUser)?.subAccountId ?? 0,
            owed: row.amount - row.paid,
            attempts: row.attempts,
            slot: row.slot,
            minimum: asked ? 0n : (under?.minimumPayment ?? 0n),
            asked,
          };
        });
    },
    async subscribersWithWork() {
      const live = [...state.payments.values()].filter((each) => LIVE.has(each.state));
      const due = [...state.shares.values()].filter(isDue);
      return [...new Set([...live, ...due].map((each) => each.subscriberId))].sort();
    },
    async tries(subscriberId, shareIds) {
      const rows = sharesOf(state, subscriberId).filter((each) => shareIds.includes(each.id));
      const most = (count: (row: ShareRow) => number) => Math.max(0, ...rows.map(count));
      return {
        unexpected: most((each) => each.unexpected),
        failures: most((each) => each.failures),
        expiries: most((each) => each.expiries),
      };
    },
    async rest(subscriberId, shareIds, trouble, retryInMs, countsAsAttempt) {
      for (const row of sharesOf(state, subscriberId)) {
        if (!shareIds.includes(row.id) || row.status !== 'pending') continue;
        row.status = retryInMs === null ? 'failed' : 'pending';
        row.reason = trouble;
        row.retryAtMs = retryInMs === null ? null : nowMs() + retryInMs;
        if (countsAsAttempt) row.attempts++;
        if (trouble.class === 'unexpected') row.unexpected++;
      }
    },
    async list({ subscriberId, status, limit }) {
      return [...state.shares.values()]
        .filter((each) => subscriberId === undefined || each.subscriberId === subscriberId)
        .filter((each) => status === undefined || each.status === status)
        .sort((a, b) => b.slot - a.slot || (a.id < b.id ? 1 : -1))
        .slice(0, limit)
        .map(viewOf);
    },
    find: async (id) =>
      [...state.shares.values()].filter((each) => each.id === id).map(viewOf)[0] ?? null,
    open: async (subscriberId) =>
      sharesOf(state, subscriberId)
        .filter((each) => OPEN.has(each.status))
        .map(viewOf),
    async retry(id) {
      const row = state.shares.get(id);
      const planned = [...state.payments.values()].find(
        (each) => each.state === 'planned' && each.covers.some((cover) => cover.shareId === id),
      );
      if (planned !== undefined) endUnsigned(planned);
      if (row === undefined || row.observed) return false;
      if (row.status !== 'pending' && row.status !== 'failed') return false;
      Object.assign(row, { status: 'pending', ...ASKED, unexpected: 0, failures: 0 });
      for (const each of sharesOf(state, row.subscriberId)) each.heldUntilMs = null;
      return true;
    },
    accrual: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    void: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    async hasten(subscriberId) {
      for (const each of state.payments.values())
        if (
          each.subscriberId === subscriberId &&
          each.state === 'planned' &&
          each.plannedAtMs < nowMs() - UNSIGNED_MOST_MS
        )
          endUnsigned(each);
      for (const row of sharesOf(state, subscriberId)) {
        if (row.status !== 'pending') continue;
        Object.assign(row, { ...ASKED, reason: null });
      }
    },
    async wake(waiting) {
      const woken = [...state.shares.values()].filter(
        (row) =>
          row.status === 'pending' &&
          row.retryAtMs !== null &&
          waiting.some(
            (each) => each.subscriberId === row.subscriberId && each.class === row.reason?.class,
          ),
      );
      for (const row of woken) row.retryAtMs = null;
      return [...new Set(woken.map((each) => each.subscriberId))];
    },
    async waitingWith(code) {
      const rows = [...state.shares.values()].filter(
        (each) => each.status === 'pending' && each.reason?.code === code,
      );
      const [first] = rows;
      const subscription = first && state.subscriptions.get(first.subscriptionId);
      return {
        driftUser: subscription?.driftAccount ?? null,
        subscribers: [...new Set(rows.map((each) => each.subscriberId))].sort(),
      };
    },
    async oldestOpenSlot(subscriberId) {
      const open = sharesOf(state, subscriberId).find((each) => OPEN.has(each.status));
      return Math.max(0, (open?.slot ?? 0) - 1);
    },
    uncovered: async (subscriberId) =>
      sharesOf(state, subscriberId).map((row) => ({
        shareId: row.id,
        creatorWallet: row.creatorWallet,
        uncovered:
          (row.status === 'voided' ? row.paid : row.amount) -
          claimed(row) -
          creditsOf(row).reduce((sum, each) => sum + each.amount, 0n),
      })),
    ...createMemoryEnds(state, nowMs),
  };
}
