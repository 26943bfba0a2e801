// Daemon parts: opens the parts that the daemon and the commands share, wired by hand: the
// ledger on Postgres, the chain over RPC, the venue, the pen, and the swap endpoint. No part
// runs by itself.
import { createAnswerReader } from './chain/answer.ts';
import { createChain } from './chain/chain.ts';
import { createFeeMarket } from './chain/fees.ts';
import { createWebhookRegistry } from './chain/helius.ts';
import { createMasterKey } from './chain/master-key.ts';
import { type Nodes, openNodes } from './chain/nodes.ts';
import { nonces } from './chain/nonce.ts';
import { createPen } from './chain/pen.ts';
import { createProgramReader } from './chain/program.ts';
import type { RpcListener } from './chain/rpc.ts';
import type { Sender } from './chain/sender.ts';
import { createSigners } from './chain/signers.ts';
import { createSwapDesk } from './chain/swap.ts';
import { createTables } from './chain/tables.ts';
import { tokens } from './chain/tokens.ts';
import { createVault } from './chain/vault.ts';
import { vouchedImports, vouchedLedger } from './chain/vouched.ts';
import type { Chain, FeeMarket } from './core/chain-ports.ts';
import type { ProgramBook, ProgramReader } from './core/conformance.ts';
import { Fault } from './core/fault.ts';
import type { Locks } from './core/hearing-ports.ts';
import type { Address } from './core/ids.ts';
import type { LedgerClock } from './core/ledger-clock.ts';
import type { MasterKey } from './core/master-key.ts';
import type { Nonces } from './core/nonce-ports.ts';
import { createPace, type Pace } from './core/pace.ts';
import type { Clock, Ledger, Log } from './core/ports.ts';
import type { Pen, Signers, SwapDesk, Vault } from './core/signing-ports.ts';
import { createTip, type Seen, type Tip } from './core/tip.ts';
import type { Tokens } from './core/token-ports.ts';
import { type Venues, venuesOf } from './core/venue.ts';
import { DEFAULT_VENUE, type VenueName } from './core/venue-name.ts';
import type { WebhookIds, WebhookRegistry } from './core/webhook-ports.ts';
import type { Sql } from './ledger/database.ts';
import { createDatabaseStates, type DatabaseStates } from './ledger/database-state.ts';
import { createGenesis } from './ledger/genesis.ts';
import { createLedger } from './ledger/ledger.ts';
import { createLocks } from './ledger/locks.ts';
import { migrate, requireMigrated } from './ledger/migrate.ts';
import { openPools, type Pools, requireSame } from './ledger/pools.ts';
import { readDatabaseClock } from './ledger/probe.ts';
import { createSideBooks, type SideBooks } from './ledger/side-books.ts';
import { keepVenues } from './ledger/tokens.ts';
import { createVenuePrograms } from './ledger/venue-programs.ts';
import { newestCursor } from './ledger/watch-list.ts';
import { createWebhookIds } from './ledger/webhook-ids.ts';
import { openSender, tipLimitsOf } from './sender-parts.ts';
import { limitsOf, topUpRuleOf } from './settings-rules.ts';
import { keysOf } from './signer-parts.ts';
import { elapsedMs } from './system/clock.ts';
import type { Settings } from './system/settings.ts';
import { openVenue } from './venue/venues.ts';

export type Parts = SideBooks & {
  readonly rpcUrl: string;
  readonly sql: Sql;
  readonly pools: Pools;
  /** The RPC nodes, each checked to belong to the chain of the ledger. */
  readonly nodes: Nodes;
  readonly tip: Tip;
  readonly databaseStates: DatabaseStates;
  readonly ledger: Ledger;
  /** The ledger over the connection of the heartbeat. */
  readonly pulseLedger: Ledger;
  readonly chain: Chain;
  readonly tokens: Tokens;
  readonly nonces: Nonces;
  readonly venues: Venues;
  /** Reads a venue's program on chain; `book` are the programs that the ledger knows. */
  readonly programOf: (venue: VenueName) => {
    readonly reader: ProgramReader;
    readonly book: ProgramBook;
  };
  readonly signers: Signers;
  readonly pen: Pen;
  readonly vault: Vault;
  readonly masterKey: MasterKey;
  readonly locks: Locks;
  readonly webhookIds: WebhookIds;
  readonly pace: Pace;
  readonly fees: FeeMarket;
  readonly swaps: SwapDesk | null;
  /** The endpoint that takes payments beside the nodes; null when none is configured. */
  readonly sender: Sender | null;
};

const FEES_EVERY_MS = 10_000;

export type Opening = {
  /**
   * Whether the parts are a daemon's. A daemon applies missing migrations and keeps the text that
   * shows whose master key the ledger's is; a command refuses a database that lacks a migration,
   * and keeps no such text.
   */
  readonly daemon: boolean;
  /** Is told of each call to a node. */
  readonly onCall?: RpcListener;
};

/**
 * Opens the ledger, sets the clock by it, and wires the rest. Throws `settings_invalid` when the
 * settings name no database or no RPC node, and `database_behind` when the database lacks
 * migrations and `daemon` is false.
 */
