// Clearance: the permission for a withdrawal that the platform will make itself. A clearance is
// granted when nothing is owed and everything is heard (core/covered.ts). A clearance lasts for
// `clearances.lastsMs` and covers outflows in that time, up to its amount and only as far as enough
// stays behind for the debts that were made meanwhile, so that a profit which is realised between
// clearance and withdrawal does not make the subscriber a runaway.
import { withholdsProfit } from './aftermath.ts';
import { type ChainPosition, comparePositions } from './fact.ts';
import type { Address, Slot } from './ids.ts';
import { type BaseUnits, least, most } from './money.ts';
import { amountsText, type Owed, USDC } from './token.ts';
import type { Trouble } from './trouble.ts';

/** The acts of the platform that a clearance permits. `close` closes the account. */
export const CLEARANCE_PURPOSES = ['withdraw', 'close'] as const;
export type ClearancePurpose = (typeof CLEARANCE_PURPOSES)[number];

export type Clearance = {
  readonly id: string;
  readonly purpose: ClearancePurpose;
  /** The most that may leave, in base units of `mint`; null when the account is closed. */
  readonly amount: BaseUnits | null;
  /** The quote token that may leave; left out for the default venue's. */
  readonly mint?: Address;
  /** The lowest slot of the readings on which the grant rests. */
  readonly grantedSlot: Slot;
  readonly untilSlot: Slot;
  /**
   * The trades of the subscriber in the first slot after `grantedSlot` that has one. A trade ends a
   * clearance to close. Read for those only.
   */
  readonly trades: readonly ChainPosition[];
  /**
   * The funds from which the amount is withdrawn. Read for clearances to withdraw; absent in those
   * of releases that did not keep the funds, which cover their whole amount.
   */
  readonly funds?: Funds;
};

/** A transaction that changed the funds, by the facts of the accounts that were read. */
export type FundsChange = {
  readonly at: ChainPosition;
  /**
   * Results of closes, fees and funding, deposits less withdrawals at the venue's price, and quote
   * tokens that came into the own token account less those that left. Base units. Null when the
   * records of the transaction do not say it.
   */
  readonly amount: bigint | null;
};
/** The quote tokens in the accounts that were read for a clearance. */
export type Funds = {
  /** The sum of the readings, base units. Below zero where losses are not settled yet. */
  readonly settled: bigint;
  /** One change for each transaction since, in any order. */
  readonly changes: readonly FundsChange[];
};
/** The quote tokens that one account held when it was read for a clearance. Base units. */
export type FundsReading = {
  readonly account: Address;
  readonly slot: Slot;
  readonly amount: bigint;
};

export type ClearedOutflow = {
  readonly key: string;
  readonly at: ChainPosition;
  readonly amount: BaseUnits;
  /** Null for SOL. */
  readonly mint: Address | null;
};

export type Spent = {
  /** The cleared amount of each outflow; one that is not in the map is not cleared at all. */
  readonly cleared: ReadonlyMap<string, BaseUnits>;
  /** The amount that each clearance to withdraw has left, by its id; null for one to close. */
  readonly left: ReadonlyMap<string, BaseUnits | null>;
};

const inOneTransaction = (a: ChainPosition, b: ChainPosition): boolean =>
  a.slot === b.slot && a.signature !== undefined && a.signature === b.signature;

/**
 * The funds after the transaction at this place, base units; null when they are not known. Of a
 * transaction whose order in the slot is not told, only a gain counts, so that no subscriber is
 * accused.
 */
function fundsAfter({ settled, changes }: Funds, at: ChainPosition): bigint | null {
  let there = settled;
  for (const { at: place, amount } of changes) {
    const order = inOneTransaction(place, at) ? -1 : comparePositions(place, at);
    if (order > 0 || (order === 0 && (amount ?? 0n) <= 0n)) continue;
    if (amount === null) return null;
    there += amount;
  }
  return there;
}

const index = ({ blockIndex }: ChainPosition): number => blockIndex ?? Number.MAX_SAFE_INTEGER;
/** The order of the chain as far as it is told, and else that of the signatures and keys. */
const inChainOrder = (a: ClearedOutflow, b: ClearedOutflow): number =>
  a.at.slot - b.at.slot ||
  index(a.at) - index(b.at) ||
  (inOneTransaction(a.at, b.at) ? a.at.ordinal - b.at.ordinal : 0) ||
  (a.key < b.key ? -1 : 1);

