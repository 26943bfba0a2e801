// Stream connection: reads one gRPC stream to its end. The first request names the accounts and the
// slot from which the past is replayed. A later one names all accounts anew, when some joined or
// left. While 500 transactions wait to be stored, no further messages are taken.
import type * as Grpc from '@grpc/grpc-js';
import type { ChainAccount } from '../core/chain-ports.ts';
import { messageOf } from '../core/fault.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import {
  pongRequest,
  type StreamUpdate,
  SUBSCRIBE_PATH,
  subscribeRequest,
  updateOf,
} from './geyser.ts';
import { asIs, bytesOf, type Channel, toldBy } from './grpc-channel.ts';

/** A transaction that the stream names. */
export type Streamed = StreamUpdate & { readonly kind: 'transaction' };

export type ConnectionOptions = {
  readonly clock: Clock;
  /** After this time without a slot the stream counts as dead. Milliseconds. */
  readonly silentAfterMs: number;
  /** Whether our chain can have reached this slot by now. Other messages are dropped. */
  readonly canBe: (slot: Slot) => boolean;
  readonly onSlot: (slot: Slot) => void;
  readonly onAccount: (address: Address, slot: Slot, account: ChainAccount | null) => void;
  /** Stores transactions. Where it rejects, they are replayed by the next connection. */
  readonly onTransactions: (transactions: readonly Streamed[]) => Promise<void>;
  /** Called for accounts whose changes before this moment may be missing in the stream. */
  readonly onUnread: (addresses: readonly Address[]) => void;
};

/** How far a stream has come, over all of its connections. */
export type Progress = {
  readonly wanted: Set<Address>;
  /** The accounts that the last request named. */
  named: ReadonlySet<Address>;
  /** Accounts to be read once a request that names them is in force. */
  readonly unread: Set<Address>;
  /** The slot up to which everything was handed on; null: nothing may be replayed. */
  handedOn: Slot | null;
  /** Accounts that the present connection names; 0 before its first slot. */
  subscribed: number;
};

/** How a connection ended. */
export type End = {
  readonly why: string;
  /** Whether the slots since the one that was asked for are not replayed, or cannot be read. */
  readonly lost: boolean;
};
/** A connection while it runs. `change` tells that accounts joined or left. */
export type StreamConnection = { readonly ended: Promise<End>; change(): void };

/**
 * So many slots before the last one are asked for again, because transactions of a slot may come
 * after its own message.
 */
export const OVERLAP_SLOTS = 32;
/** Accounts that join or leave within this time change the request once. Milliseconds. */
const CHANGED_AFTER_MS = 250;
/** A request counts as in force with the second slot after it. */
const IN_FORCE_AFTER_SLOTS = 2;
/** Transactions that wait for the ledger before the stream is paused. */
const WAITING_MOST = 500;

/** Whether the provider says that it cannot replay that far, or has a message that is too long. */
function isLost({ status }: typeof Grpc, error: Partial<Grpc.ServiceError>): boolean {
  const code = error.code ?? status.UNKNOWN;
  const told = error.details ?? '';
  if (code === status.RESOURCE_EXHAUSTED) return told.includes('larger than');
  return (
    [status.OUT_OF_RANGE, status.DATA_LOSS].includes(code) ||
    /not available|not supported|first available|replay position/.test(told)
  );
}

/**
 * Opens the stream, which ends by itself or when `signal` aborts. `from` is the slot from which the
 * past is replayed; null replays nothing.
 */
