// Sources: the same history told through webhooks, subscriptions, backfill and sweeps in random
// orders, with losses, duplicates, failing nodes, nodes without logs and starts, ends in the
// identical ledger, and in no gap. npm test tells one history, npm run test:long three.
import { describe, expect, test } from 'vitest';
import { createBurst } from '../../src/core/burst.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Address } from '../../src/core/ids.ts';
import { SOURCES } from '../../src/core/source.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { venuesOf } from '../../src/core/venue.ts';
import { createAccountChanges } from '../../src/flows/account-changes.ts';
import { beginChecks, checkAccounts } from '../../src/flows/account-checks.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createAside } from '../../src/flows/aside.ts';
import { backfill } from '../../src/flows/backfill.ts';
import { digestDeliveries } from '../../src/flows/digest.ts';
import { createSources } from '../../src/flows/sources.ts';
import { createWalkSchedule } from '../../src/flows/walk-schedule.ts';
import { createWalks, type Walks } from '../../src/flows/walks.ts';
import { loadWatched } from '../../src/flows/watched.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { createRandom } from '../sim/random.ts';
import { createManualClock } from '../support/clock.ts';
import { createDatabase } from '../support/database.ts';
import { watchSince1970 } from '../support/haste.ts';
import { factsIn } from '../support/heard-rows.ts';
import { type History, playHistory } from '../support/history.ts';
import { chainOf, FINAL_AFTER } from '../support/history-chain.ts';
import { inspectDue } from '../support/inspect-due.ts';
import { addressOf } from '../support/ledger.ts';
import { LONG } from '../support/long.ts';
import { type AccrualRow, accrualsIn } from '../support/rows.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const CREATOR = addressOf(200);

