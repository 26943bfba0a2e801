// Hearing lists: the commands that show why the daemon does not vouch for a subscriber, or what a
// person must look at: gaps, what is set aside, calls, transactions and accounts that are not
// known, and suspicions.
import type { Command } from 'commander';
import { programName } from '../core/coverage.ts';
import { Fault } from '../core/fault.ts';
import type { Ledger } from '../core/ports.ts';
import { whySuspected } from '../core/suspicion.ts';
import { isoTime } from '../core/time.ts';
import { amountText } from '../core/token.ts';
import { reasoned, type Tools } from './command-tools.ts';
import { counted, type Output, table } from './output.ts';

/** The most rows of a kind that the command shows; those beyond are counted where they can be. */
const SHOWN_MOST = 100;
const ACCEPT = 'bailiff hearing accept';
const DIFFERS = 3;

/** One row: the kind, what it is about, since when, and in words what is the matter. */
type Row = {
  readonly kind: string;
  readonly subject: string;
  readonly subscriber: string | null;
  readonly sinceMs: number;
  readonly says: string;
};

/** A difference as `name amount`, without the counters that agree. */
const differing = (difference: Readonly<Record<string, unknown>>): string =>
  Object.entries(difference)
    .filter(([, amount]) => BigInt(String(amount)) !== 0n)
    .map(([name, amount]) => `${name} ${String(amount)}`)
    .join(', ');

/** Everything that hearing cannot explain or read for now, by kind, the oldest of a kind first. */
async function readRows(ledger: Ledger, nowMs: number): Promise<Row[]> {
  const of = (kind: string, subject: string, subscriber: string | null, sinceMs: number) => ({
    kind,
    subject,
    subscriber,
    sinceMs,
  });
  return [
    ...(await ledger.checks.gaps()).map(({ address, subscriberId, sinceMs, difference }) => ({
      ...of('gap', address, subscriberId, sinceMs),
      says: `no fact explains: ${differing(difference)}`,
    })),
    ...(await ledger.coverage.unexplained()).map((each) => ({
      ...of('unexplained', each.address, each.subscriberId, each.sinceMs),
      says: `${each.signature} called ${programName(each.program)} in a way that this release does not know`,
    })),
    ...(await ledger.unread.list(nowMs, SHOWN_MOST)).map((each) => ({
      ...of('unreadable', each.signature, each.subscriberId, each.sinceMs),
      says: `no node gives this transaction of ${each.address} in slot ${each.slot}`,
    })),
    ...(await ledger.unfollowed.list(SHOWN_MOST)).map((each) => ({
      ...of('unfollowed', each.address, each.subscriberId, each.sinceMs),
      says: 'the subscriber has more accounts than are followed',
    })),
    ...(await ledger.asides.list(SHOWN_MOST)).map((each) => ({
      ...of(`aside ${each.kind}`, each.subject, null, each.sinceMs),
      says: `${counted(each.attempts, 'failure')}, tried again at ${isoTime(each.retryMs)}: ${each.reason}`,
    })),
  ];
}

async function showRows(ledger: Ledger, output: Output, nowMs: number): Promise<number> {
  const rows = await readRows(ledger, nowMs);
  output.result(
    { hearing: rows.map(({ sinceMs, ...each }) => ({ ...each, since: isoTime(sinceMs) })) },
    rows.length === 0
      ? ['Nothing differs, and nothing is set aside.']
      : [
          ...table([
            ['KIND', 'SUBJECT', 'SUBSCRIBER', 'SINCE', 'WHAT'],
            ...rows.map(({ kind, subject, subscriber, sinceMs, says }) => [
              kind,
              subject,
              subscriber ?? '-',
              isoTime(sinceMs),
              says,
            ]),
          ]),
          `An aside is tried again by itself. For the others: bailiff backfill --subscriber ID, then ${ACCEPT} SUBJECT --reason TEXT once you know what happened.`,
        ],
  );
  return rows.length === 0 ? 0 : DIFFERS;
}

async function showSuspicions(ledger: Ledger, output: Output): Promise<number> {
  const suspicions = await ledger.suspicions.list();
  output.result(
    { suspicions },
    suspicions.length === 0
      ? ['No subscriber is suspected.']
      : [
          ...table([
            ['SUBSCRIBER', 'AMOUNT', 'LAST', 'WHAT'],
            ...suspicions.map((each) => [
              each.subscriberId,
              amountText(each.amount, each.token),
              each.signature,
              whySuspected(each),
            ]),
          ]),
          'bailiff replay SIGNATURE --dry-run shows the notices of a transaction. After a look at it: bailiff hearing review SUBSCRIBER --reason TEXT.',
        ],
  );
  return suspicions.length === 0 ? 0 : DIFFERS;
}

/** Adds `list`, `suspicions` and `review` to the command `hearing`. */
export function addHearingLists(hearing: Command, tools: Tools): void {
  hearing
    .command('list')
    .description(
      'gaps, calls, transactions and accounts that are not known, and what is set aside; exit code 3 when there are any',
    )
    .action(() =>
      tools.look(({ parts }) => showRows(parts.ledger, tools.output(), tools.clock.nowMs())),
    );
  hearing
    .command('suspicions')
    .description('subscribers suspected of losses made on purpose; exit code 3 when there are any')
    .action(() => tools.look(({ parts }) => showSuspicions(parts.ledger, tools.output())));
  reasoned(
    hearing
      .command('review <subscriber>')
      .description('close a suspicion: notices up to now count no more'),
  ).action((subscriber: string, { reason }: { reason: string }) =>
    tools.act('hearing review', { id: subscriber, reason }, async ({ parts }) => {
      const { suspicions } = parts.ledger;
      if (!(await suspicions.review(subscriber, reason, tools.clock.nowMs())))
        throw new Fault('not_found', `Subscriber ${subscriber} is not under suspicion.`);
      tools
        .output()
        .result({ subscriber, reviewed: true }, [
          `The suspicion of ${subscriber} is closed. Notices from now on count anew.`,
        ]);
      return 0;
    }),
  );
}
