// Daily roots: seals each day once it is over, one day a run in the order of days, and gives
// receipts the paths of their leaves.
import {
  commitmentOf,
  compareHashes,
  type Hash,
  hexOf,
  leafHash,
  pathOf,
  rootOf,
  saltOf,
} from '../core/daily-root.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Receipt } from '../core/receipt.ts';
import { leafTextOf } from '../core/receipt-root.ts';
import type { RootBook, SealedDay } from '../core/root-ports.ts';

export type RootPorts = {
  readonly roots: RootBook;
  readonly hash: Hash;
  /** 32 random bytes. */
  readonly secret: () => Uint8Array;
};

const DAY_MS = 24 * 3_600_000;
/**
 * A record bears the time at which its transaction in the ledger began, and no statement of the
 * daemon lasts so long. After this time a day gets no further record.
 */
const LATE_MS = 30 * 60_000;

const hashesOf = (texts: readonly string[], secret: Uint8Array, hash: Hash): Uint8Array[] =>
  texts.map((text) => leafHash(saltOf(secret, text, hash), text, hash)).sort(compareHashes);

/**
 * Seals the next day when it is over. Returns the day, or null when none is due. Another daemon may
 * have sealed the same day meanwhile; its root then counts.
 */
export async function sealNextDay(
  { roots, hash, secret: newSecret }: RootPorts,
  clock: Pick<Clock, 'nowMs'>,
  log: Log,
): Promise<string | null> {
  const day = await roots.nextDay();
  if (day === null || clock.nowMs() < Date.parse(day) + DAY_MS + LATE_MS) return null;
  const genesisHash = await roots.genesisHash();
  if (genesisHash === null) return null;
  const before = new Date(Date.parse(day) - DAY_MS).toISOString().slice(0, 10);
  const previous = (await roots.day(before))?.commitment ?? null;
  const secret = newSecret();
  const hashes = hashesOf(await roots.leaves(day), secret, hash);
  const root = hexOf(rootOf(hashes, hash));
  const claim = { day, leaves: hashes.length, root, previous };
  const commitment = commitmentOf({ genesisHash, ...claim }, hash);
  if (await roots.keep({ ...claim, commitment, madeAtMs: clock.nowMs(), secret, hashes }))
    log.info('root.sealed', { day, leaves: hashes.length, commitment });
  return day;
}

/** How many records of a day are not in its root, and how many leaves no record has any more. */
export async function compareDay(
  { roots, hash }: Pick<RootPorts, 'roots' | 'hash'>,
  day: string,
): Promise<{ readonly added: number; readonly gone: number; readonly leaves: number } | null> {
  const sealed = await roots.day(day);
  if (sealed === null) return null;
  const found = new Set(hashesOf(await roots.leaves(day), sealed.secret, hash).map(hexOf));
  const known = new Set(sealed.hashes.map(hexOf));
  return {
    added: [...found].filter((each) => !known.has(each)).length,
    gone: [...known].filter((each) => !found.has(each)).length,
    leaves: sealed.leaves,
  };
}

/** Days whose hashes are kept in memory between receipts. */
const DAYS_KEPT = 4;

/** Creates the function that gives the leaves of a receipt with their paths. */
export function createRootPaths({ roots, hash }: Pick<RootPorts, 'roots' | 'hash'>) {
  const days = new Map<string, SealedDay>();
  const dayOf = async (day: string): Promise<SealedDay | null> => {
    const known = days.get(day);
    if (known !== undefined) return known;
    const found = await roots.day(day);
    if (found === null) return null;
    days.set(day, found);
    const [oldest] = days.keys();
    if (days.size > DAYS_KEPT && oldest !== undefined) days.delete(oldest);
    return found;
  };
  return async function pathsOf(receipt: Omit<Receipt, 'roots'>): Promise<Receipt['roots']> {
    const found: Receipt['roots'][number][] = [];
    for (const { of, id, day } of await roots.ofShare(receipt.share.id)) {
      const sealed = await dayOf(day);
      const text = leafTextOf(receipt, of, id);
      if (sealed === null || text === null) continue;
      const salt = saltOf(sealed.secret, text, hash);
      const leaf = leafHash(salt, text, hash);
      const index = sealed.hashes.findIndex((each) => compareHashes(each, leaf) === 0);
      if (index < 0) continue;
      const path = pathOf(sealed.hashes, index, hash);
      found.push({
        ...{ of, id, day, salt: hexOf(salt) },
        path: path.map((step) => ({ side: step.side, hash: hexOf(step.hash) })),
        ...{ leaves: sealed.leaves, previous: sealed.previous, commitment: sealed.commitment },
      });
    }
    return found;
  };
}
