// Standing change: decides which fields of a saved standing a verdict changes, and which event
// tells platforms of the change.
import type { EventOf } from './event.ts';
import { owedIn, type RosterEntry } from './roster-entry.ts';
import type { Standing } from './standing.ts';
import type { Owed } from './token.ts';

/** The part of a roster entry that a verdict decides. */
export type Verdict = Pick<
  RosterEntry,
  'standing' | 'outstanding' | 'owed' | 'reason' | 'evidence' | 'owedSinceMs'
>;

const sameOwed = (one: readonly Owed[], other: readonly Owed[]): boolean =>
  one.length === other.length &&
  one.every(({ mint, amount }, nth) => mint === other[nth]?.mint && amount === other[nth]?.amount);

/**
 * The fields of an entry after a verdict; null when the verdict changes none of them. `owedSinceMs`
 * becomes null when nothing is owed any more; core/owing.ts decides when that time counts.
 */
export function verdictOn(before: RosterEntry, verdict: Standing): Verdict | null {
  const { standing, outstanding, owed } = verdict;
  const [reason, evidence] =
    verdict.standing === 'delinquent' ? [verdict.reason, verdict.evidence] : [null, null];
  const isSame =
    before.standing === standing &&
    before.outstanding === outstanding &&
    sameOwed(owedIn(before), owed) &&
    before.reason === reason;
  const owedSinceMs = outstanding === 0n ? null : before.owedSinceMs;
  return isSame ? null : { standing, outstanding, owed, reason, evidence, owedSinceMs };
}

/** The event of a change under its revision, if any: a subscriber became delinquent, or is not. */
export function standingEvents(
  { subscriberId, standing: before }: Pick<RosterEntry, 'subscriberId' | 'standing'>,
  verdict: Standing,
  revision: bigint,
): EventOf<'subscriber.delinquent' | 'subscriber.cleared'>[] {
  const { outstanding, owed } = verdict;
  if (verdict.standing === 'delinquent' && before === 'good') {
    const { reason, evidence } = verdict;
    const body = { outstanding, owed, reason, evidence, revision };
    return [{ kind: 'subscriber.delinquent', subscriberId, body }];
  }
  if (verdict.standing === 'good' && before === 'delinquent')
    return [{ kind: 'subscriber.cleared', subscriberId, body: { outstanding, owed, revision } }];
  return [];
}
