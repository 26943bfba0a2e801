// Rpc usage: keeps the calls to nodes of each month, by method, node and source, so that the sum of
// a month survives a restart and counts every daemon of this ledger.
import type { RpcUsage, RpcUsageBook } from '../core/rpc-usage-ports.ts';
import type { Sql } from './database.ts';

/** Creates the book. */
export function createRpcUsageBook(sql: Sql): RpcUsageBook {
  return {
    async add(monthBegins, usage) {
      if (usage.length > 0)
        await sql`
          insert into rpc_usage (month_begins, node, method, source, calls, credits)
          select ${monthBegins}::text::date, node, method, source, calls, credits
          from jsonb_to_recordset(${sql.json([...usage])})
            as given (node text, method text, source text, calls bigint, credits bigint)
          order by node, method, source
          on conflict on constraint rpc_usage_pkey do update
            set calls = rpc_usage.calls + excluded.calls,
              credits = rpc_usage.credits + excluded.credits`;
      const [row] = await sql<{ credits: bigint }[]>`
        select coalesce(sum(credits), 0)::bigint as credits from rpc_usage
        where month_begins = ${monthBegins}::text::date`;
      return Number(row?.credits ?? 0n);
    },
    async read(monthBegins) {
      const rows = await sql<
        { node: string; method: string; source: string; calls: bigint; credits: bigint }[]
      >`
        select node, method, source, calls, credits from rpc_usage
        where month_begins = ${monthBegins}::text::date
        order by credits desc, node, method, source`;
      return rows.map(
        ({ calls, credits, ...of }): RpcUsage => ({
          ...of,
          calls: Number(calls),
          credits: Number(credits),
        }),
      );
    },
  };
}
