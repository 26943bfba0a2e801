// Moved: computes the tokens that a call of the venue moved between a vault and a token account,
// and the outflow fact that results.
import type { Outflow } from '../core/fact.ts';
import type { Address } from '../core/ids.ts';
import { subscriberAt } from '../core/token-owners.ts';
import { walletCalls } from '../core/wallet-call.ts';
import type { Watched } from '../core/watch-ports.ts';
import type { Heard, VenueCall } from './heard.ts';
import type { Profile } from './profile.ts';

/** The account at an index of a call; an empty text when the call has fewer accounts. */
export const accountAt = (call: VenueCall, index: number): Address =>
  call.accounts[index] ?? ('' as Address);

/**
 * The value of `amount` tokens in USD (1e6) at a price in 1e6, rounded down as the program's
 * counters are. Null for a market whose decimals are unknown.
 */
export function usdOf(
  { spotDecimals }: Profile,
  amount: bigint,
  market: number,
  price: bigint,
): bigint | null {
  const decimals = spotDecimals[market];
  return decimals === undefined ? null : (amount * price) / 10n ** BigInt(decimals);
}

/**
 * The transfers of the token program between `vault` and `token` on behalf of a call of the venue,
 * below the same top-level instruction: base units, negative into the vault, and the place of each.
 */
export function movesBetween(
  heard: Heard,
  call: VenueCall,
  vault: Address,
  token: Address,
): { readonly amount: bigint; readonly place: number }[] {
  const moves: { readonly amount: bigint; readonly place: number }[] = [];
  for (const next of heard.calls.slice(call.place + 1)) {
    if (next.top !== call.top || next.program === call.program) break;
    for (const act of walletCalls(next)) {
      if (act.does !== 'token_transfer') continue;
      const { source, destination, amount } = act;
      if (source === vault && destination === token) moves.push({ amount, place: next.place });
      if (source === token && destination === vault)
        moves.push({ amount: -amount, place: next.place });
    }
  }
  return moves;
}

/** The sum of these transfers: base units, negative when more went into the vault. */
export const movedBetween = (
  heard: Heard,
  call: VenueCall,
  vault: Address,
  token: Address,
): bigint => movesBetween(heard, call, vault, token).reduce((sum, { amount }) => sum + amount, 0n);

/** Base units that a deposit or withdrawal moved, in either direction. */
export function tokensMoved(heard: Heard, call: VenueCall): bigint {
  const { known } = call;
  if (known === null || !('vault' in known)) return 0n;
  const moved = movedBetween(
    heard,
    call,
    accountAt(call, known.vault),
    accountAt(call, known.token),
  );
  return moved < 0n ? -moved : moved;
}

/**
 * The mint of the tokens between a vault and a token account; null when no balance names either.
 * The vault decides, because a transaction may make a token account again for another mint.
 */
export function mintBetween({ transaction }: Heard, ...ends: readonly Address[]): Address | null {
  const rows = ends.map((end) => transaction.tokenBalances.find((row) => row.account === end));
  return rows.find((row) => row !== undefined)?.mint ?? null;
}

/** The mint that a deposit or withdrawal moves; null for other calls. */
export const mintOf = (heard: Heard, call: VenueCall | null): Address | null =>
  call?.known && 'vault' in call.known
    ? mintBetween(heard, accountAt(call, call.known.vault), accountAt(call, call.known.token))
    : null;

/**
 * The outflow fact of value that the venue moved out of an account on its owner's instruction.
 * `call`: the call that moved tokens into the destination; the receiver is the owner of that token
 * account at this call. Null where the destination is no token account or no call is known.
 * `mint`: of the tokens that moved; null where the call does not tell.
 */
export function outflow(
  heard: Heard,
  user: Watched,
  call: VenueCall | null,
  mint: Address | null,
  given: Pick<Outflow, 'route' | 'amount' | 'destination' | 'usd'> & { internal?: boolean },
): Outflow {
  const { transaction, dialect } = heard;
  const { destination } = given;
  const named = transaction.tokenBalances.filter((each) => each.account === destination);
  // The account may have been made again for another mint since.
  const rows = mint === null ? named : named.filter((each) => each.mint === mint);
  const row = rows.find((each) => each.mint === dialect.profile.quote.mint) ?? rows[0];
  const passing = row === undefined && destination !== null && mint !== null;
  const moved =
    row ?? (passing ? transaction.tokenBalances.find((each) => each.mint === mint) : undefined);
  const into = call === null ? null : destination;
  const place = call?.place ?? 0;
  const receivers = into === null ? [] : heard.owners.at(into, place, mint);
  const isInternal = into !== null && subscriberAt(heard, into, place, mint) === user.subscriberId;
  return {
    kind: 'outflow',
    mint: moved?.mint ?? null,
    decimals: moved?.decimals ?? null,
    owner: receivers.at(-1) ?? null,
    internal: isInternal,
    ofValue: true,
    // The venue accepts a withdrawal from the account's authority only.
    consent: 'agent',
    signers: [],
    ...given,
  };
}
