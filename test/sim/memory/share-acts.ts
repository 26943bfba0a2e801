// Share acts: the changes of a debt outside of a payment, in memory. core/share.ts decides what
// becomes of each debt.

import { isLeftByCancellation, PLANNED_ANEW } from '../../../src/core/cancellation.ts';
import { type Shares, UNSIGNED_MOST_MS } from '../../../src/core/debt-ports.ts';
import { hasLapsed, type Transition } from '../../../src/core/share-transition.ts';
import type { Voiding } from '../../../src/core/voiding.ts';
import { restingEvents, resumedEvents } from '../../../src/core/waiting-events.ts';
import { requiring } from './server.ts';
import {
  applyToShares,
  LIVE,
  newestFirst,
  type PaymentRow,
  type ShareRow,
  type State,
} from './state.ts';
import { venueOfShare } from './tokens.ts';

const told = ({ share }: Transition) => ({
  shareId: share.id,
  subscriberId: share.subscriberId,
  token: share.token,
  left: share.amount - share.paid,
});

type ShareActs = Pick<
  Shares,
  | 'rest'
  | 'note'
  | 'retry'
  | 'void'
  | 'voidsAsked'
  | 'voidAsked'
  | 'hasten'
  | 'wake'
  | 'freeOrphans'
  | 'lapsing'
  | 'lapse'
  | 'adoptable'
  | 'adopt'
>;

