// Profit share: a debt as lists, the API and the commands show it, with its close and its payments.
import type { Brought } from './brought.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { ShareStatus } from './share.ts';
import type { Token } from './token.ts';
import type { Trouble } from './trouble.ts';
import type { Voided } from './voiding.ts';

export type ProfitShare = {
  /** The token of its amounts. */
  readonly token: Token;
  readonly id: string;
  readonly subscriberId: string;
  readonly subscriptionId: string;
  readonly creatorWallet: Address;
  /** The close; null for a debt that was brought from another system. */
  readonly signature: Signature | null;
  /** The slot of the close; for a debt that was brought, the one from which it is owed here. */
  readonly slot: Slot;
  /** Null for a debt that was brought without them. */
  readonly netPnl: BaseUnits | null;
  /** The part of the profit that this recipient gets. */
  readonly shareBps: number | null;
  /** To whom it is owed: 0 for the creator, else the number of the split. */
  readonly recipient: number;
  /** The name of the split; null for the creator, and for a split without a name. */
  readonly label: string | null;
  readonly brought: Brought | null;
  readonly amount: BaseUnits;
  readonly paid: BaseUnits;
  readonly status: ShareStatus;
  readonly reason: Trouble | null;
  readonly attempts: number;
  readonly retryAtMs: number | null;
  readonly paidBy: readonly Signature[];
  /** The part of `paid` that transfers of others discharged, and their signatures. */
  readonly credited: BaseUnits;
  readonly creditedBy: readonly Signature[];
  /** Booked by a daemon in mode observe. The share is not paid until a person adopts it. */
  readonly observed: boolean;
  /** Who ended the debt unpaid, when and why; null unless `status` is `voided`. */
  readonly voided: Voided | null;
};