/**
 * Clears outflows. In chain order, each outflow uses up the clearances in its time, oldest first,
 * up to their amounts, and as far as what there is after its transaction is at least `owedAt`: the
 * base units that are owed at its place. Everything that left meanwhile, in any way, and every loss
 * has made that less. A clearance to close covers every token at each place that is not behind a
 * trade after it, because later earnings were not checked. The result depends only on the sets.
 */
export function spend(
  clearances: readonly Clearance[],
  outflows: readonly ClearedOutflow[],
  owedAt: (at: ChainPosition) => BaseUnits = () => 0n,
): Spent {
  const left = new Map(clearances.map((each) => [each.id, each.amount]));
  const inTime = [...clearances].sort(
    (a, b) => a.grantedSlot - b.grantedSlot || (a.id < b.id ? -1 : 1),
  );
  const cleared = new Map<string, BaseUnits>();
  /** The most of this outflow that may leave under a clearance to withdraw. */
  const coverable = ({ funds }: Clearance, { key, at, amount, mint }: ClearedOutflow) => {
    if (funds === undefined) return amount;
    const there = fundsAfter(funds, at);
    if (there === null) return 0n;
    const beside = outflows.filter((each) => each.mint === mint && inOneTransaction(each.at, at));
    const others = beside.filter((each) => each.key !== key);
    const sum = others.reduce(
      (rest, each) => rest + each.amount - (cleared.get(each.key) ?? 0n),
      there + amount,
    );
    return most(sum - owedAt(at), 0n);
  };
  for (const outflow of [...outflows].sort(inChainOrder)) {
    const { slot } = outflow.at;
    let open = outflow.amount;
    for (const each of inTime) {
      if (open === 0n) break;
      if (slot < each.grantedSlot || slot > each.untilSlot) continue;
      if (each.purpose === 'close') {
        if (!each.trades.some((trade) => comparePositions(trade, outflow.at) < 0)) open = 0n;
        continue;
      }
      const rest = left.get(each.id) ?? 0n;
      if (outflow.mint !== (each.mint ?? USDC.mint) || rest === 0n) continue;
      const room = most(coverable(each, outflow) - (outflow.amount - open), 0n);
      const covered = least(least(rest, open), room);
      left.set(each.id, rest - covered);
      open -= covered;
    }
    if (open < outflow.amount) cleared.set(outflow.key, outflow.amount - open);
  }
  return { cleared, left };
}

/**
 * The sum of a quote token that clearances to withdraw may still cover in this slot or later, given
 * what each has left. Base units.
 */
export const unspent = (
  clearances: readonly Clearance[],
  left: Spent['left'],
  mint: Address,
  slot: Slot,
): BaseUnits =>
  clearances
    .filter((each) => each.untilSlot >= slot && (each.mint ?? USDC.mint) === mint)
    .reduce((sum, each) => sum + (left.get(each.id) ?? 0n), 0n);

/** Why a withdrawal must wait and what to do, in words for the subscriber. */
export function whyBlocked(
  owed: readonly Owed[],
  trouble: Trouble | null,
  venue: string = 'Drift',
): string {
  const owing = `You owe ${amountsText(owed)} of profit share to the creator you copied.`;
  switch (trouble?.class) {
    case 'needs_sol':
      return `${owing} It cannot be paid because the wallet that pays network fees has too little SOL. Add SOL to your agent wallet and ask again.`;
    case 'needs_authorisation':
      return `${owing} It cannot be paid because the key of your agent wallet is not available. Contact your platform.`;
    case 'venue_paused':
      if (withholdsProfit(trouble))
        return `${owing} It cannot be paid because ${venue} has paused the settling of profit in a market, and your accounts hold too little without that profit. Deposit and ask again, or ask again once settling is open.`;
      return `${owing} It cannot be paid because ${venue} has paused withdrawals. Ask again once they are open.`;
    case 'venue_limited':
      if (withholdsProfit(trouble))
        return `${owing} It cannot be paid because a market of ${venue} cannot pay out its profit just now, and your accounts hold too little without that profit. Deposit and ask again, or ask again later.`;
      return `${owing} It cannot be paid because ${venue} allows no further withdrawals just now. It is tried again by itself; ask again later.`;
    case 'retry_when_healthier':
      return `${owing} It cannot be paid because your collateral is tied up. Close or reduce a position, or deposit, and ask again.`;
    case 'books_behind':
    case 'operator':
    case 'permanent':
      return `${owing} It cannot be paid without help. Contact your platform and give this code: ${trouble.code}.`;
    case 'retry_soon':
    case 'unexpected':
    case 'accumulating':
    case undefined:
      return `${owing} It is being paid now. Ask again in a minute.`;
  }
}
