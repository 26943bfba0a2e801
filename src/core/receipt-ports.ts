// Receipt ports: the port to the figures from which the receipt of a share is written.
import type { Address } from './ids.ts';
import type { Receipt } from './receipt.ts';
import type { VenueName } from './venue-name.ts';

/** The ledger's part of a receipt; the addresses that derive from wallets are added later. */
export type ReceiptFigures = Pick<
  Receipt,
  | 'genesisHash'
  | 'subscription'
  | 'share'
  | 'terms'
  | 'held'
  | 'movements'
  | 'close'
  | 'parts'
  | 'payments'
  | 'credits'
> & {
  readonly subscriber: Receipt['subscriber'];
  /** The venue of the account that closed. */
  readonly venue: VenueName;
  readonly creatorWallet: Address;
};
export type ReceiptBook = {
  /** The figures of a share, all read at one moment; null when there is no such share. */
  figures(shareId: string): Promise<ReceiptFigures | null>;
};
