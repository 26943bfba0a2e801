// Digest: turns stored webhook deliveries into rumours, which are signatures of transactions that
// seem to touch a watched account. Nothing else in a body is believed: slots and places in a block
// come from RPC. An entry that cannot be read does not affect the others of its body. A delivery
// that fails is set aside, and the others are read. Four deliveries are read side by side, so that
// they share transactions of the ledger; memory holds one body and its rumours of each.
import { Fault } from '../core/fault.ts';
import type { Begun } from '../core/hearing-ports.ts';
import { type Address, isSignature, type Signature, type Slot } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { Rumour } from '../core/watch-ports.ts';
import type { SetAside } from './aside.ts';
import type { Haste } from './reading-haste.ts';
import { sideBySide } from './side-by-side.ts';
import type { WatchedAccounts } from './watched.ts';

export type DigestPorts = {
  readonly ledger: Ledger;
  readonly watched: WatchedAccounts;
  readonly aside: SetAside;
  readonly clock: Clock;
  readonly log: Log;
  /** The name of this run of this daemon. */
  readonly reader: string;
  readonly bounds: DigestBounds;
  /**
   * Called for each transaction that a webhook names, once it is noted, with its watched accounts
   * and the slot in the body; `ahead` says that it goes ahead of others.
   */
  readonly onTold: (accounts: readonly Address[], saidSlot: Slot | null, ahead: boolean) => void;
  /** Called with the number of entries of a delivery that was read to its end. */
  readonly onEvents?: (count: number) => void;
  /**
   * Learns which of these transactions are payments that another daemon sent; left out where this
   * daemon hears everything.
   */
  readonly learn?: (signatures: readonly Signature[]) => Promise<void>;
  /** How long the reading of a transaction may wait; see flows/reading-haste.ts. */
  readonly haste: Pick<Haste, 'waitMs'>;
};

export type DigestBounds = {
  /** The longest body that is read; a delivery with a longer one is set aside. */
  readonly webhookBytesMost: number;
  /** The most stored bytes of deliveries that are fetched at once. */
  readonly digestBytesMost: number;
};

type Json = Record<string, unknown>;
const BATCH = 50;
/** The number of deliveries that are read side by side. */
const AT_ONCE = 4;
/** The number of transactions that are collected before they are noted. */
const NOTED_AT_ONCE = 2_000;
/** A delivery that this many runs of daemons began and never ended is not read again. */
const UNENDED_MOST = 3;

const record = (value: unknown): Json | null =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : null;
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];

/** Every account key of a raw entry: its static keys, and the keys from lookup tables. */
function keysOf(message: Json, meta: Json | null): string[] {
  const loaded = record(meta?.loadedAddresses);
  const own = Array.isArray(message.accountKeys)
    ? message.accountKeys
        .map((each) => (typeof each === 'string' ? each : record(each)?.pubkey))
        .filter((each) => typeof each === 'string')
    : [];
  return [...own, ...strings(loaded?.writable), ...strings(loaded?.readonly)];
}

/** The owners and token accounts in the movements that an enhanced entry lists. */
function movedKeysOf(entry: Json): string[] {
  const records = (value: unknown): Json[] =>
    Array.isArray(value) ? value.map(record).filter((each) => each !== null) : [];
  const accounts = records(entry.accountData);
  const changes = accounts.flatMap((each) => records(each.tokenBalanceChanges));
  const moves = [...records(entry.tokenTransfers), ...records(entry.nativeTransfers)];
  return strings([
    entry.feePayer,
    ...accounts.map((each) => each.account),
    ...changes.flatMap((each) => [each.userAccount, each.tokenAccount]),
    ...moves.flatMap((each) => [
      each.fromUserAccount,
      each.toUserAccount,
      each.fromTokenAccount,
      each.toTokenAccount,
    ]),
  ]);
}

export type Entry = {
  readonly signature: Signature;
  readonly keys: readonly string[];
  /**
   * The slot in the body. No decision rests on it; only a scan may wait a moment for a change of
   * that slot.
   */
  readonly slot: Slot | null;
  /**
   * Whether the body says that tokens moved, or, in a raw entry, that the fee payer lost more
   * lamports than `FEES_MOST`. This decides only which transaction is read first.
   */
  readonly moves: boolean;
};

/** A fee payer that loses more lamports than this has paid more than fees. */
const FEES_MOST = 2_000_000;

/** Whether a raw entry says that token balances changed, or that its payer lost more than fees. */
function movesIn(meta: Json | null): boolean {
  const amounts = (value: unknown): Map<unknown, unknown> =>
    new Map(
      (Array.isArray(value) ? value.map(record) : []).map((each) => [
        each?.accountIndex,
        record(each?.uiTokenAmount)?.amount,
      ]),
    );
  const [before, after] = [amounts(meta?.preTokenBalances), amounts(meta?.postTokenBalances)];
  for (const [index, amount] of after) if ((before.get(index) ?? '0') !== amount) return true;
  for (const index of before.keys()) if (!after.has(index)) return true;
  const lamports = (value: unknown): number => (Array.isArray(value) ? Number(value[0]) : 0);
  return lamports(meta?.preBalances) - lamports(meta?.postBalances) > FEES_MOST;
}

