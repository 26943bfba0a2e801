// Audit: the command that compares what was paid to creators on chain, by any system, with what was
// owed.
import { type Command, Option } from 'commander';
import { AUDIT_KINDS, type AuditKind, type AuditRow, auditOf, auditSums } from '../core/audit.ts';
import { csvLine } from '../core/csv.ts';
import { formatUnits } from '../core/money.ts';
import { isoTime } from '../core/time.ts';
import { amountText } from '../core/token.ts';
import { createListing, readAll } from '../flows/lists.ts';
import type { Opened, Tools } from './command-tools.ts';
import { countOf, dated, type ListOptions, periodIn } from './lists.ts';
import { counted, table } from './output.ts';

type Given = ListOptions & { readonly subscriber?: string; readonly kind?: AuditKind };

const COLUMNS = [
  'kind',
  'subscriber',
  'creator_wallet',
  'shares',
  'at',
  'slot',
  'owed',
  'paid',
  'difference',
  'token',
  'transfers',
];
const cellsOf = (row: AuditRow): string[] => [
  row.kind,
  row.subscriberId,
  row.creatorWallet,
  row.shares.join(' '),
  row.atMs === null ? '' : isoTime(row.atMs),
  String(row.slot),
  formatUnits(row.owed, row.token.decimals),
  formatUnits(row.paid, row.token.decimals),
  formatUnits(row.difference, row.token.decimals),
  row.token.symbol,
  row.transfers.join(' '),
];

/** Audits one subscriber, or all; returns exit code 3 when something differs. */
async function audit({ parts }: Opened, tools: Tools, given: Given): Promise<number> {
  const { ledger } = parts;
  const output = tools.output();
  const { subscriber, csv, kind } = given;
  const { sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } =
    periodIn(given);
  const { page } = createListing(ledger);
  const most = given.limit ?? null;
  const listed =
    subscriber === undefined
      ? await readAll(most, given.after, (at) => page('subscribers', {}, at))
      : { rows: [{ id: subscriber }], next: null };
  const ids = listed.rows.map((each) => each.id);
  const { next } = listed;
  if (subscriber !== undefined && (await ledger.subscribers.find(subscriber)) === null) {
    output.result({ subscriber, found: false }, [`Subscriber ${subscriber} is not registered.`]);
    return 1;
  }
  const progress = output.progress('subscribers', ids.length);
  const all: AuditRow[] = [];
  try {
    for (const [at, id] of ids.entries()) {
      for (const row of auditOf(await parts.audits.history(id)))
        if (row.atMs === null || (row.atMs >= sinceMs && row.atMs < untilMs)) all.push(row);
      if (at % PROGRESS_EVERY === 0) progress.update(at);
    }
  } finally {
    progress.stop();
  }
  const sums = auditSums(all);
  const rows = all.filter((each) =>
    kind === undefined ? csv || each.kind !== 'right' : each.kind === kind,
  );
  const lines = [COLUMNS, ...rows.map(cellsOf)];
  output.result(
    { sums, rows, next },
    csv === true
      ? lines.map(csvLine)
      : [
          ...(rows.length === 0 ? [] : table(lines)),
          ...AUDIT_KINDS.map(
            (each) =>
              `${each}: ${[sums[each].rows, ...sums[each].differences.map((sum) => amountText(sum.amount, sum))].join(', ')}`,
          ),
          ...(next === null
            ? []
            : [
                `${counted(ids.length, 'subscriber was', 'subscribers were')} audited. Go on with --after ${next}.`,
              ]),
        ],
  );
  return all.every((each) => each.kind === 'right') ? 0 : 3;
}

const PROGRESS_EVERY = 50;

/** Adds the command `audit`. */
export function addAudit(program: Command, tools: Tools): void {
  dated(
    program
      .command('audit')
      .description('what was paid to creators on chain, by any system, against what was owed')
      .option('--subscriber <id>')
      .addOption(
        new Option(
          '--limit <subscribers>',
          'audit so many subscribers; all when left out',
        ).argParser(countOf),
      )
      .option('--after <subscriber>', 'continue after this subscriber, as an earlier audit printed')
      .addOption(new Option('--kind <kind>', 'only these rows').choices(AUDIT_KINDS))
      .option('--csv', 'print comma separated values, with the rows that are right'),
  )
    .addHelpText(
      'after',
      '\nExit code 3 when a debt was paid too much, too little, twice or never. Run it beside the old system,\nwith the daemon in mode observe.',
    )
    .action((given: Given) => tools.look((opened) => audit(opened, tools, given)));
}
