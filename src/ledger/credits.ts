// Credits: matches transfers to creators that Bailiff did not make, once each, with the debts that
// the subscriber owed to that creator at that time.

import { allotCredits, creditedEvent } from '../core/credit.ts';
import type { CreditMatch, Credits } from '../core/debt-ports.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import { tokenOf } from '../core/token.ts';
import { type Fragment, plannedEach, type Sql, type Transaction, violates } from './database.ts';
import { requireIdentity } from './database-state.ts';
import { among, readTogether } from './groups.ts';
import { placeIn } from './lists.ts';
import { tellAll } from './outbox.ts';
import { applyToShares } from './share-changes.ts';
import { readQuotes, tokenIn } from './tokens.ts';

type Key = {
  subscriber_id: string;
  account: Address;
  signature: Signature;
  slot: bigint;
  ordinal: number;
};
type CreditRow = Key & { id: string; left: bigint; mint: string };

/**
 * Locks the subscribers' rows, so that no other transaction books a debt or matches a transfer of
 * these subscribers until the commit. The statement is sent before this function returns.
 */
export async function holdDebtsOf(
  tx: Transaction,
  subscriberIds: readonly string[],
): Promise<void> {
  await tx`
    select 1 from subscriber where subscriber_id = ${among(tx, subscriberIds)}
    order by subscriber_id for no key update`.execute();
}

/** A debt that was just booked: whose, to whom, in which token, and of which slot. */
export type NewDebt = {
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  readonly mint: Address;
  readonly slot: Slot;
};

/**
 * Lets transfers that have an unused rest wait for a match again, when debts were booked whose
 * closes were not later than the transfers. The rest pays no debt here: the ledger may have lost a
 * payment of the debt, so it is compared with the chain first. Until then nothing is signed for the
 * creator.
 */
export async function waitAgain(tx: Transaction, debts: readonly NewDebt[]): Promise<void> {
  const rows = debts.map(({ subscriberId, creatorWallet, mint, slot }) => ({
    subscriber_id: subscriberId,
    creator_wallet: creatorWallet,
    mint,
    slot,
  }));
  await tx`
    insert into uncredited (subscriber_id, account, signature, slot, ordinal, creator_wallet)
    select distinct c.subscriber_id, c.account, c.signature, c.slot, c.ordinal, c.creator_wallet
    from jsonb_to_recordset(${tx.json(rows)}) as d(subscriber_id text, creator_wallet text, mint text, slot bigint)
    join credit c on c.subscriber_id = d.subscriber_id and c.creator_wallet = d.creator_wallet and c.slot >= d.slot
    join fact f on f.subscriber_id = c.subscriber_id and f.signature = c.signature and f.slot = c.slot
      and f.ordinal = c.ordinal and f.account = c.account
    where c.credited < c.amount and f.body ->> 'mint' = d.mint
    on conflict do nothing`;
}

/**
 * Discharges debts to a creator with the unused rest of transfers to that creator. The caller must
 * hold the lock of `holdDebtsOf`. A debt that a payment has claimed is skipped: how much of it is
 * owed is known when the payment has ended.
 */
async function applyCredits(
  tx: Transaction,
  subscriberId: string,
  creatorWallet: Address,
  now: Fragment,
): Promise<void> {
  const transfers = await tx<CreditRow[]>`
    select c.subscriber_id, c.account, c.signature, c.slot, c.ordinal, c.amount - c.credited as left,
      concat_ws('/', c.signature, c.slot, c.ordinal, c.account) as id, f.body ->> 'mint' as mint
    from credit c join fact f using (subscriber_id, signature, slot, ordinal, account)
    where c.subscriber_id = ${subscriberId} and c.creator_wallet = ${creatorWallet} and c.credited < c.amount
    order by c.slot, f.block_index nulls last, c.signature, c.ordinal`;
  if (transfers.length === 0) return;
  const shares = await tx<{ share_id: string; slot: bigint; owed: bigint; mint: string }[]>`
    with held as (
      select share_id, slot, ordinal, mint, amount - paid as owed from profit_share
      where subscriber_id = ${subscriberId} and creator_wallet = ${creatorWallet} and status in ('pending', 'failed')
      order by share_id for update)
    select share_id, slot, mint, owed from held order by slot, ordinal, share_id`;
  // A transfer pays debts in its own token only.
  const parts = [...new Set(transfers.map(({ mint }) => mint))].flatMap((mint) =>
    allotCredits(
      transfers
        .filter((each) => each.mint === mint)
        .map(({ id, slot, left }) => ({ id, slot: Number(slot), left })),
      shares
        .filter((each) => each.mint === mint)
        .map(({ share_id: id, slot, owed }) => ({ id, slot: Number(slot), owed })),
    ),
  );
  for (const { transferId, shareId, amount } of parts) {
    const transfer = transfers.find((each) => each.id === transferId);
    if (transfer === undefined) throw new Error(`no transfer ${transferId}`);
    const { account, signature, slot, ordinal } = transfer;
    await tx`
      update credit set credited = credited + ${amount}
      where subscriber_id = ${subscriberId} and signature = ${signature} and slot = ${slot} and ordinal = ${ordinal} and account = ${account}`;
    await tx`
      insert into credit_share (subscriber_id, account, signature, slot, ordinal, share_id, amount)
      values (${subscriberId}, ${account}, ${signature}, ${slot}, ${ordinal}, ${shareId}, ${amount})`;
    const made = { signature, slot: Number(slot) };
    const credited = await applyToShares(tx, { now, where: tx`s.share_id = ${shareId}` }, () => ({
      do: 'credit',
      amount,
      transfer: made,
    }));
    if (credited.length === 0) throw new Error(`share ${shareId} takes no credit of ${amount}`);
  }
}

