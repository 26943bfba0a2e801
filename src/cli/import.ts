// Import: the command that brings subscribers, subscriptions and unpaid debts from another system.
// Without --apply it reads, checks and reports, and writes nothing.
import { type Command, Option } from 'commander';
import { redaction } from '../chain/keypair.ts';
import { Fault } from '../core/fault.ts';
import { rowsIn } from '../core/import-file.ts';
import type { ImportReport } from '../core/import-ports.ts';
import { dumpOf, quantumVaultRows } from '../core/import-quantumvault.ts';
import { bundlesOf, type GivenRow } from '../core/import-rows.ts';
import { formatUnits } from '../core/money.ts';
import { amountText } from '../core/token.ts';
import { createImport } from '../flows/import.ts';
import { createPayable } from '../flows/payable.ts';
import { textOf } from '../verify/files.ts';
import type { Opened, Tools } from './command-tools.ts';
import { table } from './output.ts';

type Given = { readonly from: 'rows' | 'quantumvault'; readonly apply?: true; readonly all?: true };

const LINES_USUAL = 20;
const BASE_DECIMALS = 9;

function linesOf(report: ImportReport, all: boolean): string[] {
  const { refused, open, owed, dryRun } = report;
  const most = all ? Number.POSITIVE_INFINITY : LINES_USUAL;
  const further = (rows: readonly unknown[]): string[] =>
    rows.length > most ? [`… and ${rows.length - most} more; --all shows them.`] : [];
  const counts = (['subscribers', 'subscriptions', 'debts'] as const).map((each) => {
    const { added, known, refused: bad } = report[each];
    return [each, String(added), String(known), String(bad)];
  });
  return [
    ...table([['', dryRun ? 'WOULD ADD' : 'ADDED', 'KNOWN', 'REFUSED'], ...counts]),
    ...(owed.length === 0
      ? []
      : [
          'New debts by creator and token:',
          ...owed
            .slice(0, most)
            .map((each) => `  ${each.creatorWallet}  ${amountText(each.amount, each.token)}`),
          ...further(owed),
        ]),
    ...(open.length === 0
      ? []
      : [
          'Open now:',
          ...table([
            ['  SUBSCRIPTION', 'MARKET', 'BASE', 'ENTRY', 'ITS PROFIT'],
            ...open
              .slice(0, most)
              .map((each) => [
                `  ${each.subscription}`,
                each.marketName ?? String(each.market),
                formatUnits(each.base, BASE_DECIMALS),
                each.entry === null ? 'not known' : amountText(each.entry, each.token),
                each.charged ? 'owes a share from this entry on' : 'owes nothing',
              ]),
          ]),
          ...further(open),
        ]),
    ...(refused.length === 0
      ? []
      : [
          'Refused:',
          ...refused
            .slice(0, most)
            .map((each) =>
              [`  line ${each.line}`, each.kind ?? '', each.id ?? '', each.problem]
                .filter((part) => part !== '')
                .join(' '),
            ),
          ...further(refused),
        ]),
    dryRun
      ? 'Nothing was written. Write it with --apply.'
      : 'Written. The same file may be imported again: what is known stays as it is.',
  ];
}

/**
 * The message for a file without a row. Without it a file in another form, such as a JSON array,
 * would pass as one with nothing to bring.
 */
const NO_ROW =
  'The file has no row. It must have JSON lines, one object a line, or CSV with the names of the fields in its first line.';

const NO_TABLE =
  'The file has no table. It must be a dump in plain text, as pg_dump --format=plain writes it.';

/** The rows of a text. Throws `body_invalid` for one in another form. */
function givenIn(text: string, from: Given['from']): GivenRow[] {
  if (from === 'quantumvault') {
    if (dumpOf(text).size === 0) throw new Fault('body_invalid', NO_TABLE);
    return quantumVaultRows(text);
  }
  const given = rowsIn(text);
  if (given.length === 0) throw new Fault('body_invalid', NO_ROW);
  return given;
}

async function run(
  { parts }: Opened,
  tools: Tools,
  rows: readonly GivenRow[],
  { apply, all }: Given,
): Promise<number> {
  const output = tools.output();
  const progress = output.progress('subscribers', 0);
  const bring = createImport({ ...parts, payable: createPayable(parts) });
  const report = await bring(bundlesOf(rows, redaction), {
    dryRun: apply !== true,
    onProgress: (done, of) => progress.update(done, of),
  }).finally(() => progress.stop());
  output.result(report, linesOf(report, all === true));
  return report.refused.length === 0 ? 0 : 3;
}

/** Adds the command `import`. */
export function addImport(program: Command, tools: Tools): void {
  program
    .command('import <file>')
    .description('bring subscribers, subscriptions and unpaid debts from another system')
    .option('--apply', 'write it; without this option it is checked and reported only')
    .option('--all', 'report every row, not only the first 20')
    .addOption(
      new Option('--from <system>', 'how the file is written')
        .choices(['rows', 'quantumvault'])
        .default('rows'),
    )
    .addHelpText(
      'after',
      '\nThe file has JSON lines or CSV (docs/importing.md), or is a plain-text pg_dump of QuantumVault.\nExit code 3 when a row was refused. A refused row does not affect other rows.',
    )
    .action(async (file: string, given: Given) => {
      const rows = givenIn(await textOf(file), given.from);
      const asked = { file, from: given.from };
      const work = (opened: Opened) => run(opened, tools, rows, given);
      await (given.apply === true ? tools.act('import', asked, work) : tools.look(work));
    });
}
