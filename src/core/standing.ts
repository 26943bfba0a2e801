// Standing: may this subscriber be trusted with new copies? A pure function of what happened on
// chain.
//
// A subscriber who took value out while owing (a *runaway*) is delinquent until the debt is paid.
// The judge walks the subscriber's history in chain order, so the verdict is the same in whatever
// order the history was heard, and it changes back by itself when a fork drops one of the facts.
import { type ChainPosition, comparePositions } from './fact.ts';
import type { Signature } from './ids.ts';
import { type BaseUnits, formatUnits } from './money.ts';

type Sum = {
  readonly at: ChainPosition;
  readonly amount: BaseUnits;
  /** To whom: transfers to a creator are held against what was owed to it. */
  readonly creator?: string;
};
/**
 * What moves a subscriber's standing. `owed` and `settled` are sums of money, `left` is an outflow.
 */
export type StandingEvent =
  | (Sum & { readonly kind: 'owed' })
  | (Sum & { readonly kind: 'settled' })
  | {
      readonly kind: 'left';
      readonly at: ChainPosition;
      readonly amount: BaseUnits;
      /** What left, for people: `500.000000 USDC`. */
      readonly what: string;
      readonly signature: Signature;
    };

/** The outflow a verdict rests on. */
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
 * Which of several flights in one slot is named as evidence: a total order, so that it never
 * depends on who was heard first.
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
 * One slot's events. Where the chain does not tell which of two came first, nobody is accused: what
 * settles counts as earlier than what left, and what was newly owed as later. Returns the runaway
 * that stands after the slot.
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
  /** The least that can have been owed at this event, the event itself left out. */
  const leastAt = (event: StandingEvent): BaseUnits =>
    owedBefore +
    sumOf(owed.filter((each) => precedes(each, event))) -
    sumOf(settled.filter((each) => each !== event && !precedes(event, each)));
  /**
   * Moments at which nothing may have been owed any more: what left before one of them is
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
 * The standing that a history means. `left` must hold only outflows that count (core/outflow.ts).
 * Delinquent: a runaway is newer than the last moment at which nothing was owed, and something
 * still is.
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
