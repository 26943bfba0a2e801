// App: the composition root. It opens the parts, wires the gate, the half that settles, the half
// that hears and the API, in this order, and starts the loops. Everything is disposed in reverse.
// Read this file as the wiring diagram: deliveries → digest → inspect (hearing-wiring.ts) → accrue
// → lanes → settle (settling-wiring.ts), with standings judged along the way.
import { askedBy } from './chain/asker.ts';
import { afterEvents, newSecret, sha256 } from './chain/hashing.ts';
import type { RpcListener } from './chain/rpc.ts';
import { setByLedger } from './core/ledger-clock.ts';
import type { Clock, Log } from './core/ports.ts';
import { createRoster } from './core/roster.ts';
import { openParts, openRegistry } from './daemon-parts.ts';
import { countHearing } from './feed-wiring.ts';
import { rememberActs } from './flows/acknowledged.ts';
import { tellObserved } from './flows/credit.ts';
import { createHeartbeat } from './flows/heartbeat.ts';
import { keepLive } from './flows/live-acts.ts';
import { createLoops, EVERY_MS, inGrace } from './flows/loops.ts';
import { createNotify } from './flows/notify.ts';
import { createPublisher } from './flows/publish.ts';
import { createRpcCosts, createSampling, type RpcCosts } from './flows/rpc-budget.ts';
import { createSlotReading } from './flows/slot-reading.ts';
import { addUpkeep } from './flows/upkeep.ts';
import { loadWatched } from './flows/watched.ts';
import { installGauges } from './gauges.ts';
import { addHearing } from './hearing-wiring.ts';
import { createAuthority } from './http/auth.ts';
import { listen } from './http/listening.ts';
import { closeServer, createServer } from './http/server.ts';
import { surfaceOf } from './http-wiring.ts';
import {
  listenApiKeys,
  listenDoubts,
  listenEvents,
  listenLanes,
  listenStandings,
  listenWatchList,
} from './ledger/ledger.ts';
import { reportLostNotifications } from './ledger/notifications.ts';
import { reachLedger } from './ledger/probe.ts';
import { requireRights } from './ledger/rights.ts';
import { gateOf, upkeepOf } from './settings-rules.ts';
import { addSettling, watchPrograms } from './settling-wiring.ts';
import { openShare } from './share-wiring.ts';
import { elapsedMs } from './system/clock.ts';
import { createEventSender } from './system/event-sender.ts';
import { createMetrics } from './system/metrics.ts';
import type { Settings } from './system/settings.ts';

export type App = {
  /** Where the API listens. */
  readonly url: string;
  close(): Promise<void>;
};

const ROOTS = { hash: sha256, secret: newSecret, pause: afterEvents };

