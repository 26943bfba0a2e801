// Share change: the changes of a debt that a payment, a loop or a person brings.
// core/share-transition.ts decides what becomes of the debt.
import type { EventBodies, EventOf } from './event.ts';
import type { Signature, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Trouble } from './trouble.ts';
import type { Voiding } from './voiding.ts';

/** The payment that landed for a debt. */
export type Landing = {
  readonly payment: string;
  readonly signature: Signature | null;
  readonly slot: Slot;
};

export type ShareChange =
  /** A payment claims `amount` of what is left of the debt. */
  | { readonly do: 'claim'; readonly amount: BaseUnits }
  /**
   * Planning found that the debt cannot be paid now. With `retryAtMs` null a person must act first.
   */
  | {
      readonly do: 'rest';
      readonly trouble: Trouble;
      readonly retryAtMs: number | null;
      readonly countsAsAttempt: boolean;
    }
  /** The debt could not be planned, because RPC did not answer. Only its reason changes. */
  | { readonly do: 'note'; readonly trouble: Trouble }
  /** The payment that has claimed the debt waits, and why; null when it goes on. */
  | { readonly do: 'wait'; readonly trouble: Trouble | null }
  /** The payment that had claimed the debt ended without paying it. */
  | {
      readonly do: 'free';
      readonly trouble: Trouble;
      readonly retryAtMs: number | null;
      readonly countsAsAttempt: boolean;
      readonly how: 'failed_on_chain' | 'expired' | 'refused';
    }
  /** The payment that had claimed the debt is missing from the ledger, and can no longer land. */
  | { readonly do: 'unclaim' }
  /**
   * A payment landed, with `amount` for this debt. `claimed` says that another payment of the debt
   * may still land. `left`: the trouble with which the unpaid part of the debt waits for a person,
   * because a person asked to cancel the landed payment; null or left out: the unpaid part is tried
   * again.
   */
  | {
      readonly do: 'land';
      readonly amount: BaseUnits;
      readonly claimed: boolean;
      readonly left?: Trouble | null;
      readonly landing: Landing;
    }
  /**
   * The chain shows a payment that the ledger had lost. `covered` is the sum of every landed
   * payment and every transfer by others for this debt; a debt that already records more stays as
   * it is. `claimed` and `left` as with `land`.
   */
  | {
      readonly do: 'recall';
      readonly covered: BaseUnits;
      readonly claimed: boolean;
      readonly left?: Trouble | null;
      readonly landing: Landing;
    }
  /** A transfer to the creator that Bailiff did not make pays `amount` of the debt. */
  | {
      readonly do: 'credit';
      readonly amount: BaseUnits;
      readonly transfer: { readonly signature: Signature; readonly slot: Slot };
    }
  /** The condition that the debt waits for may be met, so it is due again. */
  | { readonly do: 'wake' }
  /** A clearance makes the debt due now, however small it is. */
  | { readonly do: 'hasten' }
  /** A person asks for the debt to be tried again; this also works after it has failed. */
  | { readonly do: 'retry' }
  /**
   * A person asked for another debt of the subscriber to be tried: the hold that a failure on chain
   * put on this debt ends.
   */
  | { readonly do: 'release' }
  | { readonly do: 'adopt' }
  | { readonly do: 'void'; readonly voiding: Voiding; readonly atMs: number }
  /** The terms let the debt lapse `afterMs` milliseconds after it was booked. */
  | {
      readonly do: 'lapse';
      readonly accruedAtMs: number;
      readonly afterMs: number;
      readonly atMs: number;
    };

/** An event about one debt. */
export type ShareEvent = EventOf<Extract<keyof EventBodies, `share.${string}`>>;
