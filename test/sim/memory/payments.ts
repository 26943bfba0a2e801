// Payments: their life, in memory.

import type { Payments } from '../../../src/core/debt-ports.ts';
import { NO_TRIES, type Trouble } from '../../../src/core/payment.ts';
import { createMemoryRestore } from './restore.ts';
import { LIVE, type PaymentRow, type ShareRow, type State } from './state.ts';

/** `identity`: what the database tells of itself now; null where it tells nothing. */
export function createMemoryPayments(
  state: State,
  nowMs: () => number,
  identity: () => string | null,
): Payments {
  const liveOf = (subscriberId: string): PaymentRow | undefined =>
    [...state.payments.values()].find(
      (each) => each.subscriberId === subscriberId && LIVE.has(each.state),
    );
  /** The payment, when it is in the state that the transition starts from. */
  const from = (id: string, expected: PaymentRow['state']): PaymentRow | null => {
    const row = state.payments.get(id);
    return row?.state === expected ? row : null;
  };
  const free = (
    payment: PaymentRow,
    trouble: Trouble,
    retryInMs: number | null,
    counts: boolean,
    how: 'refused' | 'failed' | 'expired',
  ): void => {
    const retryAtMs = retryInMs === null ? null : nowMs() + retryInMs;
    for (const { shareId } of payment.covers) {
      const share = state.shares.get(shareId);
      if (share?.status !== 'processing') continue;
      share.status = retryAtMs === null ? 'failed' : 'pending';
      share.reason = trouble;
      share.retryAtMs = retryAtMs;
      if (counts) share.attempts++;
      if (trouble.class === 'unexpected') share.unexpected++;
      if (how === 'expired') share.expiries++;
      if (how === 'failed') {
        share.failures++;
        share.heldUntilMs = retryAtMs;
      }
    }
  };
  return {
    async live(subscriberId) {
      const row = liveOf(subscriberId);
      if (row === undefined) return null;
      const attempts = row.covers.map((each) => state.shares.get(each.shareId)?.attempts ?? 0);
      const { executedSlot, evidence, signature, plannedAtMs, endedAtMs, covers, ...payment } = row;
      return { ...payment, attempts: Math.max(0, ...attempts) };
    },
    async open(payment) {
      const { attempts, ...rest } = payment;
      const { covers } = payment.plan;
      if (state.oneLive && liveOf(payment.subscriberId) !== undefined) return false;
      const claimable = covers.every(({ shareId, amount }) => {
        const share = state.shares.get(shareId);
        return (
          share?.status === 'pending' && !share.observed && share.amount - share.paid >= amount
        );
      });
      if (!claimable) return false;
      for (const { shareId } of covers)
        Object.assign(state.shares.get(shareId) as ShareRow, {
          status: 'processing',
          reason: null,
        });
      const row: PaymentRow = {
        ...rest,
        covers,
        executedSlot: null,
        evidence: null,
        signature: null,
        plannedAtMs: nowMs(),
        endedAtMs: null,
      };
      state.payments.set(payment.id, row);
      return true;
    },
    async signed(id, signed, under = null) {
      const row = from(id, 'planned');
      if (row === null || (under !== null && under !== identity())) return false;
      Object.assign(row, { state: 'signed', signed, signature: signed.signature });
      return true;
    },
    async sent(id) {
      const row = from(id, 'signed');
      if (row !== null) row.state = 'sent';
      return row !== null;
    },
    async landed(id, slot) {
      const row = from(id, 'sent');
      if (row === null) return false;
      Object.assign(row, { state: 'landed', executedSlot: slot });
      for (const { shareId, amount } of row.covers) {
        const share = state.shares.get(shareId) as ShareRow;
        if (share.paid + amount > share.amount) throw new Error('check: paid between 0 and amount');
        share.paid += amount;
        Object.assign(share, { reason: null, retryAtMs: null, heldUntilMs: null, ...NO_TRIES });
        share.status = share.paid === share.amount ? 'paid' : 'pending';
      }
      return true;
    },
    async waits(id, trouble) {
      const row = from(id, 'planned');
      for (const { shareId } of row?.covers ?? []) {
        const share = state.shares.get(shareId);
        if (share?.status === 'processing') share.reason = trouble;
      }
      return row !== null;
    },
    async refused(id, trouble, retryInMs, counts) {
      const row = from(id, 'planned');
      if (row === null) return false;
      row.state = 'failed';
      free(row, trouble, retryInMs, counts, 'refused');
      return true;
    },
    async failed(id, slot, trouble, retryInMs, counts) {
      const row = from(id, 'sent');
      if (row === null) return false;
      Object.assign(row, { state: 'failed', executedSlot: slot });
      free(row, trouble, retryInMs, counts, 'failed');
      return true;
    },
    async dead(id, evidence, trouble, retryInMs) {
      const row = from(id, 'sent');
      if (row === null) return false;
      Object.assign(row, { state: 'dead', evidence });
      free(row, trouble, retryInMs, true, 'expired');
      return true;
    },
    list: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    async find(id) {
      const row = state.payments.get(id);
      if (row === undefined) return null;
      const { plan, executedSlot: slot, purpose, subscriberId, creatorWallet, signature } = row;
      return {
        ...{ id, purpose, subscriberId, creatorWallet, signature, slot },
        amount: plan.amount,
        withdrawn: plan.withdraw,
        feePayer: plan.feePayer,
        state: row.state,
        trouble: null,
        plannedAtMs: row.plannedAtMs,
        endedAtMs: row.endedAtMs,
      };
    },
    toppedUpWithin: async (subscriberId, ms) =>
      [...state.payments.values()].some(
        (each) =>
          each.subscriberId === subscriberId &&
          each.purpose === 'top_up' &&
          each.plannedAtMs > nowMs() - ms,
      ),
    unknown: async (signatures) => {
      const live = new Set(['signed', 'sent', 'landed']);
      const known = new Set(
        [...state.payments.values()].flatMap((each) =>
          live.has(each.state) ? [each.signature] : [],
        ),
      );
      return signatures.filter((each) => !known.has(each));
    },
    overpaidBy: async () => 0n,
    restore: createMemoryRestore(state, nowMs),
  };
}
