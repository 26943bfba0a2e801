// Statement ports: the port to the details of shares and payments that statements and lists show
// beside the debt itself (time, market, prices, fees, funding), the port to the sums of each
// creator in a period, and the port that takes links to statements back.
import type { Cover } from './debt.ts';
import type { Earnings } from './debt-sums.ts';
import type { Direction } from './fact.ts';
import type { Address } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Period } from './period.ts';
import type { VenueName } from './venue-name.ts';

/** The trade behind a share. Amounts are quote base units, base is in 1e9. */
export type ShareTrade = {
  /** The venue of the account; market indexes are its own. */
  readonly venue: VenueName;
  readonly market: number;
  readonly position: Direction;
  /** Base, entry and exit of the whole close, of which the share may be for a part. */
  readonly base: bigint;
  readonly entry: BaseUnits;
  readonly exit: BaseUnits;
  /** The fee of the whole close; negative for a rebate. */
  readonly closingFee: BaseUnits;
};
export type ShareDetails = {
  /** The time of the block of the close; null when it is not known. */
  readonly closedAtMs: number | null;
  /** Null when only account state shows the profit. */
  readonly trade: ShareTrade | null;
  /** The base that fell under the share's terms, in 1e9; null when it is not known. */
  readonly base: bigint | null;
  /** Fees of opening the share's part. */
  readonly openingFee: BaseUnits;
  /**
   * Funding that the share's part of the position was paid from its opening to the close, in
   * proportion to its base; negative when it paid. It is no part of the profit. Null until account
   * state has been checked after the close, and where it is not known (`core/funding.ts`).
   */
  readonly funding: BaseUnits | null;
};

export type CreatorEarnings = Earnings & { readonly creatorWallet: Address };

/** Takes statement links back. */
export type StatementRevocations = {
  /** Ends every link of a subscriber or creator that was made before this time. */
  revoke(of: 'subscriber' | 'creator', id: string, beforeMs: number): Promise<void>;
  /** The time before which links of it were taken back; null when none were. */
  revokedBeforeMs(of: 'subscriber' | 'creator', id: string): Promise<number | null>;
};

export type Statements = {
  /** The details of these shares. */
  shares(ids: readonly string[]): Promise<ReadonlyMap<string, ShareDetails>>;
  /** The shares that each of these payments is for, with their parts. */
  payments(ids: readonly string[]): Promise<ReadonlyMap<string, readonly Cover[]>>;
  /**
   * The sums of creators over shares whose close lies in the period, token by token, in the order
   * of their wallets, after the wallet `after`; of one creator when `creatorWallet` is given.
   * `limit` counts creators.
   */
  earnings(
    filter: Period & {
      readonly creatorWallet?: Address;
      readonly after?: string;
      readonly limit: number;
    },
  ): Promise<CreatorEarnings[]>;
};
