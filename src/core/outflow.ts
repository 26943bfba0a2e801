// Outflow: classifies outflows, and decides which of them count against a subscriber with debts.
// Pure functions of the given sets, so that a history can be judged again at any time and in any
// order of hearing. The whole rule: docs/standing.md.
import { type Clearance, type Spent, spend } from './clearance.ts';
import type { ChainPosition, Outflow } from './fact.ts';
import { asTransfer, type FoundPayment, unexplainedByPayments } from './found-outflows.ts';
import type { Signature, Slot } from './ids.ts';
import { type BaseUnits, formatUnits, most } from './money.ts';
import { WRAPPED_SOL } from './programs.ts';
import { leastOwedAt, type StandingEvent } from './standing.ts';
import { amountText, type Quotes } from './token.ts';

/**
 * The class of an outflow.
 * - `ours`: a payment of this ledger, as far as it explains what left, or a swap for SOL within the
 *   daemon's rule.
 * - `creator`: a transfer to a creator, which pays debts.
 * - `cleared`: permitted by a clearance.
 * - `internal`: stays with the subscriber.
 * - `worthless`: a token without value.
 * - `unsigned`: not by the agent's act.
 * - `small`: within the allowance for tips, fees in the token, and rent, or for losses of swaps.
 * - `outflow`: any other; the subscriber's own act, which counts.
 */
export type OutflowClass =
  | 'ours'
  | 'creator'
  | 'cleared'
  | 'internal'
  | 'worthless'
  | 'unsigned'
  | 'small'
  | 'outflow';
export type HeardOutflow = {
  readonly key: string;
  readonly signature: Signature;
  readonly slot: Slot;
  /** Its signature is that of one of our payments. */
  readonly ours: boolean;
  /** The payment that the transaction makes, when this ledger never signed it; else absent. */
  readonly found?: FoundPayment | null;
  readonly body: Outflow;
  /** Its place; where it is absent, only the slot is known. */
  readonly at?: ChainPosition;
};
/**
 * The bounds of the daemon's swaps of an agent's quote tokens for SOL. A subscriber who makes such
 * a swap by hand gains nothing that the daemon would not have done itself.
 */
export type TopUpRule = {
  /** The most quote tokens of one swap. Base units. */
  readonly amountMost: BaseUnits;
  /** The least SOL that a swap must bring. Lamports. */
  readonly lamportsLeast: bigint;
  /** The least number of slots between two swaps. */
  readonly everySlots: number;
};
/** The facts about the subscriber beside its outflows. */
export type OutflowContext = {
  /** Wallets that any terms of the subscriber, past or present, name as creators. */
  readonly creators: ReadonlySet<string>;
  /** Delegates and closing authorities that the agent is known to have appointed. */
  readonly appointed: ReadonlySet<string>;
  /** Null or absent when the platform tops up no agent. */
  readonly topUp?: TopUpRule | null;
  /**
   * The debts and their ends, for which clearances to withdraw must leave enough; absent for none.
   */
  readonly debts?: readonly StandingEvent[];
};

/**
 * The amounts that may leave a wallet without counting, for each transaction and for each day:
 * tips, rent of other people's accounts, a relayer's fee in the token. SOL in lamports, each quote
 * token in its base units.
 */
export const SMALL = {
  sol: { transaction: 10_000_000n, day: 50_000_000n },
  quote: { transaction: 500_000n, day: 2_500_000n },
} as const;
/** A day of slots of 200 ms. With longer slots it spans more than a day, and so allows less. */
export const DAY_SLOTS = 432_000;

/**
 * The part of the largest swap of a day, in basis points, that all swaps of the day through token
 * accounts of another wallet may lose together: fees of exchanges and slippage.
 */
const SWAP_LOSS_BPS = 200n;

const isSol = ({ mint, decimals, route }: Outflow): boolean =>
  mint === WRAPPED_SOL || (mint === null && (decimals === 9 || route === 'sol_transfer'));

/**
 * The allowance that an outflow falls under: that of SOL, or of a quote token by its mint; null
 * when it has none. Withdrawals from a venue never have one. SOL that an account of a venue's call
 * got is rent or a tip like any other; tokens there are a deposit for another wallet.
 */
function allowanceOf(body: Outflow, quotes: Quotes): string | null {
  switch (body.route) {
    case 'sol_transfer':
    case 'sol_handover':
    case 'network_fee':
      return 'sol';
    case 'token_transfer':
    case 'token_handover':
      return isSol(body) ? 'sol' : body.mint !== null && quotes.has(body.mint) ? body.mint : null;
    case 'withdraw':
    case 'isolated_withdraw':
    case 'transfer':
    case 'swap':
      return null;
    case 'foreign_deposit':
      return body.mint === null ? 'sol' : null;
  }
}

