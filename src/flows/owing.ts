// Owing: counts for how long subscribers owe. Each call adds the time since the last one to
// subscribers whose debts wait for an act of their own, and to none while the daemon itself
// cannot see the chain.

import { countsAgainst } from '../core/owing.ts';
import type { Clock, Ledger } from '../core/ports.ts';
import type { Roster } from '../core/roster.ts';

export type OwingPorts = {
  readonly ledger: Ledger;
  readonly roster: Roster;
  readonly clock: Clock;
};

/**
 * Ages the debts once. Returns the subscribers whose time began, paused or was corrected; their
 * roster entries have changed.
 */
export async function ageDebts(
  { ledger, roster, clock }: OwingPorts,
  options: { readonly staleAfterMs: number; readonly owedForMsMost: number | null },
): Promise<string[]> {
  const { observedAtMs } = roster.freshness();
  const seeing =
    roster.doubts.all === null &&
    observedAtMs !== null &&
    clock.nowMs() - observedAtMs <= options.staleAfterMs;
  const waiting = seeing ? await ledger.owing.waiting() : [];
  const counting = waiting.filter(({ debts }) => countsAgainst(debts));
  return ledger.owing.age(
    counting.map((each) => each.subscriberId),
    options.owedForMsMost,
  );
}
