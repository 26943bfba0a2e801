// Standing history: reads, for several subscribers at once, the events from which their standings
// are judged: amounts owed, payments that discharged them, and value that left. A burst changes the
// standings of thousands in a few seconds, so that one query serves many of them.
import { bookingsOf, tabsAfter } from '../core/accrual.ts';
import { creatorPaid, creditEvents } from '../core/credit.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Movement } from '../core/lots.ts';
import { leftEvents, type TopUpRule } from '../core/outflow.ts';
import type { Subscription } from '../core/ports.ts';
import type { StandingEvent } from '../core/standing.ts';
import { type Quotes, USDC } from '../core/token.ts';
import { readClearances } from './clearances.ts';
import type { Transaction } from './database.ts';
import { readBody } from './facts.ts';
import { among, grouped } from './groups.ts';
import { readHistories } from './movements.ts';
import { readSubscriptions } from './subscriptions.ts';

type Place = {
  subscriber_id: string;
  account: Address;
  signature: Signature;
  slot: bigint;
  block_index: number | null;
  ordinal: number;
  body: unknown;
};
type RealisedRow = Place & {
  kind: 'close' | 'reckoning';
  /**
   * The shares that are booked for this fact, with amounts as decimal text; null when it is not
   * booked.
   */
  shares: { creator: Address; mint: Address; amount: string; claim: string }[] | null;
  /** The mint of the account's venue. */
  mint: Address;
};
type OutflowRow = Place & {
  ours: boolean;
  /** Not null when the transaction is a payment that this ledger never signed. */
  found: { mint: Address; amount: string; recipients: Address[] } | null;
  credited: bigint | null;
};

/** The events of one subscriber, for the judge, and the quote tokens that they name. */
export type StandingHistory = {
  readonly events: readonly StandingEvent[];
  readonly quotes: Quotes;
};
export type HistoryOptions = {
  /** Whether observed debts count. */
  readonly observing: boolean;
  /** The rule that recognises the daemon's own swaps for SOL. */
  readonly topUp: TopUpRule | null;
  /** Every quote token; called with the mints that must be among them. */
  readonly quotesFor: (mints: readonly string[]) => Promise<Quotes>;
};

const positionOf = (row: Omit<Place, 'subscriber_id' | 'account' | 'body'>) => ({
  slot: Number(row.slot),
  blockIndex: row.block_index,
  ordinal: row.ordinal,
  signature: row.signature,
});

/** The closes and reckonings of these subscribers, with the shares that are booked for them. */
const realised = (
  tx: Transaction,
  ids: readonly string[],
  observing: boolean,
): Promise<readonly RealisedRow[]> => tx<RealisedRow[]>`
    select f.subscriber_id, f.account, f.signature, f.slot, f.block_index, f.ordinal, f.kind, f.body, a.shares,
      coalesce((select v.mint from account n join venue v on v.name = n.venue where n.address = f.account), ${USDC.mint}) as mint
    from fact f
    left join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('creator', s.creator_wallet, 'mint', s.mint, 'amount',
          (case when s.status = 'voided' or (s.observed and not ${observing}) then s.paid else s.amount end)::text, 'claim', s.amount::text)
          order by s.terms_slot, s.recipient) filter (where s.share_id is not null), '[]') as shares
      from accrual a left join profit_share s using (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
      where a.subscriber_id = f.subscriber_id and a.signature = f.signature and a.slot = f.slot and a.ordinal = f.ordinal
        and a.account = f.account having count(*) > 0) a on true
    where f.subscriber_id in ${among(tx, ids)} and f.kind in ('close', 'reckoning') and f.finality <> 'withdrawn'
    order by f.slot, f.block_index nulls last, f.signature, f.ordinal`;

/**
 * The amounts owed: booked shares, and for closes that are not booked yet the shares that they will
 * make. Of a voided share, and of an observed one where those do not count, only the paid part
 * counts.
 */
function owedEvents(
  rows: readonly RealisedRow[],
  own: readonly Subscription[],
  histories: ReadonlyMap<RealisedRow, readonly Movement[]>,
): { owed: StandingEvent[]; claims: StandingEvent[] } {
  let subscriptions = own;
  const events: StandingEvent[] = [];
  const claims: StandingEvent[] = [];
  for (const row of rows) {
    let owed = (row.shares ?? []).map(({ creator, mint, amount, claim }) => ({
      creator,
      mint,
      amount: BigInt(amount),
      claim: BigInt(claim),
    }));
    const subscription = subscriptions.find((each) => each.driftAccount === row.account);
    if (row.shares === null && subscription !== undefined) {
      const history = histories.get(row) ?? [];
      const body = readBody(row.kind, row.body);
      const bookings = bookingsOf(body, positionOf(row).slot, subscription, history);
      owed = bookings.flatMap((each) =>
        each.owed.map(({ wallet: creator, amount }) => ({
          ...{ creator, mint: row.mint, amount, claim: amount },
        })),
      );
      const after = { ...subscription, tabs: tabsAfter(subscription.tabs, bookings) };
      subscriptions = subscriptions.map((each) => (each === subscription ? after : each));
    }
    for (const { creator, mint, amount, claim } of owed) {
      const at = positionOf(row);
      if (amount > 0n) events.push({ kind: 'owed', at, amount, creator, mint });
      if (claim > 0n) claims.push({ kind: 'owed', at, amount: claim, creator, mint });
    }
  }
  return { owed: events, claims };
}

