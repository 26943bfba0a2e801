// Accepted changes: a person has looked at a change that no fact explains, and accepts it: the
// state of an account, a token account that is not followed, or a transaction that no node
// gives. Profit that was missed is not booked afterwards; from here on state and facts must
// agree again.
import { Fault } from '../core/fault.ts';
import { isSignature } from '../core/ids.ts';
import { venueOf } from '../core/venue.ts';
import type { CheckPorts } from './state-check.ts';
import type { WatchedAccounts } from './watched.ts';

/**
 * Accepts an account (by its address) or a transaction (by its signature), with the person's
 * reason.
 */
export type Accept = (subject: string, reason: string) => Promise<void>;

/**
 * Creates the flow. It throws `not_found` for an account that is not watched or a transaction that
 * is not waited for, and `conflict` for an account that shows nothing to accept.
 */
export function createAccept(
  ports: Pick<CheckPorts, 'ledger' | 'chain' | 'venues' | 'log'> & { watched: WatchedAccounts },
): Accept {
  const { ledger, chain, venues, watched, log } = ports;
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
      if (await ledger.unfollowed.remove(subject as never, null)) {
        log.warn('account.gap_accepted', { address: subject, reason });
        return;
      }
      throw new Fault('not_found', `${subject} is not watched. Register its subscriber first.`);
    }
    const { slot, accounts } = await chain.witnessed(() =>
      chain.slices([account.address], null, 'finalized'),
    );
    const state = venueOf(venues, account).stateOf(account.role, slot, accounts[0] ?? null);
    if (state === null || !(await ledger.checks.accept(account.address, state)))
      throw new Fault(
        'conflict',
        `${subject} has no gap and nothing else to accept: its state and its facts agree.`,
      );
    log.warn('account.gap_accepted', {
      address: subject,
      subscriber: account.subscriberId,
      slot,
      reason,
    });
  };
}
