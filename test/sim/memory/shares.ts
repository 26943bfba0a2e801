// Shares: profit shares, in memory.

import { tabsAfter } from '../../../src/core/accrual.ts';
import { isBookable, isVouched } from '../../../src/core/bookable.ts';
import type { Shares } from '../../../src/core/debt-ports.ts';
import type { Accrual } from '../../../src/core/explanation.ts';
import type { Fact } from '../../../src/core/fact.ts';
import { haltScopes } from '../../../src/core/halt.ts';
import type { ProfitShare } from '../../../src/core/profit-share.ts';
import { isOpen, type Share } from '../../../src/core/share.ts';
import { isApart, isDue, isUnpaid } from '../../../src/core/share-due.ts';
import { incurred } from '../../../src/core/share-transition.ts';
import { recipientsOf } from '../../../src/core/split.ts';
import { sumsOf } from '../../../src/core/token.ts';
import { shareIdOf, termsSlotOf } from '../../../src/ledger/booking.ts';
import { accrualIn } from './accruals.ts';
import { waitAgain } from './credits.ts';
import { beforeClose } from './movements.ts';
import { createMemoryShareActs } from './share-acts.ts';
import {
  accrualKey,
  applyToShares,
  byAge,
  failedTogether,
  inChainOrder,
  isAskedOf,
  LIVE,
  type PaymentRow,
  type ShareRow,
  type State,
} from './state.ts';
import { TOKENS, venueAt, venueOfShare } from './tokens.ts';
import { uncoveredIn } from './uncovered.ts';

const exact = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;
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
    .filter((share) => share.subscriberId === subscriberId)
    .sort(byAge(state));
const halted = (state: State, share: ShareRow): boolean =>
  haltScopes(share.subscriberId, share.creatorWallet).some((each) => state.halts.has(each));
const landed = (state: State, shareId: string): PaymentRow[] =>
  [...state.payments.values()].filter(
    (each) => each.state === 'landed' && each.covers.some((cover) => cover.shareId === shareId),
  );

