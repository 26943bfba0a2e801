// Digest: stored deliveries become rumours: signatures of transactions that seem to touch a watched account. Nothing else of a
// body is believed: slots and places in a block come from RPC alone. An entry that cannot be read does not hurt the others of its
// body; a delivery that cannot be digested is set aside, and the next is read.
import type { Address, Signature, Slot } from '../core/ids.ts';
import { isSignature } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { SetAside } from './aside.ts';
import type { WatchedAccounts } from './watched.ts';

export type DigestPorts = {
  readonly ledger: Ledger;
  readonly watched: WatchedAccounts;
  readonly aside: SetAside;
  readonly clock: Clock;
  readonly log: Log;
  /** A webhook names these watched accounts; the slot is what the body says. */
  readonly onTold: (accounts: readonly Address[], saidSlot: Slot | null) => void;
};

type Json = Record<string, unknown>;
const BATCH = 50;

const record = (value: unknown): Json | null =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : null;
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];

/** Every account key of a raw entry: static keys, and those from lookup tables. */
function keysOf(message: Json, meta: Json | null): string[] {
  const loaded = record(meta?.loadedAddresses);
  const own = Array.isArray(message.accountKeys)
    ? message.accountKeys
        .map((each) => (typeof each === 'string' ? each : record(each)?.pubkey))
        .filter((each) => typeof each === 'string')
    : [];
  return [...own, ...strings(loaded?.writable), ...strings(loaded?.readonly)];
}

/** Owners and token accounts of what an enhanced entry says that it moved. */
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
  /** What the body says. It decides nothing: a scan may wait a moment for a change of that slot. */
  readonly slot: Slot | null;
};

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
    return { signature, keys: keysOf(message, record(entry.meta)), slot };
  }
  // An enhanced body is a hint: its signature, and the accounts that it names.
  if (typeof entry.signature === 'string' && isSignature(entry.signature))
    return { signature: entry.signature as Signature, keys: movedKeysOf(entry), slot };
  return null;
}

/** The entries of a body; one that is no JSON has none, and is told of. */
function readBody(body: Uint8Array, onUnreadable: () => void): (Entry | null)[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    onUnreadable();
    return [];
  }
  return (Array.isArray(parsed) ? parsed : [parsed]).map(readEntry);
}

type Stored = Awaited<ReturnType<Ledger['deliveries']['undigested']>>[number];

async function digestOne(ports: DigestPorts, { id, bodies }: Stored): Promise<void> {
  const { ledger, watched, clock, log } = ports;
  const entries = bodies().flatMap((body) =>
    readBody(body, () => log.warn('delivery.unreadable', { delivery: id })),
  );
  const refused = entries.filter((each) => each === null).length;
  if (refused > 0)
    log.warn('delivery.entries_refused', { delivery: id, refused, entries: entries.length });
  const touching = entries.filter((each) => each !== null && watched.touches(each.keys)) as Entry[];
  const rumours = touching.map(({ signature, keys }) => ({
    signature,
    blockIndex: null,
    accounts: [...new Set(keys)].filter((key) => watched.map.has(key)) as Address[],
  }));
  const counts = { entries: entries.length, refused };
  await ledger.deliveries.digested(id, counts, rumours, clock.nowMs());
  for (const [index, { accounts }] of rumours.entries())
    ports.onTold(accounts, touching[index]?.slot ?? null);
}

/** Digests what is stored; true when there may be more. */
export async function digestDeliveries(ports: DigestPorts): Promise<boolean> {
  const { ledger, watched, aside, clock } = ports;
  const deliveries = await ledger.deliveries.undigested(BATCH, clock.nowMs());
  if (deliveries.length === 0) return false;
  // Bodies may tell of accounts that another daemon has just begun to watch.
  await watched.refresh();
  const failing = await aside.of('delivery');
  for (const delivery of deliveries) {
    const subject = String(delivery.id);
    try {
      await digestOne(ports, delivery);
    } catch (thrown) {
      await aside.failed('delivery', subject, thrown);
      continue;
    }
    if (failing.has(subject)) await aside.succeeded('delivery', subject);
  }
  return deliveries.length === BATCH;
}
