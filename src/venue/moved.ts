// Moved: computes the tokens that a call of the venue moved between a vault and a token account,
// and the outflow fact that results.
import type { Outflow } from '../core/fact.ts';
import type { Address } from '../core/ids.ts';
import { ownerAmong } from '../core/wallet.ts';
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
 * Base units that the token program moved from `vault` to `token` on behalf of a call of the venue,
 * below the same top-level instruction. Negative when more went the other way.
 */
export function movedBetween(
  heard: Heard,
  call: VenueCall,
  vault: Address,
  token: Address,
): bigint {
  let moved = 0n;
  for (const next of heard.calls.slice(call.place + 1)) {
    if (next.top !== call.top || next.program === call.program) break;
    for (const act of walletCalls(next)) {
      if (act.does !== 'token_transfer') continue;
      if (act.source === vault && act.destination === token) moved += act.amount;
      if (act.source === token && act.destination === vault) moved -= act.amount;
    }
  }
  return moved;
}

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

/** The outflow fact of value that the venue moved out of an account on its owner's instruction. */
export function outflow(
  heard: Heard,
  user: Watched,
  given: Pick<Outflow, 'route' | 'amount' | 'destination' | 'usd'> & { internal?: boolean },
): Outflow {
  const rows = heard.transaction.tokenBalances.filter((each) => each.account === given.destination);
  // The account may have been made again for another mint since.
  const row = rows.find(({ mint }) => mint === heard.dialect.profile.quote.mint) ?? rows[0];
  const ownerAfter = rows.find((each) => each.ownerAfter !== null)?.ownerAfter;
  const owner = given.destination === null ? undefined : ownerAmong(heard, given.destination);
  return {
    kind: 'outflow',
    mint: row?.mint ?? null,
    decimals: row?.decimals ?? null,
    owner: ownerAfter ?? row?.owner ?? null,
    internal: owner === user.subscriberId,
    ofValue: true,
    // The venue accepts a withdrawal from the account's authority only.
    consent: 'agent',
    signers: [],
    ...given,
  };
}
