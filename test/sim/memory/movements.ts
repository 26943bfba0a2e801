// Movements: the facts that moved an account's positions, in memory.
import type { Realised } from '../../../src/core/accrual.ts';
import type { Movement } from '../../../src/core/lot.ts';
import { rewound } from '../../../src/core/rewound.ts';
import { type FactRow, inChainOrder, type State } from './state.ts';

type Place = Pick<FactRow, 'fact' | 'blockIndex'>;

/** The facts of the account of a close, in chain order. */
const factsBeside = (state: State, { fact: { account } }: Place): FactRow[] =>
  [...state.facts.values()]
    .filter((row) => row.finality !== 'withdrawn' && row.fact.account === account)
    .sort(inChainOrder);

/** A close, or a reckoning with the positions at its place. */
function realisedAt(state: State, place: Place, body: Realised): Realised {
  if (body.kind === 'close' || body.held === null) return body;
  const later = factsBeside(state, place).flatMap(({ fact, ...row }) =>
    inChainOrder({ fact, ...row }, { ...place, finality: 'finalized' }) > 0 &&
    fact.position.slot <= body.uptoSlot &&
    (fact.body.kind === 'open' || fact.body.kind === 'close')
      ? [fact.body]
      : [],
  );
  return { ...body, held: rewound(body.held, later) };
}

/**
 * What stands before a close: the movements of its account above a slot, in chain order, and the
 * close as they are compared with it.
 */
export function beforeClose(
  state: State,
  since: number,
  { fact, blockIndex }: Place & { readonly fact: { readonly body: Realised } },
): { readonly realised: Realised; readonly moves: readonly Movement[] } {
  const place: FactRow = { fact, blockIndex, finality: 'finalized' };
  const rows = factsBeside(state, place).filter(
    (row) => row.fact.position.slot > since && inChainOrder(row, place) < 0,
  );
  const moves = rows.flatMap((row): Movement[] => {
    const { body, position } = row.fact;
    const { slot } = position;
    if (body.kind === 'unknown') return body.tradedAt === null ? [] : [{ kind: 'unknown', slot }];
    if (body.kind === 'open') return [{ ...body, slot }];
    const isRealised = body.kind === 'close' || body.kind === 'reckoning';
    return isRealised ? [{ ...realisedAt(state, row, body), slot }] : [];
  });
  return { realised: realisedAt(state, place, fact.body), moves };
}