/**
 * The outflows that are small: within the allowance of their transaction and, together with every
 * other small transaction of the day before, within the allowance of a day.
 */
function smallOutflows(outflows: readonly HeardOutflow[], quotes: Quotes): Set<string> {
  const small = new Set<string>();
  for (const asset of ['sol', ...quotes.keys()]) {
    const limits = asset === 'sol' ? SMALL.sol : SMALL.quote;
    const inOrder = byTransaction(
      outflows.filter(({ body }) => allowanceOf(body, quotes) === asset),
    ).filter((each) => each.amount <= limits.transaction);
    let sum = 0n;
    let from = 0;
    for (const group of inOrder) {
      sum += group.amount;
      while ((inOrder[from]?.slot ?? group.slot) <= group.slot - DAY_SLOTS)
        sum -= inOrder[from++]?.amount ?? 0n;
      if (sum <= limits.day) for (const key of group.keys) small.add(key);
    }
  }
  return small;
}

/**
 * The swaps whose losses are small: each by itself and, together with every other such swap of the
 * day before, at most SWAP_LOSS_BPS of the largest of these swaps. Values are in quote base units.
 */
function smallLosses(outflows: readonly HeardOutflow[]): Set<string> {
  const small = new Set<string>();
  const lost = outflows.flatMap((each) => {
    const { route, usd, swapped } = each.body;
    return route === 'swap' && usd !== null && swapped !== undefined
      ? [{ ...each, body: { ...each.body, amount: usd }, swapped }]
      : [];
  });
  const largestOf = new Map<string, bigint>();
  for (const { slot, signature, swapped } of lost) {
    const id = `${slot}/${signature}`;
    largestOf.set(id, most(largestOf.get(id) ?? 0n, swapped));
  }
  const bears = (loss: bigint, swapped: bigint): boolean =>
    loss * 10_000n <= swapped * SWAP_LOSS_BPS;
  const inOrder = byTransaction(lost)
    .map((each) => ({ ...each, swapped: largestOf.get(each.id) ?? 0n }))
    .filter((each) => bears(each.amount, each.swapped));
  let sum = 0n;
  let from = 0;
  /** The swaps of the day that no later one exceeds, the largest first. */
  const peaks: typeof inOrder = [];
  for (const group of inOrder) {
    sum += group.amount;
    const before = group.slot - DAY_SLOTS;
    while ((inOrder[from]?.slot ?? group.slot) <= before) sum -= inOrder[from++]?.amount ?? 0n;
    while ((peaks.at(-1)?.swapped ?? group.swapped + 1n) <= group.swapped) peaks.pop();
    peaks.push(group);
    while ((peaks[0]?.slot ?? group.slot) <= before) peaks.shift();
    if (bears(sum, peaks[0]?.swapped ?? 0n)) for (const key of group.keys) small.add(key);
  }
  return small;
}

type Group = { slot: Slot; id: string; amount: bigint; keys: string[] };

/**
 * Outflows grouped by transaction, in the order of slots, and by signature inside a slot, so that
 * the order does not depend on hearing.
 */
function byTransaction(outflows: readonly HeardOutflow[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { key, signature, slot, body } of outflows) {
    const id = `${slot}/${signature}`;
    const known = groups.get(id) ?? { slot, id, amount: 0n, keys: [] };
    known.amount += body.amount;
    known.keys.push(key);
    groups.set(id, known);
  }
  return [...groups.values()].sort((a, b) => a.slot - b.slot || (a.id < b.id ? -1 : 1));
}

/**
 * The swaps of a quote token for SOL that keep the bounds and the interval of the rule. Such a swap
 * is recognised even if the ledger lost the payment that made it.
 */
function topUps(
  outflows: readonly HeardOutflow[],
  quotes: Quotes,
  rule: TopUpRule | null,
): Set<string> {
  const found = new Set<string>();
  if (rule === null) return found;
  const swaps = outflows.filter(
    ({ body }) =>
      body.route === 'token_transfer' &&
      body.mint !== null &&
      quotes.has(body.mint) &&
      (body.brought ?? 0n) >= rule.lamportsLeast,
  );
  let last = Number.NEGATIVE_INFINITY;
  for (const { slot, amount, keys } of byTransaction(swaps)) {
    if (amount > rule.amountMost || slot - last < rule.everySlots) continue;
    last = slot;
    for (const key of keys) found.add(key);
  }
  return found;
}

