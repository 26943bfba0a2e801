// Nonce guard: the decision whether the next payment of a lane is signed under a blockhash or under
// a value of a nonce, and the reading of the nonce account from which it follows.
import type { ChainAccount } from '../core/chain-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { NonceAt } from '../core/nonce.ts';
import type { Trouble } from '../core/trouble.ts';

/** The nonce account of a plan, as its one batched read found it. */
export type NonceSeen = { readonly account: ChainAccount | null; readonly slot: Slot };

/** The nonce account of a lane. `pays`: the next payment is to be signed under it. */
export type LaneNonce = { readonly address: Address; readonly pays: boolean };

export type Guard =
  /** `nonce` is null for a payment under a blockhash. */
  | { readonly do: 'sign'; readonly nonce: NonceAt | null }
  /** The lane runs again after `ms` milliseconds. Until then its debts show the trouble. */
  | { readonly do: 'wait'; readonly trouble: Trouble; readonly ms: number }
  /** The debts rest with this trouble, and are tried again by its class. */
  | { readonly do: 'rest'; readonly trouble: Trouble };
