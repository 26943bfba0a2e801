// Closes: the command that answers "why was nothing owed?" for every close of a subscriber.
import type { Command } from 'commander';
import { formatUnits } from '../core/money.ts';
import { outcomeOf } from '../core/outcome.ts';
import { table } from './output.ts';
import type { Opened, Tools } from './tools.ts';

const LIST_MOST = 200;

async function listCloses(
  { parts: { ledger } }: Opened,
  tools: Tools,
  id: string,
  before: string | undefined,
): Promise<number> {
  if ((await ledger.subscribers.find(id)) === null) {
    tools.output().result({ id, found: false }, [`${id} is not registered.`]);
    return 1;
  }
  const page = before === undefined ? {} : { before };
  const found = await ledger.facts.closes({ subscriberId: id, limit: LIST_MOST, ...page });
  const closes = found.map((close) => ({ close, outcome: outcomeOf(close) }));
  const next = found.length === LIST_MOST ? (found.at(-1)?.cursor ?? null) : null;
  tools
    .output()
    .result({ closes: closes.map(({ close, outcome }) => ({ ...close, ...outcome })), next }, [
      ...table([
        ['SLOT', 'MARKET', 'PROFIT', 'OWED', 'WHY', 'TRANSACTION'],
        ...closes.map(({ close: { slot, body, signature }, outcome }) => [
          String(slot),
          body.kind === 'close' ? String(body.market) : 'by state',
          formatUnits(body.netPnl),
          formatUnits(outcome.amount),
          outcome.reason ?? '',
          signature,
        ]),
      ]),
      ...(next === null ? [] : [`More: --before ${next}`]),
    ]);
  return 0;
}

export function addCloses(program: Command, tools: Tools): void {
  program
    .command('closes <subscriber>')
    .description('every close, newest first: what it makes owed, or why nothing')
    .option('--before <place>', 'go on after this one')
    .action((id: string, { before }: { before?: string }) =>
      tools.look((opened) => listCloses(opened, tools, id, before)),
    );
}