type BroughtRow = {
  subscriber_id: string;
  share_id: string;
  slot: bigint;
  creator: Address;
  mint: Address;
  amount: bigint;
  claim: bigint;
};
/** The debts that were brought from another system. */
const broughtDebts = (
  tx: Transaction,
  ids: readonly string[],
  observing: boolean,
): Promise<readonly BroughtRow[]> => tx<BroughtRow[]>`
    select subscriber_id, share_id, slot, creator_wallet as creator, mint, amount as claim,
      case when status = 'voided' or (observed and not ${observing}) then paid else amount end as amount
    from profit_share where subscriber_id in ${among(tx, ids)} and brought is not null order by share_id`;

/** The amounts of such debts that are owed, and those that count for transfers to the creator. */
function broughtEvents(rows: readonly BroughtRow[]): {
  owed: StandingEvent[];
  claims: StandingEvent[];
} {
  const events = (of: 'amount' | 'claim'): StandingEvent[] =>
    rows
      .filter((row) => row[of] > 0n)
      .map((row) => ({
        kind: 'owed',
        at: {
          slot: Number(row.slot),
          blockIndex: null,
          ordinal: 0,
          signature: row.share_id as Signature,
        },
        amount: row[of],
        creator: row.creator,
        mint: row.mint,
      }));
  return { owed: events('amount'), claims: events('claim') };
}

/** The movements before each of these closes, which are not booked. */
async function unbookedHistories(
  tx: Transaction,
  rows: readonly RealisedRow[],
  subscriptions: readonly Subscription[],
): Promise<ReadonlyMap<RealisedRow, readonly Movement[]>> {
  const byAccount = grouped(rows, (row) => row.account);
  const own = subscriptions.filter(({ driftAccount }) => byAccount.has(driftAccount));
  const closesOf = (account: Address) => byAccount.get(account) ?? [];
  const histories = await readHistories(
    tx,
    own.map(({ driftAccount: account, held }) => ({
      account,
      since: held.slot,
      closes: closesOf(account).map((row) => ({
        signature: row.signature,
        position: positionOf(row),
        body: readBody(row.kind, row.body),
      })),
    })),
  );
  return new Map(
    own.flatMap(({ driftAccount }, nth) =>
      closesOf(driftAccount).map((row, index) => [row, histories[nth]?.[index] ?? []] as const),
    ),
  );
}

type DischargedRow = {
  subscriber_id: string;
  executed_slot: bigint;
  amount: bigint;
  creator_wallet: string;
  mint: Address;
};
const dischargedEvent = (row: DischargedRow): StandingEvent => ({
  kind: 'discharged',
  at: { slot: Number(row.executed_slot), blockIndex: null, ordinal: 0 },
  amount: row.amount,
  creator: row.creator_wallet,
  mint: row.mint,
});

/** The wallets that any terms of these subscribers, present or past, name as creator. */
const creatorsOf = (tx: Transaction, ids: readonly string[]) =>
  tx<{ subscriber_id: string; who: string }[]>`
    select distinct subscriber_id, creator_wallet as who from terms_recipient
    where subscriber_id in ${among(tx, ids)}`;

/** The wallets that agents ever allowed to take tokens or to close token accounts. */
const appointedBy = (tx: Transaction, ids: readonly string[]) =>
  tx<{ subscriber_id: string; who: string }[]>`
    select distinct subscriber_id, body->>'who' as who from fact
    where subscriber_id in ${among(tx, ids)} and kind = 'notice' and finality <> 'withdrawn' and body->>'who' is not null
      and body->>'what' in ('token_approved', 'token_authority_changed', 'delegate_changed')`;