/** `identity`: what the database tells of itself now; null where it tells nothing. */
export function createMemoryShares(
  state: State,
  nowMs: () => number,
  identity: () => string | null,
): Shares {
  const creditsOf = (share: ShareRow) =>
    [...state.credits.values()].flatMap(({ signature, shares }) =>
      shares
        .filter((each) => each.shareId === share.id)
        .map(({ amount }) => ({ amount, signature })),
    );
  const viewOf = (row: ShareRow): ProfitShare => ({
    id: row.id,
    subscriberId: row.subscriberId,
    subscriptionId: row.subscriptionId,
    creatorWallet: row.creatorWallet,
    token: row.token,
    signature: row.signature,
    slot: row.slot,
    netPnl: row.netPnl,
    shareBps: row.shareBps,
    brought: null,
    recipient: row.recipient,
    label: null,
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
    voided: row.voided,
  });
  const heldUntilMs = (subscriberId: string): number | null => {
    const holds = sharesOf(state, subscriberId).flatMap((share) =>
      share.status === 'pending' ? (share.heldUntilMs ?? []) : [],
    );
    return holds.length === 0 ? null : Math.max(...holds);
  };
  const due = (row: ShareRow): boolean =>
    isDue(row, nowMs(), {
      heldUntilMs: heldUntilMs(row.subscriberId),
      halted: halted(state, row),
    });
  return {
    async unaccrued(limit, after) {
      const found = [...state.facts.values()].flatMap(({ fact, finality, blockIndex }) => {
        const { body } = fact;
        if ((body.kind !== 'close' && body.kind !== 'reckoning') || finality !== 'finalized')
          return [];
        const { slot } = fact.position;
        const provenSlot = state.checks.get(fact.account)?.baseline.slot ?? null;
        return [...state.subscriptions.values()]
          .filter(
            (each) =>
              isBookable(each, slot, provenSlot) &&
              each.driftAccount === fact.account &&
              each.subscriberId === fact.subscriberId &&
              !state.accruals.has(accrualKey(each.id, fact)),
          )
          .map((subscription) => {
            const place = { fact: { ...fact, body }, blockIndex };
            const { realised, moves } = beforeClose(state, subscription.held.slot, place);
            return {
              subscription: { ...subscription },
              history: moves,
              vouched: isVouched(slot, provenSlot),
              fact: { ...fact, body: realised, position: { ...fact.position, blockIndex } },
            };
          });
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
      const token = TOKENS[venueAt(state, fact.account)];
      const { slot, ordinal } = fact.position;
      const owing = bookings.filter((each) => each.amount > 0n);
      const each = owing.flatMap((booking) => booking.owed.map((own) => ({ booking, own })));
      for (const { booking, own: part } of each) {
        const { nth, wallet: creatorWallet, shareBps, amount } = part;
        const id = shareIdOf(subscription.id, fact, termsSlotOf(booking), nth);
        const { netPnl } = booking;
        const { share, events } = incurred(
          {
            id,
            subscriberId: fact.subscriberId,
            creatorWallet,
            token,
            amount,
            observed: state.observing,
          },
          { subscription: subscription.id, signature: fact.signature, slot, netPnl, shareBps },
        );
        state.events.push(...events);
        state.figures.set(id, { fact, booking });
        state.shares.set(id, {
          ...share,
          subscriptionId: subscription.id,
          signature: fact.signature,
          slot,
          ordinal,
          netPnl,
          shareBps,
          termsSlot: termsSlotOf(booking),
          recipient: nth,
          accruedAtMs: nowMs(),
        });
      }
      if (owing.length === 0) return true;
      const owes = { subscriberId: fact.subscriberId, mint: token.mint, slot };
      for (const { own: part } of each)
        waitAgain(state, { ...owes, creatorWallet: part.wallet }, nowMs());
      applyToShares(state, sharesOf(state, fact.subscriberId), () => ({ do: 'wake' }));
      return true;
    },
    async due(subscriberId) {
      return sharesOf(state, subscriberId)
        .filter(due)
        .map((row) => {
          const subscription = state.subscriptions.get(row.subscriptionId);
          const driftUser = subscription?.driftAccount ?? ('' as never);
          const under = subscription?.terms.filter((each) => each.fromSlot === row.termsSlot);
          const own = under?.flatMap(recipientsOf)[row.recipient];
          const minimum = own?.minimumPayment ?? 0n;
          const asked = isAskedOf(state, row);
          return {
            shareId: row.id,
            subscriptionId: row.subscriptionId,
            creatorWallet: row.creatorWallet,
            driftUser,
            subAccountId: state.accounts.get(driftUser)?.subAccountId ?? 0,
            venue: venueAt(state, driftUser),
            token: row.token,
            owed: row.amount - row.paid,
            attempts: row.attempts,
            slot: row.slot,
            minimum: asked ? 0n : minimum,
            asked,
            ...(isApart({ ...row, failedTogether: failedTogether(state, row.id) })
              ? { apart: true }
              : {}),
          };
        });
    },
    async subscribersWithWork() {
      const live = [...state.payments.values()].filter((each) => LIVE.has(each.state));
      const open = [...state.shares.values()].filter(due);
      return [...new Set([...live, ...open].map((each) => each.subscriberId))].sort();
    },
    async tries(subscriberId, shareIds) {
      const rows = sharesOf(state, subscriberId).filter((share) => shareIds.includes(share.id));
      const most = (count: (share: Share) => number) =>
        Math.max(0, ...rows.map((share) => count(share)));
      return {
        unexpected: most((each) => each.unexpected),
        failures: most((each) => each.failures),
        expiries: most((each) => each.expiries),
      };
    },
    async list({ subscriberId, subscriptionId, creatorWallet, status, limit, before }) {
      const last = before === undefined ? null : state.shares.get(before);
      // A cursor that names no share has nothing after it.
      if (last === undefined) return [];
      const youngestFirst = (a: ShareRow, b: ShareRow): number =>
        b.slot - a.slot || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
      return [...state.shares.values()]
        .filter((share) => subscriberId === undefined || share.subscriberId === subscriberId)
        .filter((share) => subscriptionId === undefined || share.subscriptionId === subscriptionId)
        .filter((share) => creatorWallet === undefined || share.creatorWallet === creatorWallet)
        .filter((share) => status === undefined || share.status === status)
        .filter((share) => last === null || youngestFirst(last, share) < 0)
        .sort(youngestFirst)
        .slice(0, limit)
        .map(viewOf);
    },
    find: async (id) => [state.shares.get(id) ?? []].flat().map(viewOf)[0] ?? null,
    open: async (subscriberId) =>
      sharesOf(state, subscriberId)
        .filter((share) => isOpen(share.status))
        .map(viewOf),
    accruals: async (ids) =>
      new Map(
        ids.flatMap((id): [string, Accrual][] => {
          const found = accrualIn(state, id);
          return found === null ? [] : [[id, found]];
        }),
      ),
    async waitingFor(trouble) {
      const rows = [...state.shares.values()].filter(
        (share) =>
          share.status === 'pending' &&
          ('class' in trouble
            ? share.reason?.class === trouble.class
            : share.reason?.code === trouble.code) &&
          (trouble.venue === undefined || trouble.venue === venueOfShare(state, share)),
      );
      const [first] = rows;
      const subscription = first && state.subscriptions.get(first.subscriptionId);
      return {
        driftUser: subscription?.driftAccount ?? null,
        subscribers: [...new Set(rows.map((share) => share.subscriberId))].sort(),
      };
    },
    async owedTo(creatorWallet, mint) {
      return [...state.shares.values()].reduce(
        (sum, share) =>
          share.creatorWallet === creatorWallet &&
          share.token.mint === mint &&
          isUnpaid(share, 'payable')
            ? sum + share.amount - share.paid
            : sum,
        0n,
      );
    },
    async oldestOpenSlot(subscriberId, which) {
      const open = sharesOf(state, subscriberId).find((share) => isUnpaid(share, which));
      return open === undefined ? null : open.slot - 1;
    },
    uncovered: async (subscriberId) => uncoveredIn(state, sharesOf(state, subscriberId)),
    ...createMemoryShareActs(state, nowMs, identity),
    async observed() {
      const rows = [...state.shares.values()].filter(
        (share) => share.observed && (share.status === 'pending' || share.status === 'failed'),
      );
      return {
        count: rows.length,
        left: sumsOf(rows.map((share) => ({ ...share.token, amount: share.amount - share.paid }))),
      };
    },
  };
}
