// Proof: gathering the evidence that a transaction was never executed and never can be. The order matters: the
// finalized height is read first, and every later answer must come from a node that has seen that slot.
import type { Connection } from '@solana/web3.js';
import { PublicKey } from '@solana/web3.js';
import type { Address } from '../core/ids.ts';
import type { DeathEvidence, SignedBytes } from '../core/payment.ts';
import { asking } from './rpc.ts';
import { readTransaction } from './transactions.ts';

const PAGE = 1_000;
const PAGES_MOST = 20;

/** An answer, or null when the question could not be answered. */
async function answer(question: () => Promise<boolean>): Promise<boolean | null> {
  try {
    return await question();
  } catch {
    return null;
  }
}

/** Whether neither signature nor memo is in the account's finalized history since the blockhash was born. */
async function historyLacks(
  connection: Connection,
  account: Address,
  signed: SignedBytes,
  memo: string,
  minContextSlot: number,
): Promise<boolean> {
  let before: string | undefined;
  for (let page = 0; page < PAGES_MOST; page++) {
    const rows = await asking('getSignaturesForAddress', () =>
      connection.getSignaturesForAddress(
        new PublicKey(account),
        { limit: PAGE, minContextSlot, ...(before === undefined ? {} : { before }) },
        'finalized',
      ),
    );
    if (
      rows.some(
        (row) =>
          row.signature === signed.signature || (row.memo?.includes(memo) && row.err === null),
      )
    )
      return false;
    const last = rows.at(-1);
    if (rows.length < PAGE || last === undefined || last.slot < signed.blockhashSlot) return true;
    before = last.signature;
  }
  throw new RangeError('the history is longer than may be walked for one proof');
}

async function askOne(connection: Connection, signed: SignedBytes, account: Address, memo: string) {
  const epoch = await asking('getEpochInfo', () => connection.getEpochInfo('finalized'));
  const statusAbsent = await answer(async () => {
    const found = await connection.getSignatureStatuses([signed.signature], {
      searchTransactionHistory: true,
    });
    if (found.context.slot < epoch.absoluteSlot) throw new RangeError('the node is behind');
    return found.value[0] === null;
  });
  const transactionAbsent = await answer(
    async () => (await readTransaction(connection, signed.signature, 'finalized')) === null,
  );
  const historyAbsent = await answer(() =>
    historyLacks(connection, account, signed, memo, epoch.absoluteSlot),
  );
  return {
    finalizedBlockHeight: epoch.blockHeight ?? 0,
    statusAbsent,
    transactionAbsent,
    historyAbsent,
  };
}

/** Asks the node, and a second provider when one is configured. */
export async function gatherDeathEvidence(
  connections: { first: Connection; second: Connection | null },
  signed: SignedBytes,
  account: Address,
  memo: string,
): Promise<DeathEvidence> {
  const own = await askOne(connections.first, signed, account, memo);
  const { second } = connections;
  if (second === null) return { ...own, secondOpinion: true };
  const secondOpinion = await answer(async () => {
    const other = await askOne(second, signed, account, memo);
    if (other.finalizedBlockHeight <= signed.lastValidBlockHeight)
      throw new RangeError('the second node is behind');
    const answers = [other.statusAbsent, other.transactionAbsent, other.historyAbsent];
    if (answers.includes(null)) throw new RangeError('the second node could not answer');
    return answers.every((each) => each === true);
  });
  return { ...own, secondOpinion };
}
