// Late facts: keeps profit from being counted twice where a transaction is heard while a stretch of
// its account is reckoned, or afterwards. A reckoning is the whole difference of two states less
// what had been heard between them, so everything that is heard between them later stands in that
// sum already: closes, losses and fees alike.
import type { ToldStretch } from './check-ports.ts';
import type { Fact, FactBody, Reckoning } from './fact.ts';
import type { Address, Slot } from './ids.ts';
import { COUNTERS, rewardsOf } from './reckoning.ts';
import { LAST_ORDINAL } from './transaction.ts';

/** A reckoning on record: its account, the slot of its fact, and the two slots that prove it. */
export type Reckoned = Pick<Fact, 'subscriberId' | 'account'> &
  Pick<Reckoning, 'afterSlot' | 'uptoSlot'> & { readonly slot: Slot };

/** Kinds of fact that tell how positions and the realised total of an account changed. */
const RECORDED: ReadonlySet<FactBody['kind']> = new Set(['open', 'close', 'tally']);

/** Whether a fact tells a part of what a reckoning sums. Funding and deposits are none of it. */
const isSummed = ({ body }: Fact): boolean =>
  body.kind === 'open' ||
  body.kind === 'close' ||
  (body.kind === 'tally' && body.realised !== body.funding);

/**
 * The fact that stands for the movements of an account which `own` tells too late. A gain before
 * the place of the reckoning may be owed from there on, so the fact says where it was made. After
 * that place the state of the reckoning holds each opening.
 */
function standIn(own: readonly Fact[], first: Fact, { slot }: Reckoned): Fact {
  const gains = own.flatMap(({ body, position }) =>
    body.kind === 'close' && body.netPnl > 0n && position.slot < slot ? [position.ordinal] : [],
  );
  const from = gains.length === 0 ? null : Math.min(...gains);
  const last = gains.length === 0 ? null : Math.max(...gains);
  return {
    ...first,
    position: { ...first.position, ordinal: LAST_ORDINAL },
    body: {
      kind: 'unknown',
      why: 'reckoned',
      tradedAt: last,
      ...(from === null || from === last ? {} : { tradedFrom: from }),
    },
  };
}

/** Facts as they may be recorded, and the accounts of which something was heard too late. */
export type Admitted = { readonly facts: readonly Fact[]; readonly late: readonly Address[] };

/**
 * The facts of one transaction that may be recorded beside these reckonings. Where the transaction
 * lies in a reckoned stretch of an account, its openings, closes and tallies of that account become
 * one `unknown` fact: their sum is part of the reckoning. `counted` says of which accounts a final
 * reading was counted before; what stands in its place stays as it is.
 */
export function admit(
  facts: readonly Fact[],
  reckonings: readonly Reckoned[],
  counted: (fact: Fact) => boolean,
): Admitted {
  const late = new Map<string, Fact>();
  const keyOf = ({ subscriberId, account }: Fact): string => `${subscriberId}/${account}`;
  for (const fact of facts) {
    if (late.has(keyOf(fact)) || !isSummed(fact) || counted(fact)) continue;
    const { slot } = fact.position;
    const reckoned = reckonings.find(
      (each) =>
        each.account === fact.account &&
        each.subscriberId === fact.subscriberId &&
        slot > each.afterSlot &&
        slot <= each.uptoSlot,
    );
    if (reckoned === undefined) continue;
    const own = facts.filter((each) => keyOf(each) === keyOf(fact));
    late.set(keyOf(fact), standIn(own, fact, reckoned));
  }
  if (late.size === 0) return { facts, late: [] };
  const kept = facts.filter((fact) => !(late.has(keyOf(fact)) && RECORDED.has(fact.body.kind)));
  const cut = new Set(kept.filter(({ body }) => body.kind === 'unknown').map(keyOf));
  const added = [...late].flatMap(([key, fact]) => (cut.has(key) ? [] : [fact]));
  return { facts: [...kept, ...added], late: [...late.values()].map(({ account }) => account) };
}

/**
 * The sums that the facts of a late transaction tell of an account, in quote base units. They are
 * told to the operator.
 */
export type LateSums = {
  /** PnL of its closes less their fees. */
  readonly netPnl: bigint;
  /** The change of the realised total without funding; differs where a loss or reward moved. */
  readonly realised: bigint;
};

/** The sums that these facts tell of an account. */
export function lateSums(facts: readonly Fact[], account: Address): LateSums {
  let [netPnl, realised] = [0n, 0n];
  for (const { body, account: own } of facts) {
    if (own !== account) continue;
    if (body.kind === 'close') netPnl += body.netPnl;
    if (body.kind === 'tally') realised += body.realised - body.funding;
  }
  return { netPnl, realised };
}

/**
 * Whether two readings of the facts between two states lead to the same verdict: all sums, all
 * counts, and the transactions that no node gives are the same.
 */
export function isSameStretch(one: ToldStretch, other: ToldStretch): boolean {
  const [a, b] = [one, other].map(({ told, perhaps, unreadable, ...each }) => [
    ...COUNTERS.map((name) => told[name]),
    told.quiet ?? 0,
    told.lossesMoved ?? 0,
    rewardsOf(perhaps),
    perhaps.amounts.length,
    perhaps.untoldFees,
    each.tallies,
    each.unknowns,
    each.complete,
    each.deletedSlot,
    [...unreadable].sort().join(),
  ]);
  return (a ?? []).every((value, index) => value === b?.[index]);
}
