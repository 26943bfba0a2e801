// Closes: the command that says of every close of a subscriber how much it makes owed, or why
// nothing.
import type { Command } from 'commander';
import { outcomeOf, type RecordedClose } from '../core/outcome.ts';
import { amountText } from '../core/token.ts';
import { marketNameAt } from '../core/venue.ts';
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
    tools.look(async ({ parts: { ledger, venues } }) => {
      const accounts = (await ledger.subscribers.find(id))?.driftAccounts ?? [];
      const marketOf = ({ account, body }: RecordedClose): string => {
        if (body.kind !== 'close') return 'by state';
        const venue = accounts.find((each) => each.address === account)?.venue;
        const name = venue === undefined ? null : marketNameAt(venues, { ...body, venue });
        return name ?? String(body.market);
      };
      return showList(ledger, tools.output(), given, {
        list: 'closes',
        filter: { subscriberId: id },
        turn: 'before',
        head: ['SLOT', 'MARKET', 'PROFIT', 'OWED', 'WHY', 'TRANSACTION', 'IN WORDS'],
        cells: (close) => {
          const { amount, reason, sentence } = outcomeOf(close);
          const { slot, body, signature } = close;
          return [
            String(slot),
            marketOf(close),
            amountText(body.netPnl, close.token),
            amountText(amount, close.token),
            reason ?? '',
            signature,
            sentence,
          ];
        },
        document: (close) => ({ ...close, ...outcomeOf(close) }),
      });
    }),
  );
}
