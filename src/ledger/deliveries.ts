// Deliveries: webhook bodies exactly as received, kept before they are understood.
import type { Deliveries } from '../core/hearing-ports.ts';
import { at, type Sql } from './database.ts';
import { noteRumours } from './sightings.ts';

export function createDeliveries(sql: Sql): Deliveries {
  return {
    async record(bodies, nowMs) {
      const rows = bodies.map((body) => ({ received_at: at(nowMs), body: Buffer.from(body) }));
      await sql`insert into delivery ${sql(rows)}`;
    },
    async undigested(limit) {
      const rows = await sql<{ delivery_id: bigint; body: Uint8Array }[]>`
        select delivery_id, body from delivery where digested_at is null order by delivery_id limit ${limit}`;
      return rows.map((row) => ({ id: row.delivery_id, body: row.body }));
    },
    async digested(id, counts, rumours, nowMs) {
      await sql.begin(async (tx) => {
        await noteRumours(tx, rumours, 'webhook', nowMs);
        await tx`
          update delivery set digested_at = ${at(nowMs)}, entries = ${counts.entries}, refused = ${counts.refused}
          where delivery_id = ${id}`;
      });
    },
  };
}
