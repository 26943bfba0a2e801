// Stream: one supervised gRPC stream of a provider that speaks Yellowstone (LaserStream, Dragon's
// Mouth): accounts, transactions and slots at `confirmed`. After every end it connects again and
// asks for what it missed, from a slot on. Where that is not replayed, every account counts as
// unread and is read. Nothing that a stream tells is believed.
import { delayMs } from '../core/backoff.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Log } from '../core/ports.ts';
import { askBlockhash, openChannel, toldBy } from './grpc-channel.ts';
import { shownUrl } from './rpc.ts';
import {
  type ConnectionOptions,
  connectStream,
  type End,
  OVERLAP_SLOTS,
  type Progress,
  type StreamConnection,
} from './stream-connection.ts';

export type StreamOptions = ConnectionOptions & {
  /** https://, or http:// for a provider on loopback. */
  readonly url: string;
  /** Sent as `x-token`; null sends none. */
  readonly token: string | null;
  readonly log: Log;
  /** Whether a finalized blockhash of the provider is one of our chain. */
  readonly isOurs: (blockhash: string) => Promise<boolean>;
  /** Called when the provider did not replay the past from this slot on. */
  readonly onGap: (fromSlot: Slot) => void;
};
export type Stream = {
  add(address: Address): void;
  remove(address: Address): void;
  readonly size: number;
  /** Accounts that the present connection names, as far as its request is in force. */
  readonly subscribed: number;
  close(): Promise<void>;
};

const RECONNECT = { firstMs: 250, mostMs: 15_000 };
/** A connection that lasted so long counts as one that worked. Milliseconds. */
const WORKED_MS = 10_000;
const FOREIGN = 'its blockhash is none of our chain';

/** Opens a stream, which connects until it is closed. It names no account at first. */
export function openStream(options: StreamOptions): Stream {
  const { clock, log } = options;
  const shown = shownUrl(options.url);
  const stopping = new AbortController();
  const progress: Progress = {
    wanted: new Set(),
    named: new Set(),
    unread: new Set(),
    handedOn: null,
    subscribed: 0,
  };
  /** The present connection; null while there is none. */
  let connection: StreamConnection | null = null;

  /** Runs one connection to its end. Throws when none comes about. */
  const live = async (from: Slot | null): Promise<End> => {
    const channel = await openChannel(options.url, options.token);
    try {
      const blockhash = await askBlockhash(channel, stopping.signal);
      if (blockhash !== null && !(await options.isOurs(blockhash))) {
        log.error('stream.foreign', { url: shown });
        return { why: FOREIGN, lost: false };
      }
      stopping.signal.throwIfAborted();
      connection = connectStream(channel, from, progress, options, stopping.signal);
      return await connection.ended;
    } finally {
      connection = null;
      channel.client.close();
    }
  };
  const running = (async () => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const { handedOn } = progress;
      const beganMs = clock.elapsedMs();
      const end = await live(
        handedOn === null ? null : Math.max(0, handedOn - OVERLAP_SLOTS),
      ).catch((thrown: unknown): End => ({ why: toldBy(thrown), lost: false }));
      if (stopping.signal.aborted) return;
      if (end.lost && progress.handedOn !== null) {
        log.warn('stream.gap', { url: shown, fromSlot: progress.handedOn, why: end.why });
        options.onGap(progress.handedOn);
        progress.handedOn = null;
      }
      failures = clock.elapsedMs() - beganMs > WORKED_MS ? 1 : failures + 1;
      const retryInMs = delayMs(RECONNECT, failures, clock.random());
      log.warn('stream.ended', { url: shown, why: end.why, retryInMs });
      await clock.sleep(retryInMs, stopping.signal);
    }
  })();

  return {
    add(address) {
      progress.wanted.add(address);
      connection?.change();
    },
    remove(address) {
      if (progress.wanted.delete(address)) connection?.change();
    },
    get size() {
      return progress.wanted.size;
    },
    get subscribed() {
      return progress.subscribed;
    },
    async close() {
      stopping.abort();
      await running;
    },
  };
}
