// Receive: webhook bodies become durable before they are answered. Bodies that arrive while one
// commit is on its way share the next commit, so that many deliveries cost one commit and no timer
// is needed. The bytes of bodies that arrive or wait for a commit are bounded, and so is the wait:
// a refused body is answered 503, and Helius sends it again.
import { Fault } from '../core/fault.ts';
import type { Deliveries } from '../core/hearing-ports.ts';
import type { Clock } from '../core/ports.ts';

export type Receive = {
  /**
   * Makes room for a body of at most so many bytes that is about to be read. Throws
   * `ledger_unavailable` when bodies that arrive or wait hold all of it. The room is given back by
   * the function that is returned, once.
   */
  reserve(bytes: number): () => void;
  /**
   * Resolves once the body is committed. Rejects with `ledger_unavailable` when the commit failed
   * or took longer than `patienceMs`, or when more than `waitingBytesMost` would wait. A commit
   * that was only late may still succeed: the body is then stored twice, which digesting it twice
   * makes harmless.
   */
  accept(body: Uint8Array): Promise<void>;
};

export type ReceiveOptions = {
  /** Bytes of bodies that may arrive or wait for a commit. */
  readonly waitingBytesMost: number;
  /** Bytes of bodies that one commit takes; one body always fits. */
  readonly parcelBytesMost: number;
  /** How long a body may wait for its commit. */
  readonly patienceMs: number;
};

type Waiting = {
  readonly body: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
};
/** Bodies of one insert. */
const BATCH_MOST = 200;
/** A turn of the event loop: the daemon reads every socket that has data once. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How many of the waiting bodies the next insert takes: as many as fit, and at least one. */
function countOf(waiting: readonly Waiting[], bytesMost: number): number {
  let bytes = 0;
  let count = 0;
  for (const { body } of waiting.slice(0, BATCH_MOST)) {
    bytes += body.length;
    if (count > 0 && bytes > bytesMost) break;
    count++;
  }
  return count;
}

export function createReceive(
  deliveries: Deliveries,
  clock: Clock,
  options: ReceiveOptions,
  onStored: () => void,
): Receive {
  let waiting: Waiting[] = [];
  /** Bytes that arrive, wait or are being inserted. */
  let held = 0;
  let busy = false;

  const insert = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      await deliveries.record(
        batch.map((each) => each.body),
        clock.nowMs(),
      );
      for (const each of batch) each.resolve();
      onStored();
    } catch (thrown) {
      for (const each of batch) each.reject(thrown);
    } finally {
      for (const { body } of batch) held -= body.length;
    }
  };
  const flush = async (): Promise<void> => {
    busy = true;
    while (waiting.length > 0) {
      // Two turns, so that bodies which arrive together share one INSERT.
      await turn();
      await turn();
      const count = countOf(waiting, options.parcelBytesMost);
      const batch = waiting.slice(0, count);
      waiting = waiting.slice(count);
      if (batch.length > 0) await insert(batch);
    }
    busy = false;
  };
  /**
   * Gives up on a body that still waits for its insert; one that is being inserted stays counted
   * until that ends.
   */
  const giveUp = (given: Waiting): void => {
    const left = waiting.filter((each) => each !== given);
    if (left.length < waiting.length) held -= given.body.length;
    waiting = left;
    given.reject(
      new Fault('ledger_unavailable', `Postgres took longer than ${options.patienceMs} ms.`),
    );
  };
  /** Counts bytes as held, where they fit. */
  const hold = (bytes: number): void => {
    if (held + bytes > options.waitingBytesMost)
      throw new Fault(
        'ledger_unavailable',
        `${held} bytes of bodies arrive or wait for Postgres already; no more are taken.`,
      );
    held += bytes;
  };
  return {
    reserve(bytes) {
      hold(bytes);
      let given = false;
      return () => {
        if (!given) held -= bytes;
        given = true;
      };
    },
    async accept(body) {
      hold(body.length);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const given: Waiting = { body, resolve, reject };
      waiting.push(given);
      if (!busy) void flush();
      const ended = new AbortController();
      void clock.sleep(options.patienceMs, ended.signal).then(() => {
        if (!ended.signal.aborted) giveUp(given);
      });
      try {
        await promise;
      } finally {
        ended.abort();
      }
    },
  };
}
