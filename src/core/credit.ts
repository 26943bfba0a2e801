// Credit: counts a transfer to a creator that Bailiff did not make, by the platform's other system
// or by the subscriber, towards the debts to that creator. Each transfer counts once, for the
// oldest debts first, and only for debts of closes before it. The rest of a transfer is a gift to
// the creator and pays no later debt.
import type { EventOf } from './event.ts';
import { comparePositions, type Outflow } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import { type BaseUnits, least, most } from './money.ts';
import { whatLeft } from './outflow.ts';
import type { StandingEvent } from './standing.ts';
import { type Quotes, type Token, USDC } from './token.ts';

/** A transfer with an unused rest, and a debt with an unpaid rest. Lists are oldest first. */
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

/** The event of a transfer's first match with debts; `credited` is the part that pays debts. */
export function creditedEvent(transfer: {
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  readonly signature: Signature;
  readonly slot: Slot;
  readonly token: Token;
  readonly amount: BaseUnits;
  readonly credited: BaseUnits;
}): EventOf<'transfer.credited'> {
  const { subscriberId, token, ...told } = transfer;
  const { mint, symbol } = token;
  const excess = told.amount - told.credited;
  return {
    kind: 'transfer.credited',
    subscriberId,
    body: { ...told, mint, symbol, excess },
  };
}

/**
 * The creator who received an outflow of a quote token. Null when none of these did, when the
 * outflow is internal, and when its transaction carries the memo of a payment.
 */
export function creatorPaid(
  { mint, owner, destination, internal, paymentId }: Outflow,
  creators: ReadonlySet<string>,
  quotes: Quotes,
): Address | null {
  if (mint === null || !quotes.has(mint) || internal || paymentId !== undefined) return null;
  return [owner, destination].find((each) => each !== null && creators.has(each)) ?? null;
}

/**
 * A transfer to a creator for the standing. `credited` is null while the ledger has not matched the
 * transfer.
 */
export type CreatorTransfer = {
  readonly creator: Address;
  readonly at: StandingEvent['at'];
  readonly signature: Signature;
  readonly body: Outflow;
  readonly credited: BaseUnits | null;
};

/**
 * Tolerance for another system's rounding: a rest of up to a tenth of the discharged amount is not
 * judged.
 */
const ROUNDING = 10n;

/** The amount of a token owed to a creator at a place, by debts and payments alone. */
function owedAt(
  history: readonly StandingEvent[],
  creator: string,
  mint: string,
  at: StandingEvent['at'],
): BaseUnits {
  // When the order inside a slot is unknown, a debt counts as earlier and a payment as later.
  return history.reduce((sum, each) => {
    if (each.kind === 'left' || each.creator !== creator) return sum;
    if ((each.mint ?? USDC.mint) !== mint) return sum;
    const order = comparePositions(each.at, at);
    if (each.kind === 'owed') return order <= 0 ? sum + each.amount : sum;
    return order < 0 ? sum - each.amount : sum;
  }, 0n);
}

/**
 * The effect of transfers to creators on the standing. The part of a transfer that discharges debts
 * to that creator in that token pays them. A rest of more than a tenth of that part counts as an
 * outflow like any other: otherwise a wallet that is named as creator of a subscription without
 * debts would allow any withdrawal. `claims` holds all debts that a transfer may have been meant
 * for, also observed ones, which do not count as owed here.
 */
export function creditEvents(
  history: readonly StandingEvent[],
  transfers: readonly CreatorTransfer[],
  quotes: Quotes,
  claims: readonly StandingEvent[] = history,
): StandingEvent[] {
  const events: StandingEvent[] = [];
  const taken = new Map<string, { counted: BaseUnits; claimed: BaseUnits }>();
  const inOrder = [...transfers].sort((a, b) => comparePositions(a.at, b.at));
  for (const { creator, at, signature, body, credited } of inOrder) {
    const mint = body.mint ?? USDC.mint;
    const whose = `${creator}/${mint}`;
    const before = taken.get(whose) ?? { counted: 0n, claimed: 0n };
    const openOf = (of: readonly StandingEvent[], less: BaseUnits): BaseUnits =>
      least(body.amount, most(owedAt(of, creator, mint, at) - less, 0n));
    const counted = openOf(history, before.counted);
    const claimed = openOf(claims, before.claimed);
    taken.set(whose, { counted: before.counted + counted, claimed: before.claimed + claimed });
    const amount = credited ?? counted;
    if (amount > 0n) events.push({ kind: 'discharged', at, amount, creator, mint });
    const discharged = most(credited ?? 0n, claimed);
    const beyond = body.amount - discharged;
    if (beyond * ROUNDING <= discharged) continue;
    const what = whatLeft({ ...body, amount: beyond }, quotes);
    events.push({ kind: 'left', at, amount: beyond, what, signature });
  }
  return events;
}
