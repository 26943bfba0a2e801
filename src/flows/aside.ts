// Aside: what fails is noted with its reason and tried again, later each time, so that its
// neighbours go on. What keeps failing is told to a person, once.

import { Fault, messageOf } from '../core/fault.ts';
import type { AsideKind, Asides } from '../core/hearing-ports.ts';
import type { Clock, Log } from '../core/ports.ts';

/** So many failures in a row, and a person is told. */
const ALARM_AFTER = 5;
const FIRST_MS = 1_000;
const MOST_MS = 5 * 60_000;
const DAY_MS = 24 * 3_600_000;

export type SetAside = {
  /** Notes a failure. Returns when it is tried again. */
  failed(kind: AsideKind, subject: string, thrown: unknown): Promise<number>;
  /**
   * Notes what must not be tried again by itself: it is looked at once a day, and tells a person at
   * once.
   */
  forGood(kind: AsideKind, subject: string, reason: string): Promise<void>;
  /** It went well again. */
  succeeded(kind: AsideKind, subject: string): Promise<void>;
  /** When each of those that fail may be tried again. */
  of(kind: AsideKind): Promise<ReadonlyMap<string, number>>;
};

export function createAside(ports: {
  readonly ledger: { readonly asides: Asides };
  readonly clock: Clock;
  readonly log: Log;
}): SetAside {
  const { clock, log } = ports;
  const { asides } = ports.ledger;
  return {
    async failed(kind, subject, thrown) {
      // When the ledger is away, that is no fault of this subject: the caller's loop tries again.
      if (thrown instanceof Fault && thrown.code === 'ledger_unavailable') throw thrown;
      const reason = messageOf(thrown).slice(0, 500);
      const { attempts, retryMs } = await asides.put({
        kind,
        subject,
        reason,
        nowMs: clock.nowMs(),
        firstMs: FIRST_MS,
        mostMs: MOST_MS,
      });
      if (attempts === ALARM_AFTER)
        log.error('hearing.set_aside', { kind, subject, reason, attempts });
      else if (attempts === 1) log.warn('hearing.failed', { kind, subject, reason });
      return retryMs;
    },
    async forGood(kind, subject, reason) {
      const nowMs = clock.nowMs();
      const { attempts } = await asides.put({
        kind,
        subject,
        reason,
        nowMs,
        firstMs: DAY_MS,
        mostMs: DAY_MS,
      });
      log.error('hearing.set_aside', { kind, subject, reason, attempts });
    },
    async succeeded(kind, subject) {
      const attempts = await asides.clear(kind, subject);
      if (attempts >= ALARM_AFTER) log.info('hearing.recovered', { kind, subject, attempts });
    },
    of: (kind) => asides.of(kind),
  };
}
