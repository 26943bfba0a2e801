// Swaps: what a swap with the venue's tokens cost the account: a suspicion, or an outflow where the
// tokens went through accounts that are not the agent's.
import type { Outflow } from '../core/fact.ts';
import type { Watched } from '../core/hearing-ports.ts';
import type { Address } from '../core/ids.ts';
import { formatUnits, mulDivCeil } from '../core/money.ts';
import { ORDINALS_A_CALL } from '../core/transaction.ts';
import { ownerAmong } from '../core/wallet.ts';
import type { Heard, HeardEvent, VenueCall } from './heard.ts';
import { accountAt, movedBetween, outflow, usdOf } from './moved.ts';
import type { SwapRecord } from './records.ts';

/**
 * A swap may lose this much of its value to fees and slippage, in basis points, before it is worth
 * a look.
 */
const SWAP_LOSS_BPS = 200n;

/**
 * What a swap took out of the account into a token account that is not the agent's: a delegate
 * swaps with accounts of its own, and what it keeps is out of reach. Null for a swap through the
 * agent's accounts.
 */
function swappedAway(
  heard: Heard,
  user: Watched,
  call: VenueCall | null,
): { call: VenueCall; token: Address; amount: bigint } | null {
  if (call === null || call.known?.call !== 'begin_swap') return null;
  const [, vaultAt = -1] = call.known.vaults;
  const [, tokenAt = -1] = call.known.tokens;
  const token = accountAt(call, tokenAt);
  if (ownerAmong(heard, token) === user.subscriberId) return null;
  const amount = movedBetween(heard, call, accountAt(call, vaultAt), token);
  return amount > 0n ? { call, token, amount } : null;
}

/**
 * Puts what a swap kept. The venue takes the signature of the account's authority or of its
 * delegate, and of nobody else.
 */
function putSwapped(
  heard: Heard,
  user: Watched,
  ordinal: number,
  given: Pick<Outflow, 'amount' | 'destination' | 'usd'>,
): void {
  const signed = heard.transaction.signers.some(
    (each) =>
      heard.watched.get(each)?.role === 'agent_wallet' &&
      heard.watched.get(each)?.subscriberId === user.subscriberId,
  );
  const body = outflow(heard, user, { route: 'swap', ...given });
  const consent = signed ? 'agent' : 'appointed';
  heard.put(user.subscriberId, user.address, ordinal, { ...body, internal: false, consent });
}

/**
 * A swap that gave back much less than it took: through the agent's own accounts a suspicion,
 * through another's an outflow of what was kept, in the token that was taken. What was sent away by
 * hand out of an own account is the wallet's outflow.
 */
export function hearSwap(heard: Heard, each: HeardEvent, record: SwapRecord): void {
  const user = heard.userOf(record.user);
  const { profile } = heard.dialect;
  const taken = usdOf(profile, record.amountIn, record.inMarketIndex, record.inOraclePrice);
  const given = usdOf(profile, record.amountOut, record.outMarketIndex, record.outOraclePrice);
  if (user === undefined || taken === null || given === null) return;
  const loss = taken - given;
  if (loss * 10_000n <= taken * SWAP_LOSS_BPS) return;
  const begun = heard.venueCalls.findLast(
    (call) =>
      call.known?.call === 'begin_swap' &&
      accountAt(call, call.known.user) === user.address &&
      call.place < (each.call?.place ?? Number.POSITIVE_INFINITY),
  );
  const away = swappedAway(heard, user, begun ?? null);
  if (away !== null) {
    const amount = mulDivCeil(record.amountIn, loss, taken);
    putSwapped(heard, user, each.ordinal, { amount, destination: away.token, usd: loss });
    return;
  }
  heard.put(user.subscriberId, user.address, each.ordinal, {
    kind: 'notice',
    what: 'swap_loss',
    who: null,
    amount: loss,
    detail: `A swap took ${formatUnits(taken)} USD out and put ${formatUnits(given)} USD back.`,
  });
}

/**
 * Without a record: what was taken into another's token account; at what price it was made, no
 * instruction says.
 */
export function hearBegunSwap(heard: Heard, user: Watched, call: VenueCall): void {
  const away = swappedAway(heard, user, call);
  if (away === null) return;
  const { amount, token } = away;
  const ordinal = call.place * ORDINALS_A_CALL;
  putSwapped(heard, user, ordinal, { amount, destination: token, usd: null });
}

/** Top-level instructions between which each subscriber swaps with the venue's tokens. */
export function swapBrackets(heard: Heard): Map<string, [number, number]> {
  const brackets = new Map<string, [number, number]>();
  for (const { known, accounts, top } of heard.venueCalls) {
    if (known?.call !== 'begin_swap' && known?.call !== 'end_swap') continue;
    const user = heard.watched.get(accounts[known.user] ?? '');
    if (user === undefined) continue;
    const [from, to] = brackets.get(user.subscriberId) ?? [top, top];
    brackets.set(user.subscriberId, [Math.min(from, top), Math.max(to, top)]);
  }
  return brackets;
}
