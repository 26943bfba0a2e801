// Probes: checks everything that a daemon depends on, one part after the other, and changes
// nothing: the one row that is written is taken back. A part that cannot be reached is a finding
// as well, so every run ends with a report.
import { isSameHost, isSameNode, SAME_NODE } from '../chain/node-urls.ts';
import { hearSlot, readNode } from '../chain/probe.ts';
import { openConnection } from '../chain/rpc.ts';
import type { Voucher } from '../core/conformance.ts';
import { ROUNDS_ALONE } from '../core/death.ts';
import { type Finding, fine, odd, unread, wrong } from '../core/doctor-finding.ts';
import { messageOf } from '../core/fault.ts';
import type { Address, Slot } from '../core/ids.ts';
import { ledgerFault } from '../core/ledger-fault.ts';
import type { NonceAccount } from '../core/nonce-account.ts';
import type { Clock, Log } from '../core/ports.ts';
import { nonceAccounts } from '../flows/nonce-accounts.ts';
import { keptGenesis } from '../ledger/genesis.ts';
import { createLedger } from '../ledger/ledger.ts';
import { openPools, type Pools } from '../ledger/pools.ts';
import { createRootMemoBook } from '../ledger/root-memos.ts';
import { createVenuePrograms } from '../ledger/venue-programs.ts';
import { createWebhookIds } from '../ledger/webhook-ids.ts';
import type { Settings } from '../system/settings.ts';
import { ofActs } from './acts.ts';
import { ofDatabase, ofMigrations, ofRights } from './database.ts';
import { ofDurability, readDurability } from './durability.ts';
import { ofHalts } from './halts.ts';
import { ofHelius } from './helius.ts';
import { ofKeys, ofSigners, ofSponsor } from './keys.ts';
import { ofNode, ofSocket } from './node.ts';
import { ofNonces } from './nonces.ts';
import { ofConnections, ofWrites } from './room.ts';
import { ofRootMemos } from './root-memos.ts';
import { ofRpcUsage } from './rpc-usage.ts';
import { ofSenderCalls, ofTips } from './sender.ts';
import { ofStream } from './stream.ts';
import { ofProgram, ofVenue } from './venue.ts';

const SOCKET_MS = 8_000;

type Probe = () => Promise<Finding[]>;

async function safely(what: string, mend: string, probe: Probe): Promise<Finding[]> {
  try {
    return await probe();
  } catch (thrown) {
    return [wrong(what, messageOf(thrown), mend)];
  }
}

/**
 * The parts of the ledger that the other probes need, with the findings about it. A part is null
 * where it was not read; what depends on it is not judged then.
 */
type LedgerReading = {
  readonly findings: readonly Finding[];
  readonly addresses: readonly Address[] | null;
  /** Null also when the ledger has none yet. */
  readonly genesis: string | null;
  readonly vouchers: readonly Voucher[] | null;
  /** The ids of Bailiff's webhooks at Helius. */
  readonly ids: readonly string[] | null;
  readonly nonces: readonly NonceAccount[] | null;
};
const NOTHING_READ: LedgerReading = {
  findings: [],
  addresses: null,
  genesis: null,
  vouchers: null,
  ids: null,
  nonces: null,
};
const DATABASE_MEND = 'Check DATABASE_URL, that Postgres runs, and that this machine may reach it.';
const MIGRATIONS_MEND = 'See database_newer and migration_changed in docs/runbook.md.';
const GRANT = 'Grant what the message names, or let the user of DATABASE_URL own the database.';

/** Probes the ledger, and reads what the other probes need from it. Never rejects. */
async function probeLedger(
  settings: Settings,
  pools: Pools,
  clock: Clock,
  log: Log,
): Promise<LedgerReading> {
  const { sql } = pools;
  const asked = (what: string, mend: string, probe: Probe): Promise<Finding[]> =>
    safely(what, mend, () =>
      probe().catch((thrown: unknown) => {
        throw ledgerFault(thrown);
      }),
    );
  let answers = false;
  const findings = await asked('postgres', DATABASE_MEND, async () => {
    const found = await ofDatabase(pools, clock);
    answers = true;
    return found;
  });
  const migrations = answers
    ? await asked('migrations', MIGRATIONS_MEND, async () => [await ofMigrations(sql)])
    : [];
  findings.push(...migrations);
  const ledger = createLedger(sql);
  const probes: readonly [what: string, probe: Probe][] = [
    ['rights', () => ofRights(sql)],
    ['writes', () => ofWrites(sql)],
    ['connections', () => ofConnections(sql, settings.postgres.connections)],
    ['keys', () => ofKeys(settings, sql)],
    ['signers', () => ofSigners(settings, sql, clock, log)],
    ['commits', async () => ofDurability(await readDurability(sql))],
    ['acts', () => ofActs(ledger)],
    ['halts', () => ofHalts(ledger)],
    ['root memos', () => ofRootMemos(createRootMemoBook(sql), settings.sponsor.rootMemos === true)],
    ['rpc usage', () => ofRpcUsage(settings.rpc.budget, sql, clock)],
    ['sender', () => ofSenderCalls(settings, sql, clock)],
  ];
  // Tables of another release are not read, because their columns may differ. Any other finding on
  // Postgres hides nothing of the ledger.
  if (!answers || migrations.some((each) => each.state !== 'ok')) {
    findings.push(unread('ledger', probes.map(([what]) => what).join(', ')));
    return { ...NOTHING_READ, findings };
  }
  for (const [what, probe] of probes) findings.push(...(await asked(what, GRANT, probe)));
  /** The answer; null, with a finding, when the table cannot be read. */
  const reading = async <T>(what: string, read: () => Promise<T>): Promise<T | null> => {
    let answer: T | null = null;
    const failed = await asked(what, GRANT, async () => {
      answer = await read();
      return [];
    });
    findings.push(...failed);
    return answer;
  };
  const watched = () => ledger.watchList.all();
  return {
    genesis: await reading('genesis', () => keptGenesis(sql)),
    vouchers: await reading('program', () => createVenuePrograms(sql).vouchers()),
    nonces: await reading('nonces', () => nonceAccounts(ledger)),
    ids: await reading('webhooks', () => createWebhookIds(sql).read()),
    addresses: (await reading('watch-list', watched))?.map((each) => each.address) ?? null,
    findings,
  };
}