/** `identity`: what the database tells of itself now; null where it tells nothing. */
export function createMemoryShareActs(
  state: State,
  nowMs: () => number,
  identity: () => string | null,
): ShareActs {
  const requireIdentity = requiring(identity);
  /** After how long a debt lapses by the terms that it was booked under; null: never. */
  const lapsesAfter = (row: ShareRow): number | null => {
    const terms = state.subscriptions.get(row.subscriptionId)?.terms ?? [];
    return terms.find((each) => each.fromSlot === row.termsSlot)?.expiresAfterMs ?? null;
  };
  const sharesOf = (subscriberId: string): ShareRow[] =>
    [...state.shares.values()].filter((share) => share.subscriberId === subscriberId);
  /** Ends a payment of which nothing is signed, and makes its debts due. */
  const endUnsigned = (payment: PaymentRow): void => {
    Object.assign(payment, { state: 'failed', trouble: PLANNED_ANEW });
    applyToShares(
      state,
      payment.covers.flatMap(({ shareId }) => state.shares.get(shareId) ?? []),
      () => ({
        do: 'free',
        trouble: PLANNED_ANEW,
        retryAtMs: nowMs(),
        countsAsAttempt: false,
        how: 'refused',
      }),
    );
  };
  const endUnsignedOf = (id: string): void => {
    for (const each of state.payments.values())
      if (each.state === 'planned' && each.covers.some((cover) => cover.shareId === id))
        endUnsigned(each);
  };
  /** How a person asked to have a debt voided that a payment left to a person; null: none did. */
  const voidingAsked = (row: ShareRow): Voiding | null => {
    if (!isLeftByCancellation(row)) return null;
    const [last] = [...state.payments.values()]
      .filter(
        (each) =>
          each.covers.some((cover) => cover.shareId === row.id) &&
          (each.state === 'failed' ||
            each.state === 'dead' ||
            (each.state === 'landed' && each.cancelFor.length > 0)),
      )
      .sort(newestFirst);
    const request = last?.cancelFor.find((each) => each.shareId === row.id);
    if (request === undefined) return null;
    const { shareId: _, ...voiding } = request;
    return voiding;
  };
  /** A debt by its id, or nothing. */
  const one = (id: string): ShareRow[] => [state.shares.get(id) ?? []].flat();
  return {
    async rest(subscriberId, shareIds, trouble, retryInMs, countsAsAttempt) {
      const venueAwaited = [...state.shares.values()].some(
        (share) => share.status === 'pending' && share.reason?.class === 'venue_paused',
      );
      const named = sharesOf(subscriberId).filter((share) => shareIds.includes(share.id));
      const retryAtMs = retryInMs === null ? null : nowMs() + retryInMs;
      const rested = applyToShares(state, named, () => ({
        do: 'rest',
        trouble,
        retryAtMs,
        countsAsAttempt,
      }));
      const news = rested.some(({ events }) => events.length > 0);
      if (news) state.events.push(...restingEvents(subscriberId, trouble, venueAwaited));
      return news;
    },
    async note(subscriberId, shareIds, trouble) {
      const named = sharesOf(subscriberId).filter((share) => shareIds.includes(share.id));
      applyToShares(state, named, () => ({ do: 'note', trouble }));
    },
    async retry(id) {
      endUnsignedOf(id);
      const [retried] = applyToShares(state, one(id), () => ({ do: 'retry' }));
      if (retried === undefined) return false;
      const theirs = sharesOf(retried.share.subscriberId);
      applyToShares(state, theirs, () => ({ do: 'release' }));
      return true;
    },
    async void(id, voiding, atMs, under) {
      requireIdentity(under);
      endUnsignedOf(id);
      return applyToShares(state, one(id), () => ({ do: 'void', voiding, atMs })).length > 0;
    },
    async voidsAsked(subscriberId) {
      return [...state.shares.values()].flatMap((row) => {
        if (subscriberId !== undefined && row.subscriberId !== subscriberId) return [];
        const voiding = voidingAsked(row);
        return voiding === null
          ? []
          : [{ shareId: row.id, subscriberId: row.subscriberId, voiding }];
      });
    },
    async voidAsked(id, atMs, under) {
      requireIdentity(under);
      const [voided] = applyToShares(state, one(id), (row) => {
        const voiding = voidingAsked(row);
        return voiding === null ? null : { do: 'void', voiding, atMs };
      });
      return voided?.share.voided ?? null;
    },
    async hasten(subscriberId) {
      for (const each of state.payments.values())
        if (
          each.subscriberId === subscriberId &&
          each.state === 'planned' &&
          each.plannedAtMs < nowMs() - UNSIGNED_MOST_MS
        )
          endUnsigned(each);
      applyToShares(state, sharesOf(subscriberId), () => ({ do: 'hasten' }));
    },
    async wake(waiting) {
      const named = [...state.shares.values()].filter(
        (share) =>
          share.retryAtMs !== null &&
          waiting.some(
            (each) =>
              each.subscriberId === share.subscriberId &&
              each.class === share.reason?.class &&
              (each.venue === undefined || each.venue === venueOfShare(state, share)),
          ),
      );
      const woken = applyToShares(state, named, () => ({ do: 'wake' }));
      state.events.push(...resumedEvents(woken.map(({ share }) => share)));
      return [...new Set(woken.map(({ share }) => share.subscriberId))];
    },
    async freeOrphans() {
      const orphans = [...state.shares.values()].filter(
        (share) =>
          ![...state.payments.values()].some(
            (each) => LIVE.has(each.state) && each.covers.some((c) => c.shareId === share.id),
          ),
      );
      return applyToShares(state, orphans, () => ({ do: 'unclaim' })).length;
    },
    async adoptable(fromSlot) {
      const rows = [...state.shares.values()].filter((row) => row.observed && row.slot >= fromSlot);
      return [...new Set(rows.map((row) => row.subscriberId))].sort();
    },
    async adopt(fromSlot, subscriberIds, under) {
      requireIdentity(under);
      const asked = [...state.shares.values()].filter(
        (row) => row.slot >= fromSlot && subscriberIds.includes(row.subscriberId),
      );
      return applyToShares(state, asked, () => ({ do: 'adopt' })).map(told);
    },
    async lapsing() {
      const rows = [...state.shares.values()].filter(
        (row) =>
          (row.status === 'pending' || row.status === 'failed') &&
          hasLapsed(row.accruedAtMs, lapsesAfter(row), nowMs()),
      );
      return [...new Set(rows.map((row) => row.subscriberId))];
    },
    async lapse(subscriberId, under) {
      requireIdentity(under);
      return applyToShares(state, sharesOf(subscriberId), (row) => {
        const afterMs = lapsesAfter(row);
        const { accruedAtMs } = row;
        return afterMs === null ? null : { do: 'lapse', accruedAtMs, afterMs, atMs: nowMs() };
      }).map(told);
    },
  };
}
