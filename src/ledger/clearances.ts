// Clearances: permissions given, kept for good, so that a verdict can always be judged again.
import type { Clearance } from '../core/clearance.ts';
import type { Clearances } from '../core/ports.ts';
import { at, type Sql, type Transaction } from './database.ts';

type Row = {
  clearance_id: string;
  purpose: Clearance['purpose'];
  amount: bigint | null;
  granted_slot: bigint;
  until_slot: bigint;
};

/** Every clearance a subscriber was ever given. */
export async function readClearances(
  tx: Sql | Transaction,
  subscriberId: string,
): Promise<Clearance[]> {
  const rows = await tx<Row[]>`
    select clearance_id, purpose, amount, granted_slot, until_slot from clearance
    where subscriber_id = ${subscriberId}`;
  return rows.map((row) => ({
    id: row.clearance_id,
    purpose: row.purpose,
    amount: row.amount,
    grantedSlot: Number(row.granted_slot),
    untilSlot: Number(row.until_slot),
  }));
}

export function createClearances(sql: Sql): Clearances {
  return {
    async grant(subscriberId, clearance, grantedAtMs, untilMs) {
      await sql`
        insert into clearance (clearance_id, subscriber_id, purpose, amount, granted_slot, until_slot, granted_at, until_at)
        values (${clearance.id}, ${subscriberId}, ${clearance.purpose}, ${clearance.amount}, ${clearance.grantedSlot},
          ${clearance.untilSlot}, ${at(grantedAtMs)}, ${at(untilMs)})`;
    },
  };
}
