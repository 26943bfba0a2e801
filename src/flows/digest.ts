// Digest: stored deliveries become rumours: signatures of transactions that seem to touch a watched account. Nothing
// else of a body is believed. One bad entry never hurts its neighbours.

import type { Rumour } from '../core/hearing-ports.ts';
import type { Signature, Slot } from '../core/ids.ts';
import { isSignature } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { WatchedAccounts } from './watched.ts';

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

export type Entry = {
  readonly rumour: Rumour;
  readonly keys: readonly string[];
  readonly slot: Slot | null;
};

/** Reads one entry of a body, raw or enhanced. Null when it names no transaction. */
export function readEntry(value: unknown): Entry | null {
  const entry = record(value);
  if (entry === null) return null;
  const index = entry.indexWithinBlock;
  const blockIndex =
    typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : null;
  const transaction = record(entry.transaction);
  const message = record(transaction?.message);
  if (message !== null) {
    const signature = strings(transaction?.signatures)[0];
    if (signature === undefined || !isSignature(signature)) return null;
    const slot = typeof entry.slot === 'number' ? entry.slot : null;
    return { rumour: { signature, blockIndex }, keys: keysOf(message, record(entry.meta)), slot };
  }
  // An enhanced body is a hint: its signature, and whichever accounts it names.
  if (typeof entry.signature === 'string' && isSignature(entry.signature)) {
    const accounts = Array.isArray(entry.accountData)
      ? entry.accountData.map((each) => record(each)?.account)
      : [];
    return {
      rumour: { signature: entry.signature as Signature, blockIndex: null },
      keys: strings(accounts),
      slot: null,
    };
  }
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

/** Digests what is stored; true when there may be more. */
export async function digestDeliveries(
  ledger: Ledger,
  watched: WatchedAccounts,
  clock: Clock,
  log: Log,
  onTold: (keys: readonly string[], slot: Slot | null) => void = () => {},
): Promise<boolean> {
  const deliveries = await ledger.deliveries.undigested(BATCH);
  for (const { id, bodies } of deliveries) {
    const entries = bodies.flatMap((body) =>
      readBody(body, () => log.warn('delivery.unreadable', { delivery: id })),
    );
    const refused = entries.filter((each) => each === null).length;
    if (refused > 0)
      log.warn('delivery.entries_refused', { delivery: id, refused, entries: entries.length });
    const touching = entries
      .filter((each) => each !== null)
      .filter((each) => watched.touches(each.keys));
    await ledger.deliveries.digested(
      id,
      { entries: entries.length, refused },
      touching.map((each) => each.rumour),
      clock.nowMs(),
    );
    for (const { keys, slot } of touching) onTold(keys, slot);
  }
  return deliveries.length === BATCH;
}
