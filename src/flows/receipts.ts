// Receipts: writes the receipt of a share: the ledger's figures, with the venue and the addresses
// that derive from the wallets.

import { RECEIPT_VERSION, type Receipt } from '../core/receipt.ts';
import type { ReceiptBook } from '../core/receipt-ports.ts';
import type { Tokens } from '../core/token-ports.ts';
import type { Venues } from '../core/venue.ts';

/** Writes the receipt of a share; null when there is no such share. */
export type WriteReceipt = (shareId: string) => Promise<Receipt | null>;

/** Creates the writer of receipts. */
export const createReceipts =
  ({
    receipts,
    tokens,
    venues,
    rootsOf,
  }: {
    readonly receipts: ReceiptBook;
    readonly tokens: Pick<Tokens, 'tokenAccount'>;
    readonly venues: Pick<Venues, 'of'>;
    readonly rootsOf: (receipt: Omit<Receipt, 'roots'>) => Promise<Receipt['roots']>;
  }): WriteReceipt =>
  async (shareId) => {
    const found = await receipts.figures(shareId);
    if (found === null) return null;
    const { genesisHash, subscriber, creatorWallet: wallet, venue: name, ...figures } = found;
    const venue = venues.of(name);
    const tokenAccount = tokens.tokenAccount(venue.quoteMint, subscriber.agentWallet);
    const receipt: Omit<Receipt, 'roots'> = {
      kind: 'bailiff.receipt',
      version: RECEIPT_VERSION,
      genesisHash,
      venue: venue.name,
      programId: venue.programId,
      mint: venue.quoteMint,
      subscriber: { ...subscriber, tokenAccount },
      creator: { wallet, tokenAccount: tokens.tokenAccount(venue.quoteMint, wallet) },
      ...figures,
    };
    return { ...receipt, roots: await rootsOf(receipt) };
  };
