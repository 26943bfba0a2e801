// Credit: counts a transfer to a creator that Bailiff did not make, by the platform's other system
// or by the subscriber, towards the debts to that creator. Each transfer counts once, for the
// oldest debts first, and only for debts of closes before it. The rest of a transfer is a gift to
// the creator and pays no later debt.
import type { EventOf } from './event.ts';
import { type ChainPosition, comparePositions, type Outflow } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import { type BaseUnits, least, most } from './money.ts';
import { type HeardOutflow, whatLeft } from './outflow.ts';
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
 * The creator who received an outflow of a quote token. Null when none of these did, and when the
 * outflow is internal.
 */
export function creatorPaid(
  { mint, owner, destination, internal }: Outflow,
  creators: ReadonlySet<string>,
  quotes: Quotes,
): Address | null {
  if (mint === null || !quotes.has(mint) || internal) return null;
  return [owner, destination].find((each) => each !== null && creators.has(each)) ?? null;
}

/** A transfer to a creator for the standing. */
export type CreatorTransfer = {
  readonly creator: Address;
  readonly at: StandingEvent['at'];
  readonly signature: Signature;
  readonly body: Outflow;
  /**
   * The part that debts explain; null while the ledger has not matched the transfer. Of a found
   * payment: the explained part of all that the creator got by the payment.
   */
  readonly credited: BaseUnits | null;
  /**
   * Absent for a transfer that the ledger matches with debts. `found`: it belongs to a payment that
   * was found on chain, and that payment's own event discharges the debts. `unbooked`: its
   * transaction has the memo of a payment that the ledger lacks, so it discharges no debt yet.
   */
  readonly payment?: 'found' | 'unbooked';
};

/**
 * The transfers to creators among the outflows of a subscriber, without the payments that this
 * ledger signed. Every holder of an agent's key can write the memo of a payment, so neither a memo
 * nor a payment that was found by one keeps a transfer from being held against the debts.
 */
export const creatorTransfers = (
  outflows: readonly (HeardOutflow & {
    readonly at: ChainPosition;
    readonly credited: BaseUnits | null;
  })[],
  creators: ReadonlySet<string>,
  quotes: Quotes,
): CreatorTransfer[] =>
  outflows.flatMap(({ ours, found = null, body, at, signature, credited }): CreatorTransfer[] => {
    const creator = creatorPaid(body, creators, quotes);
    if (creator === null || (ours && found === null)) return [];
    const told = { creator, body, at, signature };
    if (found !== null && found.mint === body.mint) {
      const part = found.recipients.find((each) => each.wallet === creator);
      return [{ ...told, credited: part?.amount ?? 0n, payment: 'found' }];
    }
    const isUnbooked = ours || body.paymentId !== undefined;
    return [{ ...told, ...(isUnbooked ? { credited: null, payment: 'unbooked' } : { credited }) }];
  });

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
  /**
   * Base units that earlier transfers took, by their source: `counted` from the debts of `history`,
   * `claimed` from those of `claims` (with a slot: by found payments of that slot), `explained`
   * from the explained part of one found payment.
   */
  const sums = new Map<string, BaseUnits>();
  const taken = (of: string): BaseUnits => sums.get(of) ?? 0n;
  const take = (of: string, amount: BaseUnits) => void sums.set(of, taken(of) + amount);
  const inOrder = [...transfers].sort((a, b) => comparePositions(a.at, b.at));
  for (const { creator, at, signature, body, credited: told, payment } of inOrder) {
    const mint = body.mint ?? USDC.mint;
    const whose = `${creator}/${mint}`;
    const openOf = (of: readonly StandingEvent[], less: BaseUnits): BaseUnits =>
      least(body.amount, most(owedAt(of, creator, mint, at) - less, 0n));
    const [counting, claiming] = [`counted ${whose}`, `claimed ${whose}`];
    let credited = told;
    let claimed: BaseUnits;
    if (payment === 'found') {
      // A found payment is an event of `history`, so its transfers take nothing from those of later
      // slots. All transfers of one such payment to one creator share its explained amount.
      const [explained, inSlot] = [`explained ${whose}/${signature}`, `${claiming}/${at.slot}`];
      credited = least(body.amount, (told ?? 0n) - taken(explained));
      take(explained, credited);
      claimed = openOf(claims, taken(claiming) + taken(inSlot));
      take(inSlot, claimed);
    } else {
      claimed = openOf(claims, taken(claiming));
      take(claiming, claimed);
    }
    const counted = payment === undefined ? openOf(history, taken(counting)) : 0n;
    take(counting, counted);
    const amount = credited ?? counted;
    if (payment === undefined && amount > 0n)
      events.push({ kind: 'discharged', at, amount, creator, mint });
    const discharged = most(amount, claimed);
    const beyond = body.amount - discharged;
    if (beyond * ROUNDING <= discharged) continue;
    const what = whatLeft({ ...body, amount: beyond }, quotes);
    events.push({ kind: 'left', at, amount: beyond, what, signature });
  }
  return events;
}
