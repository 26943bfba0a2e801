// Verify: checks receipts of profit shares against any Solana node, without a ledger, with the
// daemon's own decoders and accrual. Entry of the package @bailiff/verify.
import { createHash } from 'node:crypto';
import type { Signature } from '../core/ids.ts';
import type { Receipt } from '../core/receipt.ts';
import type { KnownVenue, ReceiptCheck, ReceiptVerdict } from '../core/receipt-check.ts';
import { checkReceipts, signaturesOf, statedIn, verdictOf } from '../core/receipt-verdict.ts';
import { quotesOf } from '../core/token.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { Profile } from '../venue/profile.ts';
import { PROFILES } from '../venue/profiles.ts';
import { createRecordReader, type RecordReader } from '../venue/record-reader.ts';
import { rootsNamed } from './roots-on-chain.ts';
import type { Node } from './transaction-reader.ts';

export type { Receipt } from '../core/receipt.ts';
export { receiptsIn } from '../core/receipt.ts';
export type { ReceiptCheck, ReceiptVerdict } from '../core/receipt-check.ts';
export { type Node, openNode } from './transaction-reader.ts';

/** How many transactions are asked for at once. */
const SIDE_BY_SIDE = 4;

const ALL: readonly Profile[] = Object.values(PROFILES);
const readers = new Map<string, RecordReader>();
const venueOf = ({ name, programId, quote }: Profile): KnownVenue => {
  if (!readers.has(name)) {
    const profile = ALL.find((each) => each.name === name);
    if (profile !== undefined) readers.set(name, createRecordReader(profile));
  }
  const { mint, symbol, decimals } = quote;
  return { name, programId, quote: { mint, symbol, decimals } };
};

export type Verification = {
  /** The worst of all checks. */
  readonly verdict: ReceiptVerdict;
  readonly checks: readonly ReceiptCheck[];
  /**
   * The figures that a receipt only states, because no chain shows them, by the id of its share.
   */
  readonly stated: Readonly<Record<string, readonly string[]>>;
};

/** The exit code of a verdict: 0 all ok, 3 something differs, 1 something cannot be told. */
export const exitOf = (verdict: ReceiptVerdict): 0 | 1 | 3 => {
  switch (verdict) {
    case 'ok':
      return 0;
    case 'differs':
      return 3;
    case 'unknown':
      return 1;
  }
};

/** Reads transactions, a few at a time; null for one that the node does not give. */
async function readAll(
  node: Pick<Node, 'transaction'>,
  signatures: readonly Signature[],
  onRead: (done: number) => void,
): Promise<Map<Signature, ChainTransaction | null>> {
  const found = new Map<Signature, ChainTransaction | null>();
  const waiting = [...signatures];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const signature = next;
      found.set(signature, await node.transaction(signature).catch(() => null));
      onRead(found.size);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  return found;
}

/**
 * Checks receipts against a node. The genesis hash is compared first; rejects when the node does
 * not tell it. `roots` are daily roots that the reader kept, each as a commitment or as the
 * signature of the memo that wrote it on chain: each receipt must lead to them. Throws
 * `body_invalid` for a root that is neither.
 */
export async function verifyReceipts(
  receipts: readonly Receipt[],
  node: Node,
  onRead: (done: number, of: number) => void = () => {},
  roots: readonly string[] = [],
): Promise<Verification> {
  const genesisHash = await node.genesisHash();
  const wanted = receipts.filter((each) => each.genesisHash === genesisHash);
  const signatures = [...new Set(wanted.flatMap(signaturesOf))];
  const found = await readAll(node, signatures, (done) => onRead(done, signatures.length));
  const venues = ALL.map(venueOf);
  const kept = await rootsNamed(roots, node);
  const quotes = quotesOf(venues.map(({ quote }) => quote));
  const ofReceipts = checkReceipts(receipts, {
    genesisHash,
    venues,
    transaction: (signature) => found.get(signature) ?? null,
    facts: (transaction, subscriber, { name }) =>
      readers.get(name)?.(transaction, subscriber) ?? [],
    sha256: (bytes) => createHash('sha256').update(bytes).digest(),
    roots: kept.commitments,
  });
  const checks = [...ofReceipts, ...kept.findings.map((each) => ({ ...each, share: null }))];
  return {
    verdict: verdictOf(checks),
    checks,
    stated: Object.fromEntries(receipts.map((each) => [each.share.id, statedIn(each, quotes)])),
  };
}

const SAID: Readonly<Record<ReceiptVerdict, string>> = {
  ok: 'ok            ',
  differs: 'DIFFERS       ',
  unknown: 'cannot be told',
};

/** The lines that tell a verification to people. */
export function linesOf({ verdict, checks, stated }: Verification): string[] {
  const shares = Object.keys(stated);
  const of = (share: string | null): string[] =>
    checks
      .filter((each) => each.share === share)
      .map(({ what, verdict: said, detail }) => `  ${SAID[said]}  ${what}: ${detail}`);
  const together = of(null);
  return [
    ...shares.flatMap((share) => [
      `${share}:`,
      ...of(share),
      ...(stated[share] ?? []).map((each) => `  stated          ${each}`),
    ]),
    ...(together.length === 0 ? [] : ['All receipts together:', ...together]),
    verdict === 'ok'
      ? 'Everything that the chain can show is as the receipts say.'
      : verdict === 'differs'
        ? 'Something differs from the chain.'
        : 'Nothing differs, but not everything could be told.',
  ];
}
