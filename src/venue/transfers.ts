// Transfers: hears value that the venue itself moved: withdrawals, deposits, transfers between
// sub-accounts, swaps. Amounts and prices come from its records. Destinations come from
// instructions, and so do amounts where the log was cut.

import type { VenueMove } from '../core/holdings.ts';
import type { Address } from '../core/ids.ts';
import { subscriberAt } from '../core/token-owners.ts';
import { ORDINALS_A_CALL } from '../core/transaction.ts';
import type { Watched } from '../core/watch-ports.ts';
import { addressOf } from './codec.ts';
import type { Heard, HeardEvent, VenueCall } from './heard.ts';
import {
  accountAt,
  mintBetween,
  mintOf,
  movesBetween,
  outflow,
  tokensMoved,
  usdOf,
} from './moved.ts';
import type { DepositRecord } from './records.ts';
import { hearBegunSwap, hearSwap } from './swaps.ts';
import type { Tallies } from './tallies.ts';

function hearRecord(heard: Heard, tallies: Tallies, each: HeardEvent, record: DepositRecord): void {
  const user = heard.userOf(record.user);
  if (user === undefined) return;
  const { profile } = heard.dialect;
  const { quote, spotDecimals } = profile;
  const usd = usdOf(profile, record.amount, record.marketIndex, record.oraclePrice);
  if (usd === null) {
    tallies.unknown(user, 'unknown_market', null);
  } else tallies.add(user, record.direction === 'deposit' ? { deposits: usd } : { withdraws: usd });
  if (record.direction === 'deposit')
    tallies.came(user, record.marketIndex === quote.market ? record.amount : null);
  if (record.direction === 'deposit' || record.amount === 0n) return;
  if (record.explanation !== 'transfer') {
    const known = each.call?.known;
    const destination =
      each.call !== null && known && 'token' in known ? accountAt(each.call, known.token) : null;
    const body = outflow(heard, user, each.call, mintOf(heard, each.call), {
      route: known?.call === 'isolated_withdraw' ? 'isolated_withdraw' : 'withdraw',
      amount: record.amount,
      destination,
      usd,
    });
    heard.put(user.subscriberId, user.address, each.ordinal, body);
    return;
  }
  // The program allows transfers of deposits between accounts of one authority only.
  const to = record.transferUser === null ? null : addressOf(record.transferUser);
  const body = outflow(heard, user, null, null, {
    route: 'transfer',
    amount: record.amount,
    destination: to,
    usd,
    internal: true,
  });
  heard.put(user.subscriberId, user.address, each.ordinal, {
    ...body,
    mint: record.marketIndex === quote.market ? quote.mint : body.mint,
    decimals: spotDecimals[record.marketIndex] ?? null,
  });
}

/**
 * Hears one call without records: instructions give the accounts, the token program's transfers the
 * amount.
 */
function hearCall(heard: Heard, call: VenueCall): void {
  const { known } = call;
  if (known === null || !('user' in known)) return;
  const user = heard.watched.get(accountAt(call, known.user));
  if (user?.role !== 'drift_user') return;
  const ordinal = call.place * ORDINALS_A_CALL;
  if (known.call === 'begin_swap') {
    hearBegunSwap(heard, user, call);
  } else if (known.call === 'withdraw' || known.call === 'isolated_withdraw') {
    const amount = tokensMoved(heard, call);
    const destination = accountAt(call, known.token);
    if (amount === 0n) return;
    const given = { route: known.call, amount, destination, usd: null };
    const body = outflow(heard, user, call, mintOf(heard, call), given);
    heard.put(user.subscriberId, user.address, ordinal, body);
  } else if ('to' in known) {
    const to = accountAt(call, known.to);
    const { quote } = heard.dialect.profile;
    const told = known.call !== 'transfer_pools';
    const amount = told ? Buffer.from(call.data).readBigUInt64LE(10) : 0n;
    const body = outflow(heard, user, null, null, {
      route: 'transfer',
      amount,
      destination: to,
      usd: null,
      internal: true,
    });
    const inQuote = told && marketOf(call) === quote.market;
    heard.put(user.subscriberId, user.address, ordinal, {
      ...body,
      ...(inQuote ? { mint: quote.mint, decimals: quote.decimals } : {}),
    });
  }
}

/** The spot market index that stands first in a call's arguments. */
const marketOf = (call: VenueCall): number => Buffer.from(call.data).readUInt16LE(8);

/** Calls that may put quote tokens into an account without giving the amount. */
const UNTELLING: ReadonlySet<string> = new Set([
  'isolated_deposit',
  'isolated_transfer',
  'begin_swap',
  'end_swap',
  'transfer_pools',
]);

/**
 * Adds the quote tokens that a call put into watched accounts. Only accounts that are marked
 * `unknown` use the sum; for the others records give it.
 */
