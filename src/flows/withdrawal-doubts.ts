// Withdrawal doubts: from the moment at which an account shows that value left a subscriber who
// owes something, and no payment of the daemon explains it, the gate does not vouch for this
// subscriber, until the transactions of the change are read and judged. The state of an account
// shows a withdrawal sooner than its transaction can be read, and in a burst much sooner. The doubt
// decides nothing else: standings rest on transactions alone.
import type { Address, Slot } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { Doubt, Roster } from '../core/roster.ts';
import type { AccountChanges } from './account-changes.ts';
import type { HearingSharePorts } from './hearing-share.ts';
import type { Publisher } from './publish.ts';
import type { WatchedAccounts } from './watched.ts';

export const VALUE_LEFT: Doubt = {
  reason:
    'Value has just left an account of this subscriber, who owes something. Its transaction is being read.',
};
/** A doubt of another daemon lasts this long after that daemon has last told of it. */
const TOLD_MS = 3_000;

export type WithdrawalDoubtPorts = {
  readonly ledger: Pick<Ledger, 'sightings'>;
  readonly roster: Pick<Roster, 'doubtAlso'>;
  readonly publisher: Pick<Publisher, 'doubt'>;
  readonly watched: Pick<WatchedAccounts, 'map'>;
  readonly watch: Pick<AccountChanges, 'isPending'>;
  /** Judges the standings of these subscribers. */
  readonly judge: (subscriberIds: readonly string[]) => Promise<void>;
  /** As `HearingSharePorts.elsewhere`: what other daemons have read, and whom they pay. */
  readonly elsewhere: HearingSharePorts['elsewhere'];
  /** Tells all daemons of a doubt; null where daemons do not share the hearing. */
  readonly tell: ((subscriberId: string) => Promise<void>) | null;
  readonly clock: Pick<Clock, 'elapsedMs'>;
  readonly log: Log;
};
export type WithdrawalDoubts = {
  /**
   * Value left this account, whose subscriber owes something. No doubt begins where another daemon
   * pays the subscriber, or a transaction of that slot was read. Never rejects.
   */
  begin(account: Address, slot: Slot): Promise<void>;
  /** Takes the doubt that a daemon tells about a subscriber. */
  told(subscriberId: string): void;
  /** Ends the doubts whose transactions are read and judged, and tells of those that last. */
  round(): Promise<void>;
  /** The doubts that last. */
  why(): ReadonlyMap<string, Doubt>;
};

/** Creates the memory of withdrawal doubts, which has none. */
export function createWithdrawalDoubts(ports: WithdrawalDoubtPorts): WithdrawalDoubts {
  const { ledger, roster, publisher, watched, watch, clock, log } = ports;
  /** The accounts that value left, by subscriber. */
  const mine = new Map<string, ReadonlySet<Address>>();
  /** Until when the doubts of other daemons last, by subscriber. */
  const others = new Map<string, number>();

  const apply = (subscriberId: string): void => {
    roster.doubtAlso(subscriberId, VALUE_LEFT);
    publisher.doubt(subscriberId, VALUE_LEFT);
  };
  const tell = (subscriberId: string): void => {
    // A notification that is lost is followed by another one in the next round.
    void ports.tell?.(subscriberId).catch(() => {});
  };
  /**
   * Whether another daemon pays the subscriber or has read a transaction of this slot. False when
   * the ledger does not answer.
   */
  const isExplained = async (address: Address, subscriberId: string, slot: Slot) => {
    const asked = [{ address, subscriberId, slots: [slot] }];
    const known = await ports.elsewhere(asked).catch(() => null);
    return known !== null && (known.told.length > 0 || known.paying.has(subscriberId));
  };
  /** The doubted subscribers whose changes are all read, each with the accounts that value left. */
  const settled = (): [string, ReadonlySet<Address>][] =>
    [...mine].filter(([, accounts]) => ![...accounts].some((each) => watch.isPending(each)));

  return {
    async begin(account, slot) {
      const subscriber = watched.map.get(account)?.subscriberId;
      if (subscriber === undefined) return;
      if (!mine.has(subscriber) && (await isExplained(account, subscriber, slot))) return;
      const known = mine.get(subscriber);
      // A new set: a round that is ending the doubt sees that it has begun again.
      mine.set(subscriber, new Set([...(known ?? []), account]));
      if (known !== undefined) return;
      apply(subscriber);
      tell(subscriber);
      log.info('gate.doubted', { subscriber, account, slot });
    },
    told(subscriberId) {
      if (mine.has(subscriberId)) return;
      const isNew = !others.has(subscriberId);
      others.set(subscriberId, clock.elapsedMs() + TOLD_MS);
      if (isNew) apply(subscriberId);
    },
    async round() {
      for (const [id, untilMs] of others) if (untilMs <= clock.elapsedMs()) others.delete(id);
      for (const [id, accounts] of mine)
        if (![...accounts].some((each) => watched.map.has(each))) mine.delete(id);
      const ready = settled();
      if (ready.length > 0) {
        const accounts = ready.flatMap(([, each]) => [...each]);
        const unread = new Set(await ledger.sightings.unreadAmong(accounts));
        const read = ready.filter(([, each]) => ![...each].some((account) => unread.has(account)));
        // A verdict on what was read may still be under way; this one sees all of it.
        await ports.judge(read.map(([id]) => id));
        for (const [id, before] of read) if (mine.get(id) === before) mine.delete(id);
      }
      for (const id of mine.keys()) tell(id);
    },
    why: () => new Map([...mine.keys(), ...others.keys()].map((id) => [id, VALUE_LEFT])),
  };
}
