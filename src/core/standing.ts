// Standing: decides whether a subscriber may open new copies. A pure function of what happened on
// chain.
//
// A subscriber who took value out while owing is a *runaway*, and is delinquent until the debt is
// paid. The history is judged in chain order, so the result does not depend on the order in which
// it was heard, and it changes back by itself when a fork drops one of the facts.
import { type ChainPosition, comparePositions } from './fact.ts';
import type { Address, Signature } from './ids.ts';
import { type BaseUnits, most } from './money.ts';
import { amountsText, ONLY_USDC, type Owed, owedOf, type Quotes, USDC } from './token.ts';

type Sum = {
  readonly at: ChainPosition;
  readonly amount: BaseUnits;
  /**
   * The creator's wallet. A transfer to a creator is held against what was owed to that creator.
   */
  readonly creator?: string;
  /** The token of the amount; left out for the default venue's. */
  readonly mint?: Address;
};
/**
 * One event that changes a standing. `owed` is a new debt, `discharged` a payment or other end of a
 * debt, `left` an outflow.
 */
export type StandingEvent =
  | (Sum & { readonly kind: 'owed' })
  | (Sum & { readonly kind: 'discharged' })
  | {
      readonly kind: 'left';
      readonly at: ChainPosition;
      readonly amount: BaseUnits;
      /** The amount that left, as text for people: `500.000000 USDC`. */
      readonly what: string;
      readonly signature: Signature;
    };

/** The outflow that a delinquent standing rests on. */
export type Evidence = {
  readonly signature: Signature;
  readonly slot: number;
  readonly amount: BaseUnits;
  readonly what: string;
  /** The sum owed then, over all tokens in base units; `owed` has it by token. */
  readonly owedThen: BaseUnits;
  readonly owed?: readonly Owed[];
};

/**
 * The debts of a subscriber: over all tokens in base units, a number that is 0 exactly when nothing
 * is owed, and by token.
 */
type Owing = { readonly outstanding: BaseUnits; readonly owed: readonly Owed[] };

export type Standing =
  | (Owing & { readonly standing: 'good' })
  | (Owing & {
      readonly standing: 'delinquent';
      readonly evidence: Evidence;
      readonly reason: string;
    });

type Left = Extract<StandingEvent, { kind: 'left' }>;

/**
 * The order in which one of several outflows in a slot is named as evidence. The order is total, so
 * the choice never depends on which outflow was heard first.
 */
function inNamingOrder(a: Left, b: Left): number {
  const index = ({ at }: Left): number => at.blockIndex ?? Number.MAX_SAFE_INTEGER;
  return (
    index(a) - index(b) ||
    Number(a.signature > b.signature) - Number(a.signature < b.signature) ||
    a.at.ordinal - b.at.ordinal ||
    Number(a.what > b.what) - Number(a.what < b.what)
  );
}

/**
 * Amounts by mint and creator. Below zero where a creator got more than it was owed, which pays no
 * debt to another creator.
 */
type Balances = ReadonlyMap<string, BaseUnits>;

function added(balances: Balances, events: readonly Sum[], sign: bigint): Map<string, BaseUnits> {
  const sums = new Map(balances);
  for (const { mint = USDC.mint, creator = '', amount } of events) {
    const whose = `${mint}/${creator}`;
    sums.set(whose, (sums.get(whose) ?? 0n) + sign * amount);
  }
  return sums;
}
/** The amount owed to all creators together, by mint. */
function byMint(balances: Balances): Balances {
  const sums = new Map<string, BaseUnits>();
  for (const [whose, amount] of balances) {
    const mint = whose.slice(0, whose.indexOf('/'));
    sums.set(mint, (sums.get(mint) ?? 0n) + most(amount, 0n));
  }
  return sums;
}
const owesAny = (balances: Balances): boolean =>
  [...balances.values()].some((amount) => amount > 0n);
const totalOf = (owed: readonly Owed[]): BaseUnits =>
  owed.reduce((sum, each) => sum + each.amount, 0n);

/**
 * The least that can have been owed at a place, over all tokens in base units. Where the order is
 * not told, a discharge counts as earlier and a debt as later, as in `judge`.
 */
