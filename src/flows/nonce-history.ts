// Nonce history: reads which value a nonce account holds in a finalized block, and which finalized
// transaction was signed under a value.
import type { SignatureRow } from '../core/chain-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Slot } from '../core/ids.ts';
import {
  type Mover,
  type NonceAt,
  type NonceReading,
  type NonceValue,
  showsClosed,
} from '../core/nonce.ts';
import type { Nonces } from '../core/nonce-ports.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { ReadPorts } from './preflight.ts';

export type NonceHistory = {
  /** The nonce account as a finalized slot shows it, and that slot. Throws `rpc_unavailable`. */
  finalReading(account: Address): Promise<{ reading: NonceReading; slot: Slot }>;
  /**
   * The value that the nonce account holds in a finalized block; null when there is no account.
   * Throws `rpc_unavailable`, also for an account that is no nonce account of the sponsor.
   */
  finalValue(account: Address): Promise<{ value: NonceValue; slot: Slot } | null>;
  /**
   * The finalized transaction that was signed under this value; null when the account's history
   * shows none. Its end takes two answers. Throws `rpc_unavailable`, also while the second answer
   * does not show the same.
   */
  moverOf(nonce: NonceAt): Promise<Mover | null>;
  /**
   * The oldest finalized transaction after the slot of this value that shows the account closed;
   * null when its history shows none. A closing takes two answers. Throws as `moverOf` does.
   */
  closingOf(nonce: NonceAt): Promise<Mover | null>;
};

/** Creates the functions that read the history of nonce accounts. */
export function createNonceHistory({
  chain,
  pen,
  nonces,
}: Pick<ReadPorts, 'chain' | 'pen'> & { readonly nonces: Nonces }): NonceHistory {
  /** The oldest finalized transaction of the account after this slot that is one of those. */
  const firstOf = async (
    { account, slot }: NonceAt,
    isIt: (transaction: ChainTransaction) => boolean,
  ): Promise<ChainTransaction | null> => {
    const tip = await chain.slot('finalized');
    return chain.witnessed(async () => {
      for (let after: Slot | null = slot; after !== null; ) {
        const rows: SignatureRow[] = await chain.signatures(account, after, tip, 'finalized');
        for (const { signature } of rows) {
          const transaction = await chain.transaction(signature, 'finalized', tip);
          if (transaction === null)
            throw new Fault(
              'rpc_unavailable',
              `getTransaction: the node does not give ${signature}`,
            );
          if (!isIt(transaction)) continue;
          // One wrong answer would end a payment that is under way, or free debts that are paid.
          if (await chain.isShownAgain(transaction)) return transaction;
          throw new Fault(
            'rpc_unavailable',
            `getTransaction: a second answer does not show the same of ${signature}`,
          );
        }
        const last = rows.at(-1);
        after = last?.goesOn === true ? last.slot - 1 : null;
      }
      return null;
    });
  };

  const finalReading: NonceHistory['finalReading'] = async (account) => {
    const { slot, accounts } = await chain.slices([account], null, 'finalized');
    const authority = pen.sponsor ?? account;
    return { reading: nonces.read(accounts[0] ?? null, authority), slot };
  };

  return {
    finalReading,
    async finalValue(account) {
      const { reading, slot } = await finalReading(account);
      if (reading.seen === 'absent') return null;
      if (reading.seen === 'unusable') throw new Fault('rpc_unavailable', reading.why);
      return { value: reading.value, slot };
    },
    moverOf: (nonce) => firstOf(nonce, ({ blockhash }) => blockhash === nonce.value),
    closingOf: (nonce) => firstOf(nonce, (each) => showsClosed(each, nonce.account)),
  };
}
