// Payment history: the transactions of an agent's token account that may be payments of Bailiff, as
// the histories of nodes list them.
import type { Chain, SignatureRow } from '../core/chain-ports.ts';
import type { Commitment } from '../core/fact.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import { paymentIdIn } from '../core/rebuild.ts';

export type PaymentHistory = {
  /** The agent's token account, and its wallet, which signs each payment out of that account. */
  readonly account: Address;
  readonly signer: Address;
  /** The rows in slots after this one are read. */
  readonly since: Slot;
  readonly commitment: Commitment;
  /**
   * Whether the ledger may have lost payments after `since`. A row that one page leaves out would
   * then be paid again, so the history is read a second time, up to the last final block.
   */
  readonly mayLack: boolean;
};

/**
 * Whether a row of the history may be a payment. Some nodes record no memos, and a row may call a
 * payment failed that was not: the transaction itself tells both.
 */
const mayPay = ({ memo }: SignatureRow): boolean => memo === null || paymentIdIn(memo) !== null;

/**
 * The rows that may be payments, each once, and the slot up to which they were asked for. They come
 * from nodes that have seen that slot. Throws `rpc_unavailable`.
 */
export async function readPaymentRows(
  chain: Chain,
  { account, signer, since, commitment, mayLack }: PaymentHistory,
): Promise<{ readonly rows: readonly SignatureRow[]; readonly tip: Slot }> {
  const found = new Map<Signature, SignatureRow>();
  const readAll = async (read: (after: Slot) => Promise<SignatureRow[][]>): Promise<void> => {
    for (let after: Slot | null = since; after !== null; ) {
      const histories = await read(after);
      for (const row of histories.flat())
        if (mayPay(row) && !found.has(row.signature)) found.set(row.signature, row);
      const ends = histories.flatMap((rows) => rows.slice(-1));
      const cut = ends.filter(({ goesOn }) => goesOn === true).map(({ slot }) => slot - 1);
      after = cut.length === 0 ? null : Math.min(...cut);
    }
  };
  // The history must come from a node that has seen the tip: one that is behind would leave out the
  // latest payments.
  const tip = await chain.slot(commitment);
  await readAll(async (after) => [await chain.signatures(account, after, tip, commitment)]);
  if (mayLack) {
    const final = await chain.slot('finalized');
    await readAll((after) => chain.signaturesAgain(account, signer, after, final));
  }
  return { rows: [...found.values()], tip };
}
