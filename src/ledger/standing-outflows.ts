// Standing outflows: reads, for several subscribers at once, the value that left them, and the
// wallets that tell whose act it was and to whom it went.
import type { Address } from '../core/ids.ts';
import type { Fragment, Transaction } from './database.ts';
import { type Place, positionOf } from './fact-places.ts';
import { readBody } from './facts.ts';
import { among, askedIds } from './groups.ts';

type OutflowRow = Place & {
  ours: boolean;
  /** Not null when the transaction is a payment that this ledger never signed. */
  found: {
    mint: Address;
    maybe_lost: boolean;
    recipients: { wallet: Address; amount: string }[];
  } | null;
  credited: bigint | null;
};

/** The wallets that any terms of these subscribers, present or past, name as creator. */
export const creatorsOf = (tx: Transaction, ids: readonly string[]) =>
  tx<{ subscriber_id: string; who: string }[]>`
    select distinct subscriber_id, creator_wallet as who from terms_recipient
    where subscriber_id = ${among(tx, ids)}`;

/** The wallets that agents ever allowed to take tokens or to close token accounts. */
export const appointedBy = (tx: Transaction, ids: readonly string[]) =>
  tx<{ subscriber_id: string; who: string }[]>`
    select distinct subscriber_id, body->>'who' as who from ${askedIds(tx, ids)} cross join lateral (
      select subscriber_id, body from fact
      where subscriber_id = asked.id and kind = 'notice' and finality <> 'withdrawn' and body->>'who' is not null
        and body->>'what' in ('token_approved', 'token_authority_changed', 'delegate_changed') offset 0) f`;

/** The part of recipient `r` of payment `p` that no debt explains. Base units. */
export const excessOf = (tx: Transaction): Fragment => tx`
  case when p.excess = 0 then 0 else r.amount - coalesce((select sum(c.amount)::bigint from payment_share c
    join profit_share d using (subscriber_id, share_id) where (c.subscriber_id, c.payment_id) = (r.subscriber_id, r.payment_id)
      and d.creator_wallet = r.creator_wallet), 0) end`;

/**
 * The outflows of these subscribers in chain order. `ours`: a payment of Bailiff for this very
 * subscriber; `credited`: the part that was matched with debts, null for a transfer that is not
 * matched.
 */
export const outflowsOf = (
  tx: Transaction,
  ids: readonly string[],
): Promise<readonly OutflowRow[]> =>
  tx<OutflowRow[]>`
    select subscriber_id, account, signature, slot, block_index, ordinal, body,
           exists (select 1 from payment_signature p where p.signature = f.signature and p.subscriber_id = f.subscriber_id offset 0) as ours,
           (select jsonb_build_object('mint', p.mint, 'maybe_lost', p.maybe_lost, 'recipients', coalesce(jsonb_agg(jsonb_build_object('wallet', r.creator_wallet,
                'amount', (r.amount - case when p.maybe_lost or p.accepted is not null then 0 else ${excessOf(tx)} end)::text)) filter (where r.nth is not null), '[]'))
            from payment p left join payment_recipient r on (r.subscriber_id, r.payment_id) = (p.subscriber_id, p.payment_id)
              and exists (select 1 from terms_recipient t where (t.subscriber_id, t.creator_wallet) = (r.subscriber_id, r.creator_wallet))
            where p.signature = f.signature and p.subscriber_id = f.subscriber_id and p.restored and p.bytes is null group by p.subscriber_id, p.payment_id) as found,
           (select credited from credit c where c.subscriber_id = f.subscriber_id and c.account = f.account
              and c.signature = f.signature and c.slot = f.slot and c.ordinal = f.ordinal
              and not exists (select 1 from uncredited u where u.subscriber_id = c.subscriber_id and u.account = c.account
                and u.signature = c.signature and u.slot = c.slot and u.ordinal = c.ordinal)) as credited
    from ${askedIds(tx, ids)} cross join lateral (
      select * from fact where subscriber_id = asked.id and kind = 'outflow' and finality <> 'withdrawn' offset 0) f
    order by slot, block_index nulls last, signature, ordinal`;

const foundIn = ({
  mint,
  maybe_lost: maybeLost,
  recipients,
}: NonNullable<OutflowRow['found']>) => ({
  mint,
  maybeLost,
  recipients: recipients.map(({ wallet, amount }) => ({ wallet, amount: BigInt(amount) })),
});

/** An outflow as the core judges it. */
export const outflowOf = (row: OutflowRow) => ({
  key: `${row.signature}/${row.slot}/${row.ordinal}/${row.account}`,
  signature: row.signature,
  slot: Number(row.slot),
  ours: row.ours,
  found: row.found === null ? null : foundIn(row.found),
  credited: row.credited,
  body: readBody('outflow', row.body),
  at: positionOf(row),
});