/** Everything that the ledger says at the end, in an order of its own. */
async function told(history: History, seed: number | null): Promise<unknown> {
  await using database = await createDatabase();
  const { sql } = database;
  const ledger = createLedger(sql);
  const clock = createManualClock();
  const random = createRandom(seed ?? 0);
  const calm = { over: seed === null };
  /** The source that has to be enough at the end. */
  const source = (seed ?? 0) % 4;
  const now = {
    slot: history.fromSlot + FINAL_AFTER,
    failing: () => !calm.over && random.chance(0.15),
    cutting: () => !calm.over && random.chance(0.15),
  };
  const chain = chainOf(history, now);
  const venues = venuesOf([createDriftVenue()]);
  const never = new AbortController().signal;
  for (const { id, agent, accounts } of history.subscribers) {
    await ledger.subscribers.register({
      id,
      agentWallet: agent,
      agentTokenAccount: accounts[2]?.address as Address,
      driftAccounts: [{ address: accounts[0]?.address as Address, subAccountId: 0 }],
      sealedKey: null,
      fromSlot: history.fromSlot,
    });
    await ledger.subscriptions.put({
      id: `${id}-sub`,
      subscriberId: id,
      driftAccount: accounts[0]?.address as Address,
      terms: termsOf(history.fromSlot, CREATOR, 1_000),
      held: NOTHING_HELD,
    });
  }
  await watchSince1970(database);
  let watched = await loadWatched(ledger.watchList);
  const sources = createSources(SOURCES, () => true);
  const aside = createAside({ ledger, clock, log });
  const plain = { ledger, chain, venues, aside, clock, log };
  const begun = [...watched.map.keys()] as Address[];
  const calmly = async (work: () => Promise<unknown>): Promise<void> => {
    calm.over = true;
    await work();
    calm.over = seed === null;
  };
  await calmly(() => beginChecks(plain, begun));
  let onMoved: (address: Address) => void = () => {};
  const openWatch = () =>
    createAccountChanges({
      ...plain,
      watched,
      sources,
      trustFirstSight: source === 2,
      webhooks: true,
      burst: createBurst(clock.elapsedMs),
      ownSignatures: { underWay: () => false },
      canBe: () => true,
      owes: () => true,
      onChange: (address) => void (address !== null && onMoved(address)),
      onLeaving: () => {},
      doubt: () => {},
    });
  let watch = openWatch();
  /** The walks of a daemon that starts. Its subscribers owe nothing, so pulses alone decide. */
  const openWalks = async (): Promise<Walks> => {
    const schedule = createWalkSchedule(clock, {
      backfillEveryMs: 3_600_000,
      unchangedEveryMs: 24 * 3_600_000,
    });
    onMoved = schedule.moved;
    const walks = createWalks({
      ...plain,
      watched,
      watch,
      schedule,
      sweeps: true,
      owes: () => false,
    });
    await walks.remember(accounts());
    return walks;
  };
  const accounts = () => [...watched.map.values()];
  let walks = await openWalks();
  const onTold = (accounts: readonly Address[], slot: number | null) => {
    for (const account of accounts) if (slot !== null) watch.hinted(account, slot);
  };
  const onRead = ({ keys, slot }: ChainTransaction) => {
    for (const key of keys) if (watched.map.has(key)) watch.told(key, slot);
  };
  const inspect = () =>
    inspectDue(
      {
        ...plain,
        watched,
        adopt: async () => false,
        onFacts: () => {},
        onFinal: () => {},
        finalByMs: () => null,
        onRead,
      },
      { finalityMs: 500, readsAtOnce: 4 },
    );
  const check = () => checkAccounts(plain, watch.changed, never);
  const past = () => history.happened.filter((each) => each.transaction.slot <= now.slot);

  /** Everything in memory is gone. */
  const crash = async () => {
    watched = await loadWatched(ledger.watchList);
    watch = openWatch();
    walks = await openWalks();
  };
  const turns: (() => Promise<unknown>)[] = [
    async () => {
      if (past().length === 0) return;
      // Any past delivery again, late or for the first time; some never come.
      const some = Array.from({ length: 1 + random.below(3) }, () => random.pick(past()).body);
      await ledger.deliveries.record(some, clock.nowMs());
      const bounds = { webhookBytesMost: 5_000_000, digestBytesMost: 1_000_000 };
      await digestDeliveries({
        ...plain,
        watched,
        reader: 'this',
        bounds,
        onTold,
        haste: { waitMs: () => 0 },
      });
    },
    async () => {
      if (past().length === 0) return;
      const { touches, transaction } = random.pick(past());
      for (const address of touches) {
        const slot = Math.min(now.slot, transaction.slot + random.below(3));
        watch.notified(address, slot, history.at(address, slot));
      }
    },
    () => watch.scan(never),
    () => watch.scanHasty(never),
    () => watch.sweep(accounts(), never),
    () => backfill(plain, never),
    () => walks.run(accounts(), never),
    inspect,
    inspect,
    check,
    () => accrueCloses(ledger, log),
    crash,
    async () => {
      now.slot = Math.min(history.toSlot, now.slot + 1 + random.below(4));
    },
    async () => void clock.advance(300 + random.below(2_000)),
  ];
  for (let turn = 0; seed !== null && turn < 250; turn++)
    await random
      .pick(turns)()
      .catch((thrown: unknown) => {
        if (!(thrown instanceof Fault)) throw thrown;
      });
  // The weather clears, and one source alone has to be enough for what is missing.
  calm.over = true;
  now.slot = history.toSlot + FINAL_AFTER;
  // What was set aside is tried again within five minutes, and a check takes several rounds.
  for (let round = 0; round < 14; round++) {
    clock.advance(60_000);
    // The seed chooses the source.
    if (source === 0) await backfill(plain, never);
    else if (source === 1) await watch.sweep(accounts(), never);
    else if (source === 2) {
      await crash();
      await walks.run(accounts(), never);
    } else
      for (const address of begun) watch.notified(address, now.slot, history.at(address, now.slot));
    if (source !== 2) await watch.scan(never);
    while ((await inspect()).more);
    await accrueCloses(ledger, log);
    await check();
  }
  expect(await ledger.sightings.backlog()).toMatchObject({ wanted: 0, confirmed: 0 });
  expect(await ledger.checks.gaps()).toEqual([]);
  const all = (await factsIn(database)).filter(({ finality }) => finality !== 'withdrawn');
  const facts = all
    .filter(({ body }) => body.kind !== 'reckoning')
    .map(({ subscriberId, account, signature, slot, ordinal, blockIndex, finality, body }) => ({
      subscriberId,
      account,
      signature,
      slot,
      ordinal,
      blockIndex,
      finality,
      body,
    }));
  // Where records tell nothing, account state shows one sum for the time between two looks, and the
  // number of looks differs between sources. So only sums are compared.
  const reckoned = new Map<string, bigint>();
  for (const { account, body } of all)
    if (body.kind === 'reckoning')
      reckoned.set(account, (reckoned.get(account) ?? 0n) + body.netPnl);
  const isOfClose = (booked: AccrualRow): boolean =>
    all.some(
      (each) =>
        each.body.kind === 'close' &&
        each.signature === booked.signature &&
        each.ordinal === booked.ordinal &&
        each.account === booked.account,
    );
  const carried = (await accrualsIn(database))
    .filter(isOfClose)
    .map(({ subscriberId, signature, ordinal, netPnl, amount, carryBefore, carryAfter }) => ({
      subscriberId,
      signature,
      ordinal,
      netPnl,
      amount,
      carryBefore,
      carryAfter,
    }));
  return {
    facts,
    reckoned: [...reckoned].filter(([, net]) => net !== 0n).sort(),
    carried: reckoned.size > 0 ? [] : carried,
  };
}

describe.each(LONG ? [101, 102, 103] : [101])('history %i', (historySeed) => {
  const history = playHistory(historySeed, 60);
  test('through every kind of weather ends in the ledger of a quiet day', async () => {
    const quiet = await told(history, null);
    expect((quiet as { facts: unknown[] }).facts.length).toBeGreaterThan(60);
    // One for each source that has to be enough at the end.
    for (const seed of [0, 1, 2, 3].map((n) => historySeed * 10 + n))
      expect(await told(history, seed), `weather ${seed}`).toEqual(quiet);
  });
});
