// Stand-in: what tells one venue of the family from another where its program is stood in for. The
// rules of orders, fills, margins and settlements are written once, over Drift's structs; a venue
// adds its addresses, the layout of its accounts and records, its oracles, and the few rules in
// which it differs.
import type { PublicKey } from '@solana/web3.js';
import type { Account } from '../chain/account.ts';
import {
  DRIFT,
  DRIFT_SIGNER,
  userStatsAddress as driftStats,
  userAddress as driftUser,
} from './addresses.ts';
import { DRIFT_LAYOUT, type Layout } from './layout.ts';
import { readQuote } from './oracle.ts';

/** A price with its confidence, PRICE precision, and its age in slots. */
export type Quote = { readonly price: bigint; readonly confidence: bigint; readonly delay: bigint };

export type StandInVenue = {
  readonly program: PublicKey;
  /** The owner of the venue's vaults. */
  readonly signer: PublicKey;
  readonly layout: Layout;
  /** Where the accounts of markets keep their index. */
  readonly indexAt: { readonly SpotMarket: number; readonly PerpMarket: number };
  userAddress(authority: PublicKey, subAccountId: number): PublicKey;
  userStatsAddress(authority: PublicKey): PublicKey;
  /** Reads an oracle account of a source, as the layout names it. */
  readQuote(account: Account, slot: bigint, source: string): Quote;
  /**
   * Whether every settlement of profit moves fees from the market to the protocol and the insurance
   * fund, and whether liquidations are charged a fee for the protocol.
   */
  readonly protocolFees: boolean;
  /** Whether two orders that were both placed in one slot match in it. */
  readonly matchesInSlot: boolean;
  /** The rate that longs pay when the premium is zero: this part of the oracle price per day. */
  readonly fundingOffset: bigint;
  /**
   * Whether the State's buffer of a liquidation applies to unrealised losses, too, and an excess of
   * margin counts as no shortage.
   */
  readonly buffersLosses: boolean;
  /** Quote units of collateral that a reduce-only withdrawal leaves free. */
  readonly withdrawalBuffer: bigint;
  /**
   * Whether the AMM fills an order in the slot in which it was placed. Where it does not, it still
   * does in a slot in which the market's own price feed was updated.
   */
  readonly ammFillsAtOnce: boolean;
};

/** Drift v2. */
export const DRIFT_VENUE: StandInVenue = {
  program: DRIFT,
  signer: DRIFT_SIGNER,
  layout: DRIFT_LAYOUT,
  indexAt: { SpotMarket: 684, PerpMarket: 1160 },
  userAddress: driftUser,
  userStatsAddress: driftStats,
  readQuote,
  protocolFees: false,
  matchesInSlot: false,
  withdrawalBuffer: 0n,
  buffersLosses: false,
  fundingOffset: 5_000n,
  ammFillsAtOnce: true,
};
