// Moved: what a call of the venue moved between a vault and a token account, and the outflow that
// it makes.
import type { Outflow } from '../core/fact.ts';
import type { Watched } from '../core/hearing-ports.ts';
import type { Address } from '../core/ids.ts';
import { ownerAmong } from '../core/wallet.ts';
import { walletCalls } from '../core/wallet-call.ts';
import type { Heard, VenueCall } from './heard.ts';
import type { Profile } from './profile.ts';

export const accountAt = (call: VenueCall, index: number): Address =>
  call.accounts[index] ?? ('' as Address);

/** USD in 1e6 of tokens at a price in 1e6, rounded down as the program's counters are. */
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
 * What the token program moved between two accounts for a call of the venue, below the same
 * instruction.
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
      if (act.act !== 'token_transfer') continue;
      if (act.source === vault && act.destination === token) moved += act.amount;
      if (act.source === token && act.destination === vault) moved -= act.amount;
    }
  }
  return moved;
}

/** Tokens that a deposit or withdrawal moved, whichever way. */
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

/** The outflow of what the venue moved out of an account by its owner's own doing. */
export function outflow(
  heard: Heard,
  user: Watched,
  given: Pick<Outflow, 'route' | 'amount' | 'destination' | 'usd'> & { internal?: boolean },
): Outflow {
  const row = heard.transaction.tokenBalances.find((each) => each.account === given.destination);
  const owner = given.destination === null ? undefined : ownerAmong(heard, given.destination);
  return {
    kind: 'outflow',
    mint: row?.mint ?? null,
    decimals: row?.decimals ?? null,
    owner: row?.ownerAfter ?? row?.owner ?? null,
    internal: owner === user.subscriberId,
    ofValue: true,
    // The venue lets nobody but the account's authority withdraw.
    consent: 'agent',
    signers: [],
    ...given,
  };
}
