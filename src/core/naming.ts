// Naming: decides what a further naming of a transaction changes in its sighting. Better evidence
// is stored and may make the transaction due earlier; a transaction that was given up, or that was
// read before one of its accounts was watched, is read again. Recorded facts stay.
import type { Slot } from './ids.ts';
import type { Naming, Rumour } from './watch-ports.ts';

/** A sighting, as far as namings change it. */
export type NamedSighting = {
  readonly status: 'wanted' | 'confirmed' | 'finalized' | 'dropped' | 'unfound';
  readonly blockIndex: number | null;
  /** As `rankOf`. The lowest rank of all namings counts. */
  readonly rank: number;
  readonly namedSlot: Slot | null;
  readonly namedFinal: boolean;
  /** The revision of the watch-list with which it was read; null while it is not read. */
  readonly readRevision: number | null;
  readonly attempts: number;
  readonly wantedMs: number;
  readonly absentMs: number | null;
  readonly dueMs: number;
};

/** In which turn a transaction is read: 0 before all others, 1 named by a history, 2 a rumour. */
const rankOf = (by: Naming['by'], { urgent }: Pick<Rumour, 'urgent'>): number =>
  by === 'rumour' ? 2 : urgent === true ? 0 : 1;

/** The evidence of a naming. The slot and the index that a rumour gives are not taken. */
export const evidenceOf = (rumour: Rumour, { by }: Pick<Naming, 'by'>) => ({
  rank: rankOf(by, rumour),
  blockIndex: by === 'rumour' ? null : rumour.blockIndex,
  namedSlot: by === 'rumour' ? null : (rumour.slot ?? null),
  namedFinal: by === 'finalized',
});

/** The sighting of a transaction that is named for the first time, and is due then. */
export const firstNamed = (rumour: Rumour, naming: Naming, dueMs: number): NamedSighting => ({
  status: 'wanted',
  ...evidenceOf(rumour, naming),
  readRevision: null,
  attempts: 0,
  wantedMs: naming.nowMs,
  absentMs: null,
  dueMs,
});

/**
 * The sighting after a further naming, by which the transaction would be due at `dueMs`; null when
 * the naming changes nothing.
 */
export function namedAgain(
  known: NamedSighting,
  rumour: Rumour,
  naming: Naming,
  dueMs: number,
): NamedSighting | null {
  const { listedRevision, nowMs, again = false } = naming;
  const found = evidenceOf(rumour, naming);
  const isReadAgain =
    again ||
    known.status === 'dropped' ||
    known.status === 'unfound' ||
    (listedRevision !== undefined &&
      known.readRevision !== null &&
      known.readRevision < listedRevision);
  const isOpen = known.status === 'wanted' || known.status === 'confirmed';
  const isBetter =
    found.rank < known.rank ||
    (found.namedFinal && !known.namedFinal) ||
    (known.namedSlot === null && found.namedSlot !== null);
  const isPlaced = known.blockIndex === null && found.blockIndex !== null;
  if (!isReadAgain && !(isOpen && isBetter) && !isPlaced) return null;
  const next = {
    ...known,
    blockIndex: known.blockIndex ?? found.blockIndex,
    rank: Math.min(known.rank, found.rank),
    namedSlot: found.namedFinal ? found.namedSlot : (known.namedSlot ?? found.namedSlot),
    namedFinal: known.namedFinal || found.namedFinal,
    dueMs: isReadAgain ? dueMs : Math.min(known.dueMs, dueMs),
  };
  if (!isReadAgain) return next;
  const wanted = { status: 'wanted', attempts: 0, wantedMs: nowMs } as const;
  return { ...next, ...wanted, absentMs: null, readRevision: null };
}

/** A sighting that is not read as final. `slot` is that of its reading at confirmed commitment. */
export type OpenSighting = Pick<NamedSighting, 'rank' | 'namedSlot'> & {
  readonly status: 'wanted' | 'confirmed';
  readonly slot: Slot | null;
};

/**
 * Whether a transaction of an account may still bring finalized facts up to a slot: the account's
 * history named it and it is not read, or it was read at confirmed commitment only.
 */
export const isUntold = (
  { status, rank, namedSlot, slot }: OpenSighting,
  uptoSlot: Slot,
): boolean =>
  status === 'wanted'
    ? rank < 2 && (namedSlot === null || namedSlot <= uptoSlot)
    : slot !== null && slot <= uptoSlot;

/**
 * Whether a transaction whose accounts are not known may still bring finalized facts of an account
 * up to a slot. Until it is read it may be of any account. One that was noted after the account's
 * history was read, at `walkedMs`, is not waited for: that history would have named it. So a rumour
 * that no node knows keeps no account from being checked.
 */
export const isUntoldOfAny = (
  { status, slot, notedMs }: Pick<OpenSighting, 'status' | 'slot'> & { readonly notedMs: number },
  uptoSlot: Slot,
  walkedMs: number,
): boolean => (status === 'wanted' ? notedMs <= walkedMs : slot !== null && slot <= uptoSlot);
