// Credit: a transfer to a creator that Bailiff did not make: by the platform's other system, or by
// the subscriber. It counts towards what is owed to that creator: each transfer once, the oldest
// debts first, and only debts of closes that were there when it was made. What it leaves over is a
// gift to the creator, and discharges nothing later.
import { comparePositions, type Outflow } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import { type BaseUnits, least, most } from './money.ts';
import { whatLeft } from './outflow.ts';
import type { StandingEvent } from './standing.ts';

/**
 * A transfer with something of it left, and a debt with something left to pay; each list oldest
 * first.
 */
export type OpenTransfer = { readonly id: string; readonly slot: Slot; readonly left: BaseUnits };
export type OpenShare = { readonly id: string; readonly slot: Slot; readonly owed: BaseUnits };
export type CreditPart = {
  readonly transferId: string;
  readonly shareId: string;
  readonly amount: BaseUnits;
};

/** Which parts of the debts to one creator these transfers discharge. */
export function allotCredits(
  transfers: readonly OpenTransfer[],
  shares: readonly OpenShare[],
): CreditPart[] {
  const owed = new Map(shares.map((each) => [each.id, each.owed]));
  return transfers.flatMap((transfer) => {
    let { left } = transfer;
    return shares.flatMap((share): CreditPart[] => {
      const amount = share.slot > transfer.slot ? 0n : least(left, owed.get(share.id) ?? 0n);
      if (amount === 0n) return [];
      left -= amount;
      owed.set(share.id, (owed.get(share.id) ?? 0n) - amount);
      return [{ transferId: transfer.id, shareId: share.id, amount }];
    });
  });
}

/** The creator that an outflow of the quote token went to; null when it went to none of these. */
export function creatorPaid(
  { mint, owner, destination, internal, paymentId }: Outflow,
  creators: ReadonlySet<string>,
  quoteMint: Address,
): Address | null {
  if (mint !== quoteMint || internal || paymentId !== undefined) return null;
  return [owner, destination].find((each) => each !== null && creators.has(each)) ?? null;
}

/**
 * A transfer to a creator, as the standing sees it. `credited` is null while it is not matched in
 * the books.
 */
export type CreatorTransfer = {
  readonly creator: Address;
  readonly at: StandingEvent['at'];
  readonly signature: Signature;
  readonly body: Outflow;
  readonly credited: BaseUnits | null;
};

/**
 * The rounding of another system's sum: up to this part of what a transfer discharged, the rest of
 * it is not judged.
 */
const ROUNDING = 10n;

/** What is owed to a creator at a place, by debts and payments alone. */
function owedAt(
  history: readonly StandingEvent[],
  creator: string,
  at: StandingEvent['at'],
): BaseUnits {
  // Where the order inside a slot is not known, the debt counts as older, and the payment as
  // younger.
  return history.reduce((sum, each) => {
    if (each.kind === 'left' || each.creator !== creator) return sum;
    const order = comparePositions(each.at, at);
    if (each.kind === 'owed') return order <= 0 ? sum + each.amount : sum;
    return order < 0 ? sum - each.amount : sum;
  }, 0n);
}

/**
 * What transfers to creators mean for the standing. As far as one discharges what was owed to that
 * creator when it was made, it settles. What is beyond that, by more than a tenth, left the
 * subscriber like any other outflow: else a wallet named as the creator of a subscription that owes
 * nothing would be a way out for everything. `claims` are all debts that a transfer may have been
 * meant for, those included that count for nothing here because they are only observed.
 */
export function creditEvents(
  history: readonly StandingEvent[],
  transfers: readonly CreatorTransfer[],
  quoteMint: Address,
  claims: readonly StandingEvent[] = history,
): StandingEvent[] {
  const events: StandingEvent[] = [];
  const taken = new Map<string, { counted: BaseUnits; claimed: BaseUnits }>();
  const inOrder = [...transfers].sort((a, b) => comparePositions(a.at, b.at));
  for (const { creator, at, signature, body, credited } of inOrder) {
    const before = taken.get(creator) ?? { counted: 0n, claimed: 0n };
    const openOf = (of: readonly StandingEvent[], less: BaseUnits): BaseUnits =>
      least(body.amount, most(owedAt(of, creator, at) - less, 0n));
    const counted = openOf(history, before.counted);
    const claimed = openOf(claims, before.claimed);
    taken.set(creator, { counted: before.counted + counted, claimed: before.claimed + claimed });
    const amount = credited ?? counted;
    if (amount > 0n) events.push({ kind: 'settled', at, amount, creator });
    const discharged = most(credited ?? 0n, claimed);
    const beyond = body.amount - discharged;
    if (beyond * ROUNDING <= discharged) continue;
    const what = whatLeft({ ...body, amount: beyond }, quoteMint);
    events.push({ kind: 'left', at, amount: beyond, what, signature });
  }
  return events;
}
