// Earnings: the command that shows what creators are owed and were paid, in a period.
import type { Command } from 'commander';
import { csvLine } from '../core/csv.ts';
import { isAddress } from '../core/ids.ts';
import { formatUnits } from '../core/money.ts';
import type { CreatorEarnings } from '../core/statement-ports.ts';
import type { Parts } from '../daemon-parts.ts';
import { PAGE_MOST } from '../flows/lists.ts';
import type { Tools } from './command-tools.ts';
import { dated, type ListOptions, listed, mostOf, periodIn } from './lists.ts';
import { type Output, table } from './output.ts';

const COLUMNS = [
  'creator_wallet',
  'token',
  'owed',
  'in_flight',
  'paid',
  'voided',
  'observed',
  'accrued',
];

const cellsOf = ({ creatorWallet, ...sums }: CreatorEarnings): string[] => {
  const { token, owed, inFlight, paid, voided, observed } = sums;
  const accrued = owed + inFlight + paid + voided + observed;
  return [
    creatorWallet,
    token.symbol,
    ...[owed, inFlight, paid, voided, observed, accrued].map((each) =>
      formatUnits(each, token.decimals),
    ),
  ];
};

async function showEarnings(
  { ledger, statements }: Parts,
  output: Output,
  given: ListOptions,
  creator: string | undefined,
): Promise<number> {
  if (creator !== undefined && !isAddress(creator)) {
    output.result({ creator }, [`${creator} is no Solana address.`]);
    return 2;
  }
  if (creator !== undefined && !(await ledger.creators.isCreator(creator))) {
    output.result({ creator, found: false }, [`No terms name ${creator} as a creator.`]);
    return 1;
  }
  const most = mostOf(given) ?? Number.MAX_SAFE_INTEGER;
  const rows: CreatorEarnings[] = [];
  let creators = 0;
  let next = given.after ?? null;
  for (let more = true; more; ) {
    const limit = Math.min(PAGE_MOST, most - creators);
    const page = await statements.earnings({
      ...periodIn(given),
      ...(creator === undefined ? {} : { creatorWallet: creator }),
      ...(next === null ? {} : { after: next }),
      limit,
    });
    rows.push(...page);
    const read = new Set(page.map((each) => each.creatorWallet)).size;
    creators += read;
    more = read === limit && creators < most;
    next = read === limit ? (page.at(-1)?.creatorWallet ?? null) : null;
  }
  const lines = [COLUMNS, ...rows.map(cellsOf)];
  output.result(
    { earnings: rows, next },
    given.csv === true
      ? lines.map(csvLine)
      : [
          ...table(lines),
          ...(next === null ? [] : [`Go on with --after ${next}, or take all with --all.`]),
        ],
  );
  return 0;
}

/** Adds the command `earnings`. Its sums cover the shares whose close lies in the period. */
export function addEarnings(program: Command, tools: Tools): void {
  dated(
    listed(
      program
        .command('earnings [creator]')
        .description('what creators are owed and were paid, for closes of a period')
        .addHelpText(
          'after',
          '\nowed: no payment on its way covers it. in_flight: a payment that is planned, signed or sent does.\nvoided: ended unpaid. observed: booked in mode observe, not adopted. accrued: the sum of all five.',
        ),
      'after',
    ),
  ).action((creator: string | undefined, given: ListOptions) =>
    tools.look(({ parts }) => showEarnings(parts, tools.output(), given, creator)),
  );
}
