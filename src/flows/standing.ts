// Standing: judges subscribers whose history changed, and puts the result on the roster.
import type { Ledger, Log } from '../core/ports.ts';
import type { Roster } from '../core/roster.ts';
import { judge } from '../core/standing.ts';

export async function judgeSubscribers(
  ledger: Ledger,
  roster: Roster,
  log: Log,
  subscriberIds: readonly string[],
): Promise<void> {
  for (const id of subscriberIds) {
    const before = roster.find(id);
    const entry = await ledger.standings.update(id, judge);
    roster.apply(entry);
    if (before?.standing === entry.standing) continue;
    if (entry.standing === 'delinquent')
      log.warn('subscriber.delinquent', { subscriber: id, reason: entry.reason });
    else if (before?.standing === 'delinquent') log.info('subscriber.cleared', { subscriber: id });
  }
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
