// Clearances: stores every clearance for good, so that a verdict can be judged again at any time.
import { type Clearance, type FundsChange, unspent } from '../core/clearance.ts';
import type { Clearances, ListedClearance } from '../core/clearance-ports.ts';
import type { ChainPosition } from '../core/fact.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import { classify, type TopUpRule } from '../core/outflow.ts';
import { USDC } from '../core/token.ts';
import { LAST_ORDINAL } from '../core/transaction.ts';
import { at, plannedEach, type Sql, type Transaction } from './database.ts';
import { requireIdentity } from './database-state.ts';
import { among, grouped } from './groups.ts';
import { appointedBy, creatorsOf, outflowOf, outflowsOf } from './standing-outflows.ts';
import { readQuotes } from './tokens.ts';

type Row = {
  clearance_id: string;
  purpose: Clearance['purpose'];
  amount: bigint | null;
  mint: Address;
  granted_slot: bigint;
  until_slot: bigint;
};
type TradeRow = { slot: number; block_index: number | null; ordinal: number; signature: Signature };
type ReadRow = Row & { subscriber_id: string; trades: TradeRow[] | null; settled: string | null };
type WholeRow = Row & { granted_at: Date; until_at: Date; revoked_at: Date | null };

const clearanceOf = (row: Row): Clearance => ({
  id: row.clearance_id,
  purpose: row.purpose,
  amount: row.amount,
  mint: row.mint,
  grantedSlot: Number(row.granted_slot),
  untilSlot: Number(row.until_slot),
  trades: [],
});

const listedOf = (row: WholeRow): ListedClearance => ({
  ...clearanceOf(row),
  grantedAtMs: row.granted_at.getTime(),
  untilMs: row.until_at.getTime(),
  revokedAtMs: row.revoked_at?.getTime() ?? null,
});

type ChangeRow = {
  clearance_id: string;
  signature: Signature;
  slot: bigint;
  block_index: number | null;
  amount: string | null;
};
/**
 * The changes of the accounts that were read for each clearance, one for each transaction since the
 * readings. A token account is summed in the clearance's token, as far as its facts tell the mints
 * apart. After a transaction that could not be read, or by which another wallet may have got the
 * token account, the amount is not known (null).
 */
