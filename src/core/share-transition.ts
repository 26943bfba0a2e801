// Share transition: the debt after a change, with the events that tell of it. The ledger locks the
// row of the debt, asks `transition`, and writes the debt and the events in one transaction.
import { NO_TRIES } from './aftermath.ts';
import { partlyPaid } from './cancellation.ts';
import type { EventBodies } from './event.ts';
import { type BaseUnits, least, most } from './money.ts';
import { type NewDebt, newShare, type Share } from './share.ts';
import type { Landing, ShareChange, ShareEvent } from './share-change.ts';
import type { Trouble } from './trouble.ts';
import type { Voided, Voiding } from './voiding.ts';

export type Transition = {
  readonly share: Share;
  readonly events: readonly ShareEvent[];
};

/** A new debt and the event that announces it. `origin` names the close and the terms in force. */
export function incurred(
  debt: NewDebt,
  origin: Pick<
    EventBodies['share.accrued'],
    'subscription' | 'signature' | 'slot' | 'netPnl' | 'shareBps'
  >,
): Transition {
  const { id, subscriberId, creatorWallet, amount } = debt;
  const share = newShare(debt);
  const body = { share: id, ...origin, creatorWallet, ...toldOf(share), amount };
  return { share, events: [{ kind: 'share.accrued', subscriberId, body }] };
}

/** The token of a debt in its events. */
const toldOf = ({ token: { mint, symbol } }: Share) => ({ mint, symbol });
const leftOf = ({ amount, paid }: Share): BaseUnits => amount - paid;
const waits = ({ status }: Share): boolean => status === 'pending' || status === 'failed';
/** Whether a debt has reached the age at which its terms let it lapse; null: they never do. */
export const hasLapsed = (accruedAtMs: number, afterMs: number | null, nowMs: number): boolean =>
  afterMs !== null && accruedAtMs + afterMs <= nowMs;

/**
 * A debt after planning or its payment failed, with the reason, the counts and the time to try
 * again.
 */
function blocked(
  share: Share,
  { trouble, retryAtMs, countsAsAttempt }: Extract<ShareChange, { do: 'rest' | 'free' }>,
): Share {
  return {
    ...share,
    status: retryAtMs === null ? 'failed' : 'pending',
    reason: trouble,
    retryAtMs,
    attempts: share.attempts + (countsAsAttempt ? 1 : 0),
    unexpected: share.unexpected + (trouble.class === 'unexpected' ? 1 : 0),
  };
}

/**
 * A debt for which `total` has been paid in all; the part above its amount is counted as overpaid.
 */
function covered(
  share: Share,
  total: BaseUnits,
  change: Extract<ShareChange, { do: 'land' | 'recall' }>,
): Share {
  const whole = total >= share.amount;
  return {
    ...share,
    ...NO_TRIES,
    paid: least(share.amount, total),
    overpaid: most(0n, total - share.amount),
    ...(whole ? { status: 'paid', reason: null } : partlyPaid(share, change)),
    voided: whole ? null : share.voided,
    retryAtMs: null,
    heldUntilMs: null,
  };
}

/** The event of a debt that cannot be paid now. */
const blockedEvent = (share: Share, trouble: Trouble, waitsForPerson: boolean): ShareEvent => ({
  kind: 'share.blocked',
  subscriberId: share.subscriberId,
  body: { share: share.id, ...toldOf(share), left: leftOf(share), ...trouble, waitsForPerson },
});

function eventsOfCover(before: Share, after: Share, landing: Landing): ShareEvent[] {
  const { subscriberId, id: share, creatorWallet, amount } = after;
  const told = { share, ...landing, creatorWallet, ...toldOf(after), amount };
  const beyond = after.overpaid - before.overpaid;
  if (beyond > 0n) {
    return [{ kind: 'share.overpaid', subscriberId, body: { ...told, overpaid: beyond } }];
  }
  if (after.status === 'failed' && before.status !== 'failed' && after.reason !== null)
    return [blockedEvent(after, after.reason, true)];
  const ended = after.status === 'paid' && before.status !== 'paid';
  return ended ? [{ kind: 'share.paid', subscriberId, body: told }] : [];
}

/** Ends a debt unpaid, and returns it with its event. */
function ended(share: Share, voided: Voided): Transition {
  const { by, reason, actor, person, atMs } = voided;
  const at = new Date(atMs).toISOString();
  const body = {
    share: share.id,
    ...toldOf(share),
    left: leftOf(share),
    by,
    reason,
    actor,
    person,
    at,
  };
  return {
    share: { ...share, status: 'voided', retryAtMs: null, voided },
    events: [{ kind: 'share.voided', subscriberId: share.subscriberId, body }],
  };
}

