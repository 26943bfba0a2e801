// Socket: one supervised WebSocket to an RPC node, with its account subscriptions. After every end
// the socket connects and subscribes again. A connection that is open and silent is detected: by
// missing slots when it carries the slot subscription, else by a question without an answer. A node
// replays nothing, so every subscription is reported and its account is read. Accounts that the
// node refuses are handed back. A socket of another chain shows in slots that our chain cannot have
// reached: its messages are dropped and it is closed.
import { WebSocket } from 'ws';
import { delayMs } from '../core/backoff.ts';
import type { Slice } from '../core/chain-ports.ts';
import { messageOf } from '../core/fault.ts';
import type { Slot } from '../core/ids.ts';
import type { Clock, Log } from '../core/ports.ts';
import { redact, shownUrl } from './rpc.ts';

export type SocketOptions = {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * After this time without a slot, or without any message if another socket carries the slot
   * subscription, the connection counts as dead. A slot that our chain cannot have reached does not
   * count. Milliseconds.
   */
  readonly silentAfterMs: number;
  /** Asked before each connection. False while the host belongs to another chain. */
  readonly admit: () => Promise<boolean>;
  /** Whether our chain can have reached this slot by now. */
  readonly canBe: (slot: number) => boolean;
  /** Called for each slot; null when another socket carries the slot subscription. */
  readonly onSlot: ((slot: number) => void) | null;
  readonly onAccount: (address: string, slot: number, value: unknown) => void;
  /** The bytes of an account that notifications need to hold; null for all of them. */
  readonly sliceOf: (address: string) => Slice | null;
  /** Called when accounts are subscribed. Changes before this moment were not notified. */
  readonly onSubscribed: (addresses: readonly string[]) => void;
  /**
   * Called when the node took `taken` accounts, at least one, on this connection and refused these,
   * which the socket no longer holds.
   */
  readonly onRefused: (addresses: readonly string[], taken: number) => void;
  /** Called when a connection is open, and with the size of each message. */
  readonly onOpened?: () => void;
  readonly onBytes?: (bytes: number) => void;
  /** Called when the connection ended because it was silent. */
  readonly onSilent?: () => void;
};
export type Socket = {
  add(address: string): void;
  remove(address: string): void;
  readonly size: number;
  /** Accounts whose subscription the node has acknowledged on the present connection. */
  readonly subscribed: number;
  /** Ends the present connection; the socket connects again. */
  renew(): void;
  close(): Promise<void>;
};

const RECONNECT = { firstMs: 250, mostMs: 15_000 };
const FOREIGN = 'its host names the genesis hash of another chain';
/**
 * The most subscriptions that are requested before earlier ones are answered. More are requested
 * when half of them are answered, so that requests and answers share packets.
 */
const ASKED_AT_ONCE = 100;
/**
 * No subscription has this id, so the node answers with an error, which proves that it is alive.
 */
const NO_SUBSCRIPTION = 0;
/** A longer message ends the connection. An account of the venue takes about 6 KiB in base64. */
export const MESSAGE_BYTES_MOST = 2 * 1024 * 1024;

type Message = {
  id?: number;
  result?: unknown;
  error?: unknown;
  method?: string;
  params?: { subscription?: number; result?: unknown };
};

const isSlot = (value: unknown): value is Slot => Number.isSafeInteger(value) && Number(value) >= 0;

function parse(data: unknown): Message | null {
  try {
    const value: unknown = JSON.parse(String(data));
    return value !== null && typeof value === 'object' ? (value as Message) : null;
  } catch {
    return null;
  }
}

