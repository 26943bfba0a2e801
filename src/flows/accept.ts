// Accept: a person has looked at a gap and takes the account's state for right as it is: a referral reward, say, which no
// record names. What was missed is not made up for; from here on everything must add up again.
import { Fault } from '../core/fault.ts';
import type { CheckPorts } from './check.ts';
import type { WatchedAccounts } from './watched.ts';

/** Throws `not_found` for an account that nobody watches, `conflict` for one without a gap. */
export function createAccept(
  ports: CheckPorts & { watched: WatchedAccounts },
): (address: string, reason: string) => Promise<void> {
  const { ledger, chain, venue, watched, log } = ports;
  return async (address, reason) => {
    const account = watched.map.get(address);
    if (account === undefined)
      throw new Fault('not_found', `Nobody watches ${address}. Register its subscriber first.`);
    const { slot, accounts } = await chain.slices([account.address], null, 'finalized');
    const state = venue.stateOf(account.role, slot, accounts[0] ?? null);
    if (state === null || !(await ledger.checks.accept(account.address, state)))
      throw new Fault(
        'conflict',
        `${address} has no gap: its state and what was heard of it agree.`,
      );
    log.warn('account.gap_accepted', { address, subscriber: account.subscriberId, slot, reason });
  };
}
