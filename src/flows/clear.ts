// Clear: a platform asks whether a subscriber may withdraw or close. What is owed is paid at once if it can be; then the
// answer is a clearance, or a sentence that says why not and what to do.
import { type Clearance, whyBlocked } from '../core/clearance.ts';
import { Fault } from '../core/fault.ts';
import type { BaseUnits } from '../core/money.ts';
import type { Chain } from '../core/outside.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';

export type ClearAnswer =
  | { readonly status: 'cleared'; readonly clearance: Clearance; readonly untilMs: number }
  | { readonly status: 'blocked'; readonly outstanding: BaseUnits; readonly reason: string };

export type ClearPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly log: Log;
  /** Judges the subscriber anew and returns what is owed. */
  readonly outstanding: (subscriberId: string) => Promise<BaseUnits>;
  /** Gets the subscriber's lane going. */
  readonly nudge: (subscriberId: string) => void;
};
export type ClearOptions = {
  readonly lastsMs: number;
  /** How long the answer may take while a payment is on its way. */
  readonly patienceMs: number;
};

const POLL_MS = 100;
/** The shortest slot the network is going to have: a clearance never ends earlier on chain than on the clock. */
const SLOT_MS_LEAST = 200;

/** Asked again under the same id, it answers with what was granted then. */
export type Clear = (
  subscriberId: string,
  wanted: { id: string; purpose: Clearance['purpose']; amount: BaseUnits | null },
) => Promise<ClearAnswer>;

export function createClear(ports: ClearPorts, options: ClearOptions): Clear {
  const { ledger, chain, clock, log } = ports;
  const never = new AbortController().signal;

  /** Tries what is owed now, and waits until it is paid or known to be stuck. */
  const settleUp = async (subscriberId: string): Promise<BaseUnits> => {
    const deadlineMs = clock.nowMs() + options.patienceMs;
    await ledger.shares.hasten(subscriberId);
    ports.nudge(subscriberId);
    // An attempt may have been under way when we asked, and have looked before whatever has changed since: the first refusal
    // is asked about once more.
    let refusals = 0;
    for (;;) {
      const owed = await ports.outstanding(subscriberId);
      if (owed === 0n || clock.nowMs() >= deadlineMs) return owed;
      const open = await ledger.shares.open(subscriberId);
      const stuck =
        open.length > 0 &&
        open.every((each) => each.reason !== null && each.status !== 'processing');
      if (stuck && ++refusals > 1) return owed;
      if (stuck) {
        await ledger.shares.hasten(subscriberId);
        ports.nudge(subscriberId);
      }
      await clock.sleep(POLL_MS, never);
    }
  };

  return async (subscriberId, { id, purpose, amount }) => {
    if ((await ledger.subscribers.find(subscriberId)) === null) {
      throw new Fault('not_found', `Subscriber ${subscriberId} is not registered.`);
    }
    const known = await ledger.clearances.find(subscriberId, id);
    if (known !== null) return { status: 'cleared', clearance: known, untilMs: known.untilMs };
    let owed = await ports.outstanding(subscriberId);
    if (owed > 0n) owed = await settleUp(subscriberId);
    if (owed > 0n) {
      const [stuck] = (await ledger.shares.open(subscriberId)).filter(
        (each) => each.reason !== null,
      );
      const reason = whyBlocked(owed, stuck?.reason ?? null);
      log.info('clearance.blocked', { subscriber: subscriberId, purpose, outstanding: owed });
      return { status: 'blocked', outstanding: owed, reason };
    }
    const grantedSlot = await chain.slot('confirmed');
    const grantedAtMs = clock.nowMs();
    const clearance: Clearance = {
      id,
      purpose,
      amount,
      grantedSlot,
      untilSlot: grantedSlot + Math.ceil(options.lastsMs / SLOT_MS_LEAST),
    };
    const untilMs = grantedAtMs + options.lastsMs;
    await ledger.clearances.grant(subscriberId, clearance, grantedAtMs, untilMs);
    log.info('clearance.granted', {
      subscriber: subscriberId,
      purpose,
      amount,
      clearance: id,
    });
    return { status: 'cleared', clearance, untilMs };
  };
}
