// HTTP wiring: passes the daemon's parts to the HTTP server, one group of routes after the
// other.
import { afterEvents, sha256 } from './chain/hashing.ts';
import { redaction } from './chain/keypair.ts';
import type { Acts } from './core/act.ts';
import { endpointBinding } from './core/bindings.ts';
import type { Finding } from './core/doctor-finding.ts';
import type { EventSender } from './core/event-sender.ts';
import type { Address } from './core/ids.ts';
import type { LedgerClock } from './core/ledger-clock.ts';
import type { Clock, Log } from './core/ports.ts';
import type { Roster, RosterOptions } from './core/roster.ts';
import { owedIn } from './core/roster-entry.ts';
import { marketNameAt } from './core/venue.ts';
import type { Parts } from './daemon-parts.ts';
import { createAccept } from './flows/accepted-changes.ts';
import type { SetAside } from './flows/aside.ts';
import type { Books } from './flows/books-comparison.ts';
import { createBring } from './flows/bring.ts';
import { createClear } from './flows/clearance.ts';
import { createRootPaths } from './flows/daily-roots.ts';
import type { Endings } from './flows/ending.ts';
import type { Pulse } from './flows/heartbeat.ts';
import { createImport } from './flows/import.ts';
import { createListing } from './flows/lists.ts';
import { createPayable } from './flows/payable.ts';
import type { Publisher } from './flows/publish.ts';
import { createReceipts } from './flows/receipts.ts';
import { createRegister } from './flows/register.ts';
import { createRescan } from './flows/rescan.ts';
import { createRetire } from './flows/retire.ts';
import type { RpcCosts } from './flows/rpc-budget.ts';
import type { Sources } from './flows/sources.ts';
import { createStatementDesk } from './flows/statements.ts';
import type { WatchedAccounts } from './flows/watched.ts';
import { createReceive } from './flows/webhook-intake.ts';
import type { Authority } from './http/auth.ts';
import type { HearingOptions } from './http/hearing.ts';
import type { ServerOptions } from './http/server.ts';
import { elapsedMs, newId } from './system/clock.ts';
import { connectionsWithin, openFilesMost } from './system/files.ts';
import type { Metrics } from './system/metrics.ts';
import type { Settings } from './system/settings.ts';

export type Wiring = {
  readonly parts: Parts;
  readonly acts: Acts;
  readonly endings: Endings;
  readonly books: Pick<Books, 'doubt' | 'identity'>;
  readonly clock: LedgerClock;
  readonly log: Log;
  readonly roster: Roster;
  readonly rules: RosterOptions;
  readonly publisher: Publisher;
  readonly watched: WatchedAccounts;
  readonly sources: Sources;
  readonly aside: SetAside;
  readonly metrics: Metrics;
  readonly authority: Authority;
  /** The result of the last heartbeat. */
  readonly pulse: () => Pulse;
  /** The findings on signing, secrets, endpoints, clocks and nodes. */
  readonly findings: () => readonly Finding[];
  /** The costs of calls to nodes. */
  readonly costs: Pick<RpcCosts, 'findings'>;
  readonly feed: HearingOptions['feed'];
  readonly grpc: HearingOptions['grpc'];
  readonly judgeAll: (ids: readonly string[]) => Promise<void>;
  readonly onWatched: (addresses: readonly Address[]) => Promise<void>;
  readonly onLeft: (addresses: readonly Address[]) => Promise<void>;
  /** Wakes a subscriber's lane. */
  readonly nudge: (subscriberId: string) => void;
  readonly onDelivered: () => void;
  readonly onNoted: () => void;
  /** The names of loops of which one run does not end. */
  readonly stuck: () => string[];
  readonly sender: EventSender;
  /** Called when events have become due. */
  readonly onEvents: () => void;
};

