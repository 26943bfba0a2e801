// Ends: how debts end or change without a payment, in memory: they lapse, are freed, or are adopted.
import type { Shares } from '../../../src/core/debt-ports.ts';
import { LIVE, type State } from './state.ts';

export function createMemoryEnds(
  state: State,
  nowMs: () => number,
): Pick<Shares, 'freeOrphans' | 'lapse' | 'adopt' | 'observed'> {
  return {
    async freeOrphans() {
      const orphans = [...state.shares.values()].filter(
        (row) =>
          row.status === 'processing' &&
          ![...state.payments.values()].some(
            (each) => LIVE.has(each.state) && each.covers.some((c) => c.shareId === row.id),
          ),
      );
      for (const row of orphans) Object.assign(row, { status: 'pending', retryAtMs: null });
      return orphans.length;
    },
    async adopt(fromSlot) {
      const adopted = [...state.shares.values()].filter(
        (row) =>
          row.observed &&
          row.slot >= fromSlot &&
          (row.status === 'pending' || row.status === 'failed'),
      );
      for (const row of adopted) Object.assign(row, { observed: false, retryAtMs: null });
      return adopted.map((row) => ({
        shareId: row.id,
        subscriberId: row.subscriberId,
        left: row.amount - row.paid,
      }));
    },
    async observed() {
      const rows = [...state.shares.values()].filter(
        (row) => row.observed && (row.status === 'pending' || row.status === 'failed'),
      );
      return {
        count: rows.length,
        left: rows.reduce((sum, row) => sum + row.amount - row.paid, 0n),
      };
    },
    async lapse() {
      const lapsed = [...state.shares.values()].filter((row) => {
        const terms = state.subscriptions.get(row.subscriptionId)?.terms ?? [];
        const under = terms.find((each) => each.fromSlot === row.termsSlot);
        const after = under?.expiresAfterMs ?? null;
        return (
          (row.status === 'pending' || row.status === 'failed') &&
          after !== null &&
          row.accruedAtMs + after <= nowMs()
        );
      });
      for (const row of lapsed)
        Object.assign(row, { status: 'voided', retryAtMs: null, voidedAtMs: nowMs() });
      return lapsed.map((row) => ({
        shareId: row.id,
        subscriberId: row.subscriberId,
        left: row.amount - row.paid,
      }));
    },
  };
}
