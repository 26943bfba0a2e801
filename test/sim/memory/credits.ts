// Credits: transfers to creators that Bailiff did not make, in memory.

import { allotCredits, creatorPaid, creditedEvent } from '../../../src/core/credit.ts';
import type { Credits } from '../../../src/core/debt-ports.ts';
import type { Address, Slot } from '../../../src/core/ids.ts';
import { recipientsOf } from '../../../src/core/split.ts';
import { tokenOf } from '../../../src/core/token.ts';
import { requiring } from './server.ts';
import {
  applyToShares,
  type CreditRow,
  type FactRow,
  factKey,
  hasSigned,
  inChainOrder,
  type State,
} from './state.ts';
import { QUOTES } from './tokens.ts';

export const creatorsOf = (state: State, subscriberId: string): ReadonlySet<string> =>
  new Set(
    [...state.subscriptions.values()]
      .filter((each) => each.subscriberId === subscriberId)
      .flatMap((each) =>
        each.terms.flatMap((terms) => recipientsOf(terms).map((own) => own.wallet)),
      ),
  );

/** The creator that a fact on record paid, unless a payment of ours, or its memo, did. */
export function creatorOf(state: State, { fact, finality }: FactRow): Address | null {
  const { body, subscriberId, signature } = fact;
  if (body.kind !== 'outflow' || finality === 'withdrawn') return null;
  if (body.paymentId !== undefined) return null;
  if ([...state.payments.values()].some((each) => hasSigned(each, signature))) return null;
  return creatorPaid(body, creatorsOf(state, subscriberId), QUOTES);
}

/** Lets transfers to a creator with a rest wait again, after a debt of this slot was booked. */
export function waitAgain(
  state: State,
  debt: { subscriberId: string; creatorWallet: Address; mint: Address; slot: Slot },
  nowMs: number,
): void {
  for (const each of state.credits.values()) {
    const { id, subscriberId, creatorWallet, token, slot, credited, amount } = each;
    if (
      subscriberId === debt.subscriberId &&
      creatorWallet === debt.creatorWallet &&
      token.mint === debt.mint &&
      slot >= debt.slot &&
      credited < amount
    )
      state.creditsAgain.set(id, nowMs);
  }
}

/** Discharges debts to a creator by what is left of transfers of the same token to it. */
function applyCredits(
  state: State,
  {
    subscriberId,
    creatorWallet,
    token,
  }: Pick<CreditRow, 'subscriberId' | 'creatorWallet' | 'token'>,
): void {
  const factOf = (id: string): FactRow => state.facts.get(id) as FactRow;
  const transfers = [...state.credits.values()]
    .filter((each) => each.subscriberId === subscriberId && each.creatorWallet === creatorWallet)
    .filter((each) => each.token.mint === token.mint)
    .sort((a, b) => inChainOrder(factOf(a.id), factOf(b.id)));
  const shares = [...state.shares.values()]
    .filter(
      (share) =>
        share.subscriberId === subscriberId &&
        share.creatorWallet === creatorWallet &&
        share.token.mint === token.mint &&
        (share.status === 'pending' || share.status === 'failed'),
    )
    .sort((a, b) => a.slot - b.slot || a.ordinal - b.ordinal || (a.id < b.id ? -1 : 1));
  const parts = allotCredits(
    transfers.map((each) => ({ id: each.id, slot: each.slot, left: each.amount - each.credited })),
    shares.map((each) => ({ id: each.id, slot: each.slot, owed: each.amount - each.paid })),
  );
  for (const { transferId, shareId, amount } of parts) {
    const transfer = transfers.find((each) => each.id === transferId);
    const row = shares.find((share) => share.id === shareId);
    if (transfer === undefined || row === undefined) continue;
    transfer.credited += amount;
    transfer.shares.push({ shareId, amount });
    const { signature, slot } = transfer;
    applyToShares(state, [row], () => ({ do: 'credit', amount, transfer: { signature, slot } }));
  }
}

/** The transfers to creators that are heard, and not matched, in the order of the chain. */
export const waitingTransfers = (state: State): { id: string; row: FactRow; creator: Address }[] =>
  [...state.facts.values()]
    .flatMap((row) => {
      if (row.fact.body.kind !== 'outflow') return [];
      const creator = creatorOf(state, row);
      const id = factKey(row.fact);
      const matched = state.credits.has(id) && !state.creditsAgain.has(id);
      return creator === null || matched ? [] : [{ id, row, creator }];
    })
    .sort((a, b) => inChainOrder(a.row, b.row));

export function createMemoryCredits(state: State, identity: () => string | null): Credits {
  const requireIdentity = requiring(identity);
  const waiting = () => waitingTransfers(state);
  return {
    async waiting() {
      const final = waiting().filter(({ row }) => row.finality === 'finalized');
      return [...new Set(final.map(({ row }) => row.fact.subscriberId))].sort();
    },
    async match(asked, under) {
      requireIdentity(under);
      const final = waiting().filter(
        ({ row }) => row.finality === 'finalized' && row.fact.subscriberId === asked,
      );
      return final.flatMap(({ id, row: { fact }, creator: creatorWallet }) => {
        const { subscriberId, signature, position, body } = fact;
        const theirs = [...state.shares.values()].filter(
          (share) => share.subscriberId === subscriberId && share.creatorWallet === creatorWallet,
        );
        const claimed = theirs.some((share) => share.status === 'processing');
        if (claimed || body.kind !== 'outflow' || body.amount <= 0n) return [];
        const isNew = !state.creditsAgain.delete(id);
        const { amount, mint } = body;
        if (mint === null) return [];
        const token = tokenOf(QUOTES, mint);
        const told = { token, subscriberId, creatorWallet, signature, amount };
        const { slot, ordinal } = position;
        const cursor = [slot, signature, ordinal, fact.account].join('.');
        const credit = { ...told, id, slot, cursor, credited: 0n, shares: [] };
        if (isNew) state.credits.set(id, credit);
        applyCredits(state, told);
        const waited = theirs.filter((share) => share.reason?.code === 'transfer_unmatched');
        applyToShares(state, waited, () => ({ do: 'wake' }));
        if (!isNew) return [];
        const { credited } = credit;
        state.events.push(creditedEvent({ ...told, slot, credited }));
        return [{ ...told, credited }];
      });
    },
    async unmatched(subscriberId, creatorWallet) {
      const found = waiting().find(
        ({ row, creator }) => row.fact.subscriberId === subscriberId && creator === creatorWallet,
      );
      return found?.row.fact.signature ?? null;
    },
    list: async ({ subscriberId, limit }) =>
      [...state.credits.values()]
        .filter((each) => each.subscriberId === subscriberId)
        .sort((a, b) => b.slot - a.slot || (a.signature < b.signature ? -1 : 1))
        .slice(0, limit)
        .map(({ id, ...credit }) => credit),
  };
}
