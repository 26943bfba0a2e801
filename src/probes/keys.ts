// Keys: checks that the sealed secrets open, that an API key exists, and that the sponsor has SOL.
import { createMasterKey } from '../chain/master-key.ts';
import { readOwned } from '../chain/probe.ts';
import { openConnection } from '../chain/rpc.ts';
import { createVault } from '../chain/vault.ts';
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import type { Address } from '../core/ids.ts';
import { formatUnits } from '../core/money.ts';
import { findSecrets } from '../flows/secrets.ts';
import type { Sql } from '../ledger/database.ts';
import { createLedger } from '../ledger/ledger.ts';
import type { Settings } from '../system/settings.ts';

/** The findings on secrets and API keys. Throws when the ledger cannot be read. */
export async function ofKeys(settings: Settings, sql: Sql): Promise<Finding[]> {
  const ledger = createLedger(sql);
  const hasKey = settings.secrets.masterKey !== null;
  const masterKey = createMasterKey(
    // The doctor changes nothing: where a daemon would keep the master key's check, the doctor
    // keeps nothing.
    { ...ledger.masterKey, keep: async (sealed) => sealed },
    createVault(settings.secrets),
    hasKey,
  );
  await masterKey.look();
  const found = await findSecrets({ ledger, masterKey });
  const { ever } = await ledger.apiKeys.live();
  if (!ever && settings.secrets.apiKeys.length === 0)
    found.push(
      odd(
        'api',
        'no API key was ever made: every caller that reaches the socket may do everything',
        'Run: bailiff api-keys create NAME --scopes platform:write.',
      ),
    );
  return found;
}

/** Whether the sponsor holds more than its reserve (lamports). */
export async function ofSponsor(
  rpcUrl: string,
  sponsor: Address,
  reserve: bigint,
): Promise<Finding[]> {
  const [account] = await readOwned(openConnection(rpcUrl, null), [sponsor]);
  const lamports = account?.lamports ?? 0n;
  return lamports > reserve
    ? [fine('sponsor', `${sponsor} holds ${formatUnits(lamports, 9)} SOL`)]
    : [
        wrong(
          'sponsor',
          `${sponsor} holds ${formatUnits(lamports, 9)} SOL, no more than its reserve`,
          'Send SOL to it: agents without SOL are not paid for until then.',
        ),
      ];
}
