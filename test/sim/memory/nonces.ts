// Nonces: the nonce accounts of subscribers, in memory.
import type { NonceAccount, NonceBook } from '../../../src/core/nonce-ports.ts';
import { LIVE, type State } from './state.ts';

export function createMemoryNonces(state: State, nowMs: () => number): NonceBook {
  const open = (subscriberId: string) => {
    const found = state.nonces.get(subscriberId);
    return found === undefined || found.closed ? null : found;
  };
  const nonceOf = ({ askedMs, closed, closingMs, ...kept }: NonceRow): NonceAccount => ({
    ...kept,
    closing: closingMs !== null,
  });
  return {
    async of(subscriberId) {
      const found = open(subscriberId);
      return found && nonceOf(found);
    },
    list: async ({ limit, after = '' }) =>
      [...state.nonces.values()]
        .filter((each) => !each.closed && each.subscriberId > after)
        .sort((a, b) => (a.subscriberId < b.subscriberId ? -1 : 1))
        .slice(0, limit)
        .map(nonceOf),
    async asked(nonce, againAfterMs) {
      const known = open(nonce.subscriberId);
      const again =
        known === null ||
        (known.account === nonce.account &&
          known.noted === null &&
          known.askedMs <= nowMs() - againAfterMs);
      if (again)
        state.nonces.set(nonce.subscriberId, {
          ...nonce,
          noted: null,
          askedMs: nowMs(),
          closed: false,
          closingMs: null,
        });
      return again;
    },
    async note(subscriberId, from, to) {
      const known = open(subscriberId);
      if (known === null || (known.noted?.value ?? null) !== from) return false;
      state.nonces.set(subscriberId, { ...known, noted: to });
      return true;
    },
    async moverOf(account, value) {
      for (const row of state.payments.values()) {
        if (row.nonce?.account !== account || row.nonce.value !== value) continue;
        if ((row.state === 'landed' || row.state === 'failed') && row.executedSlot !== null)
          return row.signature && { signature: row.signature, slot: row.executedSlot };
        if (row.state === 'dead' && row.moved?.own === true)
          return { signature: row.moved.signature, slot: row.moved.slot };
      }
      return null;
    },
    async closing(subscriberId, againAfterMs) {
      const known = open(subscriberId);
      const isBusy = [...state.payments.values()].some(
        (each) => each.subscriberId === subscriberId && LIVE.has(each.state),
      );
      if (known === null || isBusy || (known.closingMs ?? -1e18) > nowMs() - againAfterMs)
        return false;
      state.nonces.set(subscriberId, { ...known, closingMs: nowMs() });
      return true;
    },
    // No subscriber leaves in a simulated history.
    left: async () => [],
    async sums() {
      const all = [...state.nonces.values()].filter((each) => !each.closed);
      return {
        open: all.length,
        closing: all.filter((each) => each.closingMs !== null).length,
        rent: all.reduce((sum, each) => sum + each.rent, 0n),
      };
    },
    async closed(subscriberId) {
      const known = open(subscriberId);
      if (known === null) return false;
      state.nonces.set(subscriberId, { ...known, noted: null, closed: true, closingMs: null });
      return true;
    },
  };
}
type NonceRow = State['nonces'] extends Map<string, infer Row> ? Row : never;
