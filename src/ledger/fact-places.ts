// Fact places: the columns that say where a fact stands on chain.
import type { Address, Signature } from '../core/ids.ts';

/** A fact's place, its account and its body. */
export type Place = {
  subscriber_id: string;
  account: Address;
  signature: Signature;
  slot: bigint;
  block_index: number | null;
  ordinal: number;
  body: unknown;
};

/** The place of a fact in the order of the chain. */
export const positionOf = (row: Omit<Place, 'subscriber_id' | 'account' | 'body'>) => ({
  slot: Number(row.slot),
  blockIndex: row.block_index,
  ordinal: row.ordinal,
  signature: row.signature,
});
