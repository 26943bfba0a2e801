// Transfers: hears value that the venue itself moved: withdrawals, deposits, transfers between
// sub-accounts, swaps. Amounts and prices come from its records. Destinations come from
// instructions, and so do amounts where the log was cut.

import type { Address } from '../core/ids.ts';
import { passingOwner } from '../core/made-accounts.ts';
import { holdingKey, ORDINALS_A_CALL } from '../core/transaction.ts';
import { ownerAmong } from '../core/wallet.ts';
import type { Watched } from '../core/watch-ports.ts';
import { addressOf } from './codec.ts';
import type { Heard, HeardEvent, VenueCall } from './heard.ts';
import {
  accountAt,
  mintBetween,
  mintOf,
  movedBetween,
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
  if (record.direction === 'deposit' || record.amount === 0n) return;
  if (record.explanation !== 'transfer') {
    const known = each.call?.known;
    const destination =
      each.call !== null && known && 'token' in known ? accountAt(each.call, known.token) : null;
    const body = outflow(heard, user, mintOf(heard, each.call), {
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
  const body = outflow(heard, user, null, {
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
    const body = outflow(heard, user, mintOf(heard, call), given);
    heard.put(user.subscriberId, user.address, ordinal, body);
  } else if ('to' in known) {
    const to = accountAt(call, known.to);
    const { quote } = heard.dialect.profile;
    const told = known.call !== 'transfer_pools';
    const amount = told ? Buffer.from(call.data).readBigUInt64LE(10) : 0n;
    const body = outflow(heard, user, null, {
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
 * Net base units that the venue moved into each token account for the Drift account of the same
 * owner, by `holdingKey` of the account and the vault's mint. Withdrawals and the input of swaps
 * count up, deposits and the output of swaps count down. A deposit into another owner's Drift
 * account is left out, so that the wallet's balance shows it as an outflow.
 */
export function venueMoves(heard: Heard): Map<string, bigint> {
  const moved = new Map<string, bigint>();
  for (const call of heard.venueCalls) {
    for (const { vault, token } of endsOf(call)) {
      const amount = movedBetween(heard, call, vault, token);
      if (amount === 0n) continue;
      const mint = mintBetween(heard, vault, token);
      if (mint === null || (amount < 0n && !isOwn(heard, token, mint, userOf(call)))) continue;
      const key = holdingKey(token, mint);
      moved.set(key, (moved.get(key) ?? 0n) + amount);
    }
  }
  return moved;
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

function isOwn(heard: Heard, token: Address, mint: Address, user: Address): boolean {
  const { isOwnUser } = heard.dialect.addresses;
  const watch = heard.watched.get(user);
  if (watch !== undefined) return watch.subscriberId === ownerAmong(heard, token, mint);
  // A sub-account that is not registered yet belongs to the agent when its address derives from the
  // agent's wallet.
  const rows = heard.transaction.tokenBalances.filter(
    (each) => each.account === token && each.mint === mint,
  );
  const owners =
    rows.length === 0
      ? [passingOwner(heard.transaction, token)]
      : rows.flatMap((row) => [row.owner, row.ownerAfter]);
  return owners.some((each) => each !== null && isOwnUser(each, user));
}
