// Hearing wiring: wires the half of the daemon that learns what happened on chain. Webhooks,
// account subscriptions, gRPC streams, sweep and backfill note signatures; inspection-wiring.ts has
// the loops that read what was noted.
import { AHEAD, askedBy } from './chain/asker.ts';
import { createBurst } from './core/burst.ts';
import type { HearingCosts } from './core/hearing-costs.ts';
import type { Address, Signature, Slot } from './core/ids.ts';
import type { Clock, Log } from './core/ports.ts';
import type { Roster } from './core/roster.ts';
import type { Source } from './core/source.ts';
import type { Watched } from './core/watch-ports.ts';
import type { Parts } from './daemon-parts.ts';
import { type Feeds, openFeeds } from './feed-wiring.ts';
import { type AccountChanges, createAccountChanges } from './flows/account-changes.ts';
import { beginChecks } from './flows/account-checks.ts';
import { createAside, type SetAside } from './flows/aside.ts';
import type { VenuesConformance } from './flows/conformance.ts';
import { digestDeliveries } from './flows/digest.ts';
import { createFinality } from './flows/finality.ts';
import { addTakeover, type HearingShare } from './flows/hearing-share.ts';
import type { Inspector } from './flows/inspector.ts';
import { EVERY_MS, type Loops } from './flows/loops.ts';
import type { Publisher } from './flows/publish.ts';
import { createHaste, type Haste } from './flows/reading-haste.ts';
import { createRegistration, type Registration } from './flows/registration.ts';
import type { RpcCosts } from './flows/rpc-budget.ts';
import type { SlotReading } from './flows/slot-reading.ts';
import { createSources, type Sources } from './flows/sources.ts';
import { createStreamNotes } from './flows/stream-notes.ts';
import { createWake } from './flows/waiting-debts.ts';
import { createWalkSchedule } from './flows/walk-schedule.ts';
import { createWalks } from './flows/walks.ts';
import type { WatchedAccounts } from './flows/watched.ts';
import { createWithdrawalDoubts, type WithdrawalDoubts } from './flows/withdrawal-doubts.ts';
import { addInspection } from './inspection-wiring.ts';
import type { Settling } from './settling-wiring.ts';
import { newId } from './system/clock.ts';
import type { Metrics } from './system/metrics.ts';
import type { Settings } from './system/settings.ts';

export type HearingPorts = {
  readonly parts: Parts;
  readonly roster: Roster;
  readonly publisher: Pick<Publisher, 'doubt'>;
  readonly conformance: VenuesConformance;
  readonly watched: WatchedAccounts;
  readonly settling: Settling;
  readonly loops: Loops;
  readonly metrics: Metrics;
  readonly costs: Pick<RpcCosts, 'isGivenUp'>;
  readonly share: HearingShare;
  readonly slots: Pick<SlotReading, 'notified'>;
  readonly spent: HearingCosts;
  readonly clock: Clock;
  readonly log: Log;
};
export type Hearing = {
  readonly sources: Sources;
  readonly aside: SetAside;
  readonly inspector: Inspector;
  readonly watch: AccountChanges;
  readonly registration: Registration;
  readonly feeds: Feeds;
  readonly doubts: WithdrawalDoubts;
  /** Whether other sources do the work of this source now, so that it may be given up. */
  mayGiveUp: RpcCosts['isGivenUp'];
  /** Has every history walked, because what was heard or recorded may be lacking. */
  missed(): void;
  /** Called when accounts joined. Resolves when they are followed and registered at Helius. */
  onWatched(addresses: readonly Address[]): Promise<void>;
  /** Called when accounts left. Resolves when Helius was told. */
  onLeft(addresses: readonly Address[]): Promise<void>;
};

