// Funding: the rate as the program's own update_funding_rate sets it, and the payment of a position
// at that rate. Funding changes the account's totals to the unit, and is in no profit that is
// shared, whether the close is told, or reckoned behind a cut log.
import { describe, expect, test } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import { COUNTERS, checkState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { perpMarketAddress, userAddress } from '../../src/local/drift/addresses.ts';
import { updateFundingRate } from '../../src/local/drift/keeper-instructions.ts';
import { createWorld } from '../../src/local/world.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { createManualClock } from '../support/clock.ts';
import { hear } from '../support/hear.ts';
import { createIdentity } from '../support/identity.ts';
import { noise } from '../support/noise.ts';
import { programs, sayIfNone } from '../support/programs.ts';
import { transactionOf } from '../support/transaction.ts';
import { bendAccount } from '../support/venue-world.ts';

sayIfNone('funding');

describe.each(programs)('on the program %s', (file) => {
  /** A long position of 2 SOL, a rate that an hour with a mark above the oracle brought. */
  function open() {
    const world = createWorld({ programFile: file, clock: createManualClock() });
    const { driver, cluster } = world;
    const trader = driver.createTrader({ deposit: 1_000_000_000n });
    const identity = createIdentity(world);
    identity.watch(trader, 'ana');
    identity.take(driver.trade(trader, 'long', 2_000_000_000n), 'the opening');
    bendAccount(world, 'PerpMarket', perpMarketAddress(0).toBase58(), ({ amm }) => {
      amm.lastFundingRateTs -= 7_200n;
      for (const name of ['lastMarkPriceTwap', 'lastBidPriceTwap', 'lastAskPriceTwap'])
        amm[name] = (amm[name] * 102n) / 100n;
    });
    const user = userAddress(trader.agent.publicKey, 0).toBase58();
    const stateNow = () => ({
      slot: cluster.slot('processed'),
      ...DRIFT_V2.states.ofUser(cluster.bank.get(user)?.data ?? new Uint8Array()),
    });
    const bodiesOf = (facts: readonly Fact[]) =>
      facts.filter(({ account }) => account === user).map(({ body }) => body);
    const heard = (landed: Landed) =>
      bodiesOf(hear(DRIFT_V2, transactionOf(landed), identity.watched));
    const close = driver.instructions.trade(trader, {
      direction: 'short',
      base: 2_000_000_000n,
      market: 0,
      limit: 1n,
      reduceOnly: true,
    });
    return { driver, trader, identity, stateNow, bodiesOf, heard, close };
  }
  const tallyOf = (bodies: ReturnType<ReturnType<typeof open>['bodiesOf']>) =>
    bodies.flatMap((body) => (body.kind === 'tally' ? [body] : []));

  test('a rate update says nothing of anybody; whoever settles it, the payment is tallied and no profit', () => {
    const { driver, trader, identity, bodiesOf } = open();
    const updated = driver.send([updateFundingRate(0)], [driver.faucet]);
    expect(bodiesOf(identity.take(updated, 'the rate'))).toEqual([]);
    const paid = driver.send([driver.instructions.settleFunding(trader)], [driver.faucet]);
    const bodies = bodiesOf(identity.take(paid, 'the payment'));
    const [tally] = tallyOf(bodies);
    // A long position pays while the mark is above the oracle.
    expect(tally?.funding).toBeLessThan(0n);
    expect(tally?.realised).toBe(tally?.funding);
    expect(tally?.fundings).toEqual([
      { market: 0, base: 2_000_000_000n, amount: tally?.funding, ordinal: expect.any(Number) },
    ]);
    expect(bodies.filter((body) => body.kind !== 'tally')).toEqual([]);
    identity.checkAll('the end');
  });

  test('a close that pays it on the way has a profit without it', () => {
    const { driver, trader, identity, bodiesOf, close } = open();
    driver.send([updateFundingRate(0)], [driver.faucet]);
    const landed = driver.send([close], [driver.faucet, trader.agent]);
    const facts = identity.take(landed, 'the close');
    const bodies = bodiesOf(facts);
    const [tally] = tallyOf(bodies);
    // The venue settles it before the fill, so it belongs to what the fill closes.
    const placed = facts.find(({ body }) => body.kind === 'close')?.position.ordinal;
    expect(tally?.fundings?.map(({ ordinal }) => ordinal < (placed ?? 0))).toEqual([true]);
    const closed = bodies.find((body) => body.kind === 'close');
    expect(tally?.funding).toBeLessThan(0n);
    expect(closed?.kind === 'close' && closed.netPnl + (tally?.funding ?? 0n)).toBe(
      tally?.realised,
    );
    identity.checkAll('the end');
  });

  test('behind a cut log it is taken out of what is reckoned', () => {
    const { driver, trader, stateNow, heard, close } = open();
    driver.send([updateFundingRate(0)], [driver.faucet]);
    const before = stateNow();
    const landed = driver.send([...noise, close], [driver.faucet, trader.agent]);
    expect(landed.execution.logs).toContain('Log truncated');
    const bodies = heard(landed);
    expect(bodies.map((body) => body.kind)).toContain('unknown');
    const [tally] = tallyOf(bodies);
    const told = Object.fromEntries(COUNTERS.map((name) => [name, tally?.[name] ?? 0n]));
    const after = stateNow();
    const funding = after.counters.funding - before.counters.funding;
    const realised = after.counters.realised - before.counters.realised;
    expect(funding).toBeLessThan(0n);
    expect(checkState(before, { ...NO_COUNTERS, ...told }, 1, after)).toEqual({
      verdict: 'reckoned',
      netPnl: realised - funding,
    });
  });
});
