// Stream feed: spreads the followed accounts over several gRPC streams, because a request names
// each account and may not grow without bound. An account stays on the stream that took it.
import type { AccountFeed } from '../core/chain-ports.ts';
import type { Address } from '../core/ids.ts';
import { openStream, type Stream, type StreamOptions } from './stream.ts';

export type StreamFeedOptions = StreamOptions & {
  /** Accounts that one stream names. */
  readonly accountsPerStream: number;
};

/** Opens the feed. A stream is opened when the first account is followed. */
export function openStreamFeed(options: StreamFeedOptions): AccountFeed {
  const streams: Stream[] = [];
  const known = new Map<Address, Stream>();
  const place = (address: Address): void => {
    let stream = streams.find((each) => each.size < options.accountsPerStream);
    if (stream === undefined) {
      stream = openStream(options);
      streams.push(stream);
    }
    known.set(address, stream);
    stream.add(address);
  };
  return {
    follow(addresses) {
      const wanted = new Set(addresses);
      for (const [address, stream] of known)
        if (!wanted.has(address)) {
          stream.remove(address);
          known.delete(address);
        }
      for (const address of wanted) if (!known.has(address)) place(address);
    },
    status: () => ({
      sockets: streams.length,
      accounts: known.size,
      subscribed: streams.reduce((sum, each) => sum + each.subscribed, 0),
    }),
    async close() {
      await Promise.all(streams.map((each) => each.close()));
    },
  };
}
