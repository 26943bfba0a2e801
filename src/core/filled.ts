// Filled: the token accounts of agents that hold value after a transaction by which the agent, or a
// wallet that it appointed, may have put the value there. Such accounts are followed.
import { TOKEN_ACCOUNT_RENT } from './holdings.ts';
import type { Address } from './ids.ts';
import { WRAPPED_SOL } from './programs.ts';
import type { ChainTransaction, TokenBalance } from './transaction.ts';
import type { Venue } from './venue.ts';
import type { Watched } from './watch-ports.ts';

export type Filled = { readonly address: Address; readonly subscriberId: string };

/**
 * The token accounts that are not watched, belong to an agent after a successful transaction, and
 * hold tokens of value or SOL then, in one of three cases: the agent signed; value went out of a
 * token account that the agent owned before; or its account at a venue made a swap, which a
 * delegate may sign. A stranger can cause none of the three, so a stranger's gifts are not listed.
 */
export function filledAccounts(
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
  venues: readonly Pick<Venue, 'ofValue' | 'hear'>[],
): Filled[] {
  if (transaction.error !== null) return [];
  const { tokenBalances, signers, keys, lamports } = transaction;
  const agentOf = (wallet: Address | null): Watched | undefined => {
    const found = wallet === null ? undefined : watched.get(wallet);
    return found?.role === 'agent_wallet' ? found : undefined;
  };
  const isOfValue = ({ mint }: TokenBalance): boolean =>
    mint === WRAPPED_SOL || venues.some((each) => each.ofValue(mint));
  const lamportsOf = ({ account }: TokenBalance, side: 'before' | 'after'): bigint =>
    lamports?.[side][keys.indexOf(account)] ?? 0n;
  // SOL that was sent to an account of wrapped SOL is no token before SyncNative. An authority that
  // closes the account takes that SOL as well.
  const holds = (row: TokenBalance): boolean =>
    row.after > 0n || (row.mint === WRAPPED_SOL && lamportsOf(row, 'after') > TOKEN_ACCOUNT_RENT);
  const isLost = (row: TokenBalance): boolean =>
    (row.before > 0n && (row.after < row.before || row.ownerAfter !== row.owner)) ||
    (row.mint === WRAPPED_SOL && lamportsOf(row, 'after') < lamportsOf(row, 'before'));
  const losing = new Set(
    tokenBalances.filter((row) => isOfValue(row) && isLost(row)).map((row) => row.owner),
  );
  let swaps: ReadonlySet<string> | null = null;
  const hasSwapped = ({ subscriberId }: Watched): boolean => {
    swaps ??= new Set(venues.flatMap((each) => [...each.hear(transaction, watched).swaps.keys()]));
    return swaps.has(subscriberId);
  };
  return tokenBalances.flatMap((row): Filled[] => {
    const agent = agentOf(row.ownerAfter);
    if (agent === undefined || watched.has(row.account)) return [];
    if (!isOfValue(row) || !holds(row)) return [];
    const { address, subscriberId } = agent;
    const isOwnAct = signers.includes(address) || losing.has(address) || hasSwapped(agent);
    return isOwnAct ? [{ address: row.account, subscriberId }] : [];
  });
}
