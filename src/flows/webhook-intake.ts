// Webhook intake: commits webhook bodies before they are answered. Bodies that arrive during one
// commit share the next one, so that many deliveries cost one commit and no timer is needed. The
// bytes of bodies that arrive or wait are bounded, and so is the wait. A refused body is
// answered 503, and Helius sends it again.
import { Fault } from '../core/fault.ts';
import type { Deliveries } from '../core/hearing-ports.ts';
import type { Clock } from '../core/ports.ts';

export type Receive = {
  /**
   * Makes room for a body of at most this many bytes that is about to be read. Returns a function
   * that gives the room back; only its first call counts. Throws `ledger_unavailable` when there is
   * no room.
   */
  reserve(bytes: number): () => void;
  /**
   * Resolves once the body is committed. Rejects with `ledger_unavailable` when the commit failed
   * or took longer than `patienceMs`, or when more than `waitingBytesMost` would wait. A commit
   * that was only late may still succeed: the body is then stored twice, and digested twice without
   * harm.
   */
  accept(body: Uint8Array): Promise<void>;
};

export type ReceiveOptions = {
  /** The most bytes of bodies that may arrive or wait for a commit. */
  readonly waitingBytesMost: number;
  /** The most bytes of bodies in one commit; a single body always fits. */
  readonly parcelBytesMost: number;
  /** The longest time that a body may wait for its commit. */
  readonly patienceMs: number;
};

type Waiting = {
  readonly body: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
};
/** The most bodies in one insert. */
const BATCH_MOST = 200;
/** One turn of the event loop, in which the daemon reads every socket that has data once. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The number of waiting bodies in the next insert: as many as fit, and at least one. */
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

/** Creates the intake. `onStored` is called after each commit. */
export function createReceive(
  deliveries: Deliveries,
  clock: Clock,
  options: ReceiveOptions,
  onStored: () => void,
): Receive {
  let waiting: Waiting[] = [];
  /** The bytes of bodies that arrive, wait or are being inserted. */
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
      // Two turns, so that bodies that arrive together share one INSERT.
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
   * Rejects a body that still waits for its insert. The bytes of one that is being inserted stay
   * counted until that ends.
   */
  const giveUp = (given: Waiting): void => {
    const left = waiting.filter((each) => each !== given);
    if (left.length < waiting.length) held -= given.body.length;
    waiting = left;
    given.reject(
      new Fault('ledger_unavailable', `Postgres took longer than ${options.patienceMs} ms.`),
    );
  };
  /** Counts bytes as held. Throws `ledger_unavailable` when they do not fit. */
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
        // The reason is given because `abort()` without one builds an error, whose stack costs 8
        // µs.
        ended.abort('stored');
      }
    },
  };
}
