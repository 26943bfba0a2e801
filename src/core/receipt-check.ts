// Receipt check: one check of a receipt with its verdict, and what a node gave for it. A check is
// `ok` only when the chain or arithmetic shows it; what a node does not have is `unknown`.
import type { Fact } from './fact.ts';
import type { Address, Signature } from './ids.ts';
import type { Token } from './token.ts';
import type { ChainTransaction } from './transaction.ts';

const RECEIPT_VERDICTS = ['ok', 'differs', 'unknown'] as const;
export type ReceiptVerdict = (typeof RECEIPT_VERDICTS)[number];

export type ReceiptCheck = {
  /** The id of the share; null for a check of several receipts together. */
  readonly share: string | null;
  /** The checked part, as a stable code. */
  readonly what: string;
  readonly verdict: ReceiptVerdict;
  readonly detail: string;
};
export type Finding = Omit<ReceiptCheck, 'share'>;

/** A finding that the chain or arithmetic shows what the receipt says. */
export const ok = (what: string, detail: string): Finding => ({ what, verdict: 'ok', detail });
/** A finding that the chain or arithmetic contradicts the receipt. */
export const differs = (what: string, detail: string): Finding => ({
  what,
  verdict: 'differs',
  detail,
});
/** A finding that the node lacks what would show it. */
export const unknown = (what: string, detail: string): Finding => ({
  what,
  verdict: 'unknown',
  detail,
});

/** A venue whose records the verifier can read. */
export type KnownVenue = {
  readonly name: string;
  readonly programId: Address;
  readonly quote: Token;
};

/** The accounts whose facts a receipt is about. */
export type ReceiptSubscriber = {
  readonly agentWallet: Address;
  readonly tokenAccount: Address;
  readonly venueAccount: Address;
};

/** The answers of a node for receipts, and the values that are computed at the edges. */
export type ReceiptEvidence = {
  /** The genesis hash that the node names. */
  readonly genesisHash: string;
  readonly venues: readonly KnownVenue[];
  /** A transaction at `finalized`; null when the node does not have it. */
  transaction(signature: Signature): ChainTransaction | null;
  /** The facts of the subscriber in a transaction, as the daemon's own decoders read them. */
  facts(
    transaction: ChainTransaction,
    subscriber: ReceiptSubscriber,
    venue: KnownVenue,
  ): readonly Fact[];
  sha256(bytes: Uint8Array): Uint8Array;
  /** Commitments of daily roots that the reader kept, in hexadecimal; none when left out. */
  readonly roots?: readonly string[];
};

/** The names of the fields in which two objects differ, each with both values. */
export function differencesOf(
  receipt: Readonly<Record<string, unknown>>,
  found: Readonly<Record<string, unknown>>,
): string[] {
  return Object.keys(receipt)
    .filter((name) => !same(receipt[name], found[name]))
    .map((name) => `${name} is ${show(receipt[name])} in the receipt and ${show(found[name])}`);
}

/** Whether two values of receipts are equal in every field. */
export function same(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return one === other;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) =>
    same((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]),
  );
}

const show = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}` : each))
    : String(value);

/** The sentence for a transaction that a node does not have. */
export const NOT_THERE =
  'The node does not have this transaction, or not as finalized. Ask a node that keeps the whole history.';
