// Doubt: what keeps the gate from vouching: sources that have gone quiet, transactions that were heard and are not read yet, and
// accounts that show what nobody can explain.
import type { Clock, Ledger } from '../core/ports.ts';
import type { Roster } from '../core/roster.ts';
import type { Sources } from './sources.ts';

export type DoubtPorts = {
  readonly ledger: Ledger;
  readonly roster: Roster;
  readonly sources: Sources;
  readonly clock: Clock;
};

/** Looks once. `startedMs` is when this daemon began to listen: nobody has been quiet for longer. */
export async function refreshDoubts(
  { ledger, roster, sources, clock }: DoubtPorts,
  startedMs: number,
  lagMsMost: number,
): Promise<void> {
  const [backlog, gaps] = await Promise.all([ledger.sightings.backlog(), ledger.checks.gaps()]);
  const now = clock.nowMs();
  const heardMs = Math.max(
    startedMs,
    ...Object.values(sources.read()).map((each) => each.lastMs ?? 0),
  );
  const why =
    now - heardMs > lagMsMost
      ? `No source has told of the chain for ${Math.floor((now - heardMs) / 1_000)} s.`
      : backlog.unreadSinceMs !== null && now - backlog.unreadSinceMs > lagMsMost
        ? `Transactions that were heard ${Math.floor((now - backlog.unreadSinceMs) / 1_000)} s ago are not read yet.`
        : null;
  roster.doubtAll(why);
  roster.doubt(gaps.map((each) => each.subscriberId));
}