/**
 * Whether a creator received the outflow. Such an outflow pays debts to that creator and makes no
 * runaway, also when a stranger signed it.
 */
const toCreator = ({ destination, owner }: Outflow, creators: ReadonlySet<string>): boolean =>
  (owner !== null && creators.has(owner)) || (destination !== null && creators.has(destination));

/**
 * Classifies outflows by the given sets alone. An outflow that is cleared in part has the class
 * `outflow` for the rest; `cleared` has the cleared amounts, and `left` those of the clearances.
 */
export function classify(
  outflows: readonly HeardOutflow[],
  clearances: readonly Clearance[],
  quotes: Quotes,
  { creators, appointed, topUp = null, debts = [] }: OutflowContext,
): Spent & { readonly classes: ReadonlyMap<string, OutflowClass> } {
  const classes = new Map<string, OutflowClass>();
  // A mint that the venue has paid out has value, even if its market is newer than this release.
  const paidOut = new Set<string | null>(
    outflows
      .filter(({ body }) => body.route === 'withdraw' || body.route === 'isolated_withdraw')
      .map(({ body }) => body.mint),
  );
  const swapped = topUps(outflows, quotes, topUp);
  const unexplained = unexplainedByPayments(outflows);
  const others = outflows.filter(({ key, ours, body }) => {
    const { mint, consent, signers } = body;
    if ((ours && !unexplained.has(key)) || swapped.has(key)) classes.set(key, 'ours');
    else if (body.internal) classes.set(key, 'internal');
    else if (mint !== null && quotes.has(mint) && toCreator(body, creators))
      classes.set(key, 'creator');
    else if (body.ofValue === false && !paidOut.has(mint)) classes.set(key, 'worthless');
    else if (consent === 'none' && !signers.some((each) => appointed.has(each)))
      classes.set(key, 'unsigned');
    return !classes.has(key);
  });
  const small = new Set([...smallOutflows(others.map(asTransfer), quotes), ...smallLosses(others)]);
  for (const key of small) classes.set(key, 'small');
  const large = others.filter(({ key }) => !small.has(key));
  const spent = spend(
    clearances,
    large.map(({ key, slot, signature, at = { slot, blockIndex: null, ordinal: 0 }, body }) => ({
      key,
      at: { ...at, signature },
      amount: body.amount,
      mint: body.mint,
    })),
    (at) => leastOwedAt(debts, at),
  );
  for (const { key, body } of large)
    classes.set(key, spent.cleared.get(key) === body.amount ? 'cleared' : 'outflow');
  return { ...spent, classes };
}

/** An amount that left, in words: quote tokens and SOL by name, any other token by its mint. */
export function whatLeft(body: Outflow, quotes: Quotes): string {
  const { amount, mint, decimals } = body;
  if (isSol(body)) return `${formatUnits(amount, 9)} SOL`;
  if (mint === null || decimals === null) return `${amount} base units of an unknown token`;
  return amountText(amount, { mint, decimals, symbol: quotes.get(mint)?.symbol ?? mint });
}

/**
 * The events that count in the standing of a subscriber. An amount that went to several receivers
 * in one transaction is reported as the sum, at the place of each part.
 */
export function leftEvents(
  outflows: readonly (HeardOutflow & { readonly at: ChainPosition })[],
  clearances: readonly Clearance[],
  quotes: Quotes,
  context: OutflowContext,
): StandingEvent[] {
  const { classes, cleared } = classify(outflows, clearances, quotes, context);
  const counted = outflows
    .map((each) => {
      const amount = each.body.amount - (cleared.get(each.key) ?? 0n);
      return { ...each, body: { ...each.body, amount } };
    })
    .filter(({ key, body }) => classes.get(key) === 'outflow' && body.amount > 0n);
  const idOf = ({ signature, slot, body }: HeardOutflow): string =>
    `${slot}/${signature}/${isSol(body) ? 'SOL' : body.mint}`;
  const sums = new Map<string, BaseUnits>();
  for (const each of counted) sums.set(idOf(each), (sums.get(idOf(each)) ?? 0n) + each.body.amount);
  return counted.map((each) => {
    const amount = sums.get(idOf(each)) ?? each.body.amount;
    return {
      kind: 'left',
      at: { ...each.at, signature: each.signature },
      amount,
      what: whatLeft({ ...each.body, amount }, quotes),
      signature: each.signature,
    };
  });
}
