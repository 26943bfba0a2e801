// Standing: judges subscribers whose history changed, and puts the result on the roster.
import type { Ledger, Log } from '../core/ports.ts';
import type { Roster } from '../core/roster.ts';
import { judge } from '../core/standing.ts';
import { sideBySide } from './side-by-side.ts';

/** The number of subscribers that are judged side by side; the ledger judges them in groups. */
const AT_ONCE = 64;

/**
 * Judges these subscribers, with `ahead` before others that wait to be judged. A failure of one
 * does not keep the others from being judged; the first failure is thrown at the end.
 */
export async function judgeSubscribers(
  ledger: Ledger,
  roster: Roster,
  log: Log,
  subscriberIds: readonly string[],
  ahead = false,
): Promise<void> {
  const failures: unknown[] = [];
  const judgeOne = async (id: string): Promise<void> => {
    const before = roster.find(id);
    const entry = await ledger.standings.update(id, judge, ahead);
    roster.apply(entry);
    if (before?.standing === entry.standing) return;
    if (entry.standing === 'delinquent')
      log.warn('subscriber.delinquent', { subscriber: id, reason: entry.reason });
    else if (before?.standing === 'delinquent') log.info('subscriber.cleared', { subscriber: id });
  };
  await sideBySide(subscriberIds, AT_ONCE, (id) =>
    judgeOne(id).catch((thrown: unknown) => void failures.push(thrown)),
  );
  if (failures.length > 0) throw failures[0];
}

/**
 * Creates a function that takes turns through a list that is too long for one run: each call
 * returns the next `most` ids in order, and begins again after the last.
 */
export function inTurns(list: () => Promise<readonly string[]>, most: number) {
  let upTo = '';
  return async (): Promise<string[]> => {
    const left = (await list()).filter((id) => id > upTo).sort();
    const turn = left.slice(0, most);
    upTo = turn.length < left.length ? (turn.at(-1) ?? '') : '';
    return turn;
  };
}
