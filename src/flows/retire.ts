// Retire: lets a subscriber leave. Its accounts are not watched afterwards, so it may leave only
// when every transaction of it is heard, nothing is owed, and no position is open that could make a
// debt.
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { VenueAccount } from '../core/ports.ts';
import { type AccountState, checkState, differenceOf, NO_COUNTERS } from '../core/reckoning.ts';
import type { Roster } from '../core/roster.ts';
import { judge } from '../core/standing.ts';
import { flatFeeFor } from './deletion-check.ts';
import type { CheckPorts } from './state-check.ts';
import type { WatchedAccounts } from './watched.ts';

export type RetirePorts = CheckPorts & {
  readonly roster: Roster;
  readonly watched: WatchedAccounts;
  /** Called with the accounts that are no longer watched. */
  readonly onLeft: (addresses: readonly Address[]) => Promise<void>;
};
export type Retire = (subscriberId: string) => Promise<void>;

/**
 * Creates the flow. It throws `not_found`, `conflict` with the reason, or `not_ready` while
 * transactions of the subscriber are still unheard.
 */
export function createRetire(ports: RetirePorts): Retire {
  const { ledger, chain, venues, clock, roster, watched, log } = ports;

  const holds = (state: AccountState | null): boolean => (state?.positions ?? []).length > 0;

  /**
   * Checks the account's own state: no open position, no change that was not heard, nothing that is
   * not final yet. Throws when one of these fails.
   */
  const requireDone = async ({
    address,
    subAccountId,
    venue: name,
  }: VenueAccount): Promise<void> => {
    const venue = venues.of(name);
    const { final, now } = await chain.witnessed(async () => ({
      final: await chain.slices([address], null, 'finalized'),
      now: await chain.slices([address], null, 'confirmed'),
    }));
    const state = venue.stateOf('drift_user', final.slot, final.accounts[0] ?? null);
    const latest = venue.stateOf('drift_user', final.slot, now.accounts[0] ?? null);
    if (holds(state) || holds(latest))
      throw new Fault(
        'conflict',
        `Sub-account ${subAccountId} holds positions, whose profit would be shared. Close them first.`,
      );
    if (state === null || latest === null) return;
    const baseline = (await ledger.checks.find([address]))[0]?.baseline ?? null;
    const still = differenceOf(state, NO_COUNTERS, latest) === null;
    if (still && baseline !== null && baseline.slot <= state.slot) {
      const { told, unknowns, perhaps } = await ledger.checks.told(
        address,
        baseline.slot,
        state.slot,
      );
      const flatFee = await flatFeeFor({ chain, venue }, perhaps);
      const check = checkState(baseline, told, unknowns, state, perhaps, flatFee);
      if (check.verdict === 'explained') return;
    }
    throw new Fault(
      'not_ready',
      `Not every transaction of sub-account ${subAccountId} is heard and final yet. Ask again in a minute; GET /v1/hearing shows gaps.`,
    );
  };

  return async (subscriberId) => {
    const subscriber = await ledger.subscribers.find(subscriberId);
    if (subscriber === null)
      throw new Fault('not_found', `Subscriber ${subscriberId} is not registered.`);
    if (subscriber.retiredAtMs !== null) return;
    const slot = await chain.slot('confirmed');
    for (const account of subscriber.driftAccounts) await requireDone(account);
    await ledger.standings.update(subscriberId, judge);
    // A position opened after the states that were read owes nothing.
    if (!(await ledger.subscribers.retire(subscriberId, slot, clock.nowMs())))
      throw new Fault(
        'conflict',
        `${subscriberId} owes something, or a payment is on its way. Let it be paid, or forgive it, first.`,
      );
    const left = await ledger.watchList.ofSubscriber(subscriberId);
    await watched.refresh();
    const entry = await ledger.standings.entry(subscriberId);
    if (entry !== null) roster.apply(entry);
    log.info('subscriber.retired', { subscriber: subscriberId });
    await ports.onLeft(left.map(({ address }) => address));
  };
}
