// Share acts: changes debts outside of payments. Each method selects the rows and names the act;
// core/share-transition.ts decides the change.

import { LEFT_BY_CANCELLATION, PLANNED_ANEW } from '../core/cancellation.ts';
import { type Shares, UNSIGNED_MOST_MS } from '../core/debt-ports.ts';
import type { Share } from '../core/share.ts';
import { DEFAULT_VENUE } from '../core/venue-name.ts';
import type { Voiding } from '../core/voiding.ts';
import { restingEvents, resumedEvents } from '../core/waiting-events.ts';
import type { Fragment, Sql, Transaction } from './database.ts';
import { requireIdentity } from './database-state.ts';
import { among } from './groups.ts';
import { tellAll } from './outbox.ts';
import { applyToShares } from './share-changes.ts';
import { endUnsigned } from './unpaid.ts';

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

type VoidRequest = { request: Voiding & { shareId: string } };
const voidingIn = ({ request: { shareId: _, ...voiding } }: VoidRequest): Voiding => voiding;

/** Creates the acts on debts. `now` is the clock of the ledger. */
export function createShareActs(sql: Sql, now: Fragment): ShareActs {
  /** Ends the unsigned payment of a share, which frees its debts. */
  const endUnsignedOf = (tx: Transaction, shareId: string): Promise<void> =>
    endUnsigned(
      tx,
      now,
      tx`exists (select 1 from payment_share ps where ps.subscriber_id = p.subscriber_id
        and ps.payment_id = p.payment_id and ps.share_id = ${shareId})`,
      PLANNED_ANEW,
    );

  /**
   * The request of a person to have a debt voided. The newest payment of the debt that ended and
   * left something unpaid keeps it. A payment that landed counts only where it was to be cancelled:
   * a payment that was lost and is restored is newer than the cancelled one, and holds no request.
   */
  const voidRequest = sql`
    cross join lateral (
      select p.cancel_for from payment_share ps join payment p using (subscriber_id, payment_id)
      where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id
        and (p.state in ('failed', 'dead') or p.state = 'landed' and p.cancel_for <> '[]')
      order by p.planned_at desc, p.payment_id desc limit 1) last
    cross join lateral jsonb_array_elements(last.cancel_for) r(request)`;
  const isAsked = sql`s.status = 'failed' and s.reason ->> 'code' = ${LEFT_BY_CANCELLATION}
    and r.request ->> 'shareId' = s.share_id`;

  /** The terms that a debt was booked under. */
  const lapseTerms = sql`
    join subscription_terms t on t.subscription_id = s.subscription_id and t.from_slot = s.terms_slot`;
  /** The condition of `hasLapsed` in SQL, so that an index finds the few debts to decide about. */
  const lapsesNow = sql`s.status in ('pending', 'failed') and t.expires_after_ms is not null
    and s.accrued_at + t.expires_after_ms * interval '1 millisecond' <= ${now}`;

  return {
    rest: (subscriberId, shareIds, trouble, retryInMs, countsAsAttempt) =>
      sql.begin(async (tx) => {
        // Read before the debts change: only the first debt that waits for the venue is announced
        // as an event.
        const [waiting] = await tx`
          select 1 from profit_share where reason ->> 'class' = 'venue_paused' and status = 'pending' limit 1`;
        const rested = await applyToShares(
          tx,
          { now, where: tx`s.subscriber_id = ${subscriberId} and s.share_id in ${tx(shareIds)}` },
          ({ nowMs }) => ({
            do: 'rest',
            trouble,
            retryAtMs: retryInMs === null ? null : nowMs + Math.round(retryInMs),
            countsAsAttempt,
          }),
        );
        const news = rested.some(({ events }) => events.length > 0);
        if (news) await tellAll(tx, restingEvents(subscriberId, trouble, waiting !== undefined));
        return news;
      }),
    async note(subscriberId, shareIds, trouble) {
      await sql.begin(async (tx) => {
        const where = tx`s.subscriber_id = ${subscriberId} and s.share_id in ${tx(shareIds)}`;
        await applyToShares(tx, { now, where }, () => ({ do: 'note', trouble }));
      });
    },
    retry: (id) =>
      sql.begin(async (tx) => {
        await endUnsignedOf(tx, id);
        const [retried] = await applyToShares(tx, { now, where: tx`s.share_id = ${id}` }, () => ({
          do: 'retry',
        }));
        if (retried === undefined) return false;
        const { subscriberId } = retried.share;
        const held = tx`s.subscriber_id = ${subscriberId} and s.held_until is not null`;
        await applyToShares(tx, { now, where: held }, () => ({ do: 'release' }));
        return true;
      }),
    void: (id, voiding, nowMs, under) =>
      sql.begin(async (tx) => {
        await requireIdentity(tx, under);
        await endUnsignedOf(tx, id);
        const voided = await applyToShares(tx, { now, where: tx`s.share_id = ${id}` }, () => ({
          do: 'void',
          voiding,
          atMs: nowMs,
        }));
        return voided.length > 0;
      }),
    async voidsAsked(subscriberId) {
      const whose = subscriberId === undefined ? sql`` : sql`and s.subscriber_id = ${subscriberId}`;
      const rows = await sql<(VoidRequest & { share_id: string; subscriber_id: string })[]>`
        select s.share_id, s.subscriber_id, r.request from profit_share s ${voidRequest}
        where ${isAsked} ${whose} order by s.share_id`;
      return rows.map((row) => ({
        shareId: row.share_id,
        subscriberId: row.subscriber_id,
        voiding: voidingIn(row),
      }));
    },
    voidAsked: (id, nowMs, under) =>
      sql.begin(async (tx) => {
        await requireIdentity(tx, under);
        const [voided] = await applyToShares<VoidRequest>(
          tx,
          {
            now,
            join: voidRequest,
            columns: tx`, r.request`,
            where: tx`s.share_id = ${id} and ${isAsked}`,
          },
          ({ extra }) => ({ do: 'void', voiding: voidingIn(extra), atMs: nowMs }),
        );
        return voided?.share.voided ?? null;
      }),
    async hasten(subscriberId) {
      await sql.begin(async (tx) => {
        const stale = tx`p.subscriber_id = ${subscriberId} and p.planned_at < ${now} - ${UNSIGNED_MOST_MS} * interval '1 millisecond'`;
        await endUnsigned(tx, now, stale, PLANNED_ANEW);
        const pending = tx`s.subscriber_id = ${subscriberId} and s.status = 'pending'`;
        await applyToShares(tx, { now, where: pending }, () => ({ do: 'hasten' }));
      });
    },
    async wake(waiting) {
      if (waiting.length === 0) return [];
      return sql.begin(async (tx) => {
        const asked = waiting.map((each) => ({
          subscriber_id: each.subscriberId,
          class: each.class,
          venue: each.venue ?? null,
        }));
        const woken = await applyToShares(
          tx,
          {
            now,
            join: tx`join (select subscriber_id, class, bool_or(venue is null) as anywhere, array_agg(venue) as venues
              from jsonb_to_recordset(${tx.json(asked)}) as w(subscriber_id text, class text, venue text)
              group by subscriber_id, class) w on s.subscriber_id = w.subscriber_id and s.reason ->> 'class' = w.class`,
            where: tx`s.status = 'pending' and s.retry_at is not null and (w.anywhere or (
              select coalesce(a.venue, ${DEFAULT_VENUE}) from subscription n join account a on a.address = n.drift_account
              where n.subscriber_id = s.subscriber_id and n.subscription_id = s.subscription_id) = any (w.venues))`,
          },
          () => ({ do: 'wake' }),
        );
        await tellAll(tx, resumedEvents(woken.map(({ before }) => before)));
        return [...new Set(woken.map(({ share }) => share.subscriberId))];
      });
    },
    freeOrphans: () =>
      sql.begin(async (tx) => {
        const orphaned = tx`s.status = 'processing' and not exists (
          select 1 from payment_share ps join payment p using (subscriber_id, payment_id)
          where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id and p.state in ('planned', 'signed', 'sent'))`;
        return (await applyToShares(tx, { now, where: orphaned }, () => ({ do: 'unclaim' })))
          .length;
      }),
    async lapsing() {
      // Reads the debts that are open and older than the shortest time of any terms: none where no
      // terms let debts lapse.
      const rows = await sql<{ subscriber_id: string }[]>`
        select distinct s.subscriber_id from profit_share s ${lapseTerms} where ${lapsesNow}
          and s.status in ('pending', 'processing', 'failed') and s.accrued_at > '-infinity' and s.accrued_at <= ${now}
            - (select min(expires_after_ms) from subscription_terms where expires_after_ms is not null) * interval '1 millisecond'`;
      return rows.map((row) => row.subscriber_id);
    },
    lapse: (subscriberId, under) =>
      sql.begin(async (tx) => {
        await requireIdentity(tx, under);
        const lapsed = await applyToShares<{ accrued_at: Date; expires_after_ms: bigint }>(
          tx,
          {
            now,
            columns: tx`, s.accrued_at, t.expires_after_ms`,
            join: lapseTerms,
            where: tx`s.subscriber_id = ${subscriberId} and ${lapsesNow}`,
          },
          ({ extra, nowMs }) => ({
            do: 'lapse',
            accruedAtMs: extra.accrued_at.getTime(),
            afterMs: Number(extra.expires_after_ms),
            atMs: nowMs,
          }),
        );
        return lapsed.map(({ share }) => ended(share));
      }),
    async adoptable(fromSlot) {
      const rows = await sql<{ subscriber_id: string }[]>`
        select distinct subscriber_id from profit_share where observed and slot >= ${fromSlot} order by 1`;
      return rows.map((row) => row.subscriber_id);
    },
    adopt: (fromSlot, subscriberIds, under) =>
      sql.begin(async (tx) => {
        await requireIdentity(tx, under);
        if (subscriberIds.length === 0) return [];
        const observed = tx`s.observed and s.slot >= ${fromSlot} and s.subscriber_id = ${among(tx, subscriberIds)}`;
        const adopted = await applyToShares(tx, { now, where: observed }, () => ({ do: 'adopt' }));
        return adopted.map(({ share }) => ended(share));
      }),
  };
}

/** The summary of a debt that became payable or ended. */
const ended = (share: Pick<Share, 'id' | 'subscriberId' | 'token' | 'amount' | 'paid'>) => ({
  shareId: share.id,
  subscriberId: share.subscriberId,
  token: share.token,
  left: share.amount - share.paid,
});
