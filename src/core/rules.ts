// Rules: tables of rules about what may be signed. Each row says in words what must hold, decides
// whether it holds, and words the objection where it does not, so that a reviewer can read a table
// from top to bottom, and a test can break one row after the other.

/** One rule about an act, or about a whole transaction. */
export type Rule<Subject, Mandate> = {
  /** What the act or the transaction must do or be, in words. */
  readonly must: string;
  readonly holds: (subject: Subject, mandate: Mandate) => boolean;
  /** The objection where the rule does not hold, in words that follow "The transaction". */
  readonly objection: (subject: Subject, mandate: Mandate) => string;
};

/** The rules of every kind of act. A kind without a row does not compile. */
export type RulesByAct<Act extends { readonly act: string }, Mandate> = {
  readonly [Kind in Act['act']]: readonly Rule<Extract<Act, { readonly act: Kind }>, Mandate>[];
};

/** The objection of the first rule that an act breaks; null when the act keeps all of its kind. */
export function objectionTo<Act extends { readonly act: string }, Mandate>(
  rules: RulesByAct<Act, Mandate>,
  act: Act,
  mandate: Mandate,
): string | null {
  // A row takes exactly the acts of its own kind, which the compiler does not follow through an
  // index.
  const ofKind = rules[act.act as Act['act']] as readonly Rule<Act, Mandate>[];
  const broken = ofKind.find((rule) => !rule.holds(act, mandate));
  return broken === undefined ? null : broken.objection(act, mandate);
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
