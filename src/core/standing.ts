// Standing: may this subscriber be trusted with new copies? A pure function of what happened on chain.
//
// A subscriber who took value out while owing (a *runaway*) is delinquent until the debt is paid. The judge walks
// the subscriber's history in chain order, so the verdict is the same in whatever order the history was heard,
// and it changes back by itself when a fork drops one of the facts.
import { type ChainPosition, comparePositions } from './fact.ts';
import type { Signature } from './ids.ts';
import { type BaseUnits, formatUnits } from './money.ts';

/** What moves a subscriber's standing. `owed` and `settled` are sums of money, `left` is an outflow. */
export type StandingEvent =
  | { readonly kind: 'owed'; readonly at: ChainPosition; readonly amount: BaseUnits }
  | { readonly kind: 'settled'; readonly at: ChainPosition; readonly amount: BaseUnits }
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

// Where the chain does not tell the order inside a slot, nobody is accused: what settles counts first, then what
// leaves, and only then what is newly owed.
const DOUBT_ORDER = { settled: 0, left: 1, owed: 2 } as const;

function inOrder(a: StandingEvent, b: StandingEvent): number {
  return comparePositions(a.at, b.at) || DOUBT_ORDER[a.kind] - DOUBT_ORDER[b.kind];
}

/**
 * The standing that a history means. `left` must hold only outflows that are neither ours, nor cleared, nor
 * internal. Delinquent: a runaway is newer than the last moment at which nothing was owed, and something still is.
 */
export function judge(history: readonly StandingEvent[]): Standing {
  let owed = 0n;
  let runaway: Evidence | null = null;
  for (const event of [...history].sort(inOrder)) {
    if (event.kind === 'owed') owed += event.amount;
    else if (event.kind === 'settled') owed -= event.amount;
    else if (owed > 0n && runaway === null) {
      runaway = {
        signature: event.signature,
        slot: event.at.slot,
        amount: event.amount,
        what: event.what,
        owedThen: owed,
      };
    }
    if (owed <= 0n) runaway = null;
  }
  const outstanding = owed > 0n ? owed : 0n;
  if (runaway === null || outstanding === 0n) return { standing: 'good', outstanding };
  const reason =
    `Withdrew ${runaway.what} on chain in slot ${runaway.slot} while owing ` +
    `${formatUnits(runaway.owedThen)} USDC of profit share; ${formatUnits(outstanding)} USDC is still unpaid.`;
  return { standing: 'delinquent', outstanding, evidence: runaway, reason };
}
