// Lost acts: the commands about acts that were answered with success and that the database lost.
import type { Command } from 'commander';
import type { Acknowledged, LostAct } from '../core/act.ts';
import { Fault } from '../core/fault.ts';
import { isoTime } from '../core/time.ts';
import { acknowledgedIn } from '../flows/acknowledged.ts';
import { linesIn } from '../verify/files.ts';
import { reasoned, type Tools } from './command-tools.ts';
import { counted, table } from './output.ts';
import { DIFFERENT } from './rebuild.ts';

const LIST_MOST = 500;
/** Acts of a log that are compared with the database in one query. */
const COMPARED_AT_ONCE = 1_000;
const NO_LOG =
  'has no line of a daemon’s log, each of which is a JSON object. Leave out what another program put before the lines, as journalctl -o cat does.';

const linesOf = (acts: readonly LostAct[]): string[] =>
  table(
    acts.map(({ nonce, atMs, actor, what, asked, kept }) => [
      nonce,
      isoTime(atMs),
      actor,
      what,
      kept === 'beginning' ? 'begun alone' : 'nothing left',
      JSON.stringify(asked),
    ]),
  );

/** Whether a line is one that a daemon wrote: a JSON object with the name of an event. */
function isLogLine(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    return typeof (JSON.parse(line) as { event?: unknown }).event === 'string';
  } catch {
    return false;
  }
}

/**
 * The acts that a log's `act.done` lines record, in parts of at most 1,000. Throws `body_invalid`
 * for a file without a line of a daemon, which would pass as a log that lost nothing.
 */
async function* loggedActs(file: string): AsyncGenerator<Acknowledged[]> {
  let part: Acknowledged[] = [];
  let isLog = false;
  for await (const line of linesIn(file)) {
    isLog ||= isLogLine(line);
    const act = acknowledgedIn(line);
    if (act === null) continue;
    part.push(act);
    if (part.length < COMPARED_AT_ONCE) continue;
    yield part;
    part = [];
  }
  if (!isLog) throw new Fault('body_invalid', `${file} ${NO_LOG}`);
  if (part.length > 0) yield part;
}

/** Adds the commands `lost`, `compare` and `review` to `acts`. */
export function addLostActs(acts: Command, tools: Tools): void {
  acts
    .command('lost')
    .description('lost acts that wait for a person, oldest first; exit code 3 when there are any')
    .action(() =>
      tools.look(async ({ parts }) => {
        const lost = await parts.ledger.acts.lost(LIST_MOST);
        tools
          .output()
          .result({ lost }, lost.length === 0 ? ['No acknowledged act is lost.'] : linesOf(lost));
        return lost.length === 0 ? 0 : DIFFERENT;
      }),
    );
  acts
    .command('compare <log>')
    .description(
      'compare the lines act.done of a daemon’s log, or of standard input with -, with the database; exit code 3 when acts are lost',
    )
    .action((log: string) =>
      tools.act('acts compare', { log }, async ({ parts }) => {
        const lost: LostAct[] = [];
        let compared = 0;
        for await (const part of loggedActs(log)) {
          compared += part.length;
          lost.push(...(await parts.ledger.acts.missing(part)));
        }
        await parts.ledger.acts.noteLost(lost);
        tools
          .output()
          .result({ compared, lost }, [
            `${counted(compared, 'acknowledged act')} in the log, of which the database lacks ${lost.length}.`,
            ...linesOf(lost),
          ]);
        return lost.length === 0 ? 0 : DIFFERENT;
      }),
    );
  reasoned(
    acts
      .command('review <nonce>')
      .description('mark a lost act as reviewed, after doing it again where that was needed'),
  ).action((nonce: string, { reason }: { reason: string }) =>
    tools.act('acts review', { nonce, reason }, async ({ parts }) => {
      const done = await parts.ledger.acts.reviewLost(nonce, { actor: 'command', reason });
      tools
        .output()
        .result({ nonce, reviewed: done }, [
          done ? `${nonce} is reviewed.` : `No lost act with ${nonce} waits for a review.`,
        ]);
      return done ? 0 : 1;
    }),
  );
}
