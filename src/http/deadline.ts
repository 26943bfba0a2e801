// Deadline: no request waits for ever. A Postgres that hangs answers nothing, not even that it is
// gone, so the daemon answers 503 itself once a request has taken longer than `http.answerMs`.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Milliseconds that the route may take on top of `http.answerMs`; `never` for a stream. */
    patienceMs?: number | 'never';
  }
}

const LATE = Symbol('late');
type Marked = FastifyRequest & { [LATE]?: true };

/** Whether the request was answered by its deadline: nothing more may be awaited for it. */
export const isLate = (request: Marked): boolean => request[LATE] === true;

export type DeadlineOptions = {
  readonly clock: Clock;
  readonly answerMs: number;
  /** When the ledger last took a write; null before the first. */
  readonly ledgerAtMs: () => number | null;
};

/**
 * Answers `ledger_unavailable`, or `not_ready` while the ledger is well, to what takes too long.
 * Before every other hook.
 */
export function installDeadline(app: FastifyInstance, options: DeadlineOptions): void {
  const { clock, answerMs, ledgerAtMs } = options;
  app.addHook('onRequest', async (request: Marked, reply) => {
    const { patienceMs = 0 } = request.routeOptions.config;
    if (patienceMs === 'never') return;
    const ms = answerMs + patienceMs;
    const ended = new AbortController();
    reply.raw.once('close', () => ended.abort());
    void clock.sleep(ms, ended.signal).then(() => {
      if (ended.signal.aborted || reply.sent) return;
      request[LATE] = true;
      const silentMs = clock.nowMs() - (ledgerAtMs() ?? 0);
      const fault =
        silentMs > answerMs / 2
          ? new Fault('ledger_unavailable', `Postgres has taken no write for ${silentMs} ms.`)
          : new Fault('not_ready', `No answer within ${ms} ms. Ask again; use an Idempotency-Key.`);
      void reply.send(fault);
    });
  });
}
