// Share act: what can happen to a debt, what is told of it, and what has work afterwards.
// core/share.ts says what becomes of the debt.
import type { EventBodies, EventOf } from './event-body.ts';
import type { Signature, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Trouble } from './payment.ts';
import type { Voiding } from './share.ts';

/** The payment that landed for a debt. */
export type Landing = {
  readonly payment: string;
  readonly creatorWallet: string;
  readonly signature: Signature | null;
  readonly slot: Slot;
};

export type ShareAct =
  /** A payment takes `amount` of what is left into its covers. */
  | { readonly do: 'claim'; readonly amount: BaseUnits }
  /** Planning found that it cannot be paid now. `retryAtMs` null: a person must act first. */
  | {
      readonly do: 'rest';
      readonly trouble: Trouble;
      readonly retryAtMs: number | null;
      readonly countsAsAttempt: boolean;
    }
  /** Its payment ended without paying. */
  | {
      readonly do: 'free';
      readonly trouble: Trouble;
      readonly retryAtMs: number | null;
      readonly countsAsAttempt: boolean;
      readonly how: 'failed_on_chain' | 'expired' | 'refused';
    }
  /** Its payment is nowhere in the books, and can no longer land. */
  | { readonly do: 'unclaim' }
  /**
   * A payment of it was seen to land, with `amount` for it. `claimed`: another payment of it may
   * still land.
   */
  | {
      readonly do: 'land';
      readonly amount: BaseUnits;
      readonly claimed: boolean;
      readonly landing: Landing;
    }
  /**
   * These books had lost a payment that the chain shows. `covered` is what every landed payment and
   * every transfer by others bring together: a debt that remembers more stays as it is.
   */
  | {
      readonly do: 'recall';
      readonly covered: BaseUnits;
      readonly claimed: boolean;
      readonly landing: Landing;
    }
  /** A transfer to the creator that Bailiff did not make pays `amount` of it. */
  | {
      readonly do: 'credit';
      readonly amount: BaseUnits;
      readonly transfer: { readonly signature: Signature; readonly slot: Slot };
    }
  /** What it waits for may have come. */
  | { readonly do: 'wake' }
  /** A clearance asks: it is due now, however small. */
  | { readonly do: 'hasten' }
  /** A person asks for it to be tried again, also after it has failed. */
  | { readonly do: 'retry' }
  /**
   * A person asked for another debt of the subscriber: what failed on chain holds this one back no
   * longer.
   */
  | { readonly do: 'release' }
  | { readonly do: 'adopt' }
  | { readonly do: 'void'; readonly voiding: Voiding; readonly atMs: number }
  /** Its own terms let it lapse. */
  | { readonly do: 'lapse'; readonly afterMs: number; readonly atMs: number };
export type ShareActName = ShareAct['do'];

/** An event about one debt. */
export type ShareEvent = EventOf<Extract<keyof EventBodies, `share.${string}`>>;

/** Work that a transition makes: for the lane, or for the judgement of the standing. */
export type Wake = 'lane' | 'standing';
/**
 * The work that each act makes. The composition root (`src/app.ts`) still nudges lanes and judges
 * standings by itself after each act; nothing reads this table but tests.
 */
export const WAKES: Readonly<Record<ShareActName, readonly Wake[]>> = {
  // The lane itself acts, and comes back by itself.
  claim: [],
  rest: [],
  free: [],
  land: ['standing'],
  unclaim: ['lane'],
  recall: ['standing', 'lane'],
  credit: ['standing', 'lane'],
  wake: ['lane'],
  hasten: ['lane'],
  retry: ['lane'],
  release: ['lane'],
  adopt: ['standing', 'lane'],
  void: ['standing'],
  lapse: ['standing'],
};
