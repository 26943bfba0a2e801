// Receipts: the command that writes the receipt of a share, and the one that checks receipts
// against a node. Checking needs neither a database nor settings.
import type { Command } from 'commander';
import { afterEvents, sha256 } from '../chain/hashing.ts';
import { receiptText } from '../core/receipt.ts';
import { isDay } from '../core/time.ts';
import { compareDay, createRootPaths } from '../flows/daily-roots.ts';
import { createReceipts } from '../flows/receipts.ts';
import { receiptsOf } from '../verify/files.ts';
import { exitOf, linesOf, openNode, verifyReceipts } from '../verify/verify.ts';
import { requireArgument, type Tools } from './command-tools.ts';
import { counted, table } from './output.ts';

export type ReceiptTools = {
  readonly say: (text: string) => unknown;
  readonly pause: (ms: number) => Promise<void>;
};

const HASHING = { hash: sha256, pause: afterEvents };
const NO_DAY = 'A day is written as 2026-11-30.';
/** Roots that one call of `roots list` shows: ten years. */
const ROOTS_MOST = 3_660;

/** Adds the commands `receipt`, `verify` and those under `roots`. */
export function addReceipts(program: Command, tools: Tools, { say, pause }: ReceiptTools): void {
  program
    .command('receipt <share>')
    .description('print the receipt of a profit share, as JSON, for bailiff verify')
    .action((id: string) =>
      tools.look(async ({ parts }) => {
        const receipt = await createReceipts({
          ...parts,
          rootsOf: createRootPaths({ ...parts, ...HASHING }),
        })(id);
        if (receipt === null)
          tools.output().result({ share: id, found: false }, [`There is no profit share ${id}.`]);
        else say(receiptText(receipt));
        return receipt === null ? 1 : 0;
      }),
    );
  const roots = program.command('roots').description('the daily roots of the ledger');
  roots
    .command('list')
    .description('every daily root with its commitment')
    .option('--after <day>', 'continue after this day')
    .action(({ after = null }: { after?: string | null }) => {
      requireArgument(after === null || isDay(after), NO_DAY);
      return tools.look(async ({ parts }) => {
        const found = await parts.roots.list({ after, limit: ROOTS_MOST });
        tools
          .output()
          .result({ roots: found }, [
            ...table([
              ['DAY', 'LEAVES', 'COMMITMENT', 'ON CHAIN', 'SIGNATURE'],
              ...found.map(({ day, leaves, commitment, memo }) => [
                day,
                String(leaves),
                commitment,
                memo === null ? 'no' : (memo.outcome ?? 'under way'),
                memo?.signature ?? '',
              ]),
            ]),
          ]);
        return 0;
      });
    });
  roots
    .command('check <day>')
    .description('compare the records of a day with its root; exit code 3 when they differ')
    .action((day: string) => {
      requireArgument(isDay(day), NO_DAY);
      return tools.look(async ({ parts }) => {
        const found = await compareDay({ ...parts, ...HASHING }, day);
        const said =
          found === null
            ? `${day} has no root. A day gets one half an hour after its end; bailiff roots list shows them.`
            : found.added + found.gone === 0
              ? `${counted(found.leaves, 'record')} of ${day}, as its root says.`
              : `Of ${day}, ${counted(found.gone, 'record is', 'records are')} gone or changed, and the root lacks ${found.added}.`;
        tools.output().result({ day, ...found }, [said]);
        return found === null ? 1 : found.added + found.gone === 0 ? 0 : 3;
      });
    });
  program
    .command('verify <receipts...>')
    .description('check receipts against a Solana node, without the ledger')
    .requiredOption('--rpc <url>', 'a node that keeps the transactions of the receipts')
    .option(
      '--root <roots...>',
      'daily roots that were kept before, or signatures of their memos on chain: each receipt must lead to them',
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 all that the chain can show is as the receipts say, 3 something differs,\n1 something cannot be told, because the node does not have it or no record shows it.',
    )
    .action(async (files: string[], { rpc, root }: { rpc: string; root?: string[] }) => {
      const receipts = (await Promise.all(files.map(receiptsOf))).flat();
      const output = tools.output();
      const progress = output.progress('transactions', 0);
      const found = await verifyReceipts(
        receipts,
        openNode(rpc, pause),
        (...at) => progress.update(...at),
        root,
      ).finally(() => progress.stop());
      output.result(found, linesOf(found));
      tools.exitWith(exitOf(found.verdict));
    });
}
