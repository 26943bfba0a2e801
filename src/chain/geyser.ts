// Geyser: the messages of Yellowstone gRPC that a stream of accounts and transactions needs, which
// LaserStream speaks as well: the request that names the accounts, and the updates. Numbers of
// fields are those of geyser.proto and solana-storage.proto; test/chain/geyser.test.ts compares
// them with the codec of the published client.
import type { ChainAccount } from '../core/chain-ports.ts';
import { type Address, base58Text, type Signature, type Slot } from '../core/ids.ts';
import { bytesField, type Field, fieldsOf, integerField, packedOf } from './protobuf.ts';

export const SUBSCRIBE_PATH = '/geyser.Geyser/Subscribe';
export const LATEST_BLOCKHASH_PATH = '/geyser.Geyser/GetLatestBlockhash';

/** `CommitmentLevel` of the protocol. */
const CONFIRMED = 1;
const FINALIZED = 2;

/**
 * The name of every filter. The provider repeats the name in each update; the daemon does not read
 * it.
 */
const FILTER = 'bailiff';

/** A request of a stream: the accounts, and the slot from which the past is replayed. */
export type StreamRequest = {
  readonly accounts: readonly Address[];
  /** Null: nothing of the past is replayed. */
  readonly fromSlot: Slot | null;
};

const mapEntry = (number: number, value: Uint8Array): Uint8Array =>
  bytesField(number, Buffer.concat([bytesField(1, FILTER), bytesField(2, value)]));

/**
 * The request for slots, for every state of the accounts, and for every transaction that names one
 * of them, executed or failed, all at `confirmed`. It replaces an earlier request of the stream. A
 * filter without accounts would match every account of the chain, so none is sent then.
 */
export function subscribeRequest({ accounts, fromSlot }: StreamRequest): Uint8Array {
  const named = (number: number) => accounts.map((each) => bytesField(number, each));
  return Buffer.concat([
    ...(accounts.length === 0 ? [] : [mapEntry(1, Buffer.concat(named(2)))]),
    mapEntry(2, integerField(1, 1)),
    ...(accounts.length === 0
      ? []
      : [mapEntry(3, Buffer.concat([integerField(1, 0), ...named(3)]))]),
    integerField(6, CONFIRMED),
    ...(fromSlot === null ? [] : [integerField(11, fromSlot)]),
  ]);
}

/** The answer to a ping. It replaces no filter. */
export const pongRequest = (): Uint8Array => bytesField(9, integerField(1, 1));

/** The request for a finalized blockhash. */
export const latestBlockhashRequest = (): Uint8Array => integerField(1, FINALIZED);

/** The blockhash of the answer; null when it has none. Throws RangeError for other bytes. */
export function latestBlockhashOf(bytes: Uint8Array): string | null {
  for (const field of fieldsOf(bytes))
    if (field.number === 2 && field.kind === 'bytes') return Buffer.from(field.value).toString();
  return null;
}

/** A message of a stream. */
export type StreamUpdate =
  | { readonly kind: 'slot'; readonly slot: Slot }
  | { readonly kind: 'ping' }
  | {
      readonly kind: 'account';
      readonly address: Address;
      readonly slot: Slot;
      /** Null when the account is gone. */
      readonly account: ChainAccount | null;
    }
  | {
      readonly kind: 'transaction';
      readonly signature: Signature;
      readonly slot: Slot;
      /** Every account of the transaction, those of lookup tables included. */
      readonly keys: readonly Address[];
      /**
       * Whether balances of tokens changed, or the payer lost more lamports than fees take. This
       * flag only decides which transaction is read first.
       */
      readonly moves: boolean;
    }
  | { readonly kind: 'other' };

const OTHER: StreamUpdate = { kind: 'other' };
const NOTHING = new Uint8Array();
/** A payer that loses more lamports than this has paid more than fees. */
const FEES_MOST = 2_000_000n;

/** The fields of a message by their number; of one that repeats, the last. */
function read(message: Uint8Array) {
  const fields = new Map<number, Field>();
  for (const field of fieldsOf(message)) fields.set(field.number, field);
  return {
    integer(number: number): bigint {
      const field = fields.get(number);
      return field?.kind === 'integer' ? field.value : 0n;
    },
    bytes(number: number): Uint8Array {
      const field = fields.get(number);
      return field?.kind === 'bytes' ? field.value : NOTHING;
    },
  };
}

const everyBytes = (message: Uint8Array, number: number): Uint8Array[] => {
  const found: Uint8Array[] = [];
  for (const field of fieldsOf(message))
    if (field.number === number && field.kind === 'bytes') found.push(field.value);
  return found;
};

/** Throws RangeError for another length: the time to write base58 grows with its square. */
const keyText = (bytes: Uint8Array, length: number): string => {
  if (bytes.length !== length) throw new RangeError(`a key has ${bytes.length} bytes`);
  return base58Text(bytes);
};
const addressOf = (bytes: Uint8Array): Address => keyText(bytes, 32) as Address;

function accountOf(update: Uint8Array): StreamUpdate {
  const told = read(update);
  const account = read(told.bytes(1));
  const lamports = account.integer(2);
  return {
    kind: 'account',
    address: addressOf(account.bytes(1)),
    slot: Number(told.integer(2)),
    account:
      lamports === 0n
        ? null
        : {
            lamports,
            owner: addressOf(account.bytes(3)),
            // A copy: the view would keep the whole message in memory.
            data: new Uint8Array(account.bytes(6)),
          },
  };
}

/** The amount of each token account of a list of balances, by its place in the transaction. */
const tokenAmounts = (balances: readonly Uint8Array[]): Map<bigint, string> =>
  new Map(
    balances.map((each) => {
      const balance = read(each);
      const amount = read(balance.bytes(3)).bytes(3);
      return [balance.integer(1), Buffer.from(amount).toString()];
    }),
  );

function movesIn(meta: Uint8Array): boolean {
  const before = tokenAmounts(everyBytes(meta, 7));
  const after = tokenAmounts(everyBytes(meta, 8));
  for (const [place, amount] of after) if ((before.get(place) ?? '0') !== amount) return true;
  for (const place of before.keys()) if (!after.has(place)) return true;
  const lamports = (number: number): bigint => packedOf(read(meta).bytes(number))[0] ?? 0n;
  return lamports(3) - lamports(4) > FEES_MOST;
}

function transactionOf(update: Uint8Array): StreamUpdate {
  const told = read(update);
  const info = read(told.bytes(1));
  const [message, meta] = [read(info.bytes(3)).bytes(2), info.bytes(4)];
  const keys = [...everyBytes(message, 2), ...everyBytes(meta, 12), ...everyBytes(meta, 13)];
  return {
    kind: 'transaction',
    signature: keyText(info.bytes(1), 64) as Signature,
    slot: Number(told.integer(2)),
    keys: keys.map(addressOf),
    moves: movesIn(meta),
  };
}

/** Reads a message of a stream. Throws RangeError for bytes that are none. */
export function updateOf(bytes: Uint8Array): StreamUpdate {
  for (const field of fieldsOf(bytes)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 2) return accountOf(field.value);
    if (field.number === 3) return { kind: 'slot', slot: Number(read(field.value).integer(1)) };
    if (field.number === 4) return transactionOf(field.value);
    if (field.number === 6) return { kind: 'ping' };
  }
  return OTHER;
}