async function readChanges(
  tx: Sql | Transaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly FundsChange[]>> {
  const rows = await tx<ChangeRow[]>`
    select r.clearance_id, f.signature, f.slot, f.block_index, case when bool_or(f.kind <> 'tally') then null
        else sum((f.body->>'realised')::numeric + (f.body->>'deposits')::numeric - (f.body->>'withdraws')::numeric
          + case when f.body ? 'mints' then m.amount else (f.body->>'tokens')::numeric end)::text end as amount
    from clearance_reading r join clearance c using (clearance_id) cross join lateral (
      select * from fact where account = r.account and kind in ('tally', 'unknown') and slot > r.slot and slot <= c.until_slot
        and subscriber_id = r.subscriber_id and finality <> 'withdrawn'
      union all
      select * from fact where subscriber_id = r.subscriber_id and kind = 'notice' and finality <> 'withdrawn'
        and body->>'what' in ('token_approved', 'token_authority_changed', 'delegate_changed')
        and body->>'what' = 'token_authority_changed' and account = r.account and slot > r.slot and slot <= c.until_slot) f
    cross join lateral (
      select coalesce(sum((each->>'amount')::numeric), 0) as amount from jsonb_array_elements(f.body->'mints') each
      where each->>'mint' = c.mint) m
    where r.subscriber_id = ${among(tx, ids)}
    group by r.clearance_id, f.signature, f.slot, f.block_index`;
  const byClearance = grouped(rows, (row) => row.clearance_id);
  const changeOf = ({
    slot,
    block_index: blockIndex,
    signature,
    amount,
  }: ChangeRow): FundsChange => ({
    at: { slot: Number(slot), blockIndex, ordinal: LAST_ORDINAL, signature },
    amount: amount === null ? null : BigInt(amount),
  });
  return new Map([...byClearance].map(([id, own]) => [id, own.map(changeOf)]));
}

const placeOf = ({
  slot,
  block_index: blockIndex,
  ordinal,
  signature,
}: TradeRow): ChainPosition => ({
  slot,
  blockIndex,
  ordinal,
  signature,
});

/**
 * Every clearance that these subscribers were given, by subscriber, each with what there was and
 * is to withdraw from, or with the first trades afterwards.
 */
export async function readClearances(
  tx: Sql | Transaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Clearance[]>> {
  const [rows, changes] = await Promise.all([
    tx<ReadRow[]>`
      select subscriber_id, clearance_id, purpose, amount, mint, granted_slot, until_slot,
        (select sum(r.amount)::text from clearance_reading r
          where (r.subscriber_id, r.clearance_id) = (c.subscriber_id, c.clearance_id)) as settled,
        case when purpose = 'close' then (
          select jsonb_agg(t) from (
            select f.slot, f.block_index, f.signature,
              case when f.kind = 'unknown' then coalesce(f.body->>'tradedFrom', f.body->>'tradedAt')::int else f.ordinal end as ordinal
            from fact f where f.subscriber_id = c.subscriber_id
              and (f.kind in ('open', 'close', 'reckoning') or f.kind = 'unknown' and f.body->>'tradedAt' is not null)
              and f.finality <> 'withdrawn' and f.slot > c.granted_slot and f.slot <= c.until_slot
            order by f.slot fetch first 1 row with ties) t) end as trades
      from clearance c where subscriber_id = ${among(tx, ids)}`,
    readChanges(tx, ids),
  ]);
  const judgedOf = (row: ReadRow): Clearance => ({
    ...clearanceOf(row),
    trades: (row.trades ?? []).map(placeOf),
    ...(row.settled === null
      ? {}
      : { funds: { settled: BigInt(row.settled), changes: changes.get(row.clearance_id) ?? [] } }),
  });
  const bySubscriber = grouped(rows, (row) => row.subscriber_id);
  return new Map([...bySubscriber].map(([id, own]) => [id, own.map(judgedOf)]));
}

/**
 * The amount of a token that the clearances of this subscriber may still let out, in the slot of
 * the new clearance or later. Outflows after `seenSlot` use up nothing: a sum that was read at that
 * slot still contains them. `topUp` recognises the daemon's own swaps, as in a verdict. Base units.
 */
async function readUnspent(
  tx: Transaction,
  subscriberId: string,
  { mint = USDC.mint, grantedSlot }: Clearance,
  seenSlot: Slot,
  topUp: TopUpRule | null,
): Promise<BaseUnits> {
  const clearances = (await readClearances(tx, [subscriberId])).get(subscriberId) ?? [];
  if (!clearances.some((each) => each.untilSlot >= grantedSlot)) return 0n;
  const ids = [subscriberId];
  const [rows, creators, appointed, quotes] = await Promise.all([
    outflowsOf(tx, ids),
    creatorsOf(tx, ids),
    appointedBy(tx, ids),
    readQuotes(tx),
  ]);
  const whos = (each: readonly { who: string }[]) => new Set(each.map((row) => row.who));
  const context = { creators: whos(creators), appointed: whos(appointed), topUp };
  const outflows = rows.map(outflowOf).filter(({ slot }) => slot <= seenSlot);
  const { left } = classify(outflows, clearances, quotes, context);
  return unspent(clearances, left, mint, grantedSlot);
}

/**
 * Creates the store of clearances. `topUp` is the rule that recognises the daemon's own swaps for
 * SOL.
 */
export function createClearances(sql: Sql, topUp: TopUpRule | null = null): Clearances {
  const listed = plannedEach(sql);
  return {
    async list({ subscriberId, limit, before }) {
      const rows = await listed<WholeRow[]>`
        select * from clearance where subscriber_id = ${subscriberId}
          and (${before ?? null}::text is null or (granted_at, clearance_id)
            < (select granted_at, clearance_id from clearance where clearance_id = ${before ?? null}))
        order by granted_at desc, clearance_id desc limit ${limit}`;
      return rows.map(listedOf);
    },
    async find(subscriberId, id) {
      const [row] = await sql<WholeRow[]>`
        select * from clearance where subscriber_id = ${subscriberId} and clearance_id = ${id}`;
      return row === undefined ? null : listedOf(row);
    },
    async revoke(subscriberId, id, slot, nowMs) {
      // A revoked clearance still covers outflows up to this slot.
      const rows = await sql`
        update clearance set until_slot = greatest(${slot}, granted_slot + 1), revoked_at = ${at(nowMs)}
        where subscriber_id = ${subscriberId} and clearance_id = ${id} and revoked_at is null and until_slot > ${slot}
          and until_at > ${at(nowMs)} returning 1`;
      return rows.length > 0;
    },
    grant: (subscriberId, clearance, grantedAtMs, untilMs, under, settled) =>
      sql.begin(async (tx) => {
        await requireIdentity(tx, under);
        // Of two requests at once the second one sees the clearance of the first, and one that
        // comes after the subscriber has left sees that.
        const [held] = await tx<{ retired: boolean }[]>`
          select standing = 'retired' as retired from standing where subscriber_id = ${subscriberId} for update`;
        if (held?.retired === true)
          throw new Fault('not_found', `Subscriber ${subscriberId} is not registered.`);
        if (settled !== undefined && clearance.amount !== null) {
          const others = await readUnspent(tx, subscriberId, clearance, settled.slot, topUp);
          if (others > 0n && others + clearance.amount > settled.most) return others;
        }
        await tx`
          insert into clearance (clearance_id, subscriber_id, purpose, amount, mint, granted_slot, until_slot, granted_at, until_at)
          values (${clearance.id}, ${subscriberId}, ${clearance.purpose}, ${clearance.amount}, ${clearance.mint ?? USDC.mint}, ${clearance.grantedSlot},
            ${clearance.untilSlot}, ${at(grantedAtMs)}, ${at(untilMs)})`;
        const readings = clearance.amount === null ? [] : (settled?.readings ?? []);
        for (const { account, slot, amount } of readings)
          await tx`
            insert into clearance_reading (subscriber_id, clearance_id, account, slot, amount)
            values (${subscriberId}, ${clearance.id}, ${account}, ${slot}, ${amount})`;
        return null;
      }),
  };
}
