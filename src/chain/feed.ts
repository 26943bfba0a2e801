// Feed: account subscriptions spread over several sockets. Bounded by construction: a notification is handed on at once or
// not at all, nothing is queued here, and each account is on one socket.
import type { Address } from '../core/ids.ts';
import type { AccountFeed, ChainAccount } from '../core/outside.ts';
import type { Clock, Log } from '../core/ports.ts';
import { openSocket, type Socket } from './socket.ts';

export type FeedOptions = {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly silentAfterMs: number;
  readonly accountsPerSocket: number;
  /** As `SocketOptions`. */
  readonly admit: () => Promise<boolean>;
  readonly canBe: (slot: number) => boolean;
  readonly onSlot: (slot: number) => void;
  readonly onAccount: (address: Address, slot: number, account: ChainAccount | null) => void;
  readonly onSubscribed: (addresses: readonly Address[]) => void;
};

/** The account of a notification; null when it is gone, undefined when the value is no account. */
export function readNotified(value: unknown): ChainAccount | null | undefined {
  if (value === null) return null;
  const { lamports, owner, data } = (value ?? {}) as Record<string, unknown>;
  if (typeof lamports !== 'number' || typeof owner !== 'string' || !Array.isArray(data))
    return undefined;
  if (lamports === 0) return null;
  return {
    lamports: BigInt(lamports),
    owner: owner as Address,
    data: new Uint8Array(Buffer.from(String(data[0]), 'base64')),
  };
}

export function openFeed(options: FeedOptions): AccountFeed {
  const sockets: Socket[] = [];
  const known = new Map<Address, Socket>();
  const open = (): Socket =>
    openSocket({
      url: options.url,
      clock: options.clock,
      log: options.log,
      silentAfterMs: options.silentAfterMs,
      admit: options.admit,
      canBe: options.canBe,
      onSlot: options.onSlot,
      onAccount(address, slot, value) {
        const account = readNotified(value);
        if (account !== undefined) options.onAccount(address as Address, slot, account);
      },
      onSubscribed: (addresses) => options.onSubscribed(addresses as Address[]),
    });
  return {
    follow(addresses) {
      for (const address of addresses) {
        if (known.has(address)) continue;
        let socket = sockets.find((each) => each.size < options.accountsPerSocket);
        if (socket === undefined) {
          socket = open();
          sockets.push(socket);
        }
        socket.add(address);
        known.set(address, socket);
      }
      if (known.size === addresses.length) return;
      const wanted = new Set(addresses);
      for (const [address, socket] of known)
        if (!wanted.has(address)) {
          socket.remove(address);
          known.delete(address);
        }
    },
    status: () => ({
      sockets: sockets.length,
      accounts: known.size,
      subscribed: sockets.reduce((sum, each) => sum + each.subscribed, 0),
    }),
    async close() {
      await Promise.all(sockets.map((each) => each.close()));
    },
  };
}
