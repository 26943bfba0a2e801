// App: the composition root. Everything is opened and wired here by hand, and disposed in reverse.
// Read it as the wiring diagram: deliveries → digest → inspect → accrue → lanes → settle, with
// standings judged along the way.
import type { AddressInfo } from 'node:net';
import { budget } from './chain/compile.ts';
import { openFeed } from './chain/feed.ts';
import type { Address, Slot } from './core/ids.ts';
import { setByLedger } from './core/ledger-clock.ts';
import type { Clock, Log } from './core/ports.ts';
import { createRoster } from './core/roster.ts';
import { rememberActs } from './flows/acknowledged.ts';
import { adoptFrom } from './flows/adopt.ts';
import { createAside } from './flows/aside.ts';
import { backfill } from './flows/backfill.ts';
import { createBooks } from './flows/books.ts';
import { beginChecks } from './flows/check.ts';
import { createChecking } from './flows/checking.ts';
import { createConformance } from './flows/conformance.ts';
import { createCoverageCounter } from './flows/coverage.ts';
import { bookFinal, tellObserved } from './flows/credit.ts';
import { digestDeliveries } from './flows/digest.ts';
import { createFinality } from './flows/finality.ts';
import { createHeartbeat } from './flows/heartbeat.ts';
import { createInspector } from './flows/inspector.ts';
import { createLanes } from './flows/lanes.ts';
import { lapseDebts } from './flows/lapse.ts';
import type { Loop } from './flows/loop.ts';
import { createLoops, EVERY_MS, inGrace } from './flows/loops.ts';
import { notifyEndpoints } from './flows/notify.ts';
import { createPublisher } from './flows/publish.ts';
import { createRegistration } from './flows/registration.ts';
import { createSettle } from './flows/settle.ts';
import { createSources, type Source } from './flows/sources.ts';
import { inTurns, judgeSubscribers } from './flows/standing.ts';
import { startUpkeep } from './flows/upkeep.ts';
import { createWake } from './flows/wake.ts';
import { createWatch, type Watch } from './flows/watch.ts';
import { loadWatched } from './flows/watched.ts';
import { installGauges } from './gauges.ts';
import { createAuthority } from './http/auth.ts';
import { closeServer, createServer } from './http/server.ts';
import { listenApiKeys, listenEvents, listenStandings, listenWatchList } from './ledger/ledger.ts';
import { gateOf, openParts, openRegistry, payingOf, upkeepOf } from './parts.ts';
import { surfaceOf } from './surface.ts';
import { newId } from './system/clock.ts';
import { createMail } from './system/mail.ts';
import { createMetrics } from './system/metrics.ts';
import type { Settings } from './system/settings.ts';

export type App = {
  /** Where the API listens. */
  readonly url: string;
  close(): Promise<void>;
};

