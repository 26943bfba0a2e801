// Aside: records what fails, with the reason, and when it is tried again: each time later, so that
// others go on meanwhile. A subject that keeps failing is reported to a person once.

import { Fault, messageOf } from '../core/fault.ts';
import type { AsideKind, Asides } from '../core/hearing-ports.ts';
import { ledgerFault } from '../core/ledger-fault.ts';
import type { Clock, Log } from '../core/ports.ts';

/** After this many failures in a row a person is told. */
const ALARM_AFTER = 5;
const FIRST_MS = 1_000;
const MOST_MS = 5 * 60_000;
const DAY_MS = 24 * 3_600_000;

export type SetAside = {
  /**
   * Records a failure. Returns the time of the next try, in milliseconds. A failure of Postgres is
   * thrown as `ledger_unavailable`.
   */
  failed(kind: AsideKind, subject: string, thrown: unknown): Promise<number>;
  /**
   * Records a subject that must not be tried again soon: it is tried once a day, and a person is
   * told at once.
   */
  forGood(kind: AsideKind, subject: string, reason: string): Promise<void>;
  /** The subject succeeded: its failures are forgotten. */
  succeeded(kind: AsideKind, subject: string): Promise<void>;
  /** The failing subjects of this kind, each with the time of its next try in milliseconds. */
  of(kind: AsideKind): Promise<ReadonlyMap<string, number>>;
};

/** Creates the list of things that fail. It is kept in the ledger, so every daemon sees it. */
export function createAside(ports: {
  readonly ledger: { readonly asides: Asides };
  readonly clock: Clock;
  readonly log: Log;
}): SetAside {
  const { clock, log } = ports;
  const { asides } = ports.ledger;
  return {
    async failed(kind, subject, thrown) {
      // When the ledger does not answer or takes no write, this subject is not at fault: the
      // caller's loop fails, and tries again. A full disk may still take the row of this failure.
      const fault = ledgerFault(thrown);
      if (fault instanceof Fault && fault.code === 'ledger_unavailable') throw fault;
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
