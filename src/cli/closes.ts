// Closes: the command that says of every close of a subscriber how much it makes owed, or why
// nothing.
import type { Command } from 'commander';
import { outcomeOf } from '../core/outcome.ts';
import { amountText } from '../core/token.ts';
import type { Tools } from './command-tools.ts';
import { type ListOptions, listed, showList } from './lists.ts';

/** Adds the command `closes`. */
export function addCloses(program: Command, tools: Tools): void {
  listed(
    program
      .command('closes <subscriber>')
      .description('every close, newest first: how much it makes owed, or why nothing'),
    'before',
  ).action((id: string, given: ListOptions) =>
    tools.look(({ parts: { ledger } }) =>
      showList(ledger, tools.output(), given, {
        list: 'closes',
        filter: { subscriberId: id },
        turn: 'before',
        head: ['SLOT', 'MARKET', 'PROFIT', 'OWED', 'WHY', 'TRANSACTION'],
        cells: (close) => {
          const { amount, reason } = outcomeOf(close);
          const { slot, body, signature } = close;
          return [
            String(slot),
            body.kind === 'close' ? String(body.market) : 'by state',
            amountText(body.netPnl, close.token),
            amountText(amount, close.token),
            reason ?? '',
            signature,
          ];
        },
        document: (close) => ({ ...close, ...outcomeOf(close) }),
      }),
    ),
  );
}
