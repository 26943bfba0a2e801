// Receipts: the command that writes the receipt of a share, and the one that checks receipts
// against a node. Checking needs neither a database nor settings.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { receiptText } from '../core/receipt.ts';
import { createReceipts } from '../flows/receipts.ts';
import { exitOf, linesOf, openNode, receiptsIn, verifyReceipts } from '../verify/verify.ts';
import type { Tools } from './command-tools.ts';

export type ReceiptTools = {
  readonly say: (text: string) => unknown;
  readonly pause: (ms: number) => Promise<void>;
};

export function addReceipts(program: Command, tools: Tools, { say, pause }: ReceiptTools): void {
  program
    .command('receipt <share>')
    .description('print the receipt of a profit share, as JSON, for bailiff verify')
    .action((id: string) =>
      tools.look(async ({ parts }) => {
        const receipt = await createReceipts(parts)(id);
        if (receipt === null)
          tools.output().result({ share: id, found: false }, [`There is no profit share ${id}.`]);
        else say(receiptText(receipt));
        return receipt === null ? 1 : 0;
      }),
    );
  program
    .command('verify <receipts...>')
    .description('check receipts against a Solana node, without the ledger')
    .requiredOption('--rpc <url>', 'a node that keeps the transactions of the receipts')
    .addHelpText(
      'after',
      '\nExit codes: 0 all that the chain can show is as the receipts say, 3 something differs,\n1 something cannot be told, because the node does not have it or no record shows it.',
    )
    .action(async (files: string[], { rpc }: { rpc: string }) => {
      const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
      const output = tools.output();
      const progress = output.progress('transactions', 0);
      const found = await verifyReceipts(texts.flatMap(receiptsIn), openNode(rpc, pause), (...at) =>
        progress.update(...at),
      ).finally(() => progress.stop());
      output.result(found, linesOf(found));
      tools.exitWith(exitOf(found.verdict));
    });
}
