// Outflow: what kind of leaving an outflow was. Ours pays a creator, a cleared one was permitted, an internal one stays with
// the subscriber; any other is the subscriber's own doing, and counts against who owes.
import { type Clearance, clearedOutflows } from './clearance.ts';
import type { Outflow } from './fact.ts';
import type { Address, Slot } from './ids.ts';

export type OutflowClass = 'ours' | 'cleared' | 'internal' | 'outflow';
export type HeardOutflow = {
  readonly key: string;
  readonly slot: Slot;
  /** Its signature is one of our payments. */
  readonly ours: boolean;
  readonly body: Outflow;
};

/** Lamports that an agent wallet may send at once as tips and rent without anybody asking why: 0.01 SOL. */
export const NEGLIGIBLE_LAMPORTS = 10_000_000n;

/** Classifies outflows; depends on nothing but the sets given, so it can be judged again at any time. */
export function classifyOutflows(
  outflows: readonly HeardOutflow[],
  clearances: readonly Clearance[],
  quoteMint: Address,
): Map<string, OutflowClass> {
  const classes = new Map<string, OutflowClass>();
  const others = outflows.filter(({ key, ours, body }) => {
    const negligible = body.route === 'sol_transfer' && body.amount <= NEGLIGIBLE_LAMPORTS;
    if (ours) classes.set(key, 'ours');
    else if (body.internal || negligible) classes.set(key, 'internal');
    return !classes.has(key);
  });
  const cleared = clearedOutflows(
    clearances,
    others.map(({ key, slot, body }) => ({
      key,
      slot,
      amount: body.amount,
      isQuote: body.mint === quoteMint,
    })),
  );
  for (const { key } of others) classes.set(key, cleared.has(key) ? 'cleared' : 'outflow');
  return classes;
}
