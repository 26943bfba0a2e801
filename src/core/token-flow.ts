// Token flow: follows a subscriber's tokens of one mint through the token calls of a transaction,
// to the accounts in which they are afterwards. Tokens that came last into an account leave first.
import type { Perimeter, Subject } from './holdings.ts';
import type { Address } from './ids.ts';
import { least } from './money.ts';
import { tokenSteps } from './token-steps.ts';

/** Tokens of one account: base units, and whether they are the subject's. */
type Lot = { readonly amount: bigint; readonly isOwn: boolean };

/** Takes an amount out of the end of the lots; null when they hold less. */
function take(lots: Lot[], amount: bigint): Lot[] | null {
  const taken: Lot[] = [];
  let left = amount;
  while (left > 0n) {
    const last = lots.pop();
    if (last === undefined) return null;
    const part = least(last.amount, left);
    if (part < last.amount) lots.push({ ...last, amount: last.amount - part });
    taken.unshift({ ...last, amount: part });
    left -= part;
  }
  return taken;
}

/**
 * Base units of the subject's tokens of a mint in each account after the transaction. The subject's
 * are those that it held before, and those that a venue paid to it; a deposit at the venue ends
 * that. Null where the calls do not lead to the balances, as when a node left out inner calls, or a
 * mint withholds fees, or tokens leave an account whose balance names no owner.
 */
export function tokenFlow(
  { transaction, calls, venueMoved }: Perimeter,
  { subscriberId, agent }: Subject,
  mint: Address,
): Map<Address, bigint> | null {
  const rows = transaction.tokenBalances.filter((row) => row.mint === mint);
  const mints = new Map<Address, Address | null>();
  for (const row of transaction.tokenBalances)
    if (row.owner !== null) mints.set(row.account, row.mint);
  const held = new Map<Address, Lot[]>();
  for (const { account, owner, before } of rows)
    if (before > 0n) held.set(account, [{ amount: before, isOwn: owner === agent }]);
  for (const step of tokenSteps(calls)) {
    if (step.does === 'open') mints.set(step.account, step.mint);
    if (step.does !== 'move') continue;
    const { source, destination, amount, place } = step;
    if (mints.get(source ?? destination ?? ('' as Address)) !== mint) continue;
    const taken =
      source === null ? [{ amount, isOwn: false }] : take(held.get(source) ?? [], amount);
    if (taken === null) return null;
    if (destination === null) continue;
    const move = venueMoved.find(
      (each) => each.place === place && each.subscriberId === subscriberId && each.mint === mint,
    );
    const moved =
      move === undefined ? taken : taken.map((lot) => ({ ...lot, isOwn: move.amount > 0n }));
    held.set(destination, [...(held.get(destination) ?? []), ...moved]);
  }
  const sum = (lots: readonly Lot[]): bigint => lots.reduce((all, lot) => all + lot.amount, 0n);
  if (rows.some((row) => sum(held.get(row.account) ?? []) !== row.after)) return null;
  return new Map([...held].map(([account, lots]) => [account, sum(lots.filter((l) => l.isOwn))]));
}
