// Halts: the commands that halt signing for all, for a creator or for a subscriber, lift a halt,
// and list the halts in force.
import type { Command } from 'commander';
import { Fault } from '../core/fault.ts';
import { isoTime } from '../core/time.ts';
import type { Parts } from '../daemon-parts.ts';
import { reasoned, type Tools } from './command-tools.ts';
import { type Output, table } from './output.ts';

async function halt(
  { ledger }: Parts,
  output: Output,
  scope: string,
  reason: string,
): Promise<number> {
  if (!/^(all|creator:.+|subscriber:.+)$/.test(scope))
    throw new Fault('body_invalid', 'A scope is all, creator:WALLET or subscriber:ID.');
  const halted = await ledger.halts.set(scope, reason);
  output.result({ scope, reason, halted }, [
    halted
      ? `Nothing new is signed for ${scope}. Payments that are already signed are followed to their end.`
      : `There is no ${scope.replace(':', ' ')}: nothing is halted.`,
  ]);
  return halted ? 0 : 1;
}

async function listHalts({ ledger }: Parts, output: Output): Promise<number> {
  const halts = await ledger.halts.list();
  output.result({ halts }, [
    ...table([
      ['SCOPE', 'SINCE', 'REASON'],
      ...halts.map((each) => [each.scope, isoTime(each.sinceMs), each.reason]),
    ]),
    ...(halts.length === 0 ? ['Nothing is halted.'] : []),
  ]);
  return 0;
}

async function resume({ ledger }: Parts, output: Output, scope: string): Promise<number> {
  const lifted = await ledger.halts.lift(scope);
  const left = await ledger.halts.list();
  output.result({ scope, lifted, left }, [
    lifted ? `The halt of ${scope} is lifted.` : `There is no halt of ${scope}.`,
    ...left.map((each) => `Still halted: ${each.scope} (${each.reason})`),
  ]);
  return lifted ? 0 : 1;
}

/** Adds the commands `halt`, `resume` and `halts list`. */
export function addHalts(program: Command, tools: Tools): void {
  reasoned(
    program
      .command('halt <scope>')
      .description('sign nothing new for: all, creator:WALLET or subscriber:ID'),
  ).action((scope: string, { reason }: { reason: string }) =>
    tools.act('halt', { scope, reason }, ({ parts }) => halt(parts, tools.output(), scope, reason)),
  );
  program
    .command('halts')
    .description('halts of signing')
    .command('list', { isDefault: true })
    .description('every halt in force, with its reason')
    .action(() => tools.look(({ parts }) => listHalts(parts, tools.output())));
  program
    .command('resume <scope>')
    .description('lift a halt')
    .action((scope: string) =>
      tools.act('resume', { scope }, ({ parts }) => resume(parts, tools.output(), scope)),
    );
}
