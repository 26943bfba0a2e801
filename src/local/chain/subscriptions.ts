// Subscriptions: the WebSocket methods of the local chain, for one socket. As on a real node
// nothing is replayed after a reconnect, and nothing is sent on subscribing. As on Agave 4.4, a
// `dataSlice` is obeyed.
import type { WebSocket } from 'ws';
import type { Cluster, ClusterEvent, Commitment, Landed } from './cluster.ts';
import { encodeAccount } from './encode.ts';
import { type Mischief, strikes } from './mischief.ts';

type Config = Record<string, unknown>;
type BlockEvent = ClusterEvent & { readonly kind: 'block' };
type Subscription = {
  readonly method: string;
  readonly commitment: Commitment;
  readonly target: string;
  readonly encoding: string;
  readonly dataSlice: { readonly offset: number; readonly length: number } | undefined;
};

/** Serves one socket. `handle` answers a method call; `close` ends the subscriptions. */
export function createSubscriber(socket: WebSocket, cluster: Cluster, mischief: Mischief) {
  const subscriptions = new Map<number, Subscription>();
  /**
   * The subscriptions to accounts by their commitment and address: a daemon follows three accounts
   * of each subscriber, and a block changes few of them.
   */
  const ofAccounts = new Map<Commitment, Map<string, Map<number, Subscription>>>();
  let lastId = 0;

  const subscribe = (id: number, each: Subscription): void => {
    if (each.method !== 'account') return void subscriptions.set(id, each);
    const alike = ofAccounts.get(each.commitment) ?? new Map<string, Map<number, Subscription>>();
    const others = alike.get(each.target) ?? new Map<number, Subscription>();
    ofAccounts.set(each.commitment, alike.set(each.target, others.set(id, each)));
  };
  const unsubscribe = (id: number): boolean => {
    if (subscriptions.delete(id)) return true;
    for (const alike of ofAccounts.values())
      for (const [address, those] of alike) {
        if (!those.delete(id)) continue;
        if (those.size === 0) alike.delete(address);
        return true;
      }
    return false;
  };

  let held: string | null = null;
  const notify = (subscription: number, method: string, result: unknown): void => {
    if (mischief.muteSockets || socket.readyState !== socket.OPEN) return;
    if (strikes(mischief, 'dropNotifications')) return;
    const message = JSON.stringify({ jsonrpc: '2.0', method, params: { subscription, result } });
    if (mischief.swapNotifications && held === null) {
      held = message;
      return;
    }
    socket.send(message);
    if (held !== null) socket.send(held);
    held = null;
  };
  const mentions = (landed: Landed, target: string): boolean =>
    target === 'all' || landed.execution.message.keys.includes(target);

  const onAccount = (id: number, each: Subscription, event: BlockEvent): void => {
    const account = cluster.account(each.target, event.commitment);
    const gone = {
      lamports: 0,
      owner: '11111111111111111111111111111111',
      executable: false,
      rentEpoch: 0,
      space: 0,
      data: ['', 'base64'],
    };
    notify(id, 'accountNotification', {
      context: { slot: event.slot },
      value: encodeAccount(account, each.encoding, each.dataSlice) ?? gone,
    });
  };
  const onBlock = (id: number, each: Subscription, event: BlockEvent): void => {
    const context = { slot: event.slot };
    if (each.method === 'logs') {
      for (const landed of event.landed) {
        if (!mentions(landed, each.target)) continue;
        const value = {
          signature: landed.signature,
          err: landed.execution.error,
          logs: landed.execution.logs,
        };
        notify(id, 'logsNotification', { context, value });
      }
    }
    if (each.method === 'signature') {
      const landed = event.landed.find(({ signature }) => signature === each.target);
      if (landed === undefined) return;
      subscriptions.delete(id);
      notify(id, 'signatureNotification', { context, value: { err: landed.execution.error } });
    }
  };
  const stop = cluster.on((event) => {
    for (const [id, each] of subscriptions) {
      if (event.kind === 'slot') {
        if (each.method === 'slot')
          notify(id, 'slotNotification', {
            slot: event.slot,
            parent: event.parent,
            root: event.root,
          });
      } else if (event.commitment === each.commitment) onBlock(id, each, event);
    }
    const alike = event.kind === 'slot' ? undefined : ofAccounts.get(event.commitment);
    if (event.kind === 'slot' || alike === undefined) return;
    const changed = [...event.changed].flatMap((address) => [...(alike.get(address) ?? [])]);
    for (const [id, each] of changed.sort(([one], [other]) => one - other))
      onAccount(id, each, event);
  });

  return {
    /** The result of a WebSocket method; undefined when the method is not one. */
    handle(method: string, params: readonly unknown[]): unknown {
      if (method === 'ping') return null;
      const unsubscribed = /^(account|logs|signature|slot)Unsubscribe$/.test(method);
      if (unsubscribed) return unsubscribe(Number(params[0]));
      const kind = /^(account|logs|signature|slot)Subscribe$/.exec(method)?.[1];
      if (kind === undefined) return undefined;
      const given = (params[1] ?? {}) as Config;
      const first = params[0];
      const mentioned = (first as { mentions?: string[] } | undefined)?.mentions?.[0];
      const target =
        typeof first === 'string' ? (first === 'allWithVotes' ? 'all' : first) : (mentioned ?? '');
      const commitment = (given.commitment ?? 'finalized') as Commitment;
      subscribe(++lastId, {
        method: kind,
        commitment,
        target,
        encoding: String(given.encoding ?? 'base58'),
        dataSlice: given.dataSlice as Subscription['dataSlice'],
      });
      if (kind === 'signature') reportPast(lastId, target, commitment);
      return lastId;
    },
    close() {
      stop();
      subscriptions.clear();
      ofAccounts.clear();
    },
  };

  function reportPast(id: number, signature: string, commitment: Commitment): void {
    const landed = cluster.find(signature);
    if (landed === null || landed.slot > cluster.slot(commitment)) return;
    subscriptions.delete(id);
    queueMicrotask(() =>
      notify(id, 'signatureNotification', {
        context: { slot: landed.slot },
        value: { err: landed.execution.error },
      }),
    );
  }
}
