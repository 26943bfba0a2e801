// Lost acts: the commands about acts that were answered with success and that the database lost.
import type { Command } from 'commander';
import type { Acknowledged, LostAct } from '../core/act.ts';
import { Fault } from '../core/fault.ts';
import { isoTime } from '../core/time.ts';
import { acknowledgedIn, isNonce } from '../flows/acknowledged.ts';
import { linesIn } from '../verify/files.ts';
import { reasoned, requireArgument, type Tools } from './command-tools.ts';
import { counted, table } from './output.ts';
import { DIFFERENT } from './rebuild.ts';

const LIST_MOST = 500;
/** Acts of a log that are compared with the database in one query. */
const COMPARED_AT_ONCE = 1_000;
const NO_LOG =
  'has no line of a daemon’s log, each of which is a JSON object. Leave out what another program put before the lines, as journalctl -o cat does.';

/** The level of `act.done`. */
const INFO = 30;
const NO_ACTS =
  'has warnings and errors alone, as with BAILIFF_LOG_LEVEL warn or error, so that no act is in it. What was lost cannot be told from it: compare the platform’s own records with the ledger.';

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

const NAMED_MOST = 20;

/** The output about lines of the log that tell of an act and cannot be read; empty without any. */
function unreadableLines(numbers: readonly number[]): string[] {
  if (numbers.length === 0) return [];
  const named = numbers.slice(0, NAMED_MOST).join(', ');
  const more = numbers.length > NAMED_MOST ? `, and ${numbers.length - NAMED_MOST} more` : '';
  return [
    `${counted(numbers.length, 'line')} of the log ${numbers.length === 1 ? 'tells' : 'tell'} of an act and cannot be read: ${named}${more}. A journal cuts long lines (LineMax of journald.conf, 48K), and another program may have put a text before a line. Whether these acts are lost is not known: read them in another copy of the log, or compare the platform’s own records.`,
  ];
}

/** The level of a line that a daemon wrote, a JSON object with the name of an event; else null. */
function levelOf(line: string): number | null {
  if (!line.startsWith('{')) return null;
  try {
    const { event, level } = JSON.parse(line) as { event?: unknown; level?: unknown };
    return typeof event === 'string' ? Number(level) : null;
  } catch {
    return null;
  }
}

/** The lower of two levels, of which the first may not be known yet. */
const least = (known: number | null, level: number | null): number | null =>
  known === null || level === null ? (level ?? known) : Math.min(known, level);

/**
 * The acts that a log's `act.done` lines record, in parts of at most 1,000. The numbers of the
 * lines that tell of an act and cannot be read are added to `unreadable`. Throws `body_invalid` for
 * a file without a line of a daemon, or without one of level info or below: it would pass as a log
 * that lost nothing.
 */
async function* loggedActs(file: string, unreadable: number[]): AsyncGenerator<Acknowledged[]> {
  let part: Acknowledged[] = [];
  let lowest: number | null = null;
  let number = 0;
  for await (const line of linesIn(file)) {
    number++;
    if (lowest === null || lowest > INFO) lowest = least(lowest, levelOf(line));
    const act = acknowledgedIn(line);
    if (act === 'unreadable') unreadable.push(number);
    if (act === null || act === 'unreadable') continue;
    part.push(act);
    if (part.length < COMPARED_AT_ONCE) continue;
    yield part;
    part = [];
  }
  if (lowest === null) throw new Fault('body_invalid', `${file} ${NO_LOG}`);
  if (lowest > INFO) throw new Fault('body_invalid', `${file} ${NO_ACTS}`);
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
      'compare the lines act.done of a daemon’s log, or of standard input with -, with the database; exit code 3 when acts are lost or a line cannot be read',
    )
    .action((log: string) =>
      tools.act('acts compare', { log }, async ({ parts }) => {
        const lostActs = new Map<string, LostAct>();
        const unreadable: number[] = [];
        let compared = 0;
        for await (const part of loggedActs(log, unreadable)) {
          compared += part.length;
          // Every daemon writes a line for the act of a command, also one that was started later.
          for (const act of await parts.ledger.acts.missing(part)) lostActs.set(act.nonce, act);
        }
        const lost = [...lostActs.values()];
        await parts.ledger.acts.noteLost(lost);
        tools
          .output()
          .result({ compared, lost, unreadable }, [
            `${counted(compared, 'acknowledged act')} in the log, of which the database lacks ${lost.length}.`,
            ...linesOf(lost),
            ...unreadableLines(unreadable),
          ]);
        return lost.length === 0 && unreadable.length === 0 ? 0 : DIFFERENT;
      }),
    );
  reasoned(
    acts
      .command('review <nonce>')
      .description('mark a lost act as reviewed, after doing it again where that was needed'),
  ).action((nonce: string, { reason }: { reason: string }) => {
    requireArgument(isNonce(nonce), 'A nonce is a UUID, as bailiff acts lost prints it.');
    return tools.act('acts review', { nonce, reason }, async ({ parts }) => {
      const done = await parts.ledger.acts.reviewLost(nonce, { actor: 'command', reason });
      tools
        .output()
        .result({ nonce, reviewed: done }, [
          done ? `${nonce} is reviewed.` : `No lost act with ${nonce} waits for a review.`,
        ]);
      return done ? 0 : 1;
    });
  });
}
