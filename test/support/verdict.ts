// Verdict: compares the facts of a transaction with an account's own state, as the daemon's check
// does.
import type { Fact } from '../../src/core/fact.ts';
import { COUNTERS, checkState, type NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { Dialect } from '../../src/venue/dialect.ts';
import type { Recorded } from './recording.ts';

/** `explained` where the facts and the state agree to the unit. */
export function verdictOf(
  { states }: Dialect,
  facts: readonly Fact[],
  user: Recorded['users'][number],
): string {
  const mine = facts.filter(({ account: address }) => address === user.address);
  const unknowns = mine.filter(({ body }) => body.kind === 'unknown').length;
  const [tally] = mine.flatMap(({ body }) => (body.kind === 'tally' ? [body] : []));
  const told = Object.fromEntries(
    COUNTERS.map((name) => [name, tally?.[name] ?? 0n]),
  ) as typeof NO_COUNTERS;
  const [was, is] = [user.before, user.after].map((data, slot) => ({
    slot,
    ...states.ofUser(data),
  }));
  if (was === undefined || is === undefined) throw new Error('two states');
  const open = { amounts: tally?.perhaps ?? [], untoldFees: tally?.untoldFees ?? 0 };
  return checkState(was, told, unknowns, is, open, 10_000n).verdict;
}
