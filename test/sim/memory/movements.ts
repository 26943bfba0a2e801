// Movements: the facts that moved an account's positions, in memory.
import type { Movement } from '../../../src/core/lot.ts';
import { type FactRow, inChainOrder, type State } from './state.ts';

/** The movements of the account of a close, above a slot and before the close, in chain order. */
export function movementsBefore(
  state: State,
  since: number,
  close: Pick<FactRow, 'fact' | 'blockIndex'>,
): Movement[] {
  const place: FactRow = { ...close, finality: 'finalized' };
  return [...state.facts.values()]
    .filter(
      (row) =>
        row.finality !== 'withdrawn' &&
        row.fact.account === close.fact.account &&
        row.fact.position.slot > since &&
        inChainOrder(row, place) < 0,
    )
    .sort(inChainOrder)
    .flatMap(({ fact: { body, position } }): Movement[] => {
      const { slot } = position;
      if (body.kind === 'unknown') return body.tradedAt === null ? [] : [{ kind: 'unknown', slot }];
      const moves = body.kind === 'open' || body.kind === 'close' || body.kind === 'reckoning';
      return moves ? [{ ...body, slot }] : [];
    });
}
