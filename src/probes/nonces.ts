// Nonces: checks the nonce accounts of the ledger against the chain: that each is there, belongs to
// the sponsor, and which rent they hold together.
import { readNonce } from '../chain/nonce.ts';
import { readOwned } from '../chain/probe.ts';
import { openConnection } from '../chain/rpc.ts';
import { type Finding, fine, odd, unread, wrong } from '../core/doctor-finding.ts';
import type { Address } from '../core/ids.ts';
import { formatUnits } from '../core/money.ts';
import { type NonceAccount, stageOf } from '../core/nonce-account.ts';
import type { Settings } from '../system/settings.ts';

/** The accounts that one call reads. */
const BATCH = 100;
/** The most faulty accounts that are named. */
const NAMED_MOST = 5;

/** The fault of one account in words; null when nothing is wrong. */
function faultOf(
  known: NonceAccount,
  found: Awaited<ReturnType<typeof readOwned>>[number],
): string | null {
  const { subscriberId, account, authority } = known;
  const reading = readNonce(found, authority);
  const named = `${account} of ${subscriberId}`;
  if (reading.seen === 'unusable') return `${named}: ${reading.why}`;
  if (reading.seen === 'absent' && stageOf(known) === 'open') return `${named} is gone`;
  return null;
}

/**
 * The findings on nonce accounts: the replay guard of payments, the accounts' authority and rent,
 * and the accounts that cannot be used. `listed` is null when the ledger's accounts were not read.
 * Throws when the node does not answer.
 */
export async function ofNonces(
  rpcUrl: string,
  listed: readonly NonceAccount[] | null,
  sponsor: Address | null,
  replayGuard: Settings['payments']['replayGuard'],
): Promise<Finding[]> {
  if (replayGuard === 'nonce' && sponsor === null)
    return [
      wrong(
        'nonces',
        'payments.replayGuard is nonce, and no sponsor is configured: nothing is paid',
        'Give the daemon the key of a sponsor: it creates the nonce accounts and moves them.',
      ),
    ];
  if (listed === null)
    return [unread('nonces', 'the accounts that the ledger knows were not read')];
  if (listed.length === 0)
    return replayGuard === 'nonce'
      ? [fine('nonces', `no account yet; ${sponsor} creates one with each first payment`)]
      : [];
  const connection = openConnection(rpcUrl, null);
  const faults: string[] = [];
  let held = 0n;
  for (let from = 0; from < listed.length; from += BATCH) {
    const batch = listed.slice(from, from + BATCH);
    const accounts = await readOwned(
      connection,
      batch.map(({ account }) => account),
    );
    for (const [index, each] of batch.entries()) {
      held += accounts[index]?.lamports ?? 0n;
      const fault = faultOf(each, accounts[index] ?? null);
      if (fault !== null) faults.push(fault);
    }
  }
  const found: Finding[] = faults
    .slice(0, NAMED_MOST)
    .map((fault) =>
      wrong('nonces', fault, 'See nonce_unusable and nonce_moved in docs/runbook.md.'),
    );
  const foreign = listed.filter(({ authority }) => authority !== sponsor);
  const [first] = foreign;
  if (first !== undefined)
    found.push(
      wrong(
        'nonces',
        `accounts of another key than the sponsor: ${foreign.length}, the first of ${first.authority}`,
        'Give the daemon the key of that sponsor until they are closed.',
      ),
    );
  const closing = listed.filter((each) => stageOf(each) === 'closing').length;
  const keys = new Set(listed.map(({ authority }) => authority));
  const of = keys.size === 1 ? ` of ${[...keys][0]}` : '';
  const holds = `accounts${of}: ${listed.length} with ${formatUnits(held, 9)} SOL; being closed: ${closing}`;
  found.push(
    replayGuard === 'nonce'
      ? fine('nonces', holds)
      : odd(
          'nonces',
          `${holds}, and payments.replayGuard is blockhash`,
          'Nothing needs to be done: each is closed before its subscriber is paid for again, or when the subscriber leaves.',
        ),
  );
  return found;
}
