// Rules: the shape of the tables of rules about transactions that may be signed. Each row says in
// words what must hold, decides whether it holds, and words the objection where it does not. So a
// reviewer can read a table from top to bottom, and a test can break one row after the other.

/** One rule about the effect of one instruction, or about a whole transaction. */
export type Rule<Subject, Mandate> = {
  /** The duty of the instruction or the transaction, in words that follow "must". */
  readonly must: string;
  readonly holds: (subject: Subject, mandate: Mandate) => boolean;
  /** The objection where the rule does not hold, in words that follow "The transaction". */
  readonly objection: (subject: Subject, mandate: Mandate) => string;
};

/** The rules of every kind of effect. A kind without a row does not compile. */
export type RulesByEffect<Effect extends { readonly effect: string }, Mandate> = {
  readonly [Kind in Effect['effect']]: readonly Rule<
    Extract<Effect, { readonly effect: Kind }>,
    Mandate
  >[];
};

/** The objection of the first rule that an effect breaks; null when it keeps all of its kind. */
export function objectionTo<Effect extends { readonly effect: string }, Mandate>(
  rules: RulesByEffect<Effect, Mandate>,
  effect: Effect,
  mandate: Mandate,
): string | null {
  // A row takes exactly the effects of its own kind, which the compiler does not follow through an
  // index.
  const ofKind = rules[effect.effect as Effect['effect']] as readonly Rule<Effect, Mandate>[];
  const broken = ofKind.find((rule) => !rule.holds(effect, mandate));
  return broken === undefined ? null : broken.objection(effect, mandate);
}

/** The objections of all rules that a whole transaction breaks, in the order of the table. */
export function objectionsTo<Whole, Mandate>(
  rules: readonly Rule<Whole, Mandate>[],
  whole: Whole,
  mandate: Mandate,
): string[] {
  return rules
    .filter((rule) => !rule.holds(whole, mandate))
    .map((rule) => rule.objection(whole, mandate));
}