/** The options of the HTTP server, from the settings and the daemon's parts. */
export function surfaceOf(settings: Settings, wiring: Wiring): ServerOptions {
  const { parts, clock, log, roster, nudge, judgeAll, metrics } = wiring;
  const { ledger, venues } = parts;
  const { secrets } = settings;
  const listing = createListing(ledger);
  const ports = { ...wiring, ...parts };
  // The gate counts the age of its view by the latest time that it may be, so that a view never
  // counts as younger than it is.
  const viewClock: Clock = { ...clock, nowMs: clock.latestMs };
  const filesMost = openFilesMost();
  const connectionsMost = connectionsWithin(settings.http.connectionsMost, filesMost);
  if (connectionsMost < settings.http.connectionsMost)
    log.warn('http.connections_bounded', { connectionsMost, filesMost });
  return {
    log,
    authority: wiring.authority,
    webhook: {
      receive: createReceive(
        ledger.deliveries,
        clock,
        {
          waitingBytesMost: settings.http.webhookWaitingBytesMost,
          parcelBytesMost: settings.http.parcelBytesMost,
          patienceMs: settings.http.webhookAnswerMs,
        },
        wiring.onDelivered,
      ),
      secrets: secrets.webhookSecrets,
      bytesMost: settings.http.webhookBytesMost,
      onDelivery: metrics.delivery,
    },
    gate: { roster, clock: viewClock, onVerdict: metrics.verdict },
    stream: { ...wiring, clock: viewClock, ledger, bounds: settings.http },
    redaction,
    listing,
    subscribers: { ledger, listing, register: createRegister(ports), retire: createRetire(ports) },
    shares: { ...parts, listing, nudge, marketName: (trade) => marketNameAt(venues, trade) },
    receipts: {
      write: createReceipts({
        ...parts,
        rootsOf: createRootPaths({ ...parts, hash: sha256, pause: afterEvents }),
      }),
    },
    roots: parts,
    sessions: parts.sessions,
    vault: parts.vault,
    imports: {
      bring: createBring({
        ...wiring,
        ledger,
        begin: () => createImport({ ...parts, payable: createPayable(parts) }),
      }),
    },
    statements: {
      desk: createStatementDesk({ ...parts, nowMs: clock.nowMs }),
      knows: (of, id) => ledger.lists.knows(of, id),
      clock,
      elapsedMs,
    },
    overview: {
      book: parts.overview,
      unexplained: (limit) => ledger.payments.unexplained(limit),
      async sponsor() {
        const { sponsor } = parts.pen;
        if (sponsor === null) return null;
        const { accounts } = await parts.chain.accounts([sponsor]);
        return { address: sponsor, lamports: accounts[0]?.lamports ?? 0n };
      },
    },
    acts: wiring.acts,
    clock,
    requestsPerMinuteMost: settings.http.requestsPerMinuteMost,
    publicRequestsPerMinuteMost: settings.http.publicRequestsPerMinuteMost,
    bounds: {
      ...settings.http,
      connectionsMost,
      ledgerAtMs: () => wiring.pulse().ledgerAtMs,
    },
    clearances: {
      ...ports,
      patienceMs: settings.clearances.patienceMs,
      clearances: ledger.clearances,
      listing,
      clear: createClear(
        {
          ...ports,
          async owed(id) {
            await judgeAll([id]);
            const entry = roster.find(id);
            return entry === undefined ? [] : owedIn(entry);
          },
        },
        settings.clearances,
      ),
    },
    operator: {
      ledger,
      listing,
      endings: wiring.endings,
      log,
      token: venues.usual.quote,
      statements: parts.statements,
      onVoided: (id) => judgeAll([id]),
      onCancelled: nudge,
      async onAdopted(id) {
        await judgeAll([id]);
        nudge(id);
      },
    },
    payments: {
      ledger,
      listing,
      endings: wiring.endings,
      log,
      statements: parts.statements,
      onCancelled: nudge,
      async onAccepted(id) {
        await judgeAll([id]);
        nudge(id);
      },
    },
    endpoints: {
      endpoints: ledger.endpoints,
      listing,
      sender: wiring.sender,
      seal: (id, secret) => parts.vault.seal(endpointBinding(id), Buffer.from(secret)),
      newId,
      onDue: wiring.onEvents,
    },
    hearing: {
      sightings: ledger.sightings,
      checks: ledger.checks,
      suspicions: ledger.suspicions,
      asides: ledger.asides,
      unread: ledger.unread,
      unfollowed: ledger.unfollowed,
      coverage: ledger.coverage,
      clock,
      progress: () => wiring.sources.read(),
      accept: createAccept(ports),
      rescan: createRescan(ports),
      feed: wiring.feed,
      grpc: wiring.grpc,
    },
    health: {
      roster,
      pulse: wiring.pulse,
      findings: () => [...wiring.findings(), ...parts.nodes.findings, ...wiring.costs.findings()],
      clock: viewClock,
      staleAfterMs: settings.gate.staleAfterMs,
      venue: venues.usual.name,
      venues: venues.all.map((each) => each.name),
      network: settings.network,
      mode: settings.mode,
      stuck: wiring.stuck,
    },
    metrics,
    access: {
      count: metrics.request,
      begin: metrics.beginRoute,
      elapsedMs,
      level: settings.http.accessLogLevel,
      debugging: settings.logLevel === 'debug',
      idPrefix: newId().slice(0, 8),
    },
  };
}