class Claimed extends Error {}

/** Creates the store of credits. `now` is the clock of the ledger. */
export function createCredits(sql: Sql, now: Fragment = sql`now()`): Credits {
  const listed = plannedEach(sql);
  const matchOne = (
    row: Key & { creator_wallet: Address },
    under: string | null,
  ): Promise<CreditMatch | null> =>
    sql.begin(async (tx) => {
      await requireIdentity(tx, under);
      const { subscriber_id: subscriberId, creator_wallet: creatorWallet, signature, ...key } = row;
      const { account, slot, ordinal } = key;
      await holdDebtsOf(tx, [subscriberId]);
      const waited = await tx`
        delete from uncredited where subscriber_id = ${subscriberId} and signature = ${signature} and slot = ${slot}
          and ordinal = ${ordinal} and account = ${account} returning 1`;
      if (waited.length === 0) return null;
      const claimed = await tx`
        select 1 from profit_share where subscriber_id = ${subscriberId} and creator_wallet = ${creatorWallet}
          and status = 'processing' limit 1`;
      if (claimed.length > 0) throw new Claimed();
      const made = await tx<{ amount: bigint; mint: Address }[]>`
        insert into credit (subscriber_id, account, signature, slot, ordinal, creator_wallet, amount)
        select subscriber_id, account, signature, slot, ordinal, ${creatorWallet}, (body ->> 'amount')::bigint
        from fact f where subscriber_id = ${subscriberId} and signature = ${signature} and slot = ${slot} and ordinal = ${ordinal}
          and account = ${account} and body ->> 'mint' in (select mint from token) and (body ->> 'amount')::bigint > 0
          and not exists (select 1 from payment_signature p where p.signature = f.signature offset 0)
        on conflict do nothing returning amount, (select body ->> 'mint' from fact f where f.subscriber_id = credit.subscriber_id
          and f.signature = credit.signature and f.slot = credit.slot and f.ordinal = credit.ordinal and f.account = credit.account) as mint`;
      const [credit] = made;
      // A transfer that was matched before waits again because of a debt that was booked later.
      const known = await tx`
        select 1 from credit where subscriber_id = ${subscriberId} and signature = ${signature} and slot = ${slot}
          and ordinal = ${ordinal} and account = ${account}`;
      if (known.length === 0) return null;
      await applyCredits(tx, subscriberId, creatorWallet, now);
      // The rest of these debts waited until this transfer was matched, and is due now.
      const unmatched = tx`s.subscriber_id = ${subscriberId} and s.creator_wallet = ${creatorWallet}
        and s.status = 'pending' and s.reason ->> 'code' = 'transfer_unmatched'`;
      await applyToShares(tx, { now, where: unmatched }, () => ({ do: 'wake' }));
      if (credit === undefined) return null;
      const [row2] = await tx<{ credited: bigint }[]>`
        select credited from credit where subscriber_id = ${subscriberId} and signature = ${signature} and slot = ${slot}
          and ordinal = ${ordinal} and account = ${account}`;
      const { amount, mint } = credit;
      const token = tokenOf(await readQuotes(tx), mint);
      const credited = row2?.credited ?? 0n;
      const match = { subscriberId, creatorWallet, signature, token, amount, credited };
      await tellAll(tx, [creditedEvent({ ...match, slot: Number(slot) })]);
      return match;
    });
  const unmatched = readTogether<
    { readonly subscriberId: string; readonly creatorWallet: string },
    Signature | null
  >(async (asked) => {
    const given = asked.map(({ subscriberId, creatorWallet }, nth) => ({
      nth,
      subscriber_id: subscriberId,
      creator_wallet: creatorWallet,
    }));
    const rows = await sql<{ nth: number; signature: Signature }[]>`
      with asked as (
        select * from jsonb_to_recordset(${sql.json(given)}) as a(nth int, subscriber_id text, creator_wallet text))
      select a.nth, u.signature from asked a join uncredited u using (subscriber_id, creator_wallet)
        join fact f using (subscriber_id, signature, slot, ordinal, account)
      where f.body ->> 'mint' in (select mint from token)
        and not exists (select 1 from payment_signature p where p.signature = u.signature offset 0)
      union all
      select a.nth, f.signature from asked a cross join lateral (
        select * from fact where subscriber_id = a.subscriber_id and kind = 'outflow' and finality = 'confirmed' offset 0) f
      where a.creator_wallet in (f.body ->> 'owner', f.body ->> 'destination') and f.body ->> 'mint' in (select mint from token)
        and f.body ->> 'internal' = 'false' and f.body ->> 'paymentId' is null
        and not exists (select 1 from payment_signature p where p.signature = f.signature offset 0)`;
    const found = new Map(rows.map((row) => [row.nth, row.signature]));
    return asked.map((_, nth) => found.get(nth) ?? null);
  });
  return {
    async waiting() {
      const rows = await sql<{ subscriber_id: string }[]>`
        select distinct subscriber_id from uncredited order by 1`;
      return rows.map((row) => row.subscriber_id);
    },
    async match(subscriberId, under) {
      const rows = await sql<(Key & { creator_wallet: Address })[]>`
        select u.* from uncredited u join fact f using (subscriber_id, signature, slot, ordinal, account)
        where u.subscriber_id = ${subscriberId}
        order by f.slot, f.block_index nulls last, f.signature, f.ordinal`;
      const matches: CreditMatch[] = [];
      for (const row of rows) {
        try {
          const match = await matchOne(row, under);
          if (match !== null) matches.push(match);
        } catch (thrown) {
          // The claimed debt's payment must end first; or another daemon has matched this transfer.
          if (!(thrown instanceof Claimed) && !violates(thrown, 'credit_pkey')) throw thrown;
        }
      }
      return matches;
    },
    unmatched: (subscriberId, creatorWallet) => unmatched({ subscriberId, creatorWallet }),
    async list({ subscriberId, limit, before }) {
      const place = before === undefined ? null : placeIn(before);
      const rows = await listed<
        {
          account: Address;
          ordinal: number;
          signature: Signature;
          slot: bigint;
          creator_wallet: Address;
          mint: Address;
          symbol: string;
          decimals: number;
          amount: bigint;
          credited: bigint;
          shares: { share: string; amount: string }[];
        }[]
      >`
        select c.signature, c.slot, c.ordinal, c.account, c.creator_wallet, k.mint, k.symbol, k.decimals, c.amount, c.credited, coalesce((
          select jsonb_agg(jsonb_build_object('share', s.share_id, 'amount', s.amount::text) order by s.share_id) from credit_share s
          where s.subscriber_id = c.subscriber_id and s.signature = c.signature and s.slot = c.slot and s.ordinal = c.ordinal
            and s.account = c.account), '[]') as shares
        from credit c join fact f using (subscriber_id, signature, slot, ordinal, account) join token k on k.mint = f.body ->> 'mint'
        where c.subscriber_id = ${subscriberId}
          and (${place?.slot ?? null}::bigint is null or (c.slot, c.signature, c.ordinal, c.account)
            < (${place?.slot ?? null}::bigint, ${place?.signature ?? ''}, ${place?.ordinal ?? '0'}::bigint, ${place?.account ?? ''}))
        order by c.slot desc, c.signature desc, c.ordinal desc, c.account desc limit ${limit}`;
      return rows.map((row) => ({
        subscriberId,
        signature: row.signature,
        slot: Number(row.slot),
        creatorWallet: row.creator_wallet,
        token: tokenIn(row),
        amount: row.amount,
        credited: row.credited,
        shares: row.shares.map((each) => ({ shareId: each.share, amount: BigInt(each.amount) })),
        cursor: [row.slot, row.signature, row.ordinal, row.account].join('.'),
      }));
    },
  };
}
