// Proof: one round of questions whether a transaction was never executed and never can be. The finalized height is read
// first. Every later answer must come from a node of our chain that has seen that slot and whose history reaches back to
// the blockhash; an answer that cannot show this is no answer. core/payment.ts decides how many rounds make a proof.
import type { Connection } from '@solana/web3.js';
import { PublicKey } from '@solana/web3.js';
import type { Absence, DeathEvidence } from '../core/death.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { SignedBytes } from '../core/payment.ts';
import { asking } from './rpc.ts';
import { readTransaction } from './transactions.ts';

/** A node by itself, never a choice among several: evidence names its source. */
export type Witness = {
  readonly connection: Connection;
  /** Asks this very node, now, for its genesis hash. Throws `rpc_unavailable` when it gives none. */
  ofOurChain(): Promise<boolean>;
};

const PAGE = 1_000;

/** An answer, or null when the question could not be answered. */
async function answer(question: () => Promise<boolean>): Promise<boolean | null> {
  try {
    return await question();
  } catch {
    return null;
  }
}

/**
 * Whether the account's finalized history since the blockhash lacks the signature. The walk goes on until a row older than
 * the blockhash or an empty page: a short page proves no end. It may be long, since strangers can write to an account.
 */
async function historyLacks(
  connection: Connection,
  account: Address,
  signed: SignedBytes,
  minContextSlot: Slot,
): Promise<boolean> {
  let before: string | undefined;
  for (;;) {
    const rows = await asking('getSignaturesForAddress', () =>
      connection.getSignaturesForAddress(
        new PublicKey(account),
        { limit: PAGE, minContextSlot, ...(before === undefined ? {} : { before }) },
        'finalized',
      ),
    );
    if (rows.some((row) => row.signature === signed.signature)) return false;
    const last = rows.at(-1);
    if (last === undefined || last.slot < signed.blockhashSlot) return true;
    before = last.signature;
  }
}

/** The status of a signature, with history, from a node that has seen a slot. Throws when the node is behind it. */
export async function statusSince(connection: Connection, signature: string, seenSlot: Slot) {
  const config = { searchTransactionHistory: true, minContextSlot: seenSlot };
  const found = await asking('getSignatureStatuses', () =>
    connection.getSignatureStatuses([signature], config),
  );
  // Nodes before Agave 4.4 ignore minContextSlot here, so the context of the answer is compared too.
  if (found.context.slot < seenSlot) throw new RangeError('the node is behind');
  return found.value[0] ?? null;
}

async function askOne(
  { connection, ofOurChain }: Witness,
  signed: SignedBytes,
  account: Address,
): Promise<Absence> {
  const epoch = await asking('getEpochInfo', () => connection.getEpochInfo('finalized'));
  const seenSlot = epoch.absoluteSlot;
  const reaches = () =>
    answer(async () => {
      const first = await asking('getFirstAvailableBlock', () =>
        connection.getFirstAvailableBlock(),
      );
      return first <= signed.blockhashSlot;
    });
  const reachedBefore = await reaches();
  const statusAbsent = await answer(
    async () => (await statusSince(connection, signed.signature, seenSlot)) === null,
  );
  const transactionAbsent = await answer(
    async () =>
      (await readTransaction(connection, signed.signature, 'finalized', seenSlot)) === null,
  );
  const historyAbsent = await answer(() => historyLacks(connection, account, signed, seenSlot));
  // Asked again at the end: behind one URL there may be several nodes, and a node prunes while it is asked.
  const reachedAfter = await reaches();
  return {
    finalizedSlot: seenSlot,
    finalizedBlockHeight: epoch.blockHeight ?? 0,
    statusAbsent,
    transactionAbsent,
    historyAbsent,
    historyReaches:
      reachedBefore === null || reachedAfter === null ? null : reachedBefore && reachedAfter,
    ownChain: await answer(ofOurChain),
  };
}

/** One round: asks the node, and the second provider when there is one. Throws when the first does not tell its height. */
export async function gatherDeathEvidence(
  { first, second }: { first: Witness; second: Witness | null },
  signed: SignedBytes,
  account: Address,
): Promise<DeathEvidence> {
  const own = await askOne(first, signed, account);
  if (second === null) return { ...own, second: 'none' };
  try {
    return { ...own, second: await askOne(second, signed, account) };
  } catch {
    return { ...own, second: 'unanswered' };
  }
}
