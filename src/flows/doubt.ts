// Doubt: what keeps the gate from vouching. For everybody: sources that have gone quiet. For a
// subscriber: transactions that were named and are not read yet, histories and states that cannot
// be read, accounts that show what no fact explains, accounts that were given to a call which this
// release does not know, and token accounts that are not followed.
import type { Clock, Ledger } from '../core/ports.ts';
import { type Doubt, type Roster, UNEXPLAINED } from '../core/roster.ts';
import { type SuspicionRule, whySuspected } from '../core/suspicion.ts';
import { TOKEN_ACCOUNTS_MOST } from './adopt.ts';
import type { Sources } from './sources.ts';

export type DoubtPorts = {
  readonly ledger: Ledger;
  readonly roster: Roster;
  readonly sources: Sources;
  readonly clock: Clock;
};

/**
 * Whom the ledger gives reason to doubt, when what is older than `beforeMs` should have been read.
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

/**
 * Looks once. `startedMs` is when this daemon began to listen: no source has been quiet for longer.
 */
export async function refreshDoubts(
  { ledger, roster, sources, clock }: DoubtPorts,
  startedMs: number,
  lagMsMost: number,
  personal: ReadonlyMap<string, Doubt> = new Map(),
): Promise<void> {
  const now = clock.nowMs();
  const doubted = await doubtedBy(ledger, now - lagMsMost);
  const heardMs = Math.max(
    startedMs,
    ...Object.values(sources.read()).map((each) => each.lastMs ?? 0),
  );
  const seconds = (sinceMs: number) => Math.floor((now - sinceMs) / 1_000);
  roster.doubtAll(
    now - heardMs > lagMsMost
      ? `No source has told of the chain for ${seconds(heardMs)} s.`
      : doubted.unattributedSinceMs !== null
        ? `Transactions that were heard ${seconds(doubted.unattributedSinceMs)} s ago are not read yet.`
        : null,
  );
  const why = new Map(doubted.subscribers.map((id) => [id, UNEXPLAINED]));
  for (const [id, doubt] of personal) why.set(id, doubt);
  roster.doubt(why);
}

const NO_ACCOUNT: Doubt = {
  reason: 'No Drift account of this subscriber exists, so nothing can be said of it.',
  noAccount: true,
};

/** Rows that are looked at; a subscriber may have many. */
const UNFOLLOWED_MOST = 100_000;
const TOO_MANY_ACCOUNTS: Doubt = {
  reason: `Holds tokens in more than ${TOKEN_ACCOUNTS_MOST} accounts of its own, and not all of them are followed. Close some of them.`,
};

/**
 * Whose standing cannot be vouched for by itself: subscribers none of whose accounts exists, and,
 * where the platform wants it so, those who are suspected of losses made on purpose; and owners of
 * more token accounts than are followed.
 */
export async function personalDoubts(
  { ledger }: Pick<DoubtPorts, 'ledger'>,
  rule: SuspicionRule,
): Promise<ReadonlyMap<string, Doubt>> {
  const doubts = new Map<string, Doubt>();
  const suspected =
    rule.leadTo === 'ignore' ? [] : await ledger.suspicions.refresh(rule.amountMost);
  if (rule.leadTo === 'unknown')
    for (const each of suspected) doubts.set(each.subscriberId, { reason: whySuspected(each) });
  for (const { subscriberId } of await ledger.unfollowed.list(UNFOLLOWED_MOST))
    doubts.set(subscriberId, TOO_MANY_ACCOUNTS);
  for (const id of await ledger.checks.absent()) doubts.set(id, NO_ACCOUNT);
  return doubts;
}
