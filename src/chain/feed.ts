// Feed: spreads account subscriptions over several sockets; the first also carries the slot
// subscription. A notification is handed on at once or dropped, so no queue can grow, and each
// account is on one socket. A provider that allows only so many subscriptions on a connection
// refuses further ones: the feed learns that number and moves the refused accounts to other
// sockets. Accounts that no socket can take are tried again once a minute.

import type { AccountFeed, ChainAccount, Slice } from '../core/chain-ports.ts';
import type { Address } from '../core/ids.ts';
import type { Clock, Log } from '../core/ports.ts';
import { openSocket, type Socket } from './socket.ts';

export type FeedOptions = {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly silentAfterMs: number;
  readonly accountsPerSocket: number;
  readonly socketsMost: number;
  /** Both as in `SocketOptions`. */
  readonly admit: () => Promise<boolean>;
  readonly canBe: (slot: number) => boolean;
  readonly onSlot: (slot: number) => void;
  /** Both as in `SocketOptions`. */
  readonly onOpened?: () => void;
  readonly onBytes?: (bytes: number) => void;
  /**
   * The bytes of an account that its notifications need to hold; null for all of them. Only nodes
   * from Agave 4.4 on obey; others send the whole account.
   */
  readonly sliceOf: (address: Address) => Slice | null;
  readonly onAccount: (address: Address, slot: number, account: ChainAccount | null) => void;
  readonly onSubscribed: (addresses: readonly Address[]) => void;
};

/**
 * The account of a notification; null when the account is gone, undefined when the value is not an
 * account.
 */
function readNotified(value: unknown): ChainAccount | null | undefined {
  if (value === null) return null;
  const { lamports, owner, data } = (value ?? {}) as Record<string, unknown>;
  const [text] = Array.isArray(data) ? (data as unknown[]) : [];
  if (typeof lamports !== 'number' || !Number.isSafeInteger(lamports) || lamports < 0)
    return undefined;
  if (typeof owner !== 'string' || typeof text !== 'string') return undefined;
  if (lamports === 0) return null;
  return {
    lamports: BigInt(lamports),
    owner: owner as Address,
    data: new Uint8Array(Buffer.from(text, 'base64')),
  };
}

/**
 * After this time a learned limit is tried again, because the refusal may have been an exception.
 */
const LEARNED_FOR_MS = 10 * 60_000;
/** Accounts without a socket are placed again at this pace, as far as there is room. */
const PLACED_EVERY_MS = 60_000;

/** Opens the feed. A socket is opened when the first account is followed. */
export function openFeed(options: FeedOptions): AccountFeed {
  const { clock, log } = options;
  const sockets: Socket[] = [];
  /** The socket of each followed account; null when no socket had room. */
  const known = new Map<Address, Socket | null>();
  /** How many subscriptions a connection took before it refused one, and when that was. */
  let learned = { perSocket: options.accountsPerSocket, atMs: Number.NEGATIVE_INFINITY };
  const perSocket = (): number =>
    clock.elapsedMs() - learned.atMs < LEARNED_FOR_MS
      ? learned.perSocket
      : options.accountsPerSocket;
  let full = false;

  const open = (isFirst: boolean): Socket =>
    openSocket({
      url: options.url,
      clock,
      log,
      silentAfterMs: options.silentAfterMs,
      admit: options.admit,
      canBe: options.canBe,
      onSlot: isFirst ? options.onSlot : null,
      ...(options.onOpened && { onOpened: options.onOpened }),
      ...(options.onBytes && { onBytes: options.onBytes }),
      sliceOf: (address) => options.sliceOf(address as Address),
      onAccount(address, slot, value) {
        const account = readNotified(value);
        if (account !== undefined) options.onAccount(address as Address, slot, account);
      },
      onSubscribed: (addresses) => options.onSubscribed(addresses as Address[]),
      onRefused(addresses, taken) {
        learned = { perSocket: Math.min(perSocket(), taken), atMs: clock.elapsedMs() };
        const fields = { perSocket: learned.perSocket, moved: addresses.length };
        log.info('feed.limit_learned', fields);
        place(addresses as Address[]);
      },
      // A node that sends no slots on one connection may send nothing on the others, so all are
      // renewed.
      onSilent() {
        if (isFirst) for (const each of sockets.slice(1)) each.renew();
      },
    });
  /** Puts accounts on the first sockets with room. The sockets and the clock are read once. */
  function place(addresses: readonly Address[]): void {
    const most = perSocket();
    let nth = 0;
    for (const address of addresses) {
      while (nth < sockets.length && (sockets[nth] as Socket).size >= most) nth++;
      if (nth === sockets.length && nth < options.socketsMost) sockets.push(open(nth === 0));
      const socket = sockets[nth];
      known.set(address, socket ?? null);
      socket?.add(address);
      if (socket === undefined && !full) {
        const fields = { sockets: sockets.length, perSocket: most, accounts: known.size };
        log.warn('feed.full', fields);
      }
      full = socket === undefined;
    }
  }
  const closing = new AbortController();
  /** Room comes without a change of the watch-list when the learned limit has run out. */
  const placing = (async () => {
    while (!closing.signal.aborted) {
      await clock.sleep(PLACED_EVERY_MS, closing.signal);
      const hasRoom = sockets.some((each) => each.size < perSocket());
      if (closing.signal.aborted || !hasRoom) continue;
      place([...known].flatMap(([address, socket]) => (socket === null ? [address] : [])));
    }
  })();
  return {
    follow(addresses) {
      const wanted = new Set(addresses);
      for (const [address, socket] of known.size === 0 ? [] : known)
        if (!wanted.has(address)) {
          socket?.remove(address);
          known.delete(address);
        }
      place(addresses.filter((address) => !known.get(address)));
    },
    status: () => ({
      sockets: sockets.length,
      accounts: known.size,
      subscribed: sockets.reduce((sum, each) => sum + each.subscribed, 0),
    }),
    async close() {
      closing.abort();
      await placing;
      await Promise.all(sockets.map((each) => each.close()));
    },
  };
}
