// Mandate: the limits within which a recorded payment lets the pen sign, and the effects of the
// instructions that are held against them.
import type { Address } from './ids.ts';
import type { BaseUnits, Lamports } from './money.ts';
import type { SenderTip, TipLimits } from './sender-tip.ts';

/** One instruction, decoded as far as the policy needs. */
export type Effect =
  | { readonly effect: 'compute_limit'; readonly units: number }
  | { readonly effect: 'compute_price'; readonly microLamports: bigint }
  | {
      readonly effect: 'create_token_account';
      readonly payer: Address;
      readonly account: Address;
      readonly owner: Address;
      readonly mint: Address;
    }
  | {
      readonly effect: 'transfer';
      readonly source: Address;
      readonly mint: Address;
      readonly destination: Address;
      readonly authority: Address;
      readonly amount: BaseUnits;
    }
  /** Creates an account at an address derived from a base key and a seed. */
  | {
      readonly effect: 'create_seeded_account';
      readonly payer: Address;
      readonly account: Address;
      readonly base: Address;
      readonly space: bigint;
      readonly program: Address;
    }
  | {
      readonly effect: 'initialize_token_account';
      readonly account: Address;
      readonly mint: Address;
      readonly owner: Address;
    }
  | {
      readonly effect: 'close_token_account';
      readonly account: Address;
      readonly destination: Address;
      readonly authority: Address;
    }
  | { readonly effect: 'memo'; readonly text: string }
  | {
      readonly effect: 'settle';
      readonly user: Address;
      readonly authority: Address;
      readonly markets: readonly number[];
    }
  | {
      readonly effect: 'withdraw';
      readonly user: Address;
      readonly authority: Address;
      readonly market: number;
      readonly amount: BaseUnits;
      readonly reduceOnly: boolean;
      readonly destination: Address;
    }
  /** Moves lamports between two accounts by the system program. */
  | {
      readonly effect: 'pay_tip';
      readonly from: Address;
      readonly to: Address;
      readonly lamports: Lamports;
    }
  /** Moves a durable nonce. */
  | { readonly effect: 'advance_nonce'; readonly account: Address; readonly authority: Address }
  /** Books the interest of a spot market. Every wallet may do that; no token moves. */
  | { readonly effect: 'refresh_interest'; readonly accounts: number }
  | { readonly effect: 'unknown'; readonly program: Address };

/** The limits within which a recorded payment lets the pen sign. */
export type Mandate = {
  readonly memo: string;
  readonly agent: Address;
  /** The token account that pays: the agent's own, or the passing one. */
  readonly source: Address;
  /**
   * The agent's token account that exists only within this transaction; null when the payment needs
   * none.
   */
  readonly passing: Address | null;
  /** Whom the payment pays, each at a token account of its own. */
  readonly recipients: readonly {
    readonly wallet: Address;
    readonly tokenAccount: Address;
    readonly amount: BaseUnits;
  }[];
  readonly mint: Address;
  /** The sum that the recipients get. */
  readonly amount: BaseUnits;
  readonly driftUser: Address;
  readonly quoteMarket: number;
  readonly withdraw: BaseUnits;
  readonly settleMarkets: readonly number[];
  readonly feePayer: Address;
  /**
   * Quote tokens for the sponsor that pays the fee, and its token account; zero and null when there
   * is no reimbursement.
   */
  readonly reimburse: BaseUnits;
  readonly sponsorTokenAccount: Address | null;
  readonly priorityFeeMost: Lamports;
  /** The tip on record; null when the payment gives none. */
  readonly tip: SenderTip | null;
  /** The tips that the settings allow, also where the record says otherwise; null for none. */
  readonly tipLimits: TipLimits | null;
  /** The durable nonce that the payment moves; null when it is signed under a blockhash. */
  readonly nonce: NonceUse | null;
};

/** A nonce account, and the key that may move it. */
export type NonceUse = { readonly account: Address; readonly authority: Address };
