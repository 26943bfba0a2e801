// Venue programs: stores which bytes of the venue's program were seen on chain, and which bytes
// were proven or accepted here.
import type { ProgramBook, Voucher } from '../core/conformance.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import type { Sql } from './database.ts';

/** Creates the store of the programs of one venue. */
export function createVenuePrograms(sql: Sql, venue: VenueName = DEFAULT_VENUE): ProgramBook {
  return {
    async seen({ hash, slot }) {
      return sql.begin(async (tx) => {
        const [before] = await tx<{ hash: string }[]>`
          select hash from venue_program where slot is not null and coalesce(venue, ${DEFAULT_VENUE}) = ${venue} order by slot desc, seen_at desc limit 1`;
        await tx`
          insert into venue_program (hash, slot, seen_at, venue) values (${hash}, ${slot}, now(), ${venue})
          on conflict on constraint venue_program_pkey do update
            set slot = excluded.slot, seen_at = excluded.seen_at, venue = excluded.venue`;
        return before === undefined || before.hash === hash ? null : before.hash;
      });
    },
    async vouchers() {
      const rows = await sql<{ hash: string; how: Voucher['how']; reason: string; at: Date }[]>`
        select hash, vouched_by as how, reason, vouched_at as at from venue_program
        where vouched_by is not null order by vouched_at desc`;
      return rows.map(({ at, ...row }) => ({ ...row, atMs: at.getTime() }));
    },
    async vouch(hash, how, reason) {
      await sql`
        insert into venue_program (hash, vouched_by, vouched_at, reason) values (${hash}, ${how}, now(), ${reason})
        on conflict on constraint venue_program_pkey do update
          set vouched_by = excluded.vouched_by, vouched_at = excluded.vouched_at, reason = excluded.reason`;
    },
    async withdraw(hash) {
      const rows = await sql`
        update venue_program set vouched_by = null, vouched_at = null, reason = null
        where hash = ${hash} and vouched_by is not null returning 1`;
      return rows.length > 0;
    },
  };
}
