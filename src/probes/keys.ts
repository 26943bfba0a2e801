// Keys: checks that the sealed secrets open, that an API key exists, and that the sponsor has SOL.
import { createMasterKey } from '../chain/master-key.ts';
import { readOwned } from '../chain/probe.ts';
import { openConnection } from '../chain/rpc.ts';
import { createSigners } from '../chain/signers.ts';
import { createVault } from '../chain/vault.ts';
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import { messageOf } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import { formatUnits } from '../core/money.ts';
import type { Clock, Log } from '../core/ports.ts';
import { findSecrets } from '../flows/secret-findings.ts';
import type { Sql } from '../ledger/database.ts';
import { createLedger } from '../ledger/ledger.ts';
import { keysOf } from '../signer-parts.ts';
import type { Settings } from '../system/settings.ts';

const NO_KEY_YET =
  'Name one: bailiff keys use-service SUBSCRIBER SERVICE KEY. Without any, take the service out of the settings.';

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

/** The number of keys of each service that are asked to sign. */
const PROVED_MOST = 3;

/**
 * Whether each service signs, with the sponsor's key and the first agent keys that it keeps. A text
 * is signed that can be no transaction.
 */
export async function ofSigners(
  settings: Settings,
  sql: Sql,
  clock: Clock,
  log: Log,
): Promise<Finding[]> {
  const { remote, remoteSponsor, ...keys } = keysOf(settings, clock, log);
  const signers = createSigners({
    vault: createVault(settings.secrets),
    ...keys,
    ...(remote === undefined ? {} : { remote }),
  });
  const kept = await createLedger(sql).subscribers.remoteKeys(PROVED_MOST);
  const sponsored = remoteSponsor === undefined || remoteSponsor === null ? [] : [remoteSponsor];
  const services = new Set([
    ...(remote?.services ?? []),
    ...kept.map((each) => each.service),
    ...sponsored.map(({ at }) => at.service),
  ]);
  const found: Finding[] = [];
  for (const service of services) {
    const own = kept.find((each) => each.service === service);
    const asked = [
      ...sponsored.filter(({ at }) => at.service === service),
      ...(own?.first ?? []).map(({ publicKey, at }) => ({ address: publicKey, at })),
    ];
    const answers = await Promise.allSettled(
      asked.map(({ address, at }) => signers.prove(address, at)),
    );
    const failed = answers.find((each) => each.status === 'rejected');
    if (failed !== undefined)
      found.push(
        wrong(
          'signers',
          messageOf(failed.reason),
          'Look at the service, its address and its access: signers.* of the settings. Payments of its keys wait until then.',
        ),
      );
    else if (asked.length === 0)
      found.push(odd('signers', `${service} keeps no key of this ledger yet`, NO_KEY_YET));
    else found.push(fine('signers', `${service} signs: ${asked.length} of its keys were asked`));
  }
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