function hearDeposits(heard: Heard, tallies: Tallies, call: VenueCall): void {
  const { known } = call;
  if (known === null || !('user' in known)) return;
  const userAt = (index: number): Watched | undefined => {
    const found = heard.watched.get(accountAt(call, index));
    return found?.role === 'drift_user' ? found : undefined;
  };
  const user = userAt(known.user);
  const { market } = heard.dialect.profile.quote;
  if (known.call === 'deposit') {
    if (user !== undefined && marketOf(call) === market)
      tallies.deposited(user, tokensMoved(heard, call));
  } else if ('to' in known && known.call !== 'transfer_pools') {
    const to = userAt(known.to);
    if (to !== undefined && marketOf(call) === market)
      tallies.deposited(to, Buffer.from(call.data).readBigUInt64LE(10));
  } else if (UNTELLING.has(known.call)) {
    for (const each of [user, 'to' in known ? userAt(known.to) : undefined])
      if (each !== undefined) tallies.deposited(each, null);
  }
}

/** Puts the outflows that the venue caused, and adds to the tallies. */
export function hearTransfers(heard: Heard, tallies: Tallies): void {
  for (const call of heard.venueCalls) hearDeposits(heard, tallies, call);
  if (heard.events === null) {
    for (const call of heard.venueCalls) hearCall(heard, call);
    return;
  }
  const valued = new Set<VenueCall | null>();
  for (const each of heard.events) {
    // Where a DepositRecord cannot be read, its call is heard instead, as where the log was cut.
    if (each.event.event === 'Spoiled' && each.event.of === 'DepositRecord' && each.call !== null)
      hearCall(heard, each.call);
    else if (each.event.event === 'DepositRecord') hearRecord(heard, tallies, each, each.event);
    else if (each.event.event === 'SwapRecord')
      valued.add(hearSwap(heard, tallies, each, each.event));
  }
  // A swap whose record is missing, cannot be read or has no price is heard as where the log was
  // cut.
  for (const call of heard.venueCalls)
    if (call.known?.call === 'begin_swap' && !valued.has(call)) hearCall(heard, call);
}

/**
 * The tokens that the venue moved between its vaults and token accounts, each for the subscriber
 * that owned the token account at that call and whose account at the venue paid or was paid. All
 * other moves are left out: what a venue account pays into another wallet's token account is an
 * outflow of its own, and a deposit into another wallet's venue account is one of the wallet that
 * sent it.
 */
export function venueMoves(heard: Heard): VenueMove[] {
  return heard.venueCalls.flatMap((call) =>
    endsOf(call).flatMap(({ vault, token }): VenueMove[] => {
      const moves = movesBetween(heard, call, vault, token);
      const mint = moves.length === 0 ? null : mintBetween(heard, vault, token);
      if (mint === null) return [];
      const subscriberId = subscriberAt(heard, token, call.place, mint);
      if (subscriberId === undefined) return [];
      return moves
        .filter(({ amount }) => isOwn(heard, call, subscriberId, token, mint, amount))
        .map((move) => ({ ...move, subscriberId, mint, account: token }));
    }),
  );
}

const userOf = (call: VenueCall): Address =>
  call.known !== null && 'user' in call.known ? accountAt(call, call.known.user) : ('' as Address);

/** The pairs of vault and token account between which a call moves tokens. */
function endsOf(call: VenueCall): { vault: Address; token: Address }[] {
  const { known } = call;
  if (known === null) return [];
  if ('vault' in known)
    return [{ vault: accountAt(call, known.vault), token: accountAt(call, known.token) }];
  if (!('vaults' in known)) return [];
  return known.vaults.map((vault, index) => ({
    vault: accountAt(call, vault),
    token: accountAt(call, known.tokens[index] ?? -1),
  }));
}

/** The place of the wallet that a withdrawal or a swap needs the signature of. */
const AUTHORITY = 3;

/**
 * Whether the venue account of a call is one of the subscriber that owned the token account. An
 * account that is not registered yet is the agent's when its address derives from the agent's
 * wallet, or when it paid on the agent's signature. A deposit needs no signature of the account's
 * authority, so there the address alone decides.
 */
function isOwn(
  heard: Heard,
  call: VenueCall,
  subscriberId: string,
  token: Address,
  mint: Address,
  amount: bigint,
): boolean {
  const user = userOf(call);
  const watch = heard.watched.get(user);
  if (watch !== undefined) return watch.subscriberId === subscriberId;
  const { isOwnUser } = heard.dialect.addresses;
  return heard.owners
    .at(token, call.place, mint)
    .some(
      (owner) => (amount > 0n && accountAt(call, AUTHORITY) === owner) || isOwnUser(owner, user),
    );
}
