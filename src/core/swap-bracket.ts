// Swap bracket: what a swap with a venue's tokens explains of what left or entered a wallet. The
// venue gives tokens to a token account, other programs exchange them, and the venue takes others.
import { type Asset, ownership, type Perimeter, type Subject } from './holdings.ts';
import type { Address } from './ids.ts';
import { least, most } from './money.ts';
import { WRAPPED_SOL } from './programs.ts';
import { walletCalls } from './wallet-call.ts';

/**
 * Whether the subject owned an account of this mint just before a call. Where the calls do not
 * tell, an account counts that the subject owned before the transaction.
 */
function ownedAt(
  perimeter: Perimeter,
  subject: Subject,
  mint: Address,
): (account: Address, place: number) => boolean {
  const { owners, transaction } = perimeter;
  const before = new Set(
    transaction.tokenBalances
      .filter((row) => row.mint === mint && ownership(perimeter, row, subject).before)
      .map((row) => row.account),
  );
  return (account, place) =>
    owners.owns(subject.agent, account, mint, place) ?? before.has(account);
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
  const isOwn = ownedAt(perimeter, subject, asset.mint ?? WRAPPED_SOL);
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
      const toOwn = isOwn(destination, call.place);
      if (isOwn(source, call.place) === toOwn) continue;
      if (byVenue) given += toOwn ? amount : -amount;
      else if (toOwn) back += amount;
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