/**
 * The debt after a change, with its events; null when the change is not possible in the present
 * state of the debt.
 */
export function transition(share: Share, change: ShareChange): Transition | null {
  const { subscriberId } = share;
  const becomes = (parts: Partial<Share>) => ({ share: { ...share, ...parts }, events: [] });
  switch (change.do) {
    case 'claim': {
      const fits = change.amount > 0n && change.amount <= leftOf(share);
      if (share.status !== 'pending' || share.observed || !fits) return null;
      return becomes({ status: 'processing', reason: null });
    }
    case 'rest': {
      if (share.status !== 'pending') return null;
      // No event when the debt goes on waiting for the same reason and no person must act.
      const news =
        change.retryAtMs === null ||
        (share.reason?.code !== change.trouble.code && change.trouble.class !== 'accumulating');
      const events = news ? [blockedEvent(share, change.trouble, change.retryAtMs === null)] : [];
      return { share: blocked(share, change), events };
    }
    case 'note':
      if (share.status !== 'pending') return null;
      return becomes({ reason: change.trouble });
    case 'wait':
      if (share.status !== 'processing') return null;
      return becomes({ reason: change.trouble });
    case 'free': {
      if (share.status !== 'processing') return null;
      const failed = change.how === 'failed_on_chain';
      // When the debt is tried again by itself, the event of the payment is enough.
      const events = change.retryAtMs === null ? [blockedEvent(share, change.trouble, true)] : [];
      return {
        share: {
          ...blocked(share, change),
          failures: share.failures + (failed ? 1 : 0),
          expiries: share.expiries + (change.how === 'expired' ? 1 : 0),
          heldUntilMs: failed ? change.retryAtMs : share.heldUntilMs,
        },
        events,
      };
    }
    case 'unclaim':
      if (share.status !== 'processing') return null;
      return becomes({ status: 'pending', retryAtMs: null });
    case 'land':
    case 'recall': {
      const known = share.paid + share.overpaid;
      const total = change.do === 'land' ? known + change.amount : most(known, change.covered);
      const next = covered(share, total, change);
      return { share: next, events: eventsOfCover(share, next, change.landing) };
    }
    case 'credit': {
      if (!waits(share) || change.amount <= 0n || change.amount > leftOf(share)) return null;
      const paid = share.paid + change.amount;
      const left = share.amount - paid;
      const whole = left === 0n;
      const next: Share = whole
        ? { ...share, paid, status: 'paid', retryAtMs: null, reason: null }
        : { ...share, paid };
      const told = {
        share: share.id,
        creatorWallet: share.creatorWallet,
        ...toldOf(share),
        ...change.transfer,
      };
      const credited: ShareEvent = {
        kind: 'share.credited',
        subscriberId,
        body: { ...told, amount: change.amount, left },
      };
      const body = { ...told, payment: null, amount: share.amount };
      return {
        share: next,
        events: whole ? [credited, { kind: 'share.paid', subscriberId, body }] : [credited],
      };
    }
    case 'wake':
      return share.status === 'pending' ? becomes({ retryAtMs: null }) : null;
    case 'hasten':
      if (share.status !== 'pending') return null;
      return becomes({ retryAtMs: null, reason: null, hastened: true });
    case 'retry':
      if (!waits(share) || share.observed) return null;
      return becomes({
        status: 'pending',
        retryAtMs: null,
        hastened: true,
        heldUntilMs: null,
        unexpected: 0,
        failures: 0,
      });
    case 'release':
      return share.heldUntilMs === null ? null : becomes({ heldUntilMs: null });
    case 'adopt': {
      if (!share.observed || !waits(share)) return null;
      const body = { share: share.id, ...toldOf(share), left: leftOf(share) };
      return {
        share: { ...share, observed: false, retryAtMs: null },
        events: [{ kind: 'share.adopted', subscriberId, body }],
      };
    }
    case 'void': {
      if (!waits(share)) return null;
      return ended(share, { by: 'operator', ...change.voiding, atMs: change.atMs });
    }
    case 'lapse': {
      const { accruedAtMs, atMs, afterMs } = change;
      if (!waits(share) || !hasLapsed(accruedAtMs, afterMs, atMs)) return null;
      const voiding: Voiding = { reason: 'lapsed', actor: 'terms', person: null };
      return ended(share, { by: 'terms', ...voiding, atMs, afterMs });
    }
  }
}
