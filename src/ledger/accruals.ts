// Accruals: finalized closes that become profit shares, each once, with what it was reckoned from.
import { createHash } from 'node:crypto';
import type { Fact } from '../core/fact.ts';
import { type Address, base58Text, type Signature } from '../core/ids.ts';
import type { Shares, UnaccruedClose } from '../core/ports.ts';
import type { Sql } from './database.ts';
import { readBody } from './facts.ts';
import { readSubscriptions } from './subscriptions.ts';

type FactRow = {
  subscriber_id: string;
  account: Address;
  signature: Signature;
  slot: bigint;
  ordinal: number;
  kind: 'close' | 'reckoning';
  block_index: number | null;
  body: unknown;
  subscription_id: string;
};

/** A share's id follows from what made it, so that booking the same close again cannot make a second one. */
export function shareIdOf(subscriptionId: string, fact: Fact): string {
  const { slot, ordinal } = fact.position;
  const preimage = [subscriptionId, fact.account, fact.signature, slot, ordinal].join('/');
  return `ps_${base58Text(createHash('sha256').update(preimage).digest()).slice(0, 24)}`;
}

/** Another daemon has carried dust since this close was read; it is read again. */
class Overtaken extends Error {}

export function createAccruals(sql: Sql): Pick<Shares, 'unaccrued' | 'book' | 'accrual'> {
  return {
    async unaccrued(limit) {
      const rows = await sql<FactRow[]>`
        select f.subscriber_id, f.account, f.signature, f.slot, f.ordinal, f.block_index, f.kind, f.body, s.subscription_id
        from fact f join subscription s on s.drift_account = f.account and s.subscriber_id = f.subscriber_id
        where f.kind in ('close', 'reckoning') and f.finality = 'finalized'
          and f.slot >= (select min(from_slot) from subscription_terms t where t.subscription_id = s.subscription_id)
          and not exists (select 1 from accrual a where a.subscriber_id = f.subscriber_id
            and a.subscription_id = s.subscription_id and a.signature = f.signature and a.slot = f.slot and a.ordinal = f.ordinal)
        order by f.slot, f.block_index nulls last, f.signature, f.ordinal limit ${limit}`;
      const closes: UnaccruedClose[] = [];
      for (const row of rows) {
        const [subscription] = await readSubscriptions(sql, { subscription: row.subscription_id });
        if (subscription === undefined) continue;
        const body = readBody(row.kind, row.body);
        const position = {
          slot: Number(row.slot),
          blockIndex: row.block_index,
          ordinal: row.ordinal,
        };
        closes.push({
          subscription,
          fact: {
            subscriberId: row.subscriber_id,
            account: row.account,
            signature: row.signature,
            position,
            body,
          },
        });
      }
      return closes;
    },
    async book({ fact, subscription }, terms, accrued) {
      const { slot, ordinal } = fact.position;
      try {
        return await sql.begin(async (tx) => {
          const booked = await tx`
            insert into accrual (subscriber_id, subscription_id, account, signature, slot, ordinal, net_pnl, share_bps, amount, carry_before, carry_after)
            values (${fact.subscriberId}, ${subscription.id}, ${fact.account}, ${fact.signature}, ${slot}, ${ordinal},
                    ${fact.body.netPnl}, ${terms.shareBps}, ${accrued.amount}, ${subscription.carry}, ${accrued.carry})
            on conflict do nothing returning 1`;
          if (booked.length === 0) return false;
          const carried = await tx`
            update subscription set carry = ${accrued.carry}
            where subscription_id = ${subscription.id} and carry = ${subscription.carry} returning 1`;
          if (carried.length === 0) throw new Overtaken();
          if (accrued.amount > 0n) {
            await tx`
              insert into profit_share (share_id, subscriber_id, subscription_id, signature, slot, ordinal, creator_wallet, amount)
              values (${shareIdOf(subscription.id, fact)}, ${fact.subscriberId}, ${subscription.id}, ${fact.signature}, ${slot}, ${ordinal},
                      ${terms.creatorWallet}, ${accrued.amount})`;
            // A new debt is a reason to try the older ones with it.
            await tx`
              update profit_share set retry_at = null
              where subscriber_id = ${fact.subscriberId} and status = 'pending' and retry_at is not null`;
          }
          return true;
        });
      } catch (thrown) {
        if (thrown instanceof Overtaken) return false;
        throw thrown;
      }
    },
    async accrual(id) {
      const [row] = await sql<
        {
          signature: Signature;
          slot: bigint;
          ordinal: number;
          kind: 'close' | 'reckoning';
          body: unknown;
          share_bps: number;
          carry_before: bigint;
          carry_after: bigint;
          amount: bigint;
        }[]
      >`
        select a.signature, a.slot, a.ordinal, f.kind, f.body, a.share_bps, a.carry_before, a.carry_after, a.amount
        from profit_share s
        join accrual a using (subscriber_id, subscription_id, signature, slot, ordinal)
        join fact f on f.subscriber_id = a.subscriber_id and f.signature = a.signature and f.slot = a.slot
          and f.ordinal = a.ordinal and f.account = a.account
        where s.share_id = ${id}`;
      if (row === undefined) return null;
      return {
        signature: row.signature,
        slot: Number(row.slot),
        ordinal: row.ordinal,
        realised: readBody(row.kind, row.body),
        shareBps: row.share_bps,
        carryBefore: row.carry_before,
        carryAfter: row.carry_after,
        amount: row.amount,
      };
    },
  };
}
