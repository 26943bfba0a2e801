// Deliveries: stores webhook bodies exactly as received, before they are understood. The bodies of
// one commit are one delivery. A row records which run of a daemon began to read a delivery, until
// the reading ends with or without success. The rows that are left show the deliveries at which
// several daemons died.
import { upTo } from '../core/gather.ts';
import type { Deliveries } from '../core/hearing-ports.ts';
import type { Rumour } from '../core/watch-ports.ts';
import { at, type Sql, type Transaction } from './database.ts';
import { together } from './groups.ts';
import { packBodies, unpackBodies } from './parcel.ts';
import { noteRumours } from './sightings.ts';

/** A reading by another daemon that began longer ago counts as one that never ended. */
const READING_MS_MOST = 20_000;

async function* plain(body: Uint8Array, bytesMost: number) {
  yield { length: body.length, bytes: body.length > bytesMost ? null : body };
}

type Digested = {
  readonly id: bigint;
  readonly counts: { readonly entries: number; readonly refused: number };
  readonly rumours: readonly Rumour[];
  readonly nowMs: number;
};
/** The most deliveries that are ended in one transaction. */
const ENDED_TOGETHER = 16;

/**
 * Notes the rumours of several deliveries and marks them digested, in one transaction; in one
 * statement where none has a rumour.
 */
async function digestTogether(sql: Sql, given: readonly Digested[]): Promise<undefined[]> {
  const nowMs = Math.max(...given.map((each) => each.nowMs));
  const rows = given.map(({ id, counts, nowMs: atMs }) => ({
    ...counts,
    delivery_id: String(id),
    digested_at: at(atMs).toISOString(),
  }));
  const end = (tx: Sql | Transaction) =>
    tx`
      with ended as (
          select * from jsonb_to_recordset(${tx.json(rows)})
            as e(delivery_id bigint, digested_at timestamptz, entries int, refused int)),
        read as (delete from delivery_reading r using ended e where r.delivery_id = e.delivery_id)
      update delivery d set digested_at = e.digested_at, entries = e.entries, refused = e.refused
      from ended e where d.delivery_id = e.delivery_id`.execute();
  const rumours = given.flatMap((each) => each.rumours);
  if (rumours.length === 0) await end(sql);
  else
    await sql.begin(async (tx) => {
      const noting = { source: 'webhook', by: 'rumour', nowMs } as const;
      // The end is sent first: where it fails, so does everything behind it.
      await Promise.all([end(tx), noteRumours(tx, rumours, noting)]);
    });
  return given.map(() => undefined);
}

/** Creates the store of deliveries. */
export function createDeliveries(sql: Sql): Deliveries {
  const digested = together<Digested, undefined>((given) => digestTogether(sql, given), {
    count: upTo(ENDED_TOGETHER),
    atOnce: 1,
  });
  return {
    async record(bodies, nowMs) {
      await sql`
        insert into delivery (received_at, packing, body) values (${at(nowMs)}, 'zstd', ${packBodies(bodies)})`;
    },
    async begin({ reader, limit, bytesMost, nowMs }) {
      const rows = await sql<
        { delivery_id: bigint; packing: string; body: Uint8Array; unended: number }[]
      >`
        with waiting as (
            select d.delivery_id, octet_length(d.body) as bytes,
              (select count(*)::int from delivery_reading r where r.delivery_id = d.delivery_id and r.reader <> ${reader}
                and r.begun_at < clock_timestamp() - ${READING_MS_MOST} * interval '1 millisecond') as unended
            from delivery d
            where d.digested_at is null and not exists (select 1 from set_aside
              where kind = 'delivery' and subject = d.delivery_id::text and retry_at > ${at(nowMs)})
            order by d.delivery_id limit ${limit}),
          summed as (
            select delivery_id, unended, row_number() over (order by delivery_id) as nth,
              sum(bytes) over (order by delivery_id) as bytes, max(unended) over (order by delivery_id) as worst
            from waiting),
          -- A delivery at which a daemon may have died is read alone, so that it alone is blamed if that happens again.
          taken as (select delivery_id, unended from summed where nth = 1 or (bytes <= ${bytesMost} and worst = 0)),
          begun as (
            insert into delivery_reading (delivery_id, reader) select delivery_id, ${reader} from taken
            on conflict on constraint delivery_reading_pkey do nothing)
        select d.delivery_id, d.packing, d.body, t.unended from taken t join delivery d using (delivery_id)
        order by d.delivery_id`;
      return rows.map(({ delivery_id, packing, body, unended }) => ({
        id: delivery_id,
        unended,
        bodies: (most) => (packing === 'zstd' ? unpackBodies(body, most) : plain(body, most)),
      }));
    },
    async ended(id) {
      await sql`delete from delivery_reading where delivery_id = ${id}`;
    },
    async forget(keepMs) {
      await sql`delete from delivery where digested_at < now() - ${keepMs} * interval '1 millisecond'`;
    },
    digested: (id, counts, rumours, nowMs) => digested({ id, counts, rumours, nowMs }),
  };
}
