// Standing: decides whether a subscriber may open new copies. A pure function of what happened on
// chain.
//
// A subscriber who took value out while owing is a *runaway*, and is delinquent until the debt is
// paid. The history is judged in chain order, so the result does not depend on the order in which
// it was heard, and it changes back by itself when a fork drops one of the facts.
import { type ChainPosition, comparePositions } from './fact.ts';
import type { Signature } from './ids.ts';
import { type BaseUnits, formatUnits } from './money.ts';

type Sum = {
  readonly at: ChainPosition;
  readonly amount: BaseUnits;
  /**
   * The creator's wallet. A transfer to a creator is held against what was owed to that creator.
   */
  readonly creator?: string;
};
/**
 * One event that changes a standing. `owed` is a new debt, `settled` a payment or another end of a
 * debt, `left` an outflow.
 */
export type StandingEvent =
  | (Sum & { readonly kind: 'owed' })
  | (Sum & { readonly kind: 'settled' })
  | {
      readonly kind: 'left';
      readonly at: ChainPosition;
      readonly amount: BaseUnits;
      /** What left, as text for people: `500.000000 USDC`. */
      readonly what: string;
      readonly signature: Signature;
    };

/** The outflow that a delinquent standing rests on. */
export type Evidence = {
  readonly signature: Signature;
  readonly slot: number;
  readonly amount: BaseUnits;
  readonly what: string;
  readonly owedThen: BaseUnits;
};

export type Standing =
  | { readonly standing: 'good'; readonly outstanding: BaseUnits }
  | {
      readonly standing: 'delinquent';
      readonly outstanding: BaseUnits;
      readonly evidence: Evidence;
      readonly reason: string;
    };

type Left = Extract<StandingEvent, { kind: 'left' }>;

/**
 * The order in which one of several outflows in a slot is named as evidence. It is a total order,
 * so the choice never depends on who was heard first.
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

const sumOf = (events: readonly { readonly amount: BaseUnits }[]): BaseUnits =>
  events.reduce((sum, each) => sum + each.amount, 0n);

/**
 * The debt and the runaway after one slot. Where the chain does not tell the order of two events,
 * the subscriber is not accused: a settlement counts as earlier than an outflow, and a new debt as
 * later.
 */
function judgeSlot(
  events: readonly StandingEvent[],
  owedBefore: BaseUnits,
  runaway: Evidence | null,
): { owed: BaseUnits; runaway: Evidence | null } {
  const of = <Kind extends StandingEvent['kind']>(kind: Kind) =>
    events.filter((each): each is Extract<StandingEvent, { kind: Kind }> => each.kind === kind);
  const [owed, settled, left] = [of('owed'), of('settled'), of('left')];
  const precedes = (a: StandingEvent, b: StandingEvent) => comparePositions(a.at, b.at) < 0;
  /** The least amount that can have been owed at this event, without the event itself. */
  const leastAt = (event: StandingEvent): BaseUnits =>
    owedBefore +
    sumOf(owed.filter((each) => precedes(each, event))) -
    sumOf(settled.filter((each) => each !== event && !precedes(event, each)));
  /**
   * Settlements after which nothing may have been owed any more. An outflow before one of them is
   * forgotten.
   */
  const cleared = settled.filter((each) => leastAt(each) - each.amount <= 0n);
  const [first] = left
    .filter((each) => leastAt(each) > 0n && !cleared.some((moment) => precedes(each, moment)))
    .sort(inNamingOrder);
  let standing = cleared.length > 0 ? null : runaway;
  if (standing === null && first !== undefined) {
    const { signature, amount, what, at } = first;
    standing = { signature, slot: at.slot, amount, what, owedThen: leastAt(first) };
  }
  const after = owedBefore + sumOf(owed) - sumOf(settled);
  return { owed: after, runaway: after <= 0n ? null : standing };
}

/**
 * The standing that follows from a history. `left` events must be outflows that count
 * (core/outflow.ts). A subscriber is delinquent when it has run away since the last moment at which
 * nothing was owed, and still owes something.
 */
export function judge(history: readonly StandingEvent[]): Standing {
  const slots = new Map<number, StandingEvent[]>();
  for (const event of history) {
    const known = slots.get(event.at.slot);
    if (known === undefined) slots.set(event.at.slot, [event]);
    else known.push(event);
  }
  let owed = 0n;
  let runaway: Evidence | null = null;
  for (const slot of [...slots.keys()].sort((a, b) => a - b))
    ({ owed, runaway } = judgeSlot(slots.get(slot) ?? [], owed, runaway));
  const outstanding = owed > 0n ? owed : 0n;
  if (runaway === null || outstanding === 0n) return { standing: 'good', outstanding };
  const reason =
    `Withdrew ${runaway.what} on chain in slot ${runaway.slot} while owing ` +
    `${formatUnits(runaway.owedThen)} USDC of profit share; ${formatUnits(outstanding)} USDC is still unpaid.`;
  return { standing: 'delinquent', outstanding, evidence: runaway, reason };
}