/** Wires the half that hears, and declares its loops. */
export async function addHearing(given: HearingPorts, settings: Settings): Promise<Hearing> {
  const { parts, roster, watched, settling, loops, costs, share, clock, log } = given;
  const { onEvents } = given.spent;
  const { ledger, pace, tip } = parts;
  const { settle, lanes, ownSignatures, way } = settling;
  const uses = (source: Source): boolean => settings.watch.sources.includes(source);
  const sources = createSources(settings.watch.sources, tip.canBe);
  const aside = createAside({ ledger, clock, log });
  const burst = createBurst(clock.elapsedMs, share.fraction);
  const ports = { ...given, ...parts, books: settling.books, sources, aside, burst, ownSignatures };
  const nudge = (id: string): void => lanes.nudge(id);
  const mine = (): Watched[] =>
    [...watched.map.values()].filter((each) => share.isMine(each.subscriberId));
  const noted = (count: number): void => {
    if (count > 0) loops.after('noted');
  };

  // Wakes work that waits for a slot to become final, and debts that wait for an account to change.
  const finality = createFinality({
    ...ports,
    pace,
    latestSlot: () => roster.freshness().asOfSlot,
    onFinal(slot) {
      loops.after('noted');
      for (const id of settle.final(slot)) lanes.nudge(id, true);
    },
  });
  const owes = (account: Address): boolean => {
    const subscriber = watched.map.get(account)?.subscriberId;
    return subscriber !== undefined && roster.outstanding(subscriber) > 0n;
  };
  const haste = createHaste(burst, pace, ownSignatures, owes);
  const learn = async (signatures: readonly Signature[]): Promise<void> => {
    if (share.parts() !== null) ownSignatures.others(await parts.paymentsAmong(signatures));
  };
  loops.add('finality', EVERY_MS.finality, () => finality.look());
  const { checkEveryMs } = settings.watch;
  // The histories of accounts that did not change are walked less often.
  const schedule = createWalkSchedule(clock, settings.watch);
  const wake = createWake({ ...ports, venueEveryMs: checkEveryMs, nudge });
  loops.add('wake', Math.min(EVERY_MS.wakeMost, checkEveryMs), () => wake.run());
  /** Called when an account changed, or a webhook says so. Wakes the work that waits for that. */
  const changed = (address: string, slot: Slot | null): void => {
    const account = watched.map.get(address as Address);
    if (account === undefined) return;
    settle.heard(account.subscriberId, slot);
    if (slot !== null) finality.expect(slot);
    wake.changed(account);
    schedule.moved(account.address);
    loops.after('changed');
  };

  // Account states come from subscriptions and from the sweep. An account that changed is scanned.
  const watch = createAccountChanges({
    ...ports,
    canBe: tip.canBe,
    trustFirstSight: uses('backfill'),
    webhooks: uses('webhooks') || uses('stream'),
    elsewhere: share.elsewhere,
    onChange(address, slot) {
      loops.after('unscanned');
      if (address !== null) changed(address, slot);
    },
    owes,
    onLeaving() {
      way.hold();
      loops.after('leaving');
    },
    doubt: (address, slot) => void doubts.begin(address, slot),
  });
  const doubts = createWithdrawalDoubts({
    ...ports,
    watch,
    judge: settling.judge,
    elsewhere: parts.heardElsewhere,
    tell: settings.watch.share ? parts.tellDoubt : null,
  });
  loops.add('withdrawals', EVERY_MS.withdrawals, () => doubts.round());
  const walks = createWalks({ ...ports, watch, schedule, owes, sweeps: uses('sweep') });
  await walks.remember([...watched.map.values()]);

  loops.add('scan', EVERY_MS.scan, async (signal) => {
    // A webhook may name the transaction within this time, which saves the scan.
    await clock.sleep(EVERY_MS.scanPatience, signal);
    noted(await watch.scan(signal));
    if (watch.waiting) loops.after('unscanned');
  });
  // Value that left an account of a debtor is looked for ahead of all other questions.
  loops.add('scan-hasty', EVERY_MS.scan, (signal) =>
    askedBy(AHEAD, async () => {
      if ((await watch.scanHasty(signal)) > 0) loops.after('hasty');
    }),
  );
  if (uses('sweep'))
    loops.add('sweep', settings.watch.sweepEveryMs, async (signal) => {
      if (costs.isGivenUp('sweep')) return;
      const [beganMs, swept] = [clock.nowMs(), mine()];
      await watch.sweep(swept, signal);
      if (!signal.aborted) schedule.swept(swept, beganMs);
    });
  const heard = (accounts: readonly Address[], saidSlot: number | null, ahead: boolean): void => {
    if (ahead) loops.after('hasty');
    burst.named(1);
    for (const account of accounts) {
      changed(account, saidSlot);
      if (saidSlot !== null) watch.hinted(account, saidSlot);
    }
  };
  const told: Haste = {
    waitMs(signature, moves, accounts) {
      const waitMs = haste.waitMs(signature, moves, accounts);
      if (waitMs < 0) way.hold();
      return waitMs;
    },
  };
  const onNoted = (): void => loops.after('noted');
  const feeds = openFeeds(
    {
      parts,
      sources,
      watch,
      clock,
      log,
      takeNonce: settle.nonces.heard,
      slots: given.slots,
      spent: given.spent,
      onTransactions: createStreamNotes({ ...ports, haste: told, learn, onTold: heard, onNoted }),
    },
    settings,
  );
  const follow = (): void =>
    feeds.follow([...mine().map((each) => each.address), ...settle.nonces.accounts()]);
  follow();
  addTakeover(share, {
    loops,
    mine,
    follow,
    clock,
    sources,
    async takeOver(accounts, signal) {
      await walks.take(accounts);
      if (uses('backfill')) noted((await walks.resume(accounts, signal)).noted);
    },
  });

  // The slots in a webhook body are not trusted: the body only shows that webhooks arrive.
  const onTold: typeof heard = (...given) => {
    sources.note('webhooks', null, clock.nowMs());
    heard(...given);
  };
  const reading = { reader: newId(), bounds: settings.http, haste: told };
  const digestion = { ...ports, ...reading, learn, onTold, onEvents };
  loops.add('digest', EVERY_MS.digest, async () => {
    const more = await digestDeliveries(digestion);
    loops.after('noted');
    // One batch a run: a run that succeeds after a failed one then ends soon, and `Loops.failing`
    // no longer names this loop.
    if (more) loops.after('delivered');
  });
  if (uses('backfill'))
    loops.add('backfill', settings.watch.backfillEveryMs, async (signal, asked) => {
      // The walks at start, and those after deliveries were missed, are never given up.
      if (!asked && costs.isGivenUp('backfill')) return;
      const found = await walks.run(mine(), signal);
      sources.note('backfill', found.tip, clock.nowMs());
      noted(found.noted);
    });
  if (uses('backfill'))
    loops.add('walk-joined', EVERY_MS.walkJoined, async (signal) =>
      noted(await walks.joined(mine, signal)),
    );

  const missed = (): void => {
    schedule.forget();
    loops.after('missed');
  };
  const inspector = addInspection({ ...ports, ...settling, finality, watch, noted }, settings);

  // Accounts join and leave the watch-list here or in another daemon; Postgres notifies of each.
  const registration = createRegistration(
    { ...ports, onHole: missed },
    { ...settings.watch, ...settings.helius },
  );
  loops.add('registration', EVERY_MS.registration, () => registration.round());
  watched.onMoved(() => {
    follow();
    registration.ask();
    loops.after('moved');
  });
  // A notification connection may be dead without an error, so the list is also read regularly. A
  // refresh that changed the list has called `onMoved`. A run that was asked for says that the
  // subscribed nonce accounts changed.
  loops.add('watch-list', EVERY_MS.watchList, async (_, asked) => {
    await watched.refresh();
    if (asked) follow();
  });

  return {
    missed,
    sources,
    aside,
    inspector,
    watch,
    registration,
    feeds,
    doubts,
    mayGiveUp(source) {
      if (source === 'sample') return true;
      if (source === 'backfill') return settings.watch.sources.length > 1;
      return feeds.isHeard(2 * settings.watch.silentAfterMs);
    },
    async onWatched(addresses) {
      follow();
      // A state that could not be read does not refuse the registration: the check reads it again.
      const begun = beginChecks(ports, addresses)
        .then(() => loops.after('begun'))
        .catch(() => loops.after('unchecked'));
      await Promise.all([begun, registration.joined()]);
    },
    async onLeft(addresses) {
      follow();
      loops.after('left');
      // An account that was registered again in the meantime stays.
      await registration.left(addresses.filter((each) => !watched.map.has(each)));
    },
  };
}
