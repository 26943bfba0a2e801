// Daily roots: seals each day once it is over, one day a run in the order of days, and gives
// receipts the paths of their leaves.
import {
  commitmentOf,
  compareHashes,
  type Hash,
  hexOf,
  joinLevel,
  leafHash,
  pathIn,
  placeOf,
  saltOf,
} from '../core/daily-root.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Receipt } from '../core/receipt.ts';
import { leafTextOf } from '../core/receipt-root.ts';
import type { ReceiptLeaf, RootBook, SealedDay } from '../core/root-ports.ts';

export type RootPorts = {
  readonly roots: RootBook;
  readonly hash: Hash;
  /** 32 random bytes. */
  readonly secret: () => Uint8Array;
  /** Lets other work of the process go ahead. */
  readonly pause: () => Promise<void>;
};
type Hashing = Pick<RootPorts, 'hash' | 'pause'>;

const DAY_MS = 24 * 3_600_000;
/**
 * A record has the time at which its transaction in the ledger began, and no such transaction lasts
 * 30 minutes. So a day gets no further record once this much time has passed after its end.
 */
const LATE_MS = 30 * 60_000;

/** Hashes between two pauses. A large day takes seconds, and gate and webhooks must not wait. */
const AT_A_STRETCH = 500;

/** The hashes of leaves in ascending order. */
async function hashesOf(
  texts: readonly string[],
  secret: Uint8Array,
  { hash, pause }: Hashing,
): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  for (const text of texts) {
    hashes.push(leafHash(saltOf(secret, text, hash), text, hash));
    if (hashes.length % AT_A_STRETCH === 0) await pause();
  }
  return hashes.sort(compareHashes);
}

/** Every level of the tree over these leaves, the leaves first. */
async function levelsOf(
  leaves: readonly Uint8Array[],
  { hash, pause }: Hashing,
): Promise<(readonly Uint8Array[])[]> {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; ) {
    const next: Uint8Array[] = [];
    const length = Math.ceil(level.length / 2);
    for (let from = 0; from < length; from += AT_A_STRETCH) {
      next.push(...joinLevel(level, hash, from, Math.min(length, from + AT_A_STRETCH)));
      await pause();
    }
    levels.push(next);
    level = next;
  }
  return levels;
}

/**
 * Seals the next day when it is over. Returns the day, or null when none is due. Another daemon may
 * have sealed the same day meanwhile; its root then counts.
 */
export async function sealNextDay(
  { roots, hash, secret: newSecret, pause }: RootPorts,
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
  const hashes = await hashesOf(await roots.leaves(day), secret, { hash, pause });
  const top = (await levelsOf(hashes, { hash, pause })).at(-1)?.[0];
  const root = hexOf(top ?? hash(new Uint8Array()));
  const claim = { day, leaves: hashes.length, root, previous };
  const commitment = commitmentOf({ genesisHash, ...claim }, hash);
  if (await roots.keep({ ...claim, commitment, madeAtMs: clock.nowMs(), secret, hashes }))
    log.info('root.sealed', { day, leaves: hashes.length, commitment });
  return day;
}

/**
 * How many records of a day are not in its root, and how many leaves no record has any more. Null
 * when the day is not sealed.
 */
export async function compareDay(
  { roots, ...hashing }: Omit<RootPorts, 'secret'>,
  day: string,
): Promise<{ readonly added: number; readonly gone: number; readonly leaves: number } | null> {
  const sealed = await roots.day(day);
  if (sealed === null) return null;
  const hashes = await hashesOf(await roots.leaves(day), sealed.secret, hashing);
  const found = new Set(hashes.map(hexOf));
  const known = new Set(sealed.hashes.map(hexOf));
  return {
    added: [...found].filter((each) => !known.has(each)).length,
    gone: [...known].filter((each) => !found.has(each)).length,
    leaves: sealed.leaves,
  };
}

/** Days whose trees are kept in memory between receipts; 64 bytes a record. */
const DAYS_KEPT = 4;
type Tree = { readonly sealed: SealedDay; readonly levels: readonly (readonly Uint8Array[])[] };

/** Creates the function that gives the leaves of a receipt with their paths. */
export function createRootPaths({ roots, hash, pause }: Omit<RootPorts, 'secret'>) {
  /**
   * Trees by commitment and not by day: a database that went back in time seals its lost days anew,
   * with other hashes.
   */
  const trees = new Map<string, Promise<Tree | null>>();
  const grown = async ({ day, commitment }: ReceiptLeaf): Promise<Tree | null> => {
    const sealed = await roots.day(day);
    return sealed?.commitment !== commitment
      ? null
      : { sealed, levels: await levelsOf(sealed.hashes, { hash, pause }) };
  };
  /**
   * The tree with the commitment that the ledger named for the day; null when the ledger has lost
   * it since. Receipts that ask for one at the same time share it.
   */
  const treeOf = (leaf: ReceiptLeaf): Promise<Tree | null> => {
    const known = trees.get(leaf.commitment);
    if (known !== undefined) return known;
    const asked = grown(leaf);
    trees.set(leaf.commitment, asked);
    asked.then(
      (tree) => tree === null && trees.delete(leaf.commitment),
      () => trees.delete(leaf.commitment),
    );
    const [oldest] = trees.keys();
    if (trees.size > DAYS_KEPT && oldest !== undefined) trees.delete(oldest);
    return asked;
  };
  return async function pathsOf(receipt: Omit<Receipt, 'roots'>): Promise<Receipt['roots']> {
    const found: Receipt['roots'][number][] = [];
    for (const leaf of await roots.ofShare(receipt.share.id)) {
      const { of, id, day } = leaf;
      const tree = await treeOf(leaf);
      const text = leafTextOf(receipt, of, id);
      if (tree === null || text === null) continue;
      const { sealed, levels } = tree;
      const salt = saltOf(sealed.secret, text, hash);
      // A record that was changed since is in no tree: the receipt then shows no way to the root.
      const place = placeOf(sealed.hashes, leafHash(salt, text, hash));
      if (place < 0) continue;
      found.push({
        of,
        id,
        day,
        salt: hexOf(salt),
        path: pathIn(levels, place).map((step) => ({ side: step.side, hash: hexOf(step.hash) })),
        leaves: sealed.leaves,
        previous: sealed.previous,
        commitment: sealed.commitment,
      });
    }
    return found;
  };
}
