// Swaps: computes what a swap with the venue's tokens cost the account. The loss is a notice, or an
// outflow when the tokens went through a token account that is not the agent's.
import type { Outflow } from '../core/fact.ts';
import type { SwapBracket } from '../core/holdings.ts';
import type { Address } from '../core/ids.ts';
import { formatUnits, mulDivCeil } from '../core/money.ts';
import { subscriberAt } from '../core/token-owners.ts';
import { ORDINALS_A_CALL } from '../core/transaction.ts';
import type { Watched } from '../core/watch-ports.ts';
import type { Heard, HeardEvent, VenueCall } from './heard.ts';
import { accountAt, mintBetween, movedBetween, outflow, usdOf } from './moved.ts';
import type { SwapRecord } from './records.ts';
import type { Tallies } from './tallies.ts';

/**
 * The loss in USD (1e6) below which a swap leaves no fact: one cent. Each swap costs the fee of a
 * transaction, so many swaps at a loss below a cent bring their maker next to nothing.
 */
const SWAP_DUST = 10_000n;

/**
 * Tokens that a swap took out of the account into a token account that is not the agent's: a
 * delegate may swap through accounts of its own and keep a part, which the daemon cannot reach.
 * Null for a swap through the agent's accounts.
 */
function swappedAway(
  heard: Heard,
  user: Watched,
  call: VenueCall | null,
): { call: VenueCall; token: Address; amount: bigint; mint: Address | null } | null {
  if (call === null || call.known?.call !== 'begin_swap') return null;
  const [, vaultAt = -1] = call.known.vaults;
  const [, tokenAt = -1] = call.known.tokens;
  const [vault, token] = [accountAt(call, vaultAt), accountAt(call, tokenAt)];
  const mint = mintBetween(heard, vault, token);
  if (subscriberAt(heard, token, call.place, mint) === user.subscriberId) return null;
  const amount = movedBetween(heard, call, vault, token);
  return amount > 0n ? { call, token, amount, mint } : null;
}

/**
 * Puts the outflow of tokens that were kept in a swap. The venue accepts a swap only with the
 * signature of the account's authority or of its delegate.
 */
function putSwapped(
  heard: Heard,
  user: Watched,
  ordinal: number,
  away: { readonly call: VenueCall; readonly token: Address; readonly mint: Address | null },
  given: Pick<Outflow, 'amount' | 'usd' | 'swapped'>,
): void {
  const signed = heard.transaction.signers.some(
    (each) =>
      heard.watched.get(each)?.role === 'agent_wallet' &&
      heard.watched.get(each)?.subscriberId === user.subscriberId,
  );
  const { call, token, mint } = away;
  const body = outflow(heard, user, call, mint, { route: 'swap', destination: token, ...given });
  const consent = signed ? 'agent' : 'appointed';
  heard.put(user.subscriberId, user.address, ordinal, { ...body, internal: false, consent });
}

/**
 * Hears a swap that returned less value than it took, by a cent or more. Through the agent's own
 * accounts the loss is a notice, which counts towards a suspicion. Through another account the loss
 * is an outflow in the token that was taken, and core/outflow.ts decides which of these are usual.
 * A transfer out of an own account during the swap is the wallet's outflow, and not counted here.
 * Returns the begin_swap call of a swap whose value the record tells, else null: a
 * market newer than this release has no known decimals, and its account is marked.
 */