export function leastOwedAt(history: readonly StandingEvent[], at: ChainPosition): BaseUnits {
  const before = history.filter((each) =>
    each.kind === 'owed'
      ? comparePositions(each.at, at) < 0
      : each.kind === 'discharged' && comparePositions(each.at, at) <= 0,
  );
  const of = (kind: 'owed' | 'discharged') =>
    before.filter(
      (each): each is Extract<StandingEvent, { kind: typeof kind }> => each.kind === kind,
    );
  const owed = added(added(new Map(), of('owed'), 1n), of('discharged'), -1n);
  return [...byMint(owed).values()].reduce((sum, amount) => sum + amount, 0n);
}

type Runaway = Omit<Evidence, 'owedThen' | 'owed'> & { readonly owing: Balances };

/**
 * The debts and the runaway after one slot. Where the chain does not tell the order of two events,
 * the subscriber is not accused: a discharge counts as earlier than an outflow, and a new debt as
 * later. Each token and each creator is counted by itself, and a debt in any token to any creator
 * makes an outflow a runaway.
 */
function judgeSlot(
  events: readonly StandingEvent[],
  owedBefore: Balances,
  runaway: Runaway | null,
): { owed: Balances; runaway: Runaway | null } {
  const of = <Kind extends StandingEvent['kind']>(kind: Kind) =>
    events.filter((each): each is Extract<StandingEvent, { kind: Kind }> => each.kind === kind);
  const [owed, discharged, left] = [of('owed'), of('discharged'), of('left')];
  const precedes = (a: StandingEvent, b: StandingEvent) => comparePositions(a.at, b.at) < 0;
  /** The least that can have been owed at this event, without the event itself. */
  const leastAt = (event: StandingEvent): Balances =>
    added(
      added(
        owedBefore,
        owed.filter((each) => precedes(each, event)),
        1n,
      ),
      discharged.filter((each) => each !== event && !precedes(event, each)),
      -1n,
    );
  /**
   * Discharges after which nothing may have been owed any more. An outflow before one of them is
   * forgotten.
   */
  const freeing = discharged.filter((each) => !owesAny(added(leastAt(each), [each], -1n)));
  const [first] = left
    .filter((each) => owesAny(leastAt(each)) && !freeing.some((moment) => precedes(each, moment)))
    .sort(inNamingOrder);
  let standing = freeing.length > 0 ? null : runaway;
  if (standing === null && first !== undefined) {
    const { signature, amount, what, at } = first;
    standing = { signature, slot: at.slot, amount, what, owing: leastAt(first) };
  }
  const after = added(added(owedBefore, owed, 1n), discharged, -1n);
  return { owed: after, runaway: owesAny(after) ? standing : null };
}

/**
 * The standing that follows from a history. `left` events must be outflows that count
 * (core/outflow.ts). A subscriber is delinquent when it has run away since the last moment at which
 * nothing was owed at any venue, and still owes something. `quotes` names the tokens.
 */
export function judge(history: readonly StandingEvent[], quotes: Quotes = ONLY_USDC): Standing {
  const slots = new Map<number, StandingEvent[]>();
  for (const event of history) {
    const known = slots.get(event.at.slot);
    if (known === undefined) slots.set(event.at.slot, [event]);
    else known.push(event);
  }
  let balances: Balances = new Map();
  let runaway: Runaway | null = null;
  for (const slot of [...slots.keys()].sort((a, b) => a - b))
    ({ owed: balances, runaway } = judgeSlot(slots.get(slot) ?? [], balances, runaway));
  const owed = owedOf(byMint(balances), quotes);
  const outstanding = totalOf(owed);
  if (runaway === null || outstanding === 0n) return { standing: 'good', outstanding, owed };
  const { owing, ...left } = runaway;
  const owedThen = owedOf(byMint(owing), quotes);
  const evidence: Evidence = { ...left, owedThen: totalOf(owedThen), owed: owedThen };
  const reason =
    `Withdrew ${left.what} on chain in slot ${left.slot} while owing ` +
    `${amountsText(owedThen)} of profit share; ${amountsText(owed)} ${owed.length > 1 ? 'are' : 'is'} still unpaid.`;
  return { standing: 'delinquent', outstanding, owed, evidence, reason };
}
