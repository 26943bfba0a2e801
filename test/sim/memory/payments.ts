// Payments: the payment rows and their states, in memory.

import { cancelledBy, isLeftToPerson, landedDespite } from '../../../src/core/cancellation.ts';
import type { Signature } from '../../../src/core/ids.ts';
import { mayPayUnder } from '../../../src/core/nonce-account.ts';
import type { Payments } from '../../../src/core/payment-ports.ts';
import { paidTo } from '../../../src/core/payment-recipients.ts';
import type { ShareChange } from '../../../src/core/share-change.ts';
import { transition } from '../../../src/core/share-transition.ts';
import type { Trouble } from '../../../src/core/trouble.ts';
import type { StoredVariant } from '../../../src/core/variant-ports.ts';
import { listedOf } from './listed-payment.ts';
import { createMemoryRestore, requirePaysItsDebts } from './restore.ts';
import {
  applyToShares,
  hasSigned,
  LIVE,
  newestFirst,
  type PaymentRow,
  type ShareRow,
  type State,
} from './state.ts';
import { by, holdsBytes, takeOver } from './variants.ts';

/** Creates the payments. `identity` gives the database's identity now; null when it tells none. */
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
  /** The payments with an excess that no person accepted, the oldest first. */
  const unexplained = () =>
    [...state.payments.values()]
      .filter((each) => each.excess > 0n && each.accepted === null)
      .sort((a, b) => (a.executedSlot ?? 0) - (b.executedSlot ?? 0) || (a.id < b.id ? -1 : 1))
      .map((each) => listedOf(state, each));
  const coveredBy = (payment: PaymentRow): ShareRow[] =>
    payment.covers.flatMap(({ shareId }) => state.shares.get(shareId) ?? []);
  const free = (
    payment: PaymentRow,
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
    how: Extract<ShareChange, { do: 'free' }>['how'],
    mover: Signature | null = payment.signature,
  ): void => {
    const retryAtMs = retryInMs === null ? null : nowMs() + retryInMs;
    const left = { trouble: cancelledBy(mover), retryAtMs: null };
    applyToShares(state, coveredBy(payment), (share) => ({
      do: 'free',
      trouble,
      retryAtMs,
      countsAsAttempt,
      how,
      ...(isLeftToPerson(payment.cancelFor, share.id) ? left : {}),
    }));
  };
  const keep = (row: PaymentRow, { purpose, bytes, route }: StoredVariant): void => {
    const { microLamports = 0n, ...signed } = bytes;
    row.signings.push({
      variant: { purpose, signature: signed.signature, microLamports, signedAtMs: nowMs() },
      bytes: signed,
      route,
    });
  };
  const note = (row: PaymentRow | null, trouble: Trouble | null): boolean => {
    if (row === null) return false;
    row.trouble = trouble;
    applyToShares(state, coveredBy(row), () => ({ do: 'wait', trouble }));
    return true;
  };
  /** Whether a payment covers a debt and may still land. */
  const isClaimed = (shareId: string): boolean =>
    [...state.payments.values()].some(
      (each) => LIVE.has(each.state) && each.covers.some((cover) => cover.shareId === shareId),
    );
  return {
    async live(subscriberId) {
      const row = liveOf(subscriberId);
      if (row === undefined) return null;
      const attempts = row.covers.map((each) => state.shares.get(each.shareId)?.attempts ?? 0);
      const {
        executedSlot,
        evidence,
        trouble,
        signature,
        plannedAtMs,
        endedAtMs,
        excess,
        accepted,
        maybeLost,
        covers,
        signings,
        moved,
        cancelAsked,
        cancelFor,
        ...payment
      } = row;
      const guarded = row.nonce && {
        variants: signings.map((each) => each.variant),
        cancelAsked,
        cancelFor,
        signed: signings.at(-1)?.bytes ?? payment.signed,
      };
      const route = signings.findLast((each) => each.route !== null)?.route;
      const way = route ? by(row, route) : {};
      return { ...payment, ...guarded, ...way, attempts: Math.max(0, ...attempts) };
    },
    async open(payment) {
      const { attempts, variants, cancelAsked, cancelFor, ...rest } = payment;
      const { covers } = payment.plan;
      if (state.oneLive && liveOf(payment.subscriberId) !== undefined) return false;
      const own = state.nonces.get(payment.subscriberId) ?? null;
      if (payment.nonce && !mayPayUnder(own, payment.nonce)) return false;
      const amounts = new Map(covers.map((each) => [each.shareId, each.amount]));
      const claims = [...amounts].map(([id, amount]) => {
        const row = state.shares.get(id);
        return row === undefined ? null : transition(row, { do: 'claim', amount });
      });
      if (claims.includes(null)) return false;
      const rows = [...amounts.keys()].flatMap((id) => state.shares.get(id) ?? []);
      applyToShares(state, rows, (share) => ({
        do: 'claim',
        amount: amounts.get(share.id) ?? 0n,
      }));
      const row: PaymentRow = {
        ...rest,
        covers,
        signings: [],
        cancelAsked: false,
        cancelFor: [],
        moved: null,
        executedSlot: null,
        evidence: null,
        excess: 0n,
        accepted: null,
        maybeLost: false,
        trouble: null,
        signature: null,
        plannedAtMs: nowMs(),
        endedAtMs: null,
      };
      requirePaysItsDebts(state, row);
      state.payments.set(payment.id, row);
      return true;
    },
    async signed(id, bytes, under = null) {
      const row = from(id, 'planned');
      if (row === null || (under !== null && under !== identity())) return false;
      const { microLamports, ...signed } = bytes;
      Object.assign(row, { state: 'signed', signed, signature: signed.signature, trouble: null });
      if (row.nonce) keep(row, { purpose: 'payment', bytes, route: null });
      applyToShares(state, coveredBy(row), () => ({ do: 'wait', trouble: null }));
      return true;
    },
    async varied(id, variant, after, under = null) {
      const row = from(id, 'sent');
      if (row === null || !row.nonce || (under !== null && under !== identity())) return false;
      const { signings } = row;
      if (signings.length !== after || signings.some((each) => each.variant.purpose === 'cancel'))
        return false;
      keep(row, variant);
      return true;
    },
    async cancel(id, request) {
      const row = from(id, 'signed') ?? from(id, 'sent');
      if (row === null || !row.nonce) return false;
      row.cancelAsked = true;
      if (!row.cancelFor.some((each) => each.shareId === request.shareId))
        row.cancelFor = [...row.cancelFor, request];
      return true;
    },
    async overtaken(id, by, trouble, retryInMs) {
      const row = from(id, 'sent');
      if (row === null) return false;
      const known = row.signings.find(({ variant }) => variant.signature === by.signature);
      if (known !== undefined && (known.variant.purpose === 'payment' || !by.own)) return false;
      Object.assign(row, { state: 'dead', trouble: null, moved: by });
      free(row, trouble, retryInMs, true, 'expired', by.signature);
      return true;
    },
    async sent(id, signature) {
      const row = from(id, 'signed');
      if (row?.signature !== signature) return false;
      row.state = 'sent';
      return true;
    },
    async landed(id, slot, signature) {
      const row = from(id, 'sent');
      if (row === null || !holdsBytes(row, signature)) return false;
      takeOver(row, signature);
      Object.assign(row, { state: 'landed', trouble: null, executedSlot: slot });
      const landing = { payment: id, signature: row.signature, slot };
      applyToShares(state, coveredBy(row), (share) => ({
        do: 'land',
        amount: row.covers.find((each) => each.shareId === share.id)?.amount ?? 0n,
        claimed: isClaimed(share.id),
        left: isLeftToPerson(row.cancelFor, share.id) ? landedDespite(row.signature) : null,
        landing,
      }));
      return true;
    },
    waits: async (id, trouble) => note(from(id, 'planned'), trouble),
    hindered: async (id, trouble) => note(from(id, 'signed') ?? from(id, 'sent'), trouble),
    async refused(id, trouble, retryInMs, counts) {
      const row = from(id, 'planned');
      if (row === null) return false;
      Object.assign(row, { state: 'failed', trouble });
      free(row, trouble, retryInMs, counts, 'refused');
      return true;
    },
    async failed(id, slot, trouble, retryInMs, counts, signature) {
      const row = from(id, 'sent');
      if (row === null || !holdsBytes(row, signature)) return false;
      takeOver(row, signature);
      Object.assign(row, { state: 'failed', executedSlot: slot, trouble });
      free(row, trouble, retryInMs, counts, 'failed_on_chain', signature);
      return true;
    },
    async dead(id, signature, evidence, trouble, retryInMs) {
      const row = from(id, 'sent');
      if (row?.signature !== signature) return false;
      Object.assign(row, { state: 'dead', trouble: null, evidence });
      free(row, trouble, retryInMs, true, 'expired');
      return true;
    },
    async list({ limit, before, subscriberId, creatorWallet, state: wanted }) {
      const last = before === undefined ? null : state.payments.get(before);
      // A cursor that names no payment has nothing after it.
      if (last === undefined) return [];
      return [...state.payments.values()]
        .filter((each) => subscriberId === undefined || each.subscriberId === subscriberId)
        .filter(
          (each) =>
            creatorWallet === undefined || paidTo(each).some((to) => to.wallet === creatorWallet),
        )
        .filter((each) => wanted === undefined || each.state === wanted)
        .filter((each) => last === null || newestFirst(last, each) < 0)
        .sort(newestFirst)
        .slice(0, limit)
        .map((each) => listedOf(state, each));
    },
    async find(id) {
      const row = state.payments.get(id);
      return row === undefined ? null : listedOf(state, row);
    },
    async bySignature(signature) {
      const row = [...state.payments.values()].find((each) => hasSigned(each, signature));
      return row === undefined ? null : listedOf(state, row);
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
          live.has(each.state) && (each.excess === 0n || each.accepted !== null)
            ? [
                each.signature,
                ...(each.state === 'sent'
                  ? each.signings.flatMap(({ variant }) =>
                      variant.purpose === 'payment' ? [variant.signature] : [],
                    )
                  : []),
              ]
            : [],
        ),
      );
      return signatures.filter((each) => !known.has(each));
    },
    overpaidBy: async (id) => {
      const row = state.payments.get(id);
      return (row === undefined ? [] : coveredBy(row)).reduce(
        (sum, share) => sum + share.overpaid,
        0n,
      );
    },
    restore: createMemoryRestore(state, nowMs),
    async accept(signature, by) {
      const row = [...state.payments.values()].find((each) => each.signature === signature);
      if (row === undefined || row.excess === 0n || row.accepted !== null) return null;
      row.accepted = { ...by, atMs: nowMs() };
      return listedOf(state, row);
    },
    unexplained: async (limit) => unexplained().slice(0, limit),
    unexplainedOf: async (id) => unexplained().filter((each) => each.subscriberId === id),
  };
}
