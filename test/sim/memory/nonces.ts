// Nonces: the nonce accounts of subscribers, in memory.
import {
  type NonceAccount,
  type NonceChange,
  nonceAfter,
  ownMoverIn,
  stageOf,
} from '../../../src/core/nonce-account.ts';
import type { NonceBook } from '../../../src/core/nonce-ports.ts';
import { LIVE, type State } from './state.ts';

export function createMemoryNonces(state: State, nowMs: () => number): NonceBook {
  const isOpen = (each: NonceAccount): boolean => stageOf(each) !== 'closed';
  const change = async (subscriberId: string, what: NonceChange): Promise<boolean> => {
    const after = nonceAfter(state.nonces.get(subscriberId) ?? null, what, nowMs());
    if (after !== null) state.nonces.set(subscriberId, after);
    return after !== null;
  };
  return {
    async of(subscriberId) {
      const found = state.nonces.get(subscriberId);
      return found !== undefined && isOpen(found) ? found : null;
    },
    list: async ({ limit, after = '' }) =>
      [...state.nonces.values()]
        .filter((each) => isOpen(each) && each.subscriberId > after)
        .sort((a, b) => (a.subscriberId < b.subscriberId ? -1 : 1))
        .slice(0, limit),
    asked: (nonce, againAfterMs) => change(nonce.subscriberId, { do: 'ask', nonce, againAfterMs }),
    note: (subscriberId, from, to) => change(subscriberId, { do: 'note', from, to }),
    async closing(subscriberId, againAfterMs) {
      const isPaying = [...state.payments.values()].some(
        (each) => each.subscriberId === subscriberId && LIVE.has(each.state),
      );
      return change(subscriberId, { do: 'close', isPaying, againAfterMs });
    },
    closed: (subscriberId) => change(subscriberId, { do: 'gone' }),
    async moverOf(account, value) {
      for (const row of state.payments.values()) {
        const isUnder = row.nonce?.account === account && row.nonce.value === value;
        const mover = isUnder ? ownMoverIn(row) : null;
        if (mover !== null) return mover;
      }
      return null;
    },
    // No subscriber leaves in a simulated history.
    left: async () => [],
    async sums() {
      const all = [...state.nonces.values()].filter(isOpen);
      return {
        open: all.length,
        closing: all.filter((each) => stageOf(each) === 'closing').length,
        rent: all.reduce((sum, each) => sum + each.rent, 0n),
      };
    },
  };
}
