// Swap bracket: what a swap with a venue's tokens explains of what left or entered a wallet. The
// venue gives tokens to a token account, other programs exchange them, and the venue takes others.
import { type Asset, ownership, type Perimeter, passedThrough, type Subject } from './holdings.ts';
import type { Address } from './ids.ts';
import { madeAccounts } from './made-accounts.ts';
import { least, most } from './money.ts';
import { WRAPPED_SOL } from './programs.ts';
import { walletCalls } from './wallet-call.ts';

/** The subject's accounts of a mint at the swap, also those that the transaction made before it. */
function ownAt(perimeter: Perimeter, subject: Subject, mint: Address): Set<Address> {
  const made = madeAccounts(perimeter.calls);
  const rows = perimeter.transaction.tokenBalances.filter((row) => row.mint === mint);
  const own = rows.filter(
    (row) =>
      ownership(perimeter, row, subject).before ||
      (row.owner === null && made.get(row.account)?.owner === subject.agent),
  );
  return new Set([...own.map((row) => row.account), ...passedThrough(perimeter, subject, mint)]);
}

/**
 * The amount of an asset that swaps with the venue's tokens spent, and how much of it each account
 * received: the net amount that other programs moved out of own accounts between the two
 * instructions of a swap. Negative when they brought tokens that the venue then took. The amount
 * lies between 0 and the net amount that these two instructions gave to own accounts, or took from
 * them. So a swap excuses neither tokens that the wallet held before, nor transfers that the
 * subscriber makes by hand in between.
 */
export function swapped(
  perimeter: Perimeter,
  subject: Subject,
  asset: Asset,
): { spent: bigint; got: ReadonlyMap<Address, bigint> } {
  const got = new Map<Address, bigint>();
  const brackets = perimeter.swaps.get(subject.subscriberId) ?? [];
  if (brackets.length === 0) return { spent: 0n, got };
  const own = ownAt(perimeter, subject, asset.mint ?? WRAPPED_SOL);
  const out: { readonly to: Address; readonly amount: bigint }[] = [];
  let [given, back] = [0n, 0n];
  for (const call of perimeter.calls) {
    if (call.inner === 0) continue;
    if (!brackets.some(([from, to]) => call.top >= from && call.top <= to)) continue;
    const top = perimeter.transaction.instructions[call.top]?.program;
    const byVenue = top !== undefined && perimeter.venues.has(top);
    for (const each of walletCalls(call)) {
      if (each.does !== 'token_transfer') continue;
      const { source, destination, amount } = each;
      if (own.has(source) === own.has(destination)) continue;
      if (byVenue) given += own.has(destination) ? amount : -amount;
      else if (own.has(destination)) back += amount;
      else out.push({ to: destination, amount });
    }
  }
  let left = most(given, 0n) + back;
  let spent = -back;
  for (const { to, amount } of out) {
    const part = least(amount, left);
    left -= part;
    spent += part;
    got.set(to, (got.get(to) ?? 0n) + part);
  }
  return { spent: most(spent, least(given, 0n)), got };
}
