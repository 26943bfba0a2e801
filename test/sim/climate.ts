// Climate: which kinds of weather a history has at all, drawn from its seed. With every kind in
// every history most would end in hardly any payment: a race between two daemons needs SOL and no
// halt, a dropped payment needs one that landed.
import type { Address } from '../../src/core/ids.ts';
import type { Split } from '../../src/core/split.ts';
import { rulesIn, type Terms, type TermsRules } from '../../src/core/terms.ts';
import { CHECKED_MOODS, MOODS, type Mood } from './chain/moods.ts';
import type { Weather } from './provider.ts';
import type { Random } from './random.ts';
import { CREATOR_WALLETS, PEOPLE, SUB_ACCOUNTS, subscriptionOf } from './world.ts';

export type Climate = {
  /** The part of requests and answers that are lost, late or wrong. */
  readonly weather: Weather;
  /** The conditions that nodes may be in. */
  readonly moods: readonly Mood[];
  /** Whether the sponsor has SOL enough from the beginning. Otherwise gifts keep it alive. */
  readonly rich: boolean;
  /** Whether operators halt and lift. */
  readonly halts: boolean;
  /**
   * The chance at each step that no daemon runs for longer than a blockhash lives, and that every
   * node then lacks statuses.
   */
  readonly blackouts: number;
  /** Whether the database goes back to older copies of itself. */
  readonly losses: boolean;
  /** Whether the database tells its timeline. */
  readonly told: boolean;
  /** The chance at each step that every node of a provider belongs to another chain for a while. */
  readonly foreign: number;
  /**
   * The chance at each step that a stranger names one of our payments in a memo, and sends dust
   * with it.
   */
  readonly strangers: number;
  /** The chance at each step that a system other than Bailiff pays a creator. */
  readonly transfers: number;
  /**
   * The chance at each step that tokens come into an agent's wallet, from its own accounts or from
   * strangers, or that the subscriber takes some out of it.
   */
  readonly topUps: number;
  /**
   * Whether agents pay their own fees, and swap tokens for SOL when they are short of it; no
   * sponsor pays then. Each begins with SOL for a swap and not for a payment.
   */
  readonly swaps: boolean;
  /** Whether every person has an account at Velocity, too, and the daemons serve both venues. */
  readonly both: boolean;
  /** The chance at each step that a platform is given a clearance to close an account. */
  readonly clearances: number;
  /** Whether agents give the sponsor USDC for the fees that it pays. */
  readonly reimbursed: boolean;
  /**
   * By subscription: the sum below which its debts wait for each other, the age after which they
   * lapse, and the rules of its amounts.
   */
  readonly terms: ReadonlyMap<
    string,
    Pick<Terms, 'minimumPayment' | 'expiresAfterMs' | 'basis' | 'splits' | keyof TermsRules>
  >;
  /**
   * Whether account states are compared with the facts. Terms that are not plain need it, and so do
   * nodes whose histories lack transactions.
   */
  readonly checked: boolean;
  /** Whether nodes tell the index of a transaction in its block. */
  readonly placesTold: boolean;
  /** The chance that something that happens on chain is a transaction with several facts. */
  readonly bundles: number;
  /** Whether terms have rules beside the share: hurdles, caps, free periods, the gross profit. */
  readonly ruled: boolean;
  /** Whether shares are split between the two creators. */
  readonly split: boolean;
  /** The chance at each step that a subscription gets other terms. */
  readonly agreements: number;
};

/** From almost fair to hardly anything getting through. */
export const storm = (random: Random): Weather => ({
  error: random.next() * 0.3,
  lost: random.pick([0.05, 0.3, 0.9, 1]),
  denied: random.next() * 0.3,
  delayed: random.next() * 0.7,
  lag: random.next() * 0.5,
  lie: random.next() * 0.2,
});
/** Most requests are answered well, and most sends arrive. */
const breeze = (random: Random): Weather => ({
  error: random.next() * 0.1,
  lost: random.next() * 0.2,
  denied: random.next() * 0.1,
  delayed: random.next() * 0.5,
  lag: random.next() * 0.2,
  lie: random.next() * 0.1,
});

/**
 * Plain terms in half of the histories. A close brings some 80,000 base units; a history lasts a
 * few minutes.
 */
