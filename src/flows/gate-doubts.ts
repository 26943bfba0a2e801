// Gate doubts: tells for whom the gate cannot vouch: for every subscriber while no source was
// heard, and for a subscriber whose named transactions are not read yet, whose histories or
// states cannot be read, whose accounts show changes that no fact explains or were given to a
// call that this release does not know, or who has accounts that are not followed.
import type { Clock, Ledger } from '../core/ports.ts';
import { type Doubt, type Roster, UNEXPLAINED } from '../core/roster.ts';
import { type SuspicionRule, whySuspected } from '../core/suspicion.ts';
import { TOKEN_ACCOUNTS_MOST } from './adopt.ts';
import type { Sources } from './sources.ts';
import { SUB_ACCOUNTS_MOST } from './sub-accounts.ts';

export type DoubtPorts = {
  readonly ledger: Ledger;
  readonly roster: Roster;
  readonly sources: Sources;
  readonly clock: Clock;
};

/**
 * The subscribers with an unread transaction, an open gap, an unexplained call, or a history or
 * state that cannot be read; a transaction counts as unread, and a failure as lasting, when it was
 * heard or began before `beforeMs`. `unattributedSinceMs`: since when a transaction waits whose
 * accounts are not known, so that it may touch any subscriber; null when none waits.
 */
export async function doubtedBy(
  ledger: Pick<Ledger, 'sightings' | 'checks' | 'coverage' | 'asides'>,
  beforeMs: number,
): Promise<{
  readonly subscribers: readonly string[];
  readonly unattributedSinceMs: number | null;
}> {
  const [unread, gaps, unexplained, unreadable] = await Promise.all([
    ledger.sightings.unread(beforeMs),
    ledger.checks.gaps(),
    ledger.coverage.unexplained(),
    ledger.asides.subscribersBefore(beforeMs),
  ]);
  const subscribers = [
    ...[...gaps, ...unexplained].map((each) => each.subscriberId),
    ...unread.subscribers,
    ...unreadable,
  ];
  return { subscribers, unattributedSinceMs: unread.unattributedSinceMs };
}

/** The doubt of each subscriber. A personal doubt replaces the common one. */
export const whyDoubted = (
  subscribers: readonly string[],
  personal: ReadonlyMap<string, Doubt>,
): ReadonlyMap<string, Doubt> =>
  new Map<string, Doubt>([
    ...subscribers.map((id): [string, Doubt] => [id, UNEXPLAINED]),
    ...personal,
  ]);
const secondsSince = (nowMs: number, sinceMs: number): number =>
  Math.floor((nowMs - sinceMs) / 1_000);
/** The doubt about every subscriber while a transaction waits that may touch any account. */
export const whyUnread = (nowMs: number, sinceMs: number): string =>
  `Transactions that were heard ${secondsSince(nowMs, sinceMs)} s ago are not read yet.`;

export type DoubtOptions = {
  /** When this daemon began to listen; silence is counted from then at the earliest. */
  readonly startedMs: number;
  readonly lagMsMost: number;
  /** The caller's own reason why the gate vouches for no subscriber; null for none. */
  readonly why: string | null;
  /** The doubts about single subscribers at the moment of the call; left out for none. */
  readonly personal?: (() => ReadonlyMap<string, Doubt>) | undefined;
};

/** Sets the doubts of the roster once. */
export async function refreshDoubts(
  { ledger, roster, sources, clock }: DoubtPorts,
  { startedMs, lagMsMost, why, personal }: DoubtOptions,
): Promise<void> {
  const now = clock.nowMs();
  const doubted = await doubtedBy(ledger, now - lagMsMost);
  const heardMs = Math.max(
    startedMs,
    ...Object.values(sources.read()).map((each) => each.lastMs ?? 0),
  );
  const silent =
    now - heardMs > lagMsMost
      ? `No source has told of the chain for ${secondsSince(now, heardMs)} s.`
      : null;
  const unread =
    doubted.unattributedSinceMs === null ? null : whyUnread(now, doubted.unattributedSinceMs);
  roster.doubtAll(why ?? silent ?? unread);
  roster.doubt(whyDoubted(doubted.subscribers, personal?.() ?? new Map()));
}

const NO_ACCOUNT: Doubt = {
  reason: 'No Drift account of this subscriber exists, so it has no standing.',
  noAccount: true,
};

/** The most rows that are looked at; one subscriber may have many. */
const UNFOLLOWED_MOST = 100_000;
const TOO_MANY_ACCOUNTS: Doubt = {
  reason: `Not all accounts are followed: there are more than ${TOKEN_ACCOUNTS_MOST} token accounts or ${SUB_ACCOUNTS_MOST} sub-accounts, or one was made just now. Close those beyond, or ask again in a minute.`,
};

/**
 * Doubts about single subscribers: those of whom no account exists, those with accounts that are
 * not followed, and, when the settings say so, those suspected of losses made on purpose.
 * Suspicions are read as the ledger summed them up last.
 */
export async function personalDoubts(
  { ledger }: { readonly ledger: Pick<Ledger, 'suspicions' | 'unfollowed' | 'checks'> },
  { leadTo }: Pick<SuspicionRule, 'leadTo'>,
): Promise<ReadonlyMap<string, Doubt>> {
  const doubts = new Map<string, Doubt>();
  if (leadTo === 'unknown')
    for (const each of await ledger.suspicions.list())
      doubts.set(each.subscriberId, { reason: whySuspected(each) });
  for (const id of await ledger.checks.absent()) doubts.set(id, NO_ACCOUNT);
  // An account that is not followed may exist although every followed one is gone.
  for (const { subscriberId } of await ledger.unfollowed.list(UNFOLLOWED_MOST))
    doubts.set(subscriberId, TOO_MANY_ACCOUNTS);
  return doubts;
}
