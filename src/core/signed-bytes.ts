// Signed bytes: one transaction of a payment as the pen signed it, and the data from which its
// death follows (death.ts).
import type { Signature, Slot } from './ids.ts';

export type SignedBytes = {
  readonly signature: Signature;
  readonly bytes: Uint8Array;
  readonly lastValidBlockHeight: number;
  /** The slot of the bank that gave the blockhash: the transaction cannot be in an earlier one. */
  readonly blockhashSlot: Slot;
  /** The price of a compute unit; known where a variant may follow at a higher one. */
  readonly microLamports?: bigint;
};
