// Clearances: stores every clearance for good, so that a verdict can be judged again at any time.
import { type Clearance, unspent } from '../core/clearance.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import { classify, type TopUpRule } from '../core/outflow.ts';
import type { Clearances, ListedClearance } from '../core/ports.ts';
import { USDC } from '../core/token.ts';
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
  traded_slot: bigint | null;
};
type WholeRow = Row & { granted_at: Date; until_at: Date; revoked_at: Date | null };

const clearanceOf = (row: Row): Clearance => ({
  id: row.clearance_id,
  purpose: row.purpose,
  amount: row.amount,
  mint: row.mint,
  grantedSlot: Number(row.granted_slot),
  untilSlot: Number(row.until_slot),
  tradedSlot: row.traded_slot === null ? null : Number(row.traded_slot),
});

const listedOf = (row: WholeRow): ListedClearance => ({
  ...clearanceOf(row),
  grantedAtMs: row.granted_at.getTime(),
  untilMs: row.until_at.getTime(),
  revokedAtMs: row.revoked_at?.getTime() ?? null,
});

/**
 * Every clearance that these subscribers were given, by subscriber, each with the slot of the first
 * trade afterwards.
 */
export async function readClearances(
  tx: Sql | Transaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Clearance[]>> {
  const rows = await tx<(Row & { subscriber_id: string })[]>`
    select subscriber_id, clearance_id, purpose, amount, mint, granted_slot, until_slot,
      (select min(f.slot) from fact f where f.subscriber_id = c.subscriber_id
        and (f.kind in ('open', 'close', 'reckoning') or f.kind = 'unknown' and f.body->>'tradedAt' is not null)
        and f.finality <> 'withdrawn' and f.slot > c.granted_slot) as traded_slot
    from clearance c where subscriber_id = ${among(tx, ids)}`;
  const bySubscriber = grouped(rows, (row) => row.subscriber_id);
  return new Map([...bySubscriber].map(([id, own]) => [id, own.map(clearanceOf)]));
}

/**
 * What the clearances of this subscriber to withdraw a token may still let out, in the slot of the
 * new one or later. Outflows after `seenSlot` use up nothing: a sum that was read at that slot
 * still contains them. `topUp` recognises the daemon's own swaps, as in a verdict. Base units.
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
        select *, null::bigint as traded_slot from clearance where subscriber_id = ${subscriberId}
          and (${before ?? null}::text is null or (granted_at, clearance_id)
            < (select granted_at, clearance_id from clearance where clearance_id = ${before ?? null}))
        order by granted_at desc, clearance_id desc limit ${limit}`;
      return rows.map(listedOf);
    },
    async find(subscriberId, id) {
      const [row] = await sql<WholeRow[]>`
        select *, null::bigint as traded_slot from clearance where subscriber_id = ${subscriberId} and clearance_id = ${id}`;
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
        if (settled !== undefined && clearance.amount !== null) {
          // The lock makes the second of two simultaneous requests wait, so that it sees the
          // clearance of the first.
          await tx`select 1 from standing where subscriber_id = ${subscriberId} for update`;
          const others = await readUnspent(tx, subscriberId, clearance, settled.slot, topUp);
          if (others > 0n && others + clearance.amount > settled.most) return others;
        }
        await tx`
          insert into clearance (clearance_id, subscriber_id, purpose, amount, mint, granted_slot, until_slot, granted_at, until_at)
          values (${clearance.id}, ${subscriberId}, ${clearance.purpose}, ${clearance.amount}, ${clearance.mint ?? USDC.mint}, ${clearance.grantedSlot},
            ${clearance.untilSlot}, ${at(grantedAtMs)}, ${at(untilMs)})`;
        return null;
      }),
  };
}
