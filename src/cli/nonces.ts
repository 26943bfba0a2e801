// Nonces: the command that lists nonce accounts, with their authority and rent.
import type { Command } from 'commander';
import { formatUnits } from '../core/money.ts';
import { stageOf } from '../core/nonce-account.ts';
import type { Parts } from '../daemon-parts.ts';
import { nonceAccounts } from '../flows/nonce-accounts.ts';
import type { Tools } from './command-tools.ts';
import { counted, type Output, table } from './output.ts';

async function listNonces({ ledger }: Parts, output: Output): Promise<number> {
  const accounts = await nonceAccounts(ledger);
  const rent = accounts.reduce((sum, each) => sum + each.rent, 0n);
  const shown = accounts.map((each) => ({
    subscriberId: each.subscriberId,
    account: each.account,
    authority: each.authority,
    rent: each.rent,
    state: stageOf(each),
    value: each.noted?.value ?? null,
  }));
  output.result({ nonces: shown, rent }, [
    ...table([
      ['SUBSCRIBER', 'ACCOUNT', 'AUTHORITY', 'RENT IN SOL', 'STATE'],
      ...shown.map((each) => [
        each.subscriberId,
        each.account,
        each.authority,
        formatUnits(each.rent, 9),
        each.state,
      ]),
    ]),
    accounts.length === 0
      ? 'No subscriber has a nonce account.'
      : `${counted(accounts.length, 'nonce account was', 'nonce accounts were')} created with ${formatUnits(rent, 9)} SOL, which return to the authority when an account is closed.`,
  ]);
  return 0;
}

/** Adds `nonces list`. */
export function addNonces(program: Command, tools: Tools): void {
  program
    .command('nonces')
    .description('nonce accounts of subscribers')
    .command('list', { isDefault: true })
    .description('every nonce account that is not closed, with authority and rent')
    .action(() => tools.look(({ parts }) => listNonces(parts, tools.output())));
}