/** Opens a socket, which connects until it is closed. */
export function openSocket(options: SocketOptions): Socket {
  const { clock, log } = options;
  const shown = shownUrl(options.url);
  const wanted = new Set<string>();
  const stopping = new AbortController();
  /** The present connection; null while there is none. */
  let link: {
    subscribe(address: string): void;
    unsubscribe(address: string): void;
    end(why: string): void;
  } | null = null;
  let acknowledged = 0;

  /** Runs one connection. Resolves with the reason when it is over. */
  const live = (): Promise<string> =>
    new Promise((resolve) => {
      const socket = new WebSocket(options.url, {
        maxPayload: MESSAGE_BYTES_MOST,
        handshakeTimeout: options.silentAfterMs,
      });
      const toAsk: string[] = [];
      const asked = new Map<number, string>();
      const accounts = new Map<number, string>();
      let refused: string[] = [];
      let lastId = 0;
      let heardMs = clock.elapsedMs();
      /** The last slot that our chain cannot have reached; null again after a slot that it can. */
      let oddSlot: number | null = null;
      acknowledged = 0;
      const over = new AbortController();
      const finish = (why: string): void => {
        if (over.signal.aborted) return;
        over.abort();
        link = null;
        acknowledged = 0;
        socket.terminate();
        resolve(why);
      };
      const ask = (method: string, params: unknown[]): number => {
        const id = ++lastId;
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
        return id;
      };
      const configOf = (address: string) => {
        const dataSlice = options.sliceOf(address);
        const config = { encoding: 'base64', commitment: 'confirmed' };
        return dataSlice === null ? config : { ...config, dataSlice };
      };
      const askMore = (): void => {
        if (asked.size > ASKED_AT_ONCE / 2) return;
        while (asked.size < ASKED_AT_ONCE && refused.length === 0 && toAsk.length > 0) {
          const address = toAsk.shift() ?? '';
          if (wanted.has(address))
            asked.set(ask('accountSubscribe', [address, configOf(address)]), address);
        }
      };
      const subscribe = (address: string): void => {
        toAsk.push(address);
        askMore();
      };
      /** When every subscription is answered, hands the refused accounts back. */
      const handBack = (): void => {
        if (refused.length === 0 || asked.size > 0) return;
        if (accounts.size === 0) {
          finish('every subscription was refused');
          return;
        }
        const given = [...refused, ...toAsk.splice(0)].filter((each) => wanted.delete(each));
        refused = [];
        options.onRefused(given, accounts.size);
      };
      const unsubscribe = (address: string): void => {
        for (const [id, each] of accounts)
          if (each === address) {
            ask('accountUnsubscribe', [id]);
            accounts.delete(id);
          }
        acknowledged = accounts.size;
      };
      const watchdog = async (): Promise<void> => {
        while (!over.signal.aborted) {
          await clock.sleep(options.silentAfterMs / 4, over.signal);
          if (over.signal.aborted) return;
          const silentMs = clock.elapsedMs() - heardMs;
          if (silentMs > options.silentAfterMs) {
            if (oddSlot !== null) log.error('feed.foreign', { url: shown, slot: oddSlot });
            finish(
              oddSlot === null
                ? 'silent'
                : `it names slot ${oddSlot}, which the chain cannot have reached`,
            );
            options.onSilent?.();
          } else if (
            options.onSlot === null &&
            silentMs > options.silentAfterMs / 4 &&
            link !== null
          )
            ask('accountUnsubscribe', [NO_SUBSCRIPTION]);
        }
      };
      socket.on('open', () => {
        options.onOpened?.();
        if (options.onSlot !== null) ask('slotSubscribe', []);
        link = { subscribe, unsubscribe, end: finish };
        for (const address of wanted) subscribe(address);
      });
      const take = (data: Buffer): void => {
        options.onBytes?.(data.length);
        const message = parse(data);
        if (message === null) return;
        if (options.onSlot === null) heardMs = clock.elapsedMs();
        if (message.method === 'slotNotification') {
          const { slot } = (message.params?.result ?? {}) as { slot?: unknown };
          if (!isSlot(slot)) return;
          oddSlot = options.canBe(slot) ? null : slot;
          if (oddSlot !== null) return;
          heardMs = clock.elapsedMs();
          options.onSlot?.(slot);
          return;
        }
        if (message.method === 'accountNotification') {
          const address = accounts.get(message.params?.subscription ?? -1);
          const result = message.params?.result as
            | { context?: { slot?: unknown }; value?: unknown }
            | undefined;
          const slot = result?.context?.slot;
          if (address !== undefined && isSlot(slot) && options.canBe(slot))
            options.onAccount(address, slot, result?.value);
          return;
        }
        const address = asked.get(message.id ?? -1);
        if (address === undefined) return;
        asked.delete(message.id ?? -1);
        if (typeof message.result === 'number') {
          accounts.set(message.result, address);
          acknowledged = accounts.size;
          // The account may have been removed while the request was under way.
          if (wanted.has(address)) options.onSubscribed([address]);
          else unsubscribe(address);
        } else refused.push(address);
        askMore();
        handBack();
      };
      socket.on('message', (data: Buffer) => {
        if (over.signal.aborted) return;
        try {
          take(data);
        } catch (thrown) {
          finish(`a message cannot be read: ${redact(messageOf(thrown))}`);
        }
      });
      socket.on('error', (error) => finish(redact(error.message)));
      socket.on('close', (code) => finish(`closed with code ${code}`));
      stopping.signal.addEventListener('abort', () => finish('stopped'), {
        once: true,
        signal: over.signal,
      });
      void watchdog();
    });

  const run = async (): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; ) {
      const startedMs = clock.elapsedMs();
      const why = (await options.admit()) ? await live() : FOREIGN;
      if (stopping.signal.aborted) return;
      // After a connection that lasted, the delays start from the shortest again.
      attempt = clock.elapsedMs() - startedMs > RECONNECT.mostMs ? 1 : attempt + 1;
      log.warn('feed.disconnected', { why, accounts: wanted.size });
      await clock.sleep(delayMs(RECONNECT, attempt, clock.random()), stopping.signal);
    }
  };
  const running = run();
  return {
    add(address) {
      if (wanted.has(address)) return;
      wanted.add(address);
      link?.subscribe(address);
    },
    remove(address) {
      if (wanted.delete(address)) link?.unsubscribe(address);
    },
    get size() {
      return wanted.size;
    },
    get subscribed() {
      return acknowledged;
    },
    renew: () => link?.end('renewed'),
    async close() {
      stopping.abort();
      await running;
    },
  };
}
