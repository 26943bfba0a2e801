// Accept: a person has looked at what no fact explains, and takes it for right as it is: the state
// of an account, a token account that is not followed, or a transaction that no node gives. What
// was missed is not made up for; from here on everything must add up again.
import { Fault } from '../core/fault.ts';
import { isSignature } from '../core/ids.ts';
import type { CheckPorts } from './check.ts';
import type { WatchedAccounts } from './watched.ts';

/** What is accepted, by the address of an account or the signature of a transaction, and why. */
export type Accept = (subject: string, reason: string) => Promise<void>;

/**
 * Throws `not_found` for an account or transaction that is not watched or not waited for,
 * `conflict` for an account about which nothing is open.
 */
export function createAccept(
  ports: Pick<CheckPorts, 'ledger' | 'chain' | 'venue' | 'log'> & { watched: WatchedAccounts },
): Accept {
  const { ledger, chain, venue, watched, log } = ports;
  const acceptTransaction = async (
    signature: Parameters<typeof ledger.unread.accept>[0],
    reason: string,
  ): Promise<void> => {
    const subscribers = await ledger.unread.accept(signature);
    if (subscribers === null)
      throw new Fault('not_found', `No transaction ${signature} waits to be read.`);
    log.warn('transaction.accepted', { signature, subscribers, reason });
  };
  return async (subject, reason) => {
    if (isSignature(subject)) return acceptTransaction(subject, reason);
    const account = watched.map.get(subject);
    if (account === undefined) {
      if (await ledger.unfollowed.remove(subject as never)) {
        log.warn('account.gap_accepted', { address: subject, reason });
        return;
      }
      throw new Fault('not_found', `Nobody watches ${subject}. Register its subscriber first.`);
    }
    const { slot, accounts } = await chain.slices([account.address], null, 'finalized');
    const state = venue.stateOf(account.role, slot, accounts[0] ?? null);
    if (state === null || !(await ledger.checks.accept(account.address, state)))
      throw new Fault(
        'conflict',
        `${subject} has no gap, and nothing else about it is open: its state and what was heard of it agree.`,
      );
    log.warn('account.gap_accepted', {
      address: subject,
      subscriber: account.subscriberId,
      slot,
      reason,
    });
  };
}