export function connectStream(
  { grpc, client, metadata }: Channel,
  from: Slot | null,
  progress: Progress,
  options: ConnectionOptions,
  signal: AbortSignal,
): StreamConnection {
  const { clock } = options;
  const over = new AbortController();
  const ended = Promise.withResolvers<End>();
  const call = client.makeBidiStreamRequest(SUBSCRIBE_PATH, bytesOf, asIs, metadata);
  let heardMs = clock.elapsedMs();
  /** The last slot that this connection told; null before the first. */
  let seen: Slot | null = null;
  let slotsUntilInForce = IN_FORCE_AFTER_SLOTS;
  let waiting: Streamed[] = [];
  let isStoring = false;

  const finish = (why: string, lost = false): void => {
    if (over.signal.aborted) return;
    over.abort();
    progress.subscribed = 0;
    ended.resolve({ why, lost });
    call.cancel();
  };
  /** Names the accounts as they are now. Those that `known` lacks are read afterwards. */
  const ask = (fromSlot: Slot | null, known: ReadonlySet<Address>): void => {
    const accounts = [...progress.wanted];
    for (const each of accounts) if (!known.has(each)) progress.unread.add(each);
    progress.named = new Set(accounts);
    slotsUntilInForce = IN_FORCE_AFTER_SLOTS;
    call.write(subscribeRequest({ accounts, fromSlot }));
  };
  const handedOn = (slot: Slot | null): void => {
    if (slot !== null) progress.handedOn = Math.max(progress.handedOn ?? 0, slot);
  };
  const onSlot = (slot: Slot): void => {
    // A provider that ignores the slot that was asked for begins with the present.
    if (seen === null && from !== null && slot > from + OVERLAP_SLOTS) {
      finish(`it was asked for slot ${from} and began with slot ${slot}`, true);
      return;
    }
    heardMs = clock.elapsedMs();
    seen = Math.max(seen ?? 0, slot);
    if (!isStoring && waiting.length === 0) handedOn(seen);
    options.onSlot(slot);
    if (slotsUntilInForce > 0) slotsUntilInForce--;
    if (slotsUntilInForce > 0) return;
    progress.subscribed = progress.named.size;
    if (progress.unread.size === 0) return;
    const unread = [...progress.unread].filter((each) => progress.wanted.has(each));
    progress.unread.clear();
    options.onUnread(unread);
  };
  const store = async (): Promise<void> => {
    if (isStoring) return;
    isStoring = true;
    try {
      while (waiting.length > 0 && !over.signal.aborted) {
        const [batch, upto] = [waiting, seen];
        waiting = [];
        await options.onTransactions(batch);
        handedOn(upto);
        heardMs = clock.elapsedMs();
        call.resume();
      }
    } catch (thrown) {
      finish(`transactions could not be stored: ${messageOf(thrown)}`);
    } finally {
      isStoring = false;
    }
  };
  const take = (update: StreamUpdate): void => {
    if (update.kind === 'ping') call.write(pongRequest());
    if (update.kind === 'ping' || update.kind === 'other' || !options.canBe(update.slot)) return;
    if (update.kind === 'slot') onSlot(update.slot);
    else if (update.kind === 'account')
      options.onAccount(update.address, update.slot, update.account);
    else {
      waiting.push(update);
      if (waiting.length >= WAITING_MOST) call.pause();
      void store();
    }
  };
  const watchdog = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await clock.sleep(options.silentAfterMs / 4, over.signal);
      if (!isStoring && clock.elapsedMs() - heardMs > options.silentAfterMs) finish('silent');
    }
  };

  call.on('data', (bytes: Uint8Array) => {
    if (over.signal.aborted) return;
    try {
      take(updateOf(bytes));
    } catch (thrown) {
      finish(`a message cannot be read: ${messageOf(thrown)}`, true);
    }
  });
  call.on('error', (error: Partial<Grpc.ServiceError>) =>
    finish(`${grpc.status[error.code ?? 2]}: ${toldBy(error)}`, isLost(grpc, error)),
  );
  call.on('end', () => finish('the provider ended it'));
  signal.addEventListener('abort', () => finish('closed'), { once: true, signal: over.signal });
  ask(from, from === null ? new Set() : progress.named);
  void watchdog();
  let isChanging = false;
  return {
    ended: ended.promise,
    change() {
      if (isChanging) return;
      isChanging = true;
      void clock.sleep(CHANGED_AFTER_MS, over.signal).then(() => {
        isChanging = false;
        if (!over.signal.aborted) ask(null, progress.named);
      });
    },
  };
}
