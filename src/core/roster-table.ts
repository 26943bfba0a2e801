// Roster table: the roster entries of all subscribers in columns, found by platform id or agent
// wallet. An object and two map entries would take some 400 bytes a subscriber; a row here takes
// under 110, so that a million fit into an engine's process. Only subscribers who owe or are not in
// good standing are kept as objects.
import type { RosterEntry } from './roster-entry.ts';

// Stryker disable all: sizes and the spread of the hash decide speed and memory, never an answer.
/**
 * Slots of a hash index per row: the least before it is made anew, and the number after it was
 * made.
 */
const SLOTS_LEAST = 1.2;
const SLOTS_MADE = 1.5;
/** Growth of the arrays while all subscribers are loaded, and afterwards, when few are added. */
const GROWTH_LOADING = 2;
const GROWTH = 1.2;

/** The FNV-1a hash with a final mix, over the characters of an ASCII text. */
const FNV_START = 0x811c9dc5;
const step = (hash: number, code: number): number => Math.imul(hash ^ code, 0x01000193);
const mixed = (hash: number): number => {
  const half = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (half ^ (half >>> 13)) >>> 0;
};
// Stryker restore all
function hashOf(text: string): number {
  let hash = FNV_START;
  for (let i = 0; i < text.length; i++) hash = step(hash, text.charCodeAt(i));
  return mixed(hash);
}

const grown = <A extends Uint8Array | Uint32Array | BigUint64Array>(old: A, length: number): A => {
  const made = new (old.constructor as new (length: number) => A)(length);
  made.set(old as never);
  return made;
};

export type RosterTable = {
  /**
   * Adds an entry of a subscriber that is not in the table yet. `rowOf` finds no subscriber before
   * `loaded`.
   */
  load(entry: RosterEntry): void;
  /** Ends loading: makes the indexes and gives back the memory kept for growth. */
  loaded(): void;
  /** Replaces the entry of the same subscriber, or adds it. A subscriber's wallet never changes. */
  put(entry: RosterEntry): void;
  /** The row of a platform id or an agent wallet, or -1. */
  rowOf(idOrWallet: string): number;
  entry(row: number): RosterEntry;
  /** The fields of an entry that a decision needs, without id and wallet. */
  facts(
    row: number,
  ): Pick<
    RosterEntry,
    'standing' | 'outstanding' | 'owed' | 'owedSinceMs' | 'reason' | 'evidence' | 'revision'
  >;
  readonly size: number;
};

const NOTHING_OWED = {
  standing: 'good',
  outstanding: 0n,
  owedSinceMs: null,
  reason: null,
  evidence: null,
} as const;
type Owing = Omit<RosterEntry, 'subscriberId' | 'agentWallet' | 'revision'>;

/**
 * Creates an empty table. Ids and wallets are ASCII of at most 255 characters; `load` and `put`
 * throw a RangeError for any other text.
 */
export function createRosterTable(): RosterTable {
  let size = 0;
  let growth = GROWTH_LOADING;
  // The texts of each row: length and characters of the id, then length and characters of the
  // wallet.
  let texts = new Uint8Array(1_024);
  let textsEnd = 0;
  let places = new Uint32Array(16);
  let revisions = new BigUint64Array(16);
  // Each slot of an index holds a row number plus 1; 0 is a free slot.
  let ids = new Uint32Array(24);
  let wallets = new Uint32Array(24);
  const owing = new Map<number, Owing>();

  const isAt = (at: number, text: string): boolean => {
    if (texts[at] !== text.length) return false;
    for (let i = 0; i < text.length; i++)
      if (texts[at + 1 + i] !== text.charCodeAt(i)) return false;
    return true;
  };
  const readAt = (at: number): string => {
    let text = '';
    const end = at + 1 + (texts[at] ?? 0);
    for (let i = at + 1; i < end; i++) text += String.fromCharCode(texts[i] ?? 0);
    return text;
  };
  const hashAt = (at: number): number => {
    let hash = FNV_START;
    const end = at + 1 + (texts[at] ?? 0);
    for (let i = at + 1; i < end; i++) hash = step(hash, texts[i] ?? 0);
    return mixed(hash);
  };
  const idAt = (row: number): number => places[row] ?? 0;
  const walletAt = (row: number): number => idAt(row) + 1 + (texts[idAt(row)] ?? 0);

  const find = (index: Uint32Array, text: string, placeOf: (row: number) => number): number => {
    for (let slot = hashOf(text) % index.length; ; slot = (slot + 1) % index.length) {
      const row = (index[slot] ?? 0) - 1;
      if (row < 0 || isAt(placeOf(row), text)) return row;
    }
  };
  const link = (index: Uint32Array, at: number, row: number): void => {
    let slot = hashAt(at) % index.length;
    while (index[slot] !== 0) slot = (slot + 1) % index.length;
    index[slot] = row + 1;
  };
  const reindex = (slots: number): void => {
    ids = new Uint32Array(slots);
    wallets = new Uint32Array(slots);
    for (let row = 0; row < size; row++) {
      link(ids, idAt(row), row);
      link(wallets, walletAt(row), row);
    }
  };
  const write = (text: string): void => {
    if (text.length > 255) throw new RangeError(`too long for the roster: ${text.slice(0, 40)}`);
    texts[textsEnd++] = text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) throw new RangeError('ids and wallets are ASCII');
      texts[textsEnd++] = code;
    }
  };
  const add = (id: string, wallet: string): number => {
    const wanted = textsEnd + 2 + id.length + wallet.length;
    if (wanted > texts.length) texts = grown(texts, Math.ceil(wanted * growth));
    if (size === places.length) {
      places = grown(places, Math.ceil(size * growth));
      revisions = grown(revisions, places.length);
    }
    const row = size;
    places[row] = textsEnd;
    write(id);
    write(wallet);
    size++;
    return row;
  };
  const fill = (row: number, { revision, ...entry }: RosterEntry): void => {
    const { subscriberId, agentWallet, ...rest } = entry;
    revisions[row] = revision;
    if (rest.standing === 'good' && rest.outstanding === 0n) owing.delete(row);
    else owing.set(row, rest);
  };
  const facts: RosterTable['facts'] = (row) => ({
    ...(owing.get(row) ?? NOTHING_OWED),
    revision: revisions[row] ?? 0n,
  });
  return {
    load: (entry) => fill(add(entry.subscriberId, entry.agentWallet), entry),
    loaded() {
      growth = GROWTH;
      texts = texts.slice(0, Math.max(1, textsEnd));
      places = places.slice(0, Math.max(1, size));
      revisions = revisions.slice(0, Math.max(1, size));
      reindex(Math.max(2, Math.ceil(size * SLOTS_MADE)));
    },
    put(entry) {
      const known = find(ids, entry.subscriberId, idAt);
      const row = known < 0 ? add(entry.subscriberId, entry.agentWallet) : known;
      fill(row, entry);
      if (known >= 0) return;
      if (size * SLOTS_LEAST > ids.length) return reindex(Math.ceil(size * SLOTS_MADE));
      link(ids, idAt(row), row);
      link(wallets, walletAt(row), row);
    },
    rowOf(text) {
      const row = find(ids, text, idAt);
      return row < 0 ? find(wallets, text, walletAt) : row;
    },
    facts,
    entry: (row) => ({
      subscriberId: readAt(idAt(row)),
      agentWallet: readAt(walletAt(row)),
      ...facts(row),
    }),
    get size() {
      return size;
    },
  };
}
