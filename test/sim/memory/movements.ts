// Movements: the facts that moved an account's positions, in memory.
import type { Movement } from '../../../src/core/lots.ts';
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
      switch (body.kind) {
        case 'open':
        case 'close':
        case 'reckoning':
          return [{ ...body, slot }];
        case 'unknown':
          return [{ kind: 'unknown', slot }];
        case 'notice':
        case 'outflow':
        case 'tally':
          return [];
      }
    });
}
