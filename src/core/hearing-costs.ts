// Hearing costs: counts the credits that webhooks and sockets cost at the provider. Each kind of
// cost has a name that is counted like the name of an RPC method. Prices: core/rpc-price.ts.
import { SOCKET_BYTES_A_CREDIT } from './rpc-price.ts';

/** Something that costs credits, as calls are counted. */
export type Spent = {
  readonly method: 'webhook_event' | 'webhook_edit' | 'socket_opened' | 'socket_data';
  readonly node: string;
  readonly source: 'webhooks' | 'subscriptions';
  readonly times: number;
};
export type HearingCosts = {
  /** Transactions that webhooks delivered. */
  readonly onEvents: (count: number) => void;
  /** A webhook was created, changed or removed. */
  readonly onEdit: () => void;
  /** A socket was opened. */
  readonly onOpened: () => void;
  /** Bytes that a socket received. */
  readonly onBytes: (bytes: number) => void;
};

/** Creates the count. `host` is the host of the sockets; webhooks stand under `helius`. */
export function createHearingCosts(host: string, spend: (spent: Spent) => void): HearingCosts {
  /** Received bytes that make no whole credit yet. */
  let rest = 0;
  const webhooks = { node: 'helius', source: 'webhooks' } as const;
  const sockets = { node: host, source: 'subscriptions' } as const;
  return {
    onEvents(times) {
      if (times > 0) spend({ method: 'webhook_event', ...webhooks, times });
    },
    onEdit: () => spend({ method: 'webhook_edit', ...webhooks, times: 1 }),
    onOpened: () => spend({ method: 'socket_opened', ...sockets, times: 1 }),
    onBytes(bytes) {
      rest += bytes;
      const times = Math.floor(rest / SOCKET_BYTES_A_CREDIT);
      rest -= times * SOCKET_BYTES_A_CREDIT;
      if (times > 0) spend({ method: 'socket_data', ...sockets, times });
    },
  };
}
