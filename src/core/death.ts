// Death: what proves that a signed transaction was never executed and never can be. Age is never
// proof: every answer names its source, an unanswered question proves nothing, and one provider
// alone must say the same again some blocks later.
import type { Slot } from './ids.ts';
import type { SignedBytes } from './payment.ts';

/** Blocks past lastValidBlockHeight, at finalized commitment, before a death may be proven. */
export const DEATH_MARGIN_BLOCKS = 32;

/**
 * What one node says of a signature, in one round of questions asked in this order (solana-facts
 * section 5). Every answer must come from a node that has seen `finalizedSlot`; a question that was
 * not answered is `null`, which proves nothing.
 */
export type Absence = {
  readonly finalizedSlot: Slot;
  readonly finalizedBlockHeight: number;
  readonly statusAbsent: boolean | null;
  readonly transactionAbsent: boolean | null;
  /** The signature is not in the token account's history since the blockhash's slot. */
  readonly historyAbsent: boolean | null;
  /**
   * The node's first available block is at or before the blockhash's slot: it would know the
   * transaction.
   */
  readonly historyReaches: boolean | null;
  /** The node's genesis hash is the one that the ledger keeps. */
  readonly ownChain: boolean | null;
};
/**
 * One round. `second` is what the second provider says; `none` where no second provider is
 * configured.
 */
export type DeathEvidence = Absence & { readonly second: Absence | 'none' | 'unanswered' };

/**
 * Without a second provider, so many complete rounds must agree. One URL may stand for many nodes,
 * of which one may know nothing.
 */
export const ROUNDS_ALONE = 3;
/** Finalized blocks between two rounds that count: about 3.4 s. */
export const BLOCKS_BETWEEN_ROUNDS = 16;

/**
 * Whether a node answered everything, and everything says that these bytes can no longer be
 * executed and never were.
 */
function saysDead(signed: SignedBytes, told: Absence): boolean {
  return (
    told.finalizedBlockHeight > signed.lastValidBlockHeight + DEATH_MARGIN_BLOCKS &&
    // A chain makes at most one block a slot: a height that rose further since the blockhash is an
    // error of the node.
    told.finalizedBlockHeight - signed.lastValidBlockHeight <=
      told.finalizedSlot - signed.blockhashSlot &&
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
 * The rounds that count after another one was asked, oldest first. A round that is not complete, or
 * that found the transaction, makes all earlier ones worthless; one too soon after the last adds
 * nothing.
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
 * Whether these rounds, as `withRound` keeps them, prove that the bytes were never executed and
 * never can be: one round in which two independent providers agree, or several rounds of the only
 * provider, some blocks apart.
 */
export function isProvenDead(signed: SignedBytes, rounds: readonly DeathEvidence[]): boolean {
  const last = rounds.at(-1);
  if (last === undefined || !rounds.every((each) => isComplete(signed, each))) return false;
  return last.second !== 'none' || rounds.length >= ROUNDS_ALONE;
}
