// Reading: decides which facts on record change when a transaction is read. A later reading
// replaces the whole earlier one, its closes, tallies and `unknown` facts alike. The first
// finalized reading is never replaced for an account that it counted: a later finalized reading may
// add facts about other accounts, so that no account is counted twice.
import type { Commitment, Fact, FactBody, Finality } from './fact.ts';
import type { Address, Slot } from './ids.ts';
import { admit, type Reckoned } from './late-facts.ts';

/** A fact on record, of the transaction that is being read. */
export type RecordedFact = { readonly fact: Fact; readonly finality: Finality };
export type Reading = {
  readonly slot: Slot;
  readonly finality: Commitment;
  readonly facts: readonly Fact[];
};
export type Taking =
  | {
      readonly outcome: 'recorded';
      /** Facts on record that this reading does not contain; they are to be deleted. */
      readonly withdraw: readonly Fact[];
      /**
       * Facts to record, or to move to this reading's finality. Those on record as final stay as
       * they are.
       */
      readonly put: readonly Fact[];
      /** The accounts of which the reading tells too late what was reckoned; absent for none. */
      readonly late?: readonly Address[];
    }
  /** A finalized reading of this transaction is on record, and this reading is only confirmed. */
  | { readonly outcome: 'superseded' }
  /** This reading has no log, and an earlier reading in the same slot had one. */
  | { readonly outcome: 'poorer' }
  /**
   * A finalized reading placed the transaction in another slot, so one of the two nodes is on
   * another chain or gives a wrong answer.
   */
  | { readonly outcome: 'contradicted' };

/** Kinds of fact that change an account's counters, by known amounts or by an unknown amount. */
const COUNTED: ReadonlySet<FactBody['kind']> = new Set(['close', 'tally', 'unknown']);
/** Kinds of fact that only a complete log shows. */
const FROM_LOG: ReadonlySet<FactBody['kind']> = new Set(['open', 'close', 'tally']);

const keyOf = ({ subscriberId, account, position }: Fact): string =>
  [subscriberId, account, position.slot, position.ordinal].join('/');

/**
 * The key under which a fact is the same fact although another decoder places it elsewhere in its
 * transaction. Null for kinds that are counted, which are compared by place.
 */
function sameness({ account, body }: Fact): string | null {
  switch (body.kind) {
    case 'close':
    case 'tally':
    case 'unknown':
    case 'reckoning':
      return null;
    case 'open':
      return [account, body.kind, body.market, body.fillRecordId].join('/');
    case 'outflow':
      return [account, body.kind, body.route, body.amount, body.mint, body.destination].join('/');
    case 'notice':
      return [account, body.kind, body.what, body.who, body.amount].join('/');
  }
}

/**
 * The facts of a second finalized reading that may be added to `final`, the facts of the first. A
 * fact is added when the first reading has one of the same kind at its place. Where the first
 * reading has none at its place, an opening, outflow or notice is added unless the first reading
 * has it elsewhere, or, for an opening, could not read its account. A fact of another kind is added
 * there unless the first reading counted its account.
 */
function addedBy(facts: readonly Fact[], final: readonly Fact[]): Fact[] {
  const places = new Map(final.map((each) => [keyOf(each), each]));
  const counted = new Set<Address>();
  const told = new Map<string, number>();
  for (const fact of final) {
    if (COUNTED.has(fact.body.kind)) counted.add(fact.account);
    const same = sameness(fact);
    if (same !== null) told.set(same, (told.get(same) ?? 0) + 1);
  }
  const unread = new Set(
    final.filter((each) => each.body.kind === 'unknown').map((each) => each.account),
  );
  return facts.filter((fact) => {
    const same = sameness(fact);
    if (same !== null && (told.get(same) ?? 0) > 0) {
      told.set(same, (told.get(same) ?? 0) - 1);
      return places.get(keyOf(fact))?.body.kind === fact.body.kind;
    }
    if (fact.body.kind === 'open' && unread.has(fact.account)) return false;
    const before = places.get(keyOf(fact));
    if (before !== undefined) return before.body.kind === fact.body.kind;
    return !COUNTED.has(fact.body.kind) || !counted.has(fact.account);
  });
}

/**
 * Decides what a reading changes in the facts on record. `known` holds all facts on record of the
 * same transaction, in any slot. `isFinal` says that a finalized reading was recorded before,
 * perhaps one without any fact. `insist` accepts a reading without a log although an earlier
 * reading had one. `reckonings` are those on record of the reading's accounts: what was reckoned is
 * not recorded once more, as core/late-facts.ts says.
 */
export function takeReading(
  known: readonly RecordedFact[],
  reading: Reading,
  {
    isFinal,
    insist,
    reckonings = [],
  }: {
    readonly isFinal: boolean;
    readonly insist: boolean;
    readonly reckonings?: readonly Reckoned[];
  },
): Taking {
  const { slot, finality, facts } = reading;
  const final = known
    .filter((each) => each.finality === 'finalized' && each.fact.body.kind !== 'reckoning')
    .map((each) => each.fact);
  const open = known.filter((each) => each.finality === 'confirmed').map((each) => each.fact);
  if (finality === 'confirmed' && (isFinal || final.length > 0)) return { outcome: 'superseded' };
  if (final.some((each) => each.position.slot !== slot)) return { outcome: 'contradicted' };

  const cut = new Set(
    facts.filter(({ body }) => body.kind === 'unknown').map(({ account }) => account),
  );
  const hadLog = open.some(
    ({ account, position, body }) =>
      position.slot === slot && cut.has(account) && FROM_LOG.has(body.kind),
  );
  if (hadLog && !insist) return { outcome: 'poorer' };

  const told = final.length === 0 ? facts : addedBy(facts, final);
  const { facts: put, late } = admit(told, reckonings, (fact) =>
    final.some((each) => COUNTED.has(each.body.kind) && each.account === fact.account),
  );
  const kept = new Set(put.map(keyOf));
  const withdraw = open.filter((each) => !kept.has(keyOf(each)));
  return { outcome: 'recorded', withdraw, put, ...(late.length === 0 ? {} : { late }) };
}

/** Whether two values hold the same fields; one that is undefined counts as absent. */
function isAlike(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return one === other;
  const fields = new Set([...Object.keys(one), ...Object.keys(other)]);
  const at = (of: object, field: string): unknown => (of as Record<string, unknown>)[field];
  return (
    Array.isArray(one) === Array.isArray(other) &&
    [...fields].every((field) => isAlike(at(one, field), at(other, field)))
  );
}

/**
 * The fact on record after `put` was recorded at its place, where `known` stood or nothing; null
 * when the record stays as it is. A final fact keeps its body, and only learns an index in its
 * block that it lacked.
 */
export function recordedOver(
  known: RecordedFact | null,
  put: { readonly fact: Fact; readonly finality: Commitment },
): RecordedFact | null {
  if (known === null) return put;
  const [had, has] = [known.fact.position.blockIndex, put.fact.position.blockIndex];
  const isFinal = known.finality === 'finalized';
  const isSame = known.finality === put.finality && isAlike(known.fact.body, put.fact.body);
  if ((isFinal || isSame) && !(had === null && has !== null)) return null;
  const { fact, finality } = isFinal ? known : put;
  const blockIndex = isFinal ? (had ?? has) : (has ?? had);
  return { fact: { ...fact, position: { ...fact.position, blockIndex } }, finality };
}
