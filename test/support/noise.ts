// Noise: instructions that fill a transaction's log, so that the node cuts it off before the
// venue's records.
import { PublicKey, TransactionInstruction } from '@solana/web3.js';

const MEMO = new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');

/**
 * Memos of one character, whose lines alone are longer than a log may be. A transaction has at most
 * 64 calls, so some are left for the acts behind them.
 */
export const noise: readonly TransactionInstruction[] = Array.from(
  { length: 46 },
  (_, index) =>
    new TransactionInstruction({
      programId: MEMO,
      keys: [],
      data: Buffer.from(String(index % 10)),
    }),
);
