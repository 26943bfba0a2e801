// Receive: webhook bodies become durable before they are answered. Bodies that arrive while one commit is on its way
// share the next, so that many deliveries cost one commit and no timer is needed.
import type { Deliveries } from '../core/hearing-ports.ts';
import type { Clock } from '../core/ports.ts';

export type Receive = {
  /** Resolves once the body is stored; rejects when it could not be, and then nothing was. */
  accept(body: Uint8Array): Promise<void>;
};

type Waiting = {
  readonly body: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
};
const BATCH_MOST = 200;
/** A turn of the event loop: every socket is looked at once. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function createReceive(deliveries: Deliveries, clock: Clock, onStored: () => void): Receive {
  let waiting: Waiting[] = [];
  let busy = false;

  const flush = async (): Promise<void> => {
    busy = true;
    while (waiting.length > 0) {
      // Whoever is at the door comes along: in the first turn those who are there, in the second those who came meanwhile.
      await turn();
      await turn();
      const batch = waiting.slice(0, BATCH_MOST);
      waiting = waiting.slice(BATCH_MOST);
      try {
        await deliveries.record(
          batch.map((each) => each.body),
          clock.nowMs(),
        );
        for (const each of batch) each.resolve();
        onStored();
      } catch (thrown) {
        for (const each of batch) each.reject(thrown);
      }
    }
    busy = false;
  };
  return {
    accept: (body) =>
      new Promise((resolve, reject) => {
        waiting.push({ body, resolve, reject });
        if (!busy) void flush();
      }),
  };
}
