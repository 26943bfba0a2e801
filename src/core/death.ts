// Death: decides when a signed transaction is proven never executed and never executable. Age alone
// proves nothing, every answer names its source, an unanswered question proves nothing, and one
// provider alone must answer the same again some blocks later.
import type { Slot } from './ids.ts';
import type { SignedBytes } from './signed-bytes.ts';

/** Finalized blocks past the last valid height before a death can be proven. */
export const DEATH_MARGIN_BLOCKS = 32;

/**
 * The answers of one node in one round of questions, asked in the order of the fields. Every answer
 * must come from a node that has seen `finalizedSlot`. A question without an answer is `null` and
 * proves nothing.
 */
export type Absence = {
  readonly finalizedSlot: Slot;
  readonly finalizedBlockHeight: number;
  readonly statusAbsent: boolean | null;
  readonly transactionAbsent: boolean | null;
  /** The signature is missing from the token account's history since the blockhash's slot. */
  readonly historyAbsent: boolean | null;
  /**
   * The node's first available block is at or before the blockhash's slot, so it would know the
   * transaction.
   */
  readonly historyReaches: boolean | null;
  /**
   * The height of the last block in which the bytes can be executed: 150 above that of the
   * blockhash. Null when the node does not list every block up to that height: its first available
   * block alone is a claim that a pruned node may make, too. The height that came with the
   * blockhash is not used, because it is the word of one node: one that is too low would have a
   * transaction called dead that can still land.
   */
  readonly lastHeight: number | null;
  /** The node's genesis hash is the ledger's. */
  readonly ownChain: boolean | null;
};
/**
 * One round. `second` holds the answers of the second provider; `none` when no second provider is
 * configured.
 */
export type DeathEvidence = Absence & { readonly second: Absence | 'none' | 'unanswered' };

/**
 * Without a second provider this many complete rounds must agree, because one URL may stand for
 * many nodes, one of which may know nothing.
 */
export const ROUNDS_ALONE = 3;
/** Finalized blocks between two rounds that count: 6.4 s at 400 ms a block. */
export const BLOCKS_BETWEEN_ROUNDS = 16;

/**
 * Whether a node answered every question, and all answers say that these bytes were never executed
 * and cannot be executed any more.
 */
function saysDead(signed: SignedBytes, told: Absence): boolean {
  return (
    told.lastHeight !== null &&
    told.finalizedBlockHeight > told.lastHeight + DEATH_MARGIN_BLOCKS &&
    // A chain makes at most one block a slot. A block height that rose by more than the number of
    // slots that passed is an error of the node.
    told.finalizedBlockHeight - told.lastHeight <= told.finalizedSlot - signed.blockhashSlot &&
    told.statusAbsent === true &&
    told.transactionAbsent === true &&
    told.historyAbsent === true &&
    told.historyReaches === true &&
    told.ownChain === true
  );
}

function isComplete(signed: SignedBytes, { second, ...own }: DeathEvidence): boolean {
  if (!saysDead(signed, own)) return false;
  if (second === 'none') return true;
  return second !== 'unanswered' && saysDead(signed, second);
}

/**
 * The rounds that count after `round`, oldest first. A round that is incomplete or found the
 * transaction invalidates all earlier ones, and itself does not count. A round that comes fewer
 * than BLOCKS_BETWEEN_ROUNDS finalized blocks after the last one is not counted.
 */
export function withRound(
  signed: SignedBytes,
  rounds: readonly DeathEvidence[],
  round: DeathEvidence,
): readonly DeathEvidence[] {
  if (!isComplete(signed, round)) return [];
  const last = rounds.at(-1);
  if (
    last !== undefined &&
    round.finalizedBlockHeight < last.finalizedBlockHeight + BLOCKS_BETWEEN_ROUNDS
  )
    return rounds;
  return [...rounds, round];
}

/**
 * Whether these rounds, as `withRound` keeps them, prove the death: one round in which two
 * independent providers agree, or ROUNDS_ALONE rounds of the only provider, some blocks apart.
 */
export function isProvenDead(signed: SignedBytes, rounds: readonly DeathEvidence[]): boolean {
  const last = rounds.at(-1);
  if (last === undefined || !rounds.every((each) => isComplete(signed, each))) return false;
  return last.second !== 'none' || rounds.length >= ROUNDS_ALONE;
}
