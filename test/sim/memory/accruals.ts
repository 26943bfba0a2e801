// Accruals: the figures from which a debt was computed, in memory.
import type { Accrual } from '../../../src/core/explanation.ts';
import { recipientsOf } from '../../../src/core/split.ts';
import type { State } from './state.ts';

/** The figures of a debt; null when there is no such debt. */
export function accrualIn(state: State, id: string): Accrual | null {
  const share = state.shares.get(id);
  const figures = state.figures.get(id);
  if (share === undefined || figures === undefined) return null;
  const { fact, booking } = figures;
  const { terms, before, after, owed, ...part } = booking;
  if (terms === null) throw new Error(`share ${id} is owed without terms`);
  const tab = ({ carry, deficit, dealt = 0n }: typeof before) => ({ carry, deficit, dealt });
  const credits = [...state.credits.values()].flatMap(({ signature, slot, shares }) =>
    shares.filter((each) => each.shareId === id).map(({ amount }) => ({ signature, slot, amount })),
  );
  return {
    token: share.token,
    signature: fact.signature,
    slot: share.slot,
    ordinal: share.ordinal,
    realised: fact.body,
    ...part,
    termsSlot: terms.fromSlot,
    basis: terms.basis,
    profit: terms.profit,
    shareBps: terms.shareBps,
    recipients: recipientsOf(terms).map(({ nth, wallet, shareBps }) => ({ nth, wallet, shareBps })),
    recipient: share.recipient,
    before: tab(before),
    after: tab(after),
    credits: credits.sort((a, b) => a.slot - b.slot || (a.signature < b.signature ? -1 : 1)),
  };
}
