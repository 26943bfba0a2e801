// Deliveries: webhook bodies exactly as received, kept before they are understood; those that one commit takes are one
// delivery.
import type { Deliveries } from '../core/hearing-ports.ts';
import { at, type Sql } from './database.ts';
import { packBodies, unpackBodies } from './parcel.ts';
import { noteRumours } from './sightings.ts';

export function createDeliveries(sql: Sql): Deliveries {
  return {
    async record(bodies, nowMs) {
      await sql`
        insert into delivery (received_at, packing, body) values (${at(nowMs)}, 'zstd', ${packBodies(bodies)})`;
    },
    async undigested(limit, nowMs) {
      const rows = await sql<{ delivery_id: bigint; packing: string; body: Uint8Array }[]>`
        select delivery_id, packing, body from delivery
        where digested_at is null and not exists (select 1 from set_aside
          where kind = 'delivery' and subject = delivery_id::text and retry_at > ${at(nowMs)})
        order by delivery_id limit ${limit}`;
      return rows.map(({ delivery_id, packing, body }) => ({
        id: delivery_id,
        bodies: () => (packing === 'zstd' ? unpackBodies(body) : [body]),
      }));
    },
    async forget(keepMs) {
      await sql`delete from delivery where digested_at < now() - ${keepMs} * interval '1 millisecond'`;
    },
    async digested(id, counts, rumours, nowMs) {
      await sql.begin(async (tx) => {
        await noteRumours(tx, rumours, { source: 'webhook', by: 'rumour', nowMs });
        await tx`
          update delivery set digested_at = ${at(nowMs)}, entries = ${counts.entries}, refused = ${counts.refused}
          where delivery_id = ${id}`;
      });
    },
  };
}
