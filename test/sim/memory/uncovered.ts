// Uncovered: the part of each debt that no payment and no transfer covers, in memory.
import type { UncoveredShare } from '../../../src/core/rebuild.ts';
import { uncoveredOf } from '../../../src/core/share-due.ts';
import { LIVE, type ShareRow, type State } from './state.ts';

export function uncoveredIn(state: State, rows: readonly ShareRow[]): UncoveredShare[] {
  const paying = [...state.payments.values()].filter(
    (each) => each.state === 'landed' || LIVE.has(each.state),
  );
  const covers = paying.flatMap((each) => each.covers);
  const credits = [...state.credits.values()].flatMap((each) => each.shares);
  const sumOf = (parts: typeof covers, id: string): bigint =>
    parts.reduce((sum, { shareId, amount }) => sum + (shareId === id ? amount : 0n), 0n);
  return rows.map((row) => ({
    shareId: row.id,
    creatorWallet: row.creatorWallet,
    mint: row.token.mint,
    uncovered: uncoveredOf(row, sumOf(covers, row.id), sumOf([...credits], row.id)),
  }));
}
