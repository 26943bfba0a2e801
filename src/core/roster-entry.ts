// Roster entry: the standing of one subscriber, as the roster holds it and the stream sends it.
import type { BaseUnits } from './money.ts';
import type { Evidence } from './standing.ts';
import { type Owed, USDC } from './token.ts';

/** `retired`: the subscriber has left and owes nothing; its accounts are no longer watched. */
export const ROSTER_STANDINGS = ['good', 'delinquent', 'retired'] as const;
export type RosterStanding = (typeof ROSTER_STANDINGS)[number];

export type RosterEntry = {
  readonly subscriberId: string;
  readonly agentWallet: string;
  readonly standing: RosterStanding;
  /** The sum owed over all tokens, in base units; 0 exactly when nothing is owed. */
  readonly outstanding: BaseUnits;
  /** The sums owed by token; left out by servers of the release before, where all is USDC. */
  readonly owed?: readonly Owed[];
  /**
   * The moment from which the time that counts as owed would have run without a pause. Time in
   * which the subscriber could do nothing about its debts does not count. Null when nothing is
   * owed, and while no time counts, unless the limit of the settings was passed before.
   */
  readonly owedSinceMs: number | null;
  readonly reason: string | null;
  readonly evidence: Evidence | null;
  readonly revision: bigint;
};

/**
 * A place in the series of changes. Each change draws a new nonce, so a revision that a ledger gave
 * out twice, because it lost the first change, has two different marks. The nonce is null at
 * revision 0, where there is no change.
 */
export type Mark = { readonly revision: bigint; readonly nonce: string | null };
/** An entry as one change left it, with the nonce of that change. */
export type RosterChange = RosterEntry & { readonly nonce: string };

/** The debts of an entry, by token. */
export const owedIn = ({ outstanding, owed }: Pick<RosterEntry, 'outstanding' | 'owed'>) =>
  owed ?? (outstanding === 0n ? [] : [{ ...USDC, amount: outstanding }]);
