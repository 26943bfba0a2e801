// Daily root: one hash over what the ledger recorded on a day (UTC): accruals, landed payments and
// changes of standings. Each is a leaf with a canonical text. A receipt shows the path from its own
// leaves to the root, so a reader who has kept the root of a day knows that the figures were
// recorded then and have not been changed since.
//
// salt  = the first 16 bytes of SHA-256(secret ‖ SHA-256(text))
// leaf  = SHA-256(00 ‖ salt ‖ text)
// node  = SHA-256(01 ‖ left ‖ right)     over the leaves in ascending order, as in RFC 6962
// commitment = SHA-256(commitmentText), which names the day before
//
// The salt keeps a reader from guessing the leaves of others by their hashes: the secret of a day
// stays in the ledger, and a receipt shows the salts of its own leaves alone.
export type Hash = (bytes: Uint8Array) => Uint8Array;
export const HASH_BYTES = 32;
export const SALT_BYTES = 16;

const encoder = new TextEncoder();
const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  let length = 0;
  for (const each of parts) length += each.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const each of parts) {
    whole.set(each, at);
    at += each.length;
  }
  return whole;
};
/** A list of texts, numbers and nulls as JSON; amounts are decimal strings. */
const textOf = (fields: readonly unknown[]): string =>
  JSON.stringify(fields, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));

/** The text of one part of a close, as it was booked. */
export const accrualLeaf = (of: {
  readonly subscription: string;
  readonly account: string;
  readonly signature: string;
  readonly slot: number;
  readonly ordinal: number;
  /** Null for a part without terms. */
  readonly termsSlot: number | null;
  readonly basis: string;
  readonly shareBps: number;
  readonly netPnl: bigint;
  readonly charged: bigint;
  readonly amount: bigint;
  readonly before: { readonly carry: bigint; readonly deficit: bigint };
  readonly after: { readonly carry: bigint; readonly deficit: bigint };
}): string =>
  textOf([
    'accrual',
    of.subscription,
    of.account,
    of.signature,
    of.slot,
    of.ordinal,
    of.termsSlot,
    of.basis,
    of.shareBps,
    of.netPnl,
    of.charged,
    of.amount,
    of.before.carry,
    of.before.deficit,
    of.after.carry,
    of.after.deficit,
  ]);

/** The text of a payment that landed. */
export const paymentLeaf = (of: {
  readonly id: string;
  readonly signature: string;
  readonly slot: number;
  readonly mint: string;
  readonly amount: bigint;
}): string => textOf(['payment', of.id, of.signature, of.slot, of.mint, of.amount]);

/** The text of a change of a standing. */
export const standingLeaf = (of: {
  readonly revision: bigint;
  readonly wallet: string;
  readonly standing: string;
  readonly outstanding: bigint;
  readonly reason: string | null;
  readonly evidence: string | null;
}): string =>
  textOf(['standing', of.revision, of.wallet, of.standing, of.outstanding, of.reason, of.evidence]);

/** The salt of a leaf. */
export const saltOf = (secret: Uint8Array, text: string, hash: Hash): Uint8Array =>
  hash(joined(secret, hash(encoder.encode(text)))).slice(0, SALT_BYTES);

/** The hash of a leaf. */
export const leafHash = (salt: Uint8Array, text: string, hash: Hash): Uint8Array =>
  hash(joined(Uint8Array.of(0), salt, encoder.encode(text)));

const nodeHash = (left: Uint8Array, right: Uint8Array, hash: Hash): Uint8Array =>
  hash(joined(Uint8Array.of(1), left, right));

/** The order of two hashes by their bytes: negative when `one` is first, 0 when they are equal. */
export function compareHashes(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < HASH_BYTES; at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The nodes from `from` to before `to` of the level above: neighbours are joined, and a last one
 * without a neighbour goes up as it is.
 */
export function joinLevel(
  level: readonly Uint8Array[],
  hash: Hash,
  from = 0,
  to = Math.ceil(level.length / 2),
): Uint8Array[] {
  const nodes: Uint8Array[] = [];
  for (let at = from; at < to; at++) {
    const [left, right] = [level[2 * at] as Uint8Array, level[2 * at + 1]];
    nodes.push(right === undefined ? left : nodeHash(left, right, hash));
  }
  return nodes;
}

export type PathStep = { readonly side: 'left' | 'right'; readonly hash: Uint8Array };

/**
 * The neighbours on the way from a leaf to the root, the lowest first. `levels` begins with the
 * leaves.
 */
export function pathIn(levels: readonly (readonly Uint8Array[])[], index: number): PathStep[] {
  return levels.flatMap((level, height) => {
    const at = Math.floor(index / 2 ** height);
    const neighbour = level[at % 2 === 0 ? at + 1 : at - 1];
    return neighbour === undefined
      ? []
      : [{ side: at % 2 === 0 ? ('right' as const) : ('left' as const), hash: neighbour }];
  });
}

/** The place of a hash among ascending ones; -1 when it is not among them. */
export function placeOf(sorted: readonly Uint8Array[], wanted: Uint8Array): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareHashes(sorted[middle] as Uint8Array, wanted) < 0) low = middle + 1;
    else high = middle;
  }
  const found = sorted[low];
  return found !== undefined && compareHashes(found, wanted) === 0 ? low : -1;
}

/** The root to which a path leads from a leaf. */
export const climb = (leaf: Uint8Array, path: readonly PathStep[], hash: Hash): Uint8Array =>
  path.reduce(
    (below, step) =>
      step.side === 'left' ? nodeHash(step.hash, below, hash) : nodeHash(below, step.hash, hash),
    leaf,
  );

/** The root of a day, with the facts about the day that its commitment covers. */
export type RootClaim = {
  readonly genesisHash: string;
  /** The day, as 2026-11-26. */
  readonly day: string;
  readonly leaves: number;
  /** Hexadecimal. */
  readonly root: string;
  /** The commitment of the day before, in hexadecimal; null for the first day. */
  readonly previous: string | null;
};

/** The commitment of a day: the hash that names the day, its root, and every day before it. */
export const commitmentOf = (of: RootClaim, hash: Hash): string =>
  hexOf(
    hash(
      encoder.encode(
        textOf(['bailiff.root', 1, of.genesisHash, of.day, of.leaves, of.root, of.previous]),
      ),
    ),
  );

/** The bytes in lower-case hexadecimal. */
export const hexOf = (bytes: Uint8Array): string =>
  [...bytes].map((each) => each.toString(16).padStart(2, '0')).join('');
/** The bytes of hexadecimal text, the inverse of `hexOf`. */
export const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16),
  );