/** Starts the daemon. The settings must name a database and an RPC node. */
export async function startApp(settings: Settings, machine: Clock, plainLog: Log): Promise<App> {
  const clock = setByLedger(machine);
  const metrics = createMetrics(clock);
  const log = metrics.metered(plainLog);
  await using stack = new AsyncDisposableStack();
  const parts = await openParts(settings, clock, log, metrics.rpc);
  const { ledger, chain, venue, pen, locks, pace } = parts;
  const sql = stack.adopt(parts.sql, (open) => open.end({ timeout: 2 }));
  // A URL of another chain ends the start here, by name. One that does not answer is held to it
  // later.
  await parts.nodes.holdAll();
  const watched = await loadWatched(ledger.watchList);
  const rules = gateOf(settings);
  const roster = createRoster(rules);
  const publisher = createPublisher({ ledger, roster, log });
  await publisher.hydrate();

  const { apiKeys: configured } = settings.secrets;
  const authority = createAuthority({ configured, keys: ledger.apiKeys, clock, log });
  await authority.refresh();
  stack.defer(await listenApiKeys(sql, () => void authority.refresh()));
  const stopping = new AbortController();
  const conformance = createConformance({ ...parts, log }, settings.venue);
  const judgeAll = (ids: readonly string[]) => judgeSubscribers(ledger, roster, log, ids);
  const answered = rememberActs(ledger.acts, { clock, log });
  const onWentBack = (): unknown => [answered.wentBack(), forgetTooNew()];
  const books = createBooks({ ...parts, log, onWentBack });
  const settle = createSettle(
    { ...parts, newId, conformance, books, budget, clock, log, onEnded: (id) => judgeAll([id]) },
    payingOf(settings),
  );
  const work = (id: string) => settle.run(id, stopping.signal);
  const lanes = createLanes({ ...settings.lanes, clock, log, work });
  stack.defer(() => inGrace(clock, lanes.drain()));
  stack.defer(() => stopping.abort());
  stack.defer(await listenStandings(sql, () => void publisher.pull()));

  const loops = createLoops({ clock, log });
  const loop = loops.start;
  stack.defer(() => loops.stop());
  const uses = (source: Source): boolean => settings.watch.sources.includes(source);
  const sources = createSources(settings.watch.sources);
  const aside = createAside({ ledger, clock, log });
  const vouching = { conformance, books, answered };
  const ports = { ledger, chain, venue, watched, sources, aside, ...vouching, clock, log };
  const coverage = createCoverageCounter(ports, metrics);
  const booking = loop('accrue', settings.watch.finalityMs, async () => {
    const ids = await bookFinal(ledger, log);
    await judgeAll(ids);
    for (const id of ids) lanes.nudge(id);
  });
  const inspector = createInspector(
    {
      ...ports,
      adopt: (facts, transaction) => adoptFrom(ports, facts, transaction),
      onFacts: coverage.heard,
      onRead({ keys, slot }, source) {
        if (source === 'webhook') sources.note('webhooks', slot, clock.nowMs());
        for (const key of keys) if (watched.map.has(key)) watch.told(key, slot);
        finality.expect(slot);
      },
    },
    settings.watch,
    () => inspecting.nudge(),
  );
  stack.defer(() => inGrace(clock, inspector.drained()));
  const inspecting: Loop = loop('inspect', settings.watch.finalityMs, async (signal) => {
    for (let more = true; more && !signal.aborted; ) {
      const found = await inspector.round();
      await judgeAll(found.changed);
      if (found.changed.length > 0) booking.nudge();
      more = found.more;
    }
    await coverage.flush();
  });
  const finality = createFinality({
    ...ports,
    pace,
    latestSlot: () => roster.freshness().asOfSlot,
    onFinal(slot) {
      inspecting.nudge();
      for (const id of settle.final(slot)) lanes.nudge(id);
    },
  });
  loop('finality', EVERY_MS.finality, () => finality.look());
  const wake = createWake({
    ...ports,
    venueEveryMs: settings.watch.checkEveryMs,
    nudge: (id) => lanes.nudge(id),
  });
  const upkeep = startUpkeep(loop, { ...parts, ...ports, roster, publisher }, upkeepOf(settings));
  const waking = loop('wake', Math.min(EVERY_MS.wakeMost, settings.watch.checkEveryMs), () =>
    wake.run(),
  );
  /** An account changed, or is said to have: what waits for that may go on. */
  const stirred = (address: string, slot: Slot | null): void => {
    const account = watched.map.get(address as Address);
    if (account === undefined) return;
    settle.heard(account.subscriberId, slot);
    if (slot !== null) finality.expect(slot);
    wake.changed(account);
    waking.nudge();
  };
  const watch: Watch = createWatch({
    ...ports,
    canBe: parts.tip.canBe,
    trustFirstSight: uses('backfill'),
    onChange(address, slot) {
      scanning?.nudge();
      if (address !== null) stirred(address, slot);
    },
  });
  watch.remember(await ledger.checks.pulses());
  const onTold = (accounts: readonly Address[], saidSlot: number | null): void => {
    // What the body says of slots is not believed: this notes that webhooks come, and a read tells
    // up to where.
    sources.note('webhooks', null, clock.nowMs());
    for (const account of accounts) {
      stirred(account, saidSlot);
      if (saidSlot !== null) watch.hinted(account, saidSlot);
    }
  };
  const digestion = { ...ports, reader: newId(), bounds: settings.http, onTold };
  const digesting = loop('digest', EVERY_MS.digest, async (signal) => {
    while (!signal.aborted && (await digestDeliveries(digestion)));
    inspecting.nudge();
  });
  const scanning: Loop | undefined = loop('scan', EVERY_MS.scan, async (signal) => {
    // What a webhook tells in this moment needs no scan.
    await clock.sleep(EVERY_MS.scanPatience, signal);
    if ((await watch.scan(signal)) > 0) inspecting.nudge();
    if (watch.waiting) scanning?.nudge();
  });
  const walking = !uses('backfill')
    ? null
    : loop('backfill', settings.watch.backfillEveryMs, async (signal) => {
        const { tip, noted } = await backfill(ports, signal);
        sources.note('backfill', tip, clock.nowMs());
        if (noted > 0) inspecting.nudge();
      });
  const forgetTooNew = (): unknown => [publisher.restart(), watch.forget(), walking?.nudge()];
  const feed = !uses('subscriptions')
    ? null
    : openFeed({
        ...settings.watch,
        url: settings.rpc.wsUrl ?? parts.rpcUrl.replace(/^http/, 'ws'),
        clock,
        log,
        admit: parts.nodes.admitSocket,
        canBe: parts.tip.canBe,
        onSlot: (slot) => sources.note('subscriptions', slot, clock.nowMs()),
        onAccount: watch.notified,
        onSubscribed: watch.subscribed,
      });
  if (feed !== null) stack.defer(() => feed.close());
  feed?.follow(watched.addresses());
  // Accounts join and leave the watch-list here, in another daemon, or by adoption: either way it
  // is heard from the database.
  const registration = createRegistration(
    { ...ports, onHole: () => walking?.nudge() },
    { ...settings.watch, ...settings.helius },
  );
  const registering = loop('registration', EVERY_MS.registration, () => registration.round());
  watched.onMoved(() => {
    feed?.follow(watched.addresses());
    registration.ask();
    registering.nudge();
  });
  const unread = (err: unknown): void => log.warn('watched.refresh_failed', { err });
  stack.defer(await listenWatchList(sql, () => void watched.refresh().catch(unread)));
  // A connection that Postgres notifies on may be dead without an error: the list is read anyway.
  loop('watch-list', EVERY_MS.watchList, async () => void (await watched.refresh()));
  if (uses('sweep'))
    loop('sweep-accounts', settings.watch.sweepEveryMs, async (signal) =>
      watch.sweep([...watched.map.values()], signal),
    );
  const check = createChecking(ports, watch.changed);
  const checking = loop('check', settings.watch.checkEveryMs, async (signal) => {
    const { reckoned, noted } = await check(signal);
    if (noted > 0) inspecting.nudge();
    if (reckoned.length > 0) booking.nudge();
    await judgeAll(reckoned);
  });
  const onWatched = async (addresses: readonly Address[]): Promise<void> => {
    feed?.follow(watched.addresses());
    // A state that could not be read is no reason to refuse: the check asks again.
    await Promise.all([
      beginChecks(ports, addresses).catch(() => checking.nudge()),
      registration.joined(),
    ]);
  };
  const onLeft = async (addresses: readonly Address[]): Promise<void> => {
    feed?.follow(watched.addresses());
    // An account that was registered again meanwhile stays.
    await registration.left(addresses.filter((each) => !watched.map.has(each)));
  };
  loop('sweep', Math.min(settings.payments.retryEveryMs, EVERY_MS.sweepMost), async () => {
    await judgeAll(await lapseDebts(ledger, log));
    for (const id of await ledger.shares.subscribersWithWork()) lanes.nudge(id);
  });
  // A daemon that stops after writing a fact or a payment, and before updating the standing, leaves
  // the standing out of date: subscribers with open debts are judged at start and every 30 s.
  const whoOwes = inTurns(() => ledger.standings.owing(), 2_000);
  loop('judge', EVERY_MS.judge, async () => judgeAll(await whoOwes()));
  const mail = createMail(settings.events);
  const notifying = loop('notify', EVERY_MS.notify, async (signal) => {
    while (!signal.aborted && (await notifyEndpoints({ ...parts, mail, clock, log })));
  });
  stack.defer(await listenEvents(sql, () => notifying.nudge()));
  const heartbeat = createHeartbeat(
    {
      ...ports,
      roster,
      publisher,
      pace,
      slot: () => chain.slot('confirmed'),
      personal: () => upkeep.doubts(),
      setClock: clock.set,
      readKeys: () => authority.refresh(),
    },
    { ...settings.gate, startedMs: clock.nowMs() },
  );
  const pulse = () => heartbeat.pulse;
  loop('heartbeat', EVERY_MS.heartbeat, () => heartbeat.beat());
  const shown = { parts, roster, publisher, lanes, sources, conformance, clock, pulse, ...upkeep };
  installGauges(metrics, shown);
  loop('sample', EVERY_MS.sample, () => metrics.sample());

  if (authority.judge(undefined, 'operator') === 'yes')
    log.warn('api.open', {
      host: settings.http.host,
      detail: 'No API key was ever made: whoever reaches this address may do everything.',
    });
  const server = createServer(
    surfaceOf(settings, {
      ...{ ...ports, ...upkeep, parts, acts: answered.acts },
      roster,
      rules,
      publisher,
      metrics,
      authority,
      pulse,
      feed: () => feed?.status() ?? null,
      judgeAll,
      onWatched,
      onLeft,
      nudge: (id) => lanes.nudge(id),
      onDelivered: () => digesting.nudge(),
      onNoted: () => inspecting.nudge(),
      mail,
      stuck: loops.stuck,
      onEvents: () => notifying.nudge(),
    }),
  );
  stack.defer(() => closeServer(server, clock));
  await server.listen({ host: settings.http.host, port: settings.http.port });
  const url = `http://${settings.http.host}:${(server.server.address() as AddressInfo).port}`;
  // Helius is told our URL, which a free port gives only now.
  const alone = <T>(work: () => Promise<T>) => locks.exclusively('helius', work);
  registration.begin(openRegistry(settings, log, url, alone, parts.webhookIds));
  registering.nudge();
  if (settings.mode === 'settle') await tellObserved(ledger, log);
  log.info('app.ready', {
    url,
    network: settings.network,
    venue: venue.name,
    subscribers: roster.size,
    sponsor: pen.sponsor,
  });
  const resources = stack.move();
  return { url, close: () => resources.disposeAsync() };
}
