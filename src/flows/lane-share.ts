// Lane share: which daemon works on the lane of a subscriber, where daemons share the hearing. The
// daemon that hears a subscriber's accounts pays its debts: that daemon has compared the ledger
// with the chain for this subscriber, and hears first that a payment was executed. Several daemons
// in one lane would pay once as well, because the ledger decides each step, but each of them would
// ask the chain again. A daemon that learns of work for another one tells it through the ledger.
import type { Clock } from '../core/ports.ts';
import type { HearingShare } from './hearing-share.ts';
import type { Lanes } from './lanes.ts';

/**
 * Work that another daemon has not done for this long is taken, because that daemon may hear the
 * accounts and not be able to pay. The time is longer than a payment takes to expire, and longer
 * than most payments wait in a burst.
 */
const LEFT_MS = 5 * 60_000;

export type LaneShare = {
  /** Whether this daemon works on the lane of a subscriber. */
  isMine(subscriberId: string): boolean;
  /** As `Lanes.nudge`, in this daemon or in the one whose lane it is. */
  nudge: Lanes['nudge'];
  /** Takes a nudge that another daemon passed on. Those for a third daemon are dropped. */
  passed(subscriberId: string): void;
  /** Nudges the lanes of this daemon among all subscribers who have work now. */
  due(subscriberIds: readonly string[]): void;
};
export type LaneSharePorts = {
  readonly share: Pick<HearingShare, 'isMine'>;
  readonly nudge: Lanes['nudge'];
  /** Tells all daemons that this subscriber has work. */
  readonly pass: (subscriberId: string) => Promise<void>;
  readonly clock: Pick<Clock, 'elapsedMs'>;
};

/** Creates the share, which knows of no work. */
export function createLaneShare(ports: LaneSharePorts): LaneShare {
  const { share, nudge, clock } = ports;
  /** Since when subscribers of other daemons have had work. */
  let since: ReadonlyMap<string, number> = new Map();
  const isLeft = (id: string): boolean =>
    clock.elapsedMs() - (since.get(id) ?? Number.POSITIVE_INFINITY) >= LEFT_MS;
  const isMine = (id: string): boolean => share.isMine(id) || isLeft(id);
  return {
    isMine,
    nudge(id, ahead) {
      if (isMine(id)) nudge(id, ahead);
      // A nudge may be lost: the other daemon asks the ledger for due debts every few seconds.
      else void ports.pass(id).catch(() => {});
    },
    passed(id) {
      if (isMine(id)) nudge(id);
    },
    due(ids) {
      const now = clock.elapsedMs();
      const others = ids.filter((id) => !share.isMine(id));
      since = new Map(others.map((id) => [id, since.get(id) ?? now]));
      for (const id of ids) if (isMine(id)) nudge(id);
    },
  };
}
