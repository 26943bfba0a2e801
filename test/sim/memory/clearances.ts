// Clearances: those of the ledger in memory, each with the facts that it is judged with.
import type { Clearance, FundsChange } from '../../../src/core/clearance.ts';
import type { FactBody } from '../../../src/core/fact.ts';
import type { Signature } from '../../../src/core/ids.ts';
import type { Ledger } from '../../../src/core/ports.ts';
import { USDC } from '../../../src/core/token.ts';
import type { FactRow, State, StoredClearance } from './state.ts';

const placeOf = ({ fact: { signature, position }, blockIndex }: FactRow) => ({
  ...position,
  blockIndex,
  signature,
});

/** The trades in the first slot after the readings that has one. */
function tradesAfter(rows: readonly FactRow[], grantedSlot: number): Clearance['trades'] {
  const trades = rows.flatMap((row) => {
    const { body, position } = row.fact;
    if (position.slot <= grantedSlot) return [];
    if (body.kind === 'unknown')
      return body.tradedAt === null
        ? []
        : [{ ...placeOf(row), ordinal: body.tradedFrom ?? body.tradedAt }];
    return ['open', 'close', 'reckoning'].includes(body.kind) ? [placeOf(row)] : [];
  });
  const first = Math.min(...trades.map((each) => each.slot));
  return trades.filter((each) => each.slot === first);
}

/** What a fact says of the quote tokens of its account; undefined where it says nothing of them. */
function changeOf(body: FactBody, mint: string): bigint | null | undefined {
  if (body.kind === 'unknown') return null;
  if (body.kind === 'notice') return body.what === 'token_authority_changed' ? null : undefined;
  if (body.kind !== 'tally') return undefined;
  const own = body.mints?.reduce((sum, each) => (each.mint === mint ? sum + each.amount : sum), 0n);
  return body.realised + body.deposits - body.withdraws + (own ?? body.tokens);
}

function changesAfter(rows: readonly FactRow[], clearance: StoredClearance): FundsChange[] {
  const changes = new Map<Signature, FundsChange>();
  for (const row of rows) {
    const { account, signature, body } = row.fact;
    const at = placeOf(row);
    const read = clearance.readings.find((each) => each.account === account);
    if (read === undefined || at.slot <= read.slot || at.slot > clearance.untilSlot) continue;
    const change = changeOf(body, clearance.mint ?? USDC.mint);
    if (change === undefined) continue;
    const { amount: known } = changes.get(signature) ?? { amount: 0n };
    const amount = known === null || change === null ? null : known + change;
    changes.set(signature, { at, amount });
  }
  return [...changes.values()];
}

/** The clearances of a subscriber, as its facts judge them. */
export const clearancesOf = (
  state: State,
  subscriberId: string,
  rows: readonly FactRow[],
): readonly Clearance[] =>
  (state.clearances.get(subscriberId) ?? []).map((each) => ({
    ...each,
    trades: each.purpose === 'close' ? tradesAfter(rows, each.grantedSlot) : [],
    ...(each.readings.length === 0 || !state.clearedLeaving
      ? {}
      : {
          funds: {
            settled: each.readings.reduce((sum, { amount }) => sum + amount, 0n),
            changes: changesAfter(rows, each),
          },
        }),
  }));

/** The store of clearances in memory. It grants every one. */
export const createMemoryClearances = (state: State): Pick<Ledger['clearances'], 'grant'> => ({
  async grant(subscriberId, clearance, _grantedAtMs, _untilMs, _under, settled) {
    const known = state.clearances.get(subscriberId) ?? [];
    const readings = clearance.amount === null ? [] : (settled?.readings ?? []);
    state.clearances.set(subscriberId, [...known, { ...clearance, readings }]);
    return null;
  },
});
