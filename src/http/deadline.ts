// Deadline: limits the time of every request. A Postgres that hangs answers nothing, so the daemon
// answers 503 itself when a request takes longer than `http.answerMs`.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Milliseconds that the route may take in addition to `http.answerMs`; `never` for a stream.
     */
    patienceMs?: number | 'never';
  }
}

const LATE = Symbol('late');
const ENDED = Symbol('ended');
type Marked = FastifyRequest & { [LATE]?: true; [ENDED]?: AbortSignal };

/** Whether the deadline has answered the request, so that nothing more may be awaited for it. */
export const isLate = (request: Marked): boolean => request[LATE] === true;

/** The signal of a request that the deadline does not watch. */
const UNWATCHED = new AbortController().signal;

/**
 * Aborts when nothing more may be read for the request: the deadline has answered it, or its client
 * has closed the connection. The signal also aborts once the answer has been sent. For a route
 * whose `patienceMs` is `never` the signal never aborts.
 */
export const endOf = (request: Marked): AbortSignal => request[ENDED] ?? UNWATCHED;

export type DeadlineOptions = {
  readonly clock: Clock;
  readonly answerMs: number;
  /** When the ledger last took a write, milliseconds since 1970; null before the first. */
  readonly ledgerAtMs: () => number | null;
};

/**
 * The answer to a request that took `ms`. The ledger is the reason when its last write is older
 * than half of `answerMs`, or when there was none since the start (`ledgerAtMs` null).
 */
function lateFault(ledgerAtMs: number | null, nowMs: number, answerMs: number, ms: number): Fault {
  if (ledgerAtMs === null)
    return new Fault(
      'ledger_unavailable',
      'Postgres has taken no write since this daemon began. Ask again.',
    );
  const silentMs = nowMs - ledgerAtMs;
  return silentMs > answerMs / 2
    ? new Fault('ledger_unavailable', `Postgres has taken no write for ${silentMs} ms. Ask again.`)
    : new Fault('not_ready', `No answer within ${ms} ms. Ask again; use an Idempotency-Key.`);
}

/**
 * Answers a request that takes too long: `ledger_unavailable` when the ledger takes no writes, else
 * `not_ready`. Must be installed before every other hook.
 */
export function installDeadline(app: FastifyInstance, options: DeadlineOptions): void {
  const { clock, answerMs, ledgerAtMs } = options;
  app.addHook('onRequest', async (request: Marked, reply) => {
    const { patienceMs = 0 } = request.routeOptions.config;
    if (patienceMs === 'never') return;
    const ms = answerMs + patienceMs;
    const ended = new AbortController();
    // The reason is given because `abort()` without one builds an error, whose stack costs 8 µs a
    // request.
    reply.raw.once('close', () => ended.abort('answered'));
    request[ENDED] = ended.signal;
    const wait = (): Promise<void> => clock.sleep(ms, ended.signal);
    const arrived = wait().then(async () => {
      // The time in which a client sends its body has a bound of its own, http.bodyMs.
      while (!request.raw.complete && !ended.signal.aborted) await wait();
    });
    void arrived.then(() => {
      if (ended.signal.aborted || reply.sent) return;
      request[LATE] = true;
      ended.abort('late');
      void reply.send(lateFault(ledgerAtMs(), clock.nowMs(), answerMs, ms));
    });
  });
}
