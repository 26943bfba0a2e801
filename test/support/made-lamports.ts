// Made lamports: the lamports of each account before and after a made transaction, as they follow
// from its calls and token balances.
import type { Address } from '../../src/core/ids.ts';
import { WRAPPED_SOL } from '../../src/core/programs.ts';
import type { LamportBalances, TokenBalance } from '../../src/core/transaction.ts';
import { walletCalls } from '../../src/core/wallet-call.ts';
import type { Made } from './made-transaction.ts';

/**
 * Lamports that every wallet of a made transaction begins with, and that an own token account is
 * taken to hold beyond its rent; and the fee, which the first signer pays.
 */
export const WALLET_LAMPORTS = 1_000_000_000_000n;
export const EXCESS_LAMPORTS = 5_000_000_000n;
export const FEE = 5_000n;

/**
 * The lamports after a transaction: the calls' own transfers, wrapped SOL with its tokens, and the
 * lamports that leave token accounts when they are closed, unwrapped (45) or relieved of excess
 * lamports (38). Token accounts need no rent here.
 */
export function lamportsOf(
  keys: readonly Address[],
  instructions: readonly Made[],
  balances: readonly TokenBalance[],
  payer: Address | undefined,
): LamportBalances {
  const wrapped = new Map(
    balances.filter((row) => row.mint === WRAPPED_SOL).map((row) => [row.account, row]),
  );
  const tokenAccounts = new Set(balances.map((row) => row.account));
  const calls = instructions.flatMap((each) => [each, ...(each.inner ?? [])]);
  const taken = new Set(
    calls.filter((call) => call.data[0] === 38).map((call) => call.accounts[0]),
  );
  const before = keys.map((key) => {
    const row = wrapped.get(key);
    if (row !== undefined) return row.before;
    if (tokenAccounts.has(key)) return taken.has(key) ? EXCESS_LAMPORTS : 0n;
    return WALLET_LAMPORTS;
  });
  const after = [...before];
  const move = (account: Address | undefined, amount: bigint): void => {
    const index = keys.findIndex((key) => key === account && !wrapped.has(key));
    if (index >= 0) after[index] = (after[index] ?? 0n) + amount;
  };
  if (payer !== undefined) move(payer, -FEE);
  for (const call of calls)
    for (const act of walletCalls(call)) {
      if (act.does === 'sol_transfer') {
        move(act.source, -act.lamports);
        move(act.destination, act.lamports);
      } else if (act.does === 'token_lamports') {
        const row = wrapped.get(act.account);
        const amount =
          row !== undefined ? row.before - row.after : call.data[0] === 38 ? EXCESS_LAMPORTS : 0n;
        move(act.account, -amount);
        move(act.destination, amount);
      }
    }
  for (const [account, row] of wrapped) {
    const index = keys.indexOf(account);
    if (index >= 0) after[index] = row.after;
  }
  return { before, after };
}
