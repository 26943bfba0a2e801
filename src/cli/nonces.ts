// Nonces: the command that lists nonce accounts, with their authority and rent.
import type { Command } from 'commander';
import { formatUnits } from '../core/money.ts';
import type { NonceRecord } from '../core/nonce-ports.ts';
import type { Parts } from '../daemon-parts.ts';
import { nonceRecords } from '../flows/nonce-records.ts';
import type { Tools } from './command-tools.ts';
import { type Output, table } from './output.ts';

const stateOf = ({ noted, closing }: NonceRecord): string =>
  closing ? 'closing' : noted === null ? 'opening' : 'open';

async function listNonces({ ledger }: Parts, output: Output): Promise<number> {
  const records = await nonceRecords(ledger);
  const rent = records.reduce((sum, each) => sum + each.rent, 0n);
  const shown = records.map((each) => ({
    subscriberId: each.subscriberId,
    account: each.account,
    authority: each.authority,
    rent: each.rent,
    state: stateOf(each),
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
    records.length === 0
      ? 'No subscriber has a nonce account.'
      : `${records.length} nonce accounts were created with ${formatUnits(rent, 9)} SOL, which return to their authority when they are closed.`,
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