export async function openParts(
  settings: Settings,
  clock: Clock & Partial<Pick<LedgerClock, 'set'>>,
  log: Log,
  { daemon, onCall = () => {} }: Opening,
): Promise<Parts> {
  const { secrets, rpc } = settings;
  const { databaseUrl } = secrets;
  if (databaseUrl === null)
    throw new Fault('settings_invalid', 'DATABASE_URL: is required; a postgres:// URL');
  if (rpc.url === null)
    throw new Fault(
      'settings_invalid',
      'BAILIFF_RPC_URL: is required; the URL of a Solana RPC node',
    );
  const [first = DEFAULT_VENUE, ...others] = settings.venues;
  const venues = venuesOf([openVenue(first), ...others.map(openVenue)]);
  const priorityFeeMost = BigInt(settings.payments.priorityFeeLamportsMost);
  const { swap } = settings;
  const urls = { url: databaseUrl, direct: secrets.directDatabaseUrl };
  const pools = openPools(urls, settings.postgres.connections, log, elapsedMs);
  const { sql } = pools;
  let recalled: Seen | null = null;
  try {
    await requireSame(pools);
    await (daemon ? migrate(pools.direct, log) : requireMigrated(sql));
    await keepVenues(sql, venues.all);
    await clock.set?.(() => readDatabaseClock(sql));
    recalled = await newestCursor(sql);
  } catch (thrown) {
    await pools.end(5);
    throw thrown;
  }
  const tip = createTip(clock.nowMs, recalled);
  const bounds = { answerMs: rpc.answerMs, read: createAnswerReader(rpc) };
  const nodes = openNodes({
    ...rpc,
    url: rpc.url,
    expect: createGenesis(sql, settings.network),
    clock,
    log,
    bounds,
    onCall,
    elapsedMs,
    pool: { ...rpc, canBe: tip.canBe },
  });
  const { connection } = nodes;
  const tables = createTables(
    connection,
    [
      ...venues.all.flatMap((each) => each.lookupTables),
      ...(settings.payments.lookupTables as Address[]),
    ],
    clock.elapsedMs,
  );
  const { witnessed, senders } = nodes;
  const sender = openSender(settings, log, onCall);
  const { historyRowsMost } = rpc;
  const chain = createChain(
    { connection, witnesses: nodes, tip, witnessed, historyRowsMost, senders, sender },
    tables,
  );
  const ledgerOver = (pool: Sql): Ledger =>
    createLedger(pool, undefined, settings.mode === 'observe', topUpRuleOf(settings));
  const plain = ledgerOver(sql);
  const book = plain.masterKey;
  const masterKey = createMasterKey(
    daemon ? book : { ...book, keep: async (sealed) => sealed },
    createVault(secrets),
    secrets.masterKey !== null,
  );
  const { vault } = masterKey;
  await masterKey.look();
  const sides = createSideBooks(sql, settings.mode === 'observe');
  const programOf: Parts['programOf'] = (name) => ({
    reader: createProgramReader(connection, venues.of(name).programId),
    book: createVenuePrograms(sql, name),
  });
  const signers = createSigners({ vault, ...keysOf(settings, clock, log) });
  return {
    rpcUrl: rpc.url,
    sql,
    pools,
    ledger: vouchedLedger(plain, masterKey),
    pulseLedger: ledgerOver(pools.pulse),
    ...sides,
    imports: vouchedImports(sides.imports, masterKey),
    nodes,
    tip,
    chain,
    sender,
    tokens,
    nonces,
    databaseStates: createDatabaseStates(sql, pools.ended),
    venues,
    programOf,
    fees: createFeeMarket(connection, {
      priorityFeeMost,
      everyMs: FEES_EVERY_MS,
      elapsedMs: clock.elapsedMs,
    }),
    vault,
    signers,
    masterKey,
    pace: createPace(),
    webhookIds: createWebhookIds(sql),
    locks: createLocks(pools.openSession),
    pen: createPen({
      signers,
      venueOf: venues.of,
      priorityFeeMost,
      reimburseMost: BigInt(settings.payments.reimburseMost),
      tip: tipLimitsOf(settings),
      limits: limitsOf(settings),
      nowMs: clock.nowMs,
      swap:
        swap.url === null
          ? null
          : {
              amountMost: BigInt(swap.amount),
              lamportsLeast: BigInt(swap.lamportsLeast),
              slippageBpsMost: swap.slippageBpsMost,
            },
    }),
    swaps:
      swap.url === null
        ? null
        : createSwapDesk({
            connection,
            url: swap.url,
            slippageBpsMost: swap.slippageBpsMost,
            bounds,
          }),
  };
}

/**
 * The registry of webhooks at Helius; null when no API key or no URL is known, or the source is
 * off. `alone` runs work that only one daemon at a time may do; `onEdit` is called after each edit.
 */
export function openRegistry(
  settings: Settings,
  log: Log,
  ownUrl: string | null,
  alone: <T>(work: () => Promise<T>) => Promise<T>,
  ids: WebhookIds | null,
  onEdit: () => void = () => {},
): WebhookRegistry | null {
  const { secrets, helius, watch } = settings;
  const webhookUrl = helius.webhookUrl ?? (ownUrl === null ? null : `${ownUrl}/webhooks/helius`);
  if (secrets.heliusApiKey === null || webhookUrl === null) return null;
  if (!watch.sources.includes('webhooks')) return null;
  return createWebhookRegistry({
    apiKey: secrets.heliusApiKey,
    apiUrl: helius.apiUrl,
    webhookUrl,
    secret: secrets.webhookSecrets[0] ?? '',
    alone,
    ids,
    log,
    onEdit,
  });
}
