// Payments: the commands that list payments, and that restore payments which the database lost.
import { type Command, Option } from 'commander';
import { formatUnits } from '../core/money.ts';
import { PAYMENT_STATES, type PaymentState } from '../core/payment.ts';
import type { Parts } from '../daemon-parts.ts';
import type { Tools } from './command-tools.ts';
import { type ListOptions, listed, showList } from './lists.ts';
import type { Output } from './output.ts';
import { rebuild } from './rebuild.ts';

type PaymentFilter = { subscriber?: string; creator?: string; state?: PaymentState };

const listPayments = ({ ledger }: Parts, output: Output, given: PaymentFilter & ListOptions) =>
  showList(ledger, output, given, {
    list: 'payments',
    filter: {
      subscriberId: given.subscriber,
      creatorWallet: given.creator,
      state: given.state,
    },
    turn: 'before',
    head: ['PAYMENT', 'SUBSCRIBER', 'AMOUNT', 'STATE', 'SIGNATURE'],
    cells: (each) => [
      each.id,
      each.subscriberId,
      formatUnits(each.amount),
      each.state,
      each.signature ?? each.trouble?.code ?? '',
    ],
  });

export function addPayments(program: Command, tools: Tools): void {
  const payments = program.command('payments').description('payments to creators');
  listed(payments.command('list').description('payments, the newest first'), 'before')
    .option('--subscriber <id>')
    .option('--creator <wallet>')
    .addOption(new Option('--state <state>').choices(PAYMENT_STATES))
    .action((given: PaymentFilter & ListOptions) =>
      tools.look(({ parts }) => listPayments(parts, tools.output(), given)),
    );
  payments
    .command('rebuild')
    .description('after payments were lost: find them on chain and restore them')
    .option('--dry-run', 'print the payments that would be restored, and write nothing')
    .addHelpText(
      'after',
      '\nEvery payment carries its id on chain. A daemon whose books lack one of them refuses to pay that\nsubscriber until this has run. It may run beside daemons, and again.',
    )
    .action(({ dryRun = false }: { dryRun?: boolean }) =>
      tools.act('payments rebuild', { dryRun }, ({ parts, log }) =>
        rebuild(parts, { clock: tools.clock, log, output: tools.output(), dryRun }),
      ),
    );
}
