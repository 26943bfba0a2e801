// Tokens: the quote tokens and venues that the ledger knows. A daemon adds those of its venues at
// its start; they are never changed, because debts are counted in them.
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import { type Quotes, quotesOf, type Token } from '../core/token.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import type { Sql, Transaction } from './database.ts';
import { among } from './groups.ts';

/** The columns of a token, of rows that were joined with `token k`. */
export type TokenRow = {
  readonly mint: Address;
  readonly symbol: string;
  readonly decimals: number;
};
/** The token of a row. */
export const tokenIn = ({ mint, symbol, decimals }: TokenRow): Token => ({
  mint,
  symbol,
  decimals,
});

/** Reads every token that the ledger knows. */
export const readQuotes = async (sql: Sql | Transaction): Promise<Quotes> =>
  quotesOf((await sql<TokenRow[]>`select mint, symbol, decimals from token`).map(tokenIn));

/** The quote tokens of the venues of watched accounts, by account. */
export async function tokensOfAccounts(
  tx: Sql | Transaction,
  accounts: readonly Address[],
): Promise<ReadonlyMap<Address, Token>> {
  const rows = await tx<(TokenRow & { address: Address })[]>`
    select a.address, k.mint, k.symbol, k.decimals from account a
    join venue v on v.name = coalesce(a.venue, ${DEFAULT_VENUE}) join token k on k.mint = v.mint
    where a.address = ${among(tx, accounts)}`;
  return new Map(rows.map((row) => [row.address, tokenIn(row)]));
}

export type ServedVenue = { readonly name: VenueName; readonly quote: Token };

/** The token in which the ledger counts debts of a venue; null when it does not know the venue. */
async function knownQuote(sql: Sql, name: VenueName): Promise<TokenRow | null> {
  const [known] = await sql<TokenRow[]>`
    select k.mint, k.symbol, k.decimals from venue v join token k using (mint) where v.name = ${name}`;
  return known ?? null;
}

/**
 * Adds the venues that a process serves, and their tokens, where the ledger does not know them. A
 * ledger that knows them is only read, so that commands look at a standby as well. Throws
 * `settings_invalid` when the ledger knows one of them with another token, or has accounts of a
 * venue that the process does not serve.
 */
export async function keepVenues(sql: Sql, venues: readonly ServedVenue[]): Promise<void> {
  for (const { name, quote } of venues) {
    let known = await knownQuote(sql, name);
    if (known === null) {
      await sql`
        insert into token (mint, symbol, decimals) values (${quote.mint}, ${quote.symbol}, ${quote.decimals})
        on conflict do nothing`;
      await sql`insert into venue (name, mint) values (${name}, ${quote.mint}) on conflict do nothing`;
      known = await knownQuote(sql, name);
    }
    if (known?.mint !== quote.mint || known.decimals !== quote.decimals)
      throw new Fault(
        'settings_invalid',
        `This ledger counts debts of ${name} in ${known?.symbol} (${known?.mint}), and this release in ${quote.symbol} (${quote.mint}). Ask for a release whose profile has the ledger's token.`,
      );
  }
  const names = venues.map((each) => each.name);
  const [left] = await sql<{ venue: string; count: bigint }[]>`
    select coalesce(a.venue, ${DEFAULT_VENUE}) as venue, count(*) from account a join subscriber using (subscriber_id)
    where a.role = 'drift_user' and retired_at is null and coalesce(a.venue, ${DEFAULT_VENUE}) not in ${sql(names)}
    group by 1 order by 1 limit 1`;
  if (left !== undefined)
    throw new Fault(
      'settings_invalid',
      `BAILIFF_VENUES: names ${names.join(',')}, and this ledger watches ${left.count} accounts of ${left.venue}. Name that venue too, or give the subscribers up first.`,
    );
}