/** Reads one entry of a body, raw or enhanced. Null when it names no transaction. */
export function readEntry(value: unknown): Entry | null {
  const entry = record(value);
  if (entry === null) return null;
  const slot = Number.isSafeInteger(entry.slot) ? (entry.slot as number) : null;
  const transaction = record(entry.transaction);
  const message = record(transaction?.message);
  if (message !== null) {
    const signature = strings(transaction?.signatures)[0];
    if (signature === undefined || !isSignature(signature)) return null;
    const meta = record(entry.meta);
    return { signature, keys: keysOf(message, meta), slot, moves: movesIn(meta) };
  }
  // Of an enhanced entry only the signature and the accounts that it names are used.
  if (typeof entry.signature === 'string' && isSignature(entry.signature))
    return {
      signature: entry.signature as Signature,
      keys: movedKeysOf(entry),
      slot,
      moves: Array.isArray(entry.tokenTransfers) && entry.tokenTransfers.length > 0,
    };
  return null;
}

/** The entries of a body; null when the body is no JSON. */
function entriesOf(body: Uint8Array): readonly unknown[] | null {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch {
    return null;
  }
}

async function digestOne(ports: DigestPorts, { id, bodies }: Begun): Promise<void> {
  const { ledger, watched, clock, log } = ports;
  const { webhookBytesMost } = ports.bounds;
  const counts = { entries: 0, refused: 0 };
  let named: (Omit<Entry, 'keys'> & { readonly accounts: readonly Address[] })[] = [];
  let tooLong = 0;
  /**
   * Notes the transactions that were collected. The last call does so in one transaction with the
   * end of the delivery.
   */
  const note = async (last: boolean): Promise<void> => {
    const moving = named.filter((each) => each.moves);
    if (moving.length > 0) await ports.learn?.(moving.map((each) => each.signature));
    const rumours = named.map(
      ({ signature, accounts, moves }): Rumour & { readonly waitMs: number } => ({
        signature,
        accounts,
        blockIndex: null,
        waitMs: ports.haste.waitMs(signature, moves, accounts),
      }),
    );
    const nowMs = clock.nowMs();
    if (last) await ledger.deliveries.digested(id, counts, rumours, nowMs);
    else await ledger.sightings.note(rumours, { source: 'webhook', by: 'rumour', nowMs });
    for (const [index, { accounts, slot }] of named.entries())
      ports.onTold(accounts, slot, (rumours[index]?.waitMs ?? 0) < 0);
    named = [];
  };
  for await (const { length, bytes } of bodies(webhookBytesMost)) {
    const values = bytes === null ? [] : entriesOf(bytes);
    if (bytes === null) tooLong = Math.max(tooLong, length);
    if (values === null) log.warn('delivery.unreadable', { delivery: id });
    for (const value of values ?? []) {
      counts.entries++;
      const entry = readEntry(value);
      if (entry === null) {
        counts.refused++;
        continue;
      }
      if (!watched.touches(entry.keys)) continue;
      const accounts = [...new Set(entry.keys)].filter((key) => watched.map.has(key)) as Address[];
      named.push({ ...entry, accounts });
      if (named.length >= NOTED_AT_ONCE) await note(false);
    }
  }
  if (counts.refused > 0) log.warn('delivery.entries_refused', { delivery: id, ...counts });
  if (tooLong === 0) {
    await note(true);
    return ports.onEvents?.(counts.entries);
  }
  await note(false);
  throw new Fault(
    'body_too_large',
    `It holds a body of ${tooLong} bytes; http.webhookBytesMost is ${webhookBytesMost}.`,
  );
}

/** Digests one batch of stored deliveries; true when there may be more. */
export async function digestDeliveries(ports: DigestPorts): Promise<boolean> {
  const { ledger, watched, aside, clock, reader } = ports;
  const bytesMost = ports.bounds.digestBytesMost;
  const nowMs = clock.nowMs();
  const begun = await ledger.deliveries.begin({ reader, limit: BATCH, bytesMost, nowMs });
  if (begun.length === 0) return false;
  // The bodies may name accounts that another daemon has just begun to watch.
  const [failing] = await Promise.all([aside.of('delivery'), watched.refresh()]);
  await sideBySide(begun, AT_ONCE, async (delivery) => {
    const subject = String(delivery.id);
    if (delivery.unended >= UNENDED_MOST) {
      const why = `${delivery.unended} daemons ended, or hung, while they read it. Histories name its transactions.`;
      return aside.forGood('delivery', subject, why);
    }
    try {
      await digestOne(ports, delivery);
    } catch (thrown) {
      await aside.failed('delivery', subject, thrown);
      return ledger.deliveries.ended(delivery.id);
    }
    if (failing.has(subject)) await aside.succeeded('delivery', subject);
  });
  return true;
}
