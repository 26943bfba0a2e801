// Voiding: how a debt ends unpaid: by whom, for whom, when and why.

/** Who ends a debt unpaid, for whom, and why. */
export type Voiding = {
  readonly reason: string;
  /**
   * The same kinds as the actor of an act: an API key's id, `configured`, `anyone` or `command`.
   */
  readonly actor: string;
  readonly person: string | null;
};

/** By whom a debt ends unpaid: a person, or its own terms. */
export const VOIDED_BY = ['operator', 'terms'] as const;
export type VoidedBy = (typeof VOIDED_BY)[number];
export type Voided = Voiding & {
  /** `terms`: the debt lapsed by its own terms; then `actor` is `terms` as well. */
  readonly by: VoidedBy;
  readonly atMs: number;
  /** The age in milliseconds at which the terms let the debt lapse; only with `terms`. */
  readonly afterMs?: number;
};