/** Outflows, with what is known of each. */
const outflowsOf = (tx: Transaction, ids: readonly string[]): Promise<readonly OutflowRow[]> =>
  tx<OutflowRow[]>`
    select subscriber_id, account, signature, slot, block_index, ordinal, body,
           exists (select 1 from payment_signature p where p.signature = f.signature) as ours,
           (select jsonb_build_object('mint', p.mint, 'amount', coalesce(sum(r.amount), 0)::text, 'recipients', coalesce(jsonb_agg(r.creator_wallet) filter (where r.nth is not null), '[]'))
            from payment p left join payment_recipient r on (r.subscriber_id, r.payment_id) = (p.subscriber_id, p.payment_id)
              and exists (select 1 from terms_recipient t where (t.subscriber_id, t.creator_wallet) = (r.subscriber_id, r.creator_wallet))
            where p.signature = f.signature and p.restored and p.bytes is null group by p.subscriber_id, p.payment_id, p.mint) as found,
           (select credited from credit c where c.subscriber_id = f.subscriber_id and c.account = f.account
              and c.signature = f.signature and c.slot = f.slot and c.ordinal = f.ordinal
              and not exists (select 1 from uncredited u where u.subscriber_id = c.subscriber_id and u.account = c.account
                and u.signature = c.signature and u.slot = c.slot and u.ordinal = c.ordinal)) as credited
    from fact f where subscriber_id in ${among(tx, ids)} and kind = 'outflow' and finality <> 'withdrawn'
    order by slot, block_index nulls last, signature, ordinal`;

const outflowOf = (row: OutflowRow) => ({
  key: `${row.signature}/${row.slot}/${row.ordinal}/${row.account}`,
  signature: row.signature,
  slot: Number(row.slot),
  ours: row.ours,
  found: row.found === null ? null : { ...row.found, amount: BigInt(row.found.amount) },
  credited: row.credited,
  body: readBody('outflow', row.body),
  at: positionOf(row),
});

/**
 * Reads the histories of these subscribers: what is owed and discharged, value that left by their
 * own acts, and transfers to creators as far as they discharge debts.
 */
export async function readStandingHistories(
  tx: Transaction,
  ids: readonly string[],
  { observing, topUp, quotesFor }: HistoryOptions,
): Promise<ReadonlyMap<string, StandingHistory>> {
  const closes = await realised(tx, ids, observing);
  const unbooked = closes.filter((row) => row.shares === null);
  const booking =
    unbooked.length === 0
      ? []
      : await readSubscriptions(tx, { subscribers: [...new Set(unbooked.map(idOf))] });
  const subscriptions = grouped(booking, (each) => each.subscriberId);
  const histories = await unbookedHistories(tx, unbooked, booking);
  const discharged = grouped(
    await tx<DischargedRow[]>`
      select p.subscriber_id, p.executed_slot, r.amount - x.excess as amount, r.creator_wallet, mint
      from payment p join payment_recipient r using (subscriber_id, payment_id) cross join lateral (
        select case when p.excess = 0 then 0 else r.amount - coalesce((select sum(c.amount)::bigint from payment_share c
          join profit_share d using (subscriber_id, share_id) where (c.subscriber_id, c.payment_id) = (r.subscriber_id, r.payment_id)
            and d.creator_wallet = r.creator_wallet), 0) end as excess) x
      where p.subscriber_id in ${among(tx, ids)} and state = 'landed' and purpose = 'share' and r.amount > x.excess`,
    idOf,
  );
  const brought = grouped(await broughtDebts(tx, ids, observing), idOf);
  const outflows = grouped(await outflowsOf(tx, ids), idOf);
  const leaving = [...outflows.keys()];
  const [creators, appointed, clearances] =
    leaving.length === 0
      ? [new Map(), new Map(), new Map()]
      : [
          grouped(await creatorsOf(tx, leaving), idOf),
          grouped(await appointedBy(tx, leaving), idOf),
          await readClearances(tx, leaving),
        ];
  const whos = (rows: readonly { who: string }[] = []): Set<string> =>
    new Set(rows.map((row) => row.who));
  const realisedBy = grouped(closes, idOf);
  const found = new Map<string, StandingHistory>();
  for (const id of ids) {
    const booked = realisedBy.get(id) ?? [];
    const closed = owedEvents(booked, subscriptions.get(id) ?? [], histories);
    const carried = broughtEvents(brought.get(id) ?? []);
    const claims = [...closed.claims, ...carried.claims];
    const paid = (discharged.get(id) ?? []).map(dischargedEvent);
    const history = [...closed.owed, ...carried.owed, ...paid];
    const quotes = await quotesFor(
      history.flatMap((each) => (each.kind === 'left' ? [] : [each.mint ?? USDC.mint])),
    );
    const own = (outflows.get(id) ?? []).map(outflowOf);
    if (own.length === 0) {
      found.set(id, { events: history, quotes });
      continue;
    }
    const creatorsHere = whos(creators.get(id));
    const transfers = own.flatMap(({ ours, body, at, signature, credited }) => {
      const creator = ours ? null : creatorPaid(body, creatorsHere, quotes);
      return creator === null ? [] : [{ creator, body, at, signature, credited }];
    });
    const left = leftEvents(own, clearances.get(id) ?? [], quotes, {
      creators: creatorsHere,
      appointed: whos(appointed.get(id)),
      topUp,
    });
    const credits = creditEvents(history, transfers, quotes, [...claims, ...paid]);
    found.set(id, { events: [...history, ...left, ...credits], quotes });
  }
  return found;
}

const idOf = (row: { subscriber_id: string }): string => row.subscriber_id;
