// Token difference: compares the amounts of a token account in two states with the facts between
// them, mint by mint.
import type { MintChange } from './fact.ts';
import type { Address } from './ids.ts';

/** The part of an account's state that tells its tokens. */
export type TokenState = {
  readonly counters: { readonly tokens: bigint };
  readonly hints: { readonly exists: boolean };
  readonly mint?: Address;
};
/** The sum of the facts: of all tokens, and by mint where the facts tell mints. Base units. */
export type TokensTold = { readonly tokens: bigint; readonly mints?: readonly MintChange[] };

/**
 * The difference of a token account's amounts. An account may be closed and made again for another
 * mint with the same amount, so each mint is compared by itself. When several differ, returns the
 * lowest difference: tokens that left count, and tokens of another mint do not make up for them. A
 * state of an older release has no mint, and is compared by its amount.
 */
export function tokenDifference(baseline: TokenState, told: TokensTold, seen: TokenState): bigint {
  const isKnown = ({ mint, hints }: TokenState) => mint !== undefined || !hints.exists;
  const total = seen.counters.tokens - baseline.counters.tokens - told.tokens;
  const changes = told.mints ?? [];
  const known = changes.reduce((sum, each) => sum + each.amount, 0n);
  const mints = new Set([baseline.mint, seen.mint, ...changes.map((each) => each.mint)]);
  mints.delete(undefined);
  // Facts of an older release tell no mint. They count for that of the baseline.
  const untold = told.tokens - known;
  const isTold = untold === 0n || baseline.mint !== undefined;
  if (!isKnown(baseline) || !isKnown(seen) || !isTold || mints.size < 2) return total;
  const held = (state: TokenState, mint: unknown) =>
    state.mint === mint ? state.counters.tokens : 0n;
  const differences = [...mints].map((mint) => {
    const rest = mint === baseline.mint ? untold : 0n;
    const own = changes.filter((each) => each.mint === mint);
    const sum = own.reduce((all, each) => all + each.amount, rest);
    return held(seen, mint) - held(baseline, mint) - sum;
  });
  const [lowest = 0n, ...others] = differences.sort((a, b) => Number(a - b));
  return lowest < 0n ? lowest : (others.at(-1) ?? lowest);
}