/** Runs every probe and returns the findings. Changes nothing. */
export async function probeAll(
  settings: Settings,
  sponsor: Address | null,
  clock: Clock,
  log: Log,
): Promise<Finding[]> {
  const { secrets, rpc } = settings;
  const found: Finding[] = [fine('settings', `network ${settings.network}, mode ${settings.mode}`)];
  let read: LedgerReading = NOTHING_READ;
  if (secrets.databaseUrl === null)
    found.push(wrong('postgres', 'no database is named', 'Set DATABASE_URL.'));
  else {
    const urls = { url: secrets.databaseUrl, direct: secrets.directDatabaseUrl };
    const pools = openPools(urls, settings.postgres.connections, log, clock.nowMs);
    try {
      read = await probeLedger(settings, pools, clock, log);
      found.push(...read.findings);
    } finally {
      await pools.end(2);
    }
  }
  const { addresses, genesis, vouchers, ids, nonces } = read;
  if (rpc.url === null) found.push(wrong('rpc', 'no node is named', 'Set BAILIFF_RPC_URL.'));
  else {
    const { url } = rpc;
    const mend = 'Check the URL, the key in it, and the plan.';
    const nodes: [string, string][] = [
      ['rpc', url],
      ...(rpc.secondUrl === null || isSameNode(url, rpc.secondUrl)
        ? []
        : [['second rpc', rpc.secondUrl] as [string, string]]),
      ...rpc.moreUrls.map((each, index): [string, string] => [`rpc ${index + 3}`, each]),
    ];
    let nodeSlot: Slot | null = null;
    for (const [what, each] of nodes)
      found.push(
        ...(await safely(what, mend, async () => {
          const node = await readNode(openConnection(each, null));
          if (what === 'rpc') nodeSlot = node.slot;
          return ofNode(what, node, settings, genesis, clock);
        })),
      );
    if (rpc.secondUrl === null)
      found.push(
        odd(
          'second rpc',
          `none is set: one provider alone says whether a payment can still land, in ${ROUNDS_ALONE} agreeing rounds`,
          'Set BAILIFF_SECOND_RPC_URL to another provider.',
        ),
      );
    else if (isSameNode(url, rpc.secondUrl)) found.push(SAME_NODE);
    else if (isSameHost(url, rpc.secondUrl))
      found.push(
        odd(
          'second rpc',
          'both URLs name one host: two nodes of one provider fail, and lie, together',
          'Set BAILIFF_SECOND_RPC_URL to another provider.',
        ),
      );
    const wsUrl = rpc.wsUrl ?? url.replace(/^http/, 'ws');
    found.push(
      ...(await safely(
        'websocket',
        'Check BAILIFF_RPC_WS_URL, and whether the plan has WebSockets.',
        async () => [ofSocket(await hearSlot(wsUrl, AbortSignal.timeout(SOCKET_MS)), nodeSlot)],
      )),
    );
    found.push(...(await ofStream(settings, clock, SOCKET_MS)));
    found.push(
      ...(await safely('sender', mend, () => ofTips(openConnection(url, null), settings))),
    );
    const { onUnknownProgram } = settings.venue;
    for (const venue of settings.venues)
      found.push(
        ...(await safely('venue', mend, () => ofVenue(url, venue))),
        ...(await safely('program', mend, async () => {
          const held = await ofProgram(url, vouchers ?? [], onUnknownProgram, venue);
          // A program on which this release was proven needs no voucher.
          return vouchers === null && held.some((each) => each.state !== 'ok')
            ? [
                unread(
                  'program',
                  'this release was not proven on these bytes, and whether the ledger vouches for them was not read',
                ),
              ]
            : held;
        })),
      );
    const { replayGuard } = settings.payments;
    found.push(
      ...(await safely('nonces', mend, () => ofNonces(url, nonces, sponsor, replayGuard))),
    );
    if (sponsor !== null)
      found.push(
        ...(await safely('sponsor', mend, () =>
          ofSponsor(url, sponsor, BigInt(settings.payments.sponsorReserveLamports)),
        )),
      );
  }
  const known = { read: async () => ids ?? [], keep: async () => {} };
  found.push(...(await ofHelius(settings, ids === null ? null : addresses, known, log)));
  return found;
}
