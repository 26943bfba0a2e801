// Creators: looks up which addresses are creators, which belong to agents of this ledger, and which
// vaults were proven to be payable.

import type { Address } from '../core/ids.ts';
import type { Creators } from '../core/ports.ts';
import { type Sql, toJson } from './database.ts';
import { among, readTogether } from './groups.ts';

/** Creates the store of creators. */
export function createCreators(sql: Sql): Creators {
  return {
    isAgent: readTogether<Address, boolean>(async (addresses) => {
      const asked = among(sql, [...new Set(addresses)]);
      const rows = await sql<{ address: Address }[]>`
        select address from account where address = ${asked}
        union all select agent_wallet from subscriber where agent_wallet = ${asked}
        union all select agent_token_account from subscriber where agent_token_account = ${asked}`;
      const found = new Set(rows.map((row) => row.address));
      return addresses.map((each) => found.has(each));
    }),
    async isCreator(address) {
      const rows = await sql`
        select 1 from terms_recipient where creator_wallet = ${address} limit 1`;
      return rows.length > 0;
    },
    async wallets() {
      const rows = await sql<{ creator_wallet: Address }[]>`
        select distinct creator_wallet from terms_recipient`;
      return rows.map((row) => row.creator_wallet);
    },
    async isProven(address) {
      return (await sql`select 1 from creator_vault where address = ${address}`).length > 0;
    },
    async prove(address, evidence) {
      await sql`
        insert into creator_vault (address, evidence) values (${address}, ${sql.json(toJson(evidence))})
        on conflict (address) do update set evidence = excluded.evidence, proven_at = now()
          where creator_vault.evidence ->> 'by' = 'existence'`;
    },
  };
}