function agreed(
  random: Random,
  { marks, accounts }: { readonly marks: boolean; readonly accounts: number },
  rules: () => Partial<TermsRules>,
  splits: (creator: Address) => readonly Split[],
): Climate['terms'] {
  const varied = random.chance(0.5);
  return new Map(
    PEOPLE.flatMap((_, person) =>
      Array.from({ length: accounts }, (_each, sub) => [
        subscriptionOf(person, sub).id,
        {
          minimumPayment: varied && random.chance(0.5) ? BigInt(random.below(300_000)) : 0n,
          expiresAfterMs: varied && random.chance(0.3) ? 30_000 + random.below(120_000) : null,
          basis: marks && random.chance(0.6) ? 'high_water_mark' : 'per_close',
          ...rulesIn(rules()),
          splits: splits(subscriptionOf(person, sub).creatorWallet),
        },
      ]),
    ),
  );
}

/** A split to the other creator, in some of the subscriptions. It fits into every share. */
export function splitsOf(random: Random, creator: Address): Split[] {
  const wallet = CREATOR_WALLETS.find((each) => each !== creator);
  if (wallet === undefined || random.chance(0.3)) return [];
  const shareBps = 1 + random.below(random.chance(0.5) ? 400 : 9);
  const minimumPayment = random.chance(0.3) ? BigInt(random.below(60_000)) : 0n;
  return [{ wallet, shareBps, minimumPayment, offCurve: false, label: null }];
}

/** Rules of terms, each in some of the subscriptions. A cap per period needs `checked` accounts. */
export function rulesOf(random: Random, checked: boolean): Partial<TermsRules> {
  const some = (chance: number): boolean => random.chance(chance);
  return {
    profit: some(0.4) ? 'gross' : 'net',
    hurdle: some(0.4) ? BigInt(random.below(1_500_000)) : 0n,
    capPerClose: some(0.3) ? BigInt(random.below(120_000)) : null,
    capPerPeriod: some(0.4) && checked ? BigInt(random.below(300_000)) : null,
    periodSlots: some(0.6) ? 1 + random.below(150) : null,
    freeBeforeSlot: some(0.3) ? 5_000 + random.below(300) : 0,
  };
}

/** Rules, and the splits beside a creator, for a change of terms. */
export type DrawnTerms = {
  readonly rules: Partial<TermsRules>;
  readonly splits: (creator: Address) => readonly Split[];
};
export const termsChange = (
  { ruled, split, checked }: Pick<Climate, 'ruled' | 'split' | 'checked'>,
  random: Random,
): DrawnTerms => ({
  rules: ruled ? rulesOf(random, checked) : {},
  splits: (creator) => (split ? splitsOf(random, creator) : []),
});

/**
 * Draws the climate of a history. `moods` are conditions of nodes beside the usual ones. `apart`
 * gives the chances of what was added later, so that other histories stay as they were.
 */
export function climateOf(
  random: Random,
  apart: Random,
  moods: readonly Mood[],
  nonces: boolean,
): Climate {
  // Nonces need a sponsor.
  const swaps = apart.chance(0.15) && !nonces;
  const both = !swaps && apart.chance(0.25);
  const checked = random.chance(0.5);
  const losses = random.chance(0.3);
  const ruled = apart.chance(0.35);
  const split = apart.chance(0.3);
  return {
    weather: random.chance(0.5) ? storm(random) : breeze(random),
    moods: [...MOODS, ...(checked ? CHECKED_MOODS : []), ...moods],
    checked,
    rich: random.chance(0.6),
    halts: random.chance(0.4),
    blackouts: random.chance(0.4) ? 0.01 : 0,
    losses,
    told: random.chance(0.8),
    foreign: random.chance(0.3) ? 0.01 : 0,
    clearances: random.chance(0.4) ? 0.02 : 0,
    strangers: random.chance(0.4) ? 0.03 : 0,
    transfers: random.chance(0.4) ? 0.02 : 0,
    topUps: random.chance(0.4) || swaps ? 0.03 : 0,
    swaps,
    both,
    reimbursed: random.chance(0.4) && !swaps,
    terms: agreed(
      random,
      { marks: checked && random.chance(0.6), accounts: SUB_ACCOUNTS + (both ? 1 : 0) },
      () => (ruled ? rulesOf(apart, checked) : {}),
      (creator) => (split ? splitsOf(apart, creator) : []),
    ),
    // A database that went back has lost its newest terms, which only a person can name again.
    agreements: checked && !losses && random.chance(0.6) ? 0.01 : 0,
    ruled,
    split,
    placesTold: random.chance(0.6),
    bundles: random.chance(0.7) ? 0.15 : 0,
  };
}