export function hearSwap(
  heard: Heard,
  tallies: Tallies,
  each: HeardEvent,
  record: SwapRecord,
): VenueCall | null {
  const user = heard.userOf(record.user);
  if (user === undefined) return null;
  const { profile } = heard.dialect;
  const taken = usdOf(profile, record.amountIn, record.inMarketIndex, record.inOraclePrice);
  const given = usdOf(profile, record.amountOut, record.outMarketIndex, record.outOraclePrice);
  if (taken === null || given === null) {
    tallies.unknown(user, 'unknown_market', null);
    return null;
  }
  const begun =
    heard.venueCalls.findLast(
      (call) =>
        call.known?.call === 'begin_swap' &&
        accountAt(call, call.known.user) === user.address &&
        call.place < (each.call?.place ?? Number.POSITIVE_INFINITY),
    ) ?? null;
  const loss = taken - given;
  if (loss < SWAP_DUST) return begun;
  const away = swappedAway(heard, user, begun);
  if (away !== null) {
    const amount = mulDivCeil(record.amountIn, loss, taken);
    putSwapped(heard, user, each.ordinal, away, { amount, usd: loss, swapped: taken });
    return begun;
  }
  heard.put(user.subscriberId, user.address, each.ordinal, {
    kind: 'notice',
    what: 'swap_loss',
    who: null,
    amount: loss,
    detail: `A swap took ${formatUnits(taken)} USD out and put ${formatUnits(given)} USD back.`,
  });
  return begun;
}

/**
 * Base units that a swap took out of the account, less what the two instructions put back of the
 * same token; with `side` 0 those of the token that the swap brought, negative.
 */
function netOf(heard: Heard, begun: VenueCall, side: 0 | 1): bigint {
  const next = heard.venueCalls.find(
    (call) => call.place > begun.place && call.known?.call === 'end_swap',
  );
  return [begun, next].reduce((sum, call) => {
    if (call === undefined || call.known === null || !('vaults' in call.known)) return sum;
    const [vault, token] = [call.known.vaults[side] ?? -1, call.known.tokens[side] ?? -1];
    return sum + movedBetween(heard, call, accountAt(call, vault), accountAt(call, token));
  }, 0n);
}

/**
 * The quote tokens that a swap took or brought; null when it exchanged two other tokens.
 * A swap names the market of the token that it takes first.
 */
function quoteLegOf(heard: Heard, call: VenueCall): bigint | null {
  const { market } = heard.dialect.profile.quote;
  const { data } = call;
  const taken = (data[8] ?? 0) | ((data[9] ?? 0) << 8);
  const brought = (data[10] ?? 0) | ((data[11] ?? 0) << 8);
  if (taken === market) return netOf(heard, call, 1);
  return brought === market ? -netOf(heard, call, 0) : null;
}

/**
 * Hears a swap whose value no record tells. Through another owner's token account, the tokens that
 * went there have left; their USD value is null, because instructions carry no price. Through the
 * agent's own, the loss is not known: a notice names the quote tokens that the swap took or
 * brought, all of which may be the loss, and null where no quote tokens tell its size.
 */
export function hearBegunSwap(heard: Heard, user: Watched, call: VenueCall): void {
  const ordinal = call.place * ORDINALS_A_CALL;
  const away = swappedAway(heard, user, call);
  if (away !== null) {
    putSwapped(heard, user, ordinal, away, { amount: away.amount, usd: null });
    return;
  }
  const amount = quoteLegOf(heard, call);
  if (amount !== null && amount < SWAP_DUST) return;
  const { symbol } = heard.dialect.profile.quote;
  const of = amount === null ? 'of two other tokens' : `of ${formatUnits(amount)} ${symbol}`;
  heard.put(user.subscriberId, user.address, ordinal, {
    kind: 'notice',
    what: 'swap_loss',
    who: null,
    amount,
    detail: `A swap ${of}; no record tells its prices, so its loss is not known.`,
  });
}

/** For each subscriber, the brackets of its swaps with the venue's tokens. */
export function swapBrackets(heard: Heard): Map<string, SwapBracket[]> {
  const brackets = new Map<string, SwapBracket[]>();
  for (const { known, accounts, top } of heard.venueCalls) {
    if (known?.call !== 'begin_swap' && known?.call !== 'end_swap') continue;
    const user = heard.watched.get(accounts[known.user] ?? '');
    if (user === undefined) continue;
    const before = brackets.get(user.subscriberId) ?? [];
    // The venue takes no other instruction of its own between the two.
    const begun = known.call === 'end_swap' ? before.at(-1) : undefined;
    brackets.set(
      user.subscriberId,
      begun === undefined ? [...before, [top, top]] : [...before.slice(0, -1), [begun[0], top]],
    );
  }
  return brackets;
}
