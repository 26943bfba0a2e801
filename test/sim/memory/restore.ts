// Restore: books a payment that the chain shows and that this ledger has lost, in memory.

import { isLeftToPerson, landedDespite } from '../../../src/core/cancellation.ts';
import type { Cover } from '../../../src/core/debt.ts';
import type { Address } from '../../../src/core/ids.ts';
import type { Payments } from '../../../src/core/payment-ports.ts';
import { paidTo } from '../../../src/core/payment-recipients.ts';
import {
  type PaymentOnRecord,
  requireRest,
  requireRoom,
  restoring,
  subscriptionOf,
} from '../../../src/core/restoring.ts';
import { recipientsOf } from '../../../src/core/split.ts';
import { applyToShares, LIVE, type PaymentRow, type State } from './state.ts';
import { TOKENS, venueAt } from './tokens.ts';
import { uncoveredIn } from './uncovered.ts';
import { takeOver } from './variants.ts';

/** The parts for each debt, of both lists together. */
function added(covers: readonly Cover[], more: readonly Cover[]): Cover[] {
  const sums = new Map<string, bigint>();
  for (const { shareId, amount } of [...covers, ...more])
    sums.set(shareId, (sums.get(shareId) ?? 0n) + amount);
  return [...sums].map(([shareId, amount]) => ({ shareId, amount }));
}

/**
 * Throws where a payment covers more of the debts to a recipient than that recipient gets, or where
 * its recipients do not add up to its amount, as the constraints of the database do.
 */
export function requirePaysItsDebts({ shares, recipientsHold }: State, row: PaymentRow): void {
  const gets = new Map(paidTo(row).map((each) => [each.wallet, each.amount]));
  if (row.purpose !== 'share' || !recipientsHold) return;
  if ([...gets.values()].reduce((sum, each) => sum + each, 0n) !== row.plan.amount)
    throw new Error(`the recipients of payment ${row.id} do not add up to its amount`);
  for (const { shareId, amount } of row.covers) {
    const wallet = shares.get(shareId)?.creatorWallet;
    const left = wallet === undefined ? undefined : gets.get(wallet);
    if (wallet === undefined || left === undefined || left < amount)
      throw new Error(`payment ${row.id} does not pay the recipient of ${shareId} that much`);
    gets.set(wallet, left - amount);
  }
}

export function createMemoryRestore(state: State, nowMs: () => number): Payments['restore'] {
  const tokenOf = ({ driftAccount }: { readonly driftAccount: Address }) =>
    TOKENS[venueAt(state, driftAccount)];
  /** Whether a payment covers a debt and may still land. */
  const isClaimed = (shareId: string): boolean =>
    [...state.payments.values()].some(
      (each) => LIVE.has(each.state) && each.covers.some((cover) => cover.shareId === shareId),
    );
  /** The sum that landed payments and transfers by others bring to a debt. */
  const coveredOf = (shareId: string): bigint =>
    [
      ...[...state.payments.values()]
        .filter((each) => each.state === 'landed')
        .flatMap((each) => each.covers),
      ...[...state.credits.values()].flatMap((each) => each.shares),
    ].reduce((sum, each) => sum + (each.shareId === shareId ? each.amount : 0n), 0n);
  const recall = (row: PaymentRow): void => {
    const { id: payment, signature, executedSlot: slot } = row;
    const landing = { payment, signature, slot: slot ?? 0 };
    const covered = row.covers.flatMap(({ shareId }) => state.shares.get(shareId) ?? []);
    applyToShares(state, covered, (share) => ({
      do: 'recall',
      covered: coveredOf(share.id),
      claimed: isClaimed(share.id),
      left: isLeftToPerson(row.cancelFor, share.id) ? landedDespite(signature) : null,
      landing,
    }));
  };
  /** The part of each recipient that no debt explains. */
  const restsOf = (row: PaymentRow) =>
    paidTo(row).map(({ wallet, amount }) => {
      const own = row.covers.filter(
        ({ shareId }) => state.shares.get(shareId)?.creatorWallet === wallet,
      );
      return { wallet, amount: own.reduce((rest, each) => rest - each.amount, amount) };
    });
  const onRecord = (row: PaymentRow): PaymentOnRecord => ({
    id: row.id,
    subscriberId: row.subscriberId,
    mint: row.token.mint,
    state: row.state,
    received: row.purpose === 'share' ? paidTo(row) : [],
    signature: row.signature,
    variants: row.signings.flatMap(({ variant }) =>
      variant.purpose === 'payment' ? [variant.signature] : [],
    ),
    excess: row.excess,
    isAccepted: row.accepted !== null,
  });
  return async (subscriberId, paid, covers) => {
    const { signature, slot, creatorWallet, token, amount } = paid;
    const rows = [...state.payments.values()].filter(
      (each) => each.id === paid.id || each.signature === signature,
    );
    const what = restoring(subscriberId, paid, covers, rows.map(onRecord));
    if (what.do === 'nothing') return false;
    if (what.do !== 'land') requireRoom(uncoveredIn(state, [...state.shares.values()]), covers);
    const known = state.payments.get(what.id);
    if (what.do !== 'book') {
      if (known === undefined) throw new Error(`no payment ${what.id} to restore`);
      if (what.do === 'land') {
        takeOver(known, signature);
        Object.assign(known, { state: 'landed', signature, executedSlot: slot });
      } else {
        requireRest(
          what.id,
          restsOf(known),
          uncoveredIn(state, [...state.shares.values()]),
          covers,
        );
        known.excess -= what.explained;
        known.covers = added(known.covers, covers);
        requirePaysItsDebts(state, known);
      }
      recall(known);
      return true;
    }
    const own = [...state.subscriptions.values()].filter(
      (each) => each.subscriberId === subscriberId,
    );
    const [first] = covers;
    const under = subscriptionOf(
      paid,
      first === undefined ? null : (state.shares.get(first.shareId)?.subscriptionId ?? ''),
      own.map((each) => ({
        id: each.id,
        mint: tokenOf(each).mint,
        recipients: each.terms.flatMap((terms) => recipientsOf(terms).map(({ wallet }) => wallet)),
      })),
    );
    const subscription = own.find(({ id }) => id === under);
    const isTaken = known !== undefined || rows.some((each) => each.signature === signature);
    if (subscription === undefined || isTaken) return false;
    const { id, excess } = what;
    const row: PaymentRow = {
      id,
      purpose: 'share',
      subscriberId,
      subscriptionId: subscription.id,
      creatorWallet,
      driftUser: subscription.driftAccount,
      subAccountId: state.accounts.get(subscription.driftAccount)?.subAccountId ?? 0,
      venue: venueAt(state, subscription.driftAccount),
      token,
      plan: {
        amount,
        covers,
        withdraw: 0n,
        settleMarkets: [],
        feePayer: 'agent',
        reimburse: 0n,
        createAgentAccount: false,
        createCreatorAccount: false,
        ...(paid.recipients === undefined
          ? {}
          : { recipients: paid.recipients.map((each) => ({ ...each, createAccount: false })) }),
      },
      state: 'landed',
      signed: null,
      signature,
      covers,
      executedSlot: slot,
      evidence: null,
      signings: [],
      cancelAsked: false,
      cancelFor: [],
      moved: null,
      excess,
      accepted: null,
      maybeLost: paid.maybeLost === true,
      trouble: null,
      plannedAtMs: nowMs(),
      endedAtMs: nowMs(),
    };
    requirePaysItsDebts(state, row);
    state.payments.set(id, row);
    recall(row);
    return true;
  };
}
