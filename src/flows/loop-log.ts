// Loop log: the lines about a loop whose runs fail. In an outage of Postgres or of the node some
// twenty loops fail every second to every fifth second. Each of them writes one line for each kind
// of failure in five minutes, and one line when a run has ended well.
import { Fault, messageOf } from '../core/fault.ts';
import { ledgerFault } from '../core/ledger-fault.ts';
import type { Clock, Log } from '../core/ports.ts';

export type LoopLog = {
  /** Takes what a run threw. Logs `loop.failed` unless its kind was logged less than 5 min ago. */
  failed(thrown: unknown): void;
  /** Is told of a run that ended well. Logs `loop.recovered` when the run before it had failed. */
  ran(): void;
};

/** A failure of a kind that was logged is logged again after this time. Milliseconds. */
const AGAIN_MS = 5 * 60_000;
/** Kinds that are told apart; all others are one more kind. */
const KINDS_MOST = 20;

const codeOf = (thrown: unknown): string => {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
};
/**
 * The kind of a failure: of a fault its code and that of its cause, such as 53100 of Postgres; of
 * any other error its text without numbers, which may count seconds or name a port.
 */
const kindOf = (thrown: unknown): string =>
  thrown instanceof Fault
    ? `${thrown.code} ${codeOf(thrown.cause)}`
    : messageOf(thrown).replaceAll(/\d+/g, '0');

/** Creates the log of one loop. */
export function createLoopLog(loop: string, clock: Pick<Clock, 'elapsedMs'>, log: Log): LoopLog {
  /** When each kind was logged last, by `elapsedMs`, since the last good run. */
  const logged = new Map<string, number>();
  let failures = 0;
  let sinceMs = 0;
  return {
    failed(given) {
      const nowMs = clock.elapsedMs();
      if (failures === 0) sinceMs = nowMs;
      failures++;
      // A failure of Postgres or of the connection to it passes, and its sentence says what to do.
      const thrown = ledgerFault(given);
      const found = kindOf(thrown);
      const kind = logged.has(found) || logged.size < KINDS_MOST ? found : 'any other';
      const before = logged.get(kind);
      if (before !== undefined && nowMs - before < AGAIN_MS) return;
      logged.set(kind, nowMs);
      const passing = thrown instanceof Fault && thrown.retry === 'later';
      log[passing ? 'warn' : 'error']('loop.failed', {
        loop,
        message: messageOf(thrown),
        failures,
        ...(passing ? {} : { err: thrown }),
      });
    },
    ran() {
      if (failures === 0) return;
      log.info('loop.recovered', { loop, failures, afterMs: clock.elapsedMs() - sinceMs });
      logged.clear();
      failures = 0;
    },
  };
}
