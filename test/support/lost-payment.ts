// Lost payment: books over a ledger that has lost a payment of 10 USDC, and a chain that shows it.
import type { SignatureRow } from '../../src/core/chain-ports.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { USDC } from '../../src/core/token.ts';
import { type Books, createBooks } from '../../src/flows/books-comparison.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { addressOf, signatureOf } from './ledger.ts';

type Parts = Parameters<typeof createBooks>[0];

/** Slot 60 of the chain, which is final, has the payment, with this signature. */
export const LOST = { signature: signatureOf(8), slot: 60 };

/** A chain on which the agent has paid 10 USDC to the creator, and which is final. */
function paidOnChain(): Parts['chain'] {
  const row: SignatureRow = { ...LOST, blockIndex: 0, memo: '[10] bailiff:p1', failed: false };
  return {
    slot: async () => 100,
    witnessed: <T>(read: () => Promise<T>) => read(),
    signatures: async () => [row],
    signaturesAgain: async () => [[row]],
    transaction: async () => ({ error: null }),
  } as unknown as Parts['chain'];
}

/** Reads every transaction as the payment p1. */
const PAYMENT_TOKENS = {
  tokenAccount: (_: string, owner: string) => addressOf(owner === addressOf(1) ? 2 : 4),
  effectsOf: () => [
    { effect: 'memo', text: 'bailiff:p1' },
    {
      effect: 'transfer',
      source: addressOf(2),
      mint: USDC.mint,
      destination: addressOf(4),
      authority: addressOf(1),
      amount: 10_000_000n,
    },
  ],
} as unknown as Parts['tokens'];

export const booksThatLost = (ledger: Ledger): Books =>
  createBooks({
    ledger,
    chain: paidOnChain(),
    tokens: PAYMENT_TOKENS,
    venues: { all: [{ quote: USDC }] },
    log,
  });