/** Starts the daemon. The settings must name a database and an RPC node. */
export async function startApp(settings: Settings, machine: Clock, plainLog: Log): Promise<App> {
  const clock = setByLedger(machine, elapsedMs);
  const metrics = createMetrics(clock);
  const log = metrics.metered(plainLog);
  await using stack = new AsyncDisposableStack();
  let costs: RpcCosts | null = null;
  const onCall: RpcListener = (call) => {
    metrics.rpc(call);
    costs?.note(call);
  };
  const parts = await openParts(settings, clock, log, { daemon: true, onCall });
  const { ledger, pulseLedger, chain, venues, pen, locks, pace } = parts;
  const { sql, direct } = stack.adopt(parts.pools, (open) => open.end(2));
  const mayGiveUp: RpcCosts['isGivenUp'] = (source) => hearing.mayGiveUp(source);
  const spending = createRpcCosts(
    { usage: parts.rpcUsage, clock, log, mayGiveUp },
    settings.rpc.budget,
  );
  costs = spending;
  // Usage that cannot be written is lost. Then the sum of the month is too low; nothing else
  // depends on it.
  stack.defer(() => spending.flush().catch(() => {}));
  await requireRights(sql);
  await reportLostNotifications(direct, log);
  // A node of another chain ends the start here with a fault that names it. A node that does not
  // answer is checked at its first use.
  await parts.nodes.holdAll();

  // The gate: standings in memory, updated from the ledger.
  const watched = await loadWatched(ledger.watchList);
  const unread = (err: unknown): void => log.warn('watched.refresh_failed', { err });
  const rules = gateOf(settings);
  const roster = createRoster(rules);
  const publisher = createPublisher({ ledger: pulseLedger, roster, log });
  await publisher.hydrate();
  // Before the API listens, because loading blocks the process for a tenth of a second.
  if (settings.mode === 'settle') for (const venue of venues.all) await venue.prepare();
  const { apiKeys: configured } = settings.secrets;
  const authority = createAuthority({ configured, keys: pulseLedger.apiKeys, clock, log });
  await authority.refresh();
  stack.defer(await listenApiKeys(direct, () => void authority.refresh()));
  const conformance = watchPrograms(parts, settings, log);
  const live = keepLive(ledger.acts, elapsedMs);
  const answered = rememberActs(live.acts, { clock, log });

  const share = openShare({ parts, roster, clock, log }, settings);
  stack.defer(() => share.leave().catch(() => {}));
  await share.round();

  const loops = createLoops({ clock, log, as: askedBy });
  const shared = { parts, roster, conformance, loops, share, clock, log };
  const stopping = new AbortController();
  const settling = addSettling(
    {
      ...shared,
      stopping: stopping.signal,
      onWentBack() {
        answered.wentBack();
        void publisher.restart();
        hearing.watch.forget();
        void watched.reload().catch(unread);
        hearing.missed();
      },
    },
    settings,
  );
  const { books, lanes } = settling;
  stack.defer(() => inGrace(clock, lanes.drain()));
  stack.defer(() => stopping.abort());
  if (settings.watch.share) stack.defer(await listenLanes(direct, settling.passed));
  stack.defer(await listenStandings(direct, () => void publisher.pull()));
  const sender = createEventSender(settings.events);
  const notify = createNotify({ ...parts, sender, clock, log }, () => loops.after('written'));
  stack.defer(() => inGrace(clock, notify.drained()));
  stack.defer(() => loops.stop());

  const { staleAfterMs } = settings.gate;
  const slots = createSlotReading(() => chain.slot('confirmed'), clock.nowMs, staleAfterMs);
  const spent = countHearing(parts, settings, metrics, spending);
  const hearing = await addHearing(
    { ...shared, publisher, watched, settling, metrics, costs: spending, slots, spent },
    settings,
  );
  const { feeds, registration, sources, inspector } = hearing;
  stack.defer(() => inGrace(clock, inspector.drained()));
  stack.defer(() => feeds.close());
  if (settings.watch.share) stack.defer(await listenDoubts(direct, hearing.doubts.told));
  stack.defer(await listenWatchList(direct, () => void watched.refresh().catch(unread)));

  const { ownSignatures } = settling;
  const ports = { ...parts, ...shared, watched, publisher, books, answered, ownSignatures };
  const skewMs = () => heartbeat.pulse.skewMs;
  const upkeep = addUpkeep(loops, { ...ports, skewMs, ...ROOTS }, upkeepOf(settings));
  loops.add('notify', EVERY_MS.notify, async (signal) => {
    while (!signal.aborted && (await notify.run()));
  });
  stack.defer(await listenEvents(direct, () => loops.after('written')));
  const heartbeat = createHeartbeat(
    {
      ...ports,
      ledger: pulseLedger,
      sources,
      pace,
      slot: slots.read,
      personal: () => new Map([...hearing.doubts.why(), ...upkeep.doubts()]),
      setClock: clock.set,
      reach: () => reachLedger(parts.pools),
      readKeys: () => authority.refresh(),
      failing: loops.failing,
    },
    { ...settings.gate, startedMs: clock.nowMs() },
  );
  const pulse = () => heartbeat.pulse;
  loops.add('acts', EVERY_MS.acts, live.renew);
  loops.add('heartbeat', EVERY_MS.heartbeat, () => heartbeat.beat());
  // A look that fails is not reported, because the heartbeat reports why Postgres cannot be
  // reached.
  const lookAtConnections = async () => void (await parts.pools.connections.look().catch(() => 0));
  loops.add('connections', EVERY_MS.connections, lookAtConnections);
  const shown = { feeds, lanes, sources, pulse, costs: spending };
  installGauges(metrics, { ...ports, ...shown, ...upkeep });
  const sampling = createSampling(metrics.sample, spending, clock);
  loops.add('sample', EVERY_MS.sample, sampling);
  loops.add('budget', EVERY_MS.budget, () => spending.round());
  if (parts.nodes.pool().length > 1)
    loops.add('nodes', EVERY_MS.nodes, () => parts.nodes.lookAtSlots());
  loops.begin();
  await books.look();

  // The first read of the keys may fail, and a later one shows then that the API is open.
  let toldOpen = false;
  const tellOpen = (): void => {
    if (toldOpen || authority.permits(undefined, 'operator') !== 'yes') return;
    toldOpen = true;
    log.warn('api.open', {
      host: settings.http.host,
      detail: 'No API key was ever made: every caller that reaches this address may do everything.',
    });
  };
  tellOpen();
  stack.defer(authority.onRead(tellOpen));
  const server = createServer(
    surfaceOf(settings, {
      ...ports,
      ...hearing,
      ...upkeep,
      rules,
      metrics,
      authority,
      pulse,
      sender,
      costs: spending,
      feed: feeds.sockets,
      grpc: feeds.stream,
      acts: answered.acts,
      endings: settling.endings,
      judgeAll: settling.judge,
      nudge: (id) => lanes.nudge(id),
      onDelivered: () => loops.after('delivered'),
      onNoted: () => loops.after('noted'),
      stuck: loops.stuck,
      onEvents: () => loops.after('written'),
    }),
  );
  stack.defer(() => closeServer(server, clock));
  const url = await listen(server, settings.http);
  // The registration at Helius needs the daemon's URL. With port 0 that is known only now.
  const alone = <T>(work: () => Promise<T>) => locks.exclusively('helius', work);
  registration.begin(openRegistry(settings, log, url, alone, parts.webhookIds, spent.onEdit));
  loops.after('moved');
  if (settings.mode === 'settle') await tellObserved(ledger, log);
  log.info('app.ready', {
    url,
    network: settings.network,
    venues: venues.all.map((each) => each.name),
    subscribers: roster.size,
    sponsor: pen.sponsor,
  });
  const resources = stack.move();
  return { url, close: () => resources.disposeAsync() };
}
