// Liquidations: every kind of liquidation, both bankruptcies, SOL as collateral and as a borrow,
// and a swap: the facts tell each change of the totals of victim and liquidator to the unit, and
// the notice of a takeover tells what the liquidator gained by it.
import { describe, expect, test } from 'vitest';
import type { Struct } from '../../src/local/drift/layout.ts';
import { createWorld } from '../../src/local/world.ts';
import { createManualClock } from '../support/clock.ts';
import { createIdentity } from '../support/identity.ts';
import { LIQUIDATIONS } from '../support/liquidation-scenarios.ts';
import { programs, sayIfNone } from '../support/programs.ts';

sayIfNone('liquidations');

/** The kinds of liquidation that take over something else than a position. */
const TAKEOVERS = ['liquidateSpot', 'liquidateBorrowForPerpPnl', 'liquidatePerpPnlForDeposit'];
/** The worth of an account without positions in USDC base units, SOL at its first price of 150. */
const worthOf = ({ spotPositions, perpPositions }: Struct): bigint => {
  const spot = (spotPositions as Struct[]).map(({ marketIndex, balanceType, scaledBalance }) => {
    const worth = ((scaledBalance as bigint) * (marketIndex === 1 ? 150n : 1n)) / 1_000n;
    return balanceType === 'borrow' ? -worth : worth;
  });
  const perp = (perpPositions as Struct[]).map((each) => each.quoteAssetAmount as bigint);
  return [...spot, ...perp].reduce((sum, each) => sum + each, 0n);
};

describe.each(programs)('on the program %s', (file) => {
  /** What notices told, and what the liquidator's account shows, by the kind of the takeover. */
  const gains: { kind: string; told: bigint; seen: bigint }[] = [];
  for (const [name, play] of Object.entries(LIQUIDATIONS)) {
    test(name, () => {
      const world = createWorld({ programFile: file, clock: createManualClock() });
      const { driver } = world;
      const victim = driver.createTrader({ deposit: 1_000_000_000n });
      const liquidator = driver.createTrader({ deposit: 100_000_000_000n });
      const identity = createIdentity(world);
      const settled = () => {
        identity.watch(victim, 'victim');
        identity.watch(liquidator, 'liquidator');
      };
      settled();
      let acts = 0;
      play({
        world,
        victim,
        liquidator,
        settled,
        act(instructions, ...signers) {
          const before = worthOf(driver.userOf(liquidator));
          const landed = driver.send(instructions, [driver.faucet, ...signers]);
          const seen = worthOf(driver.userOf(liquidator)) - before;
          for (const { body } of identity.take(landed, `act ${++acts}`)) {
            if (body.kind !== 'notice' || body.what !== 'liquidated') continue;
            const kind = body.detail.split(',')[0] ?? '';
            if (TAKEOVERS.includes(kind)) gains.push({ kind, told: body.amount ?? 0n, seen });
          }
        },
      });
      identity.checkAll(name);
      world.release();
      expect(acts).toBeGreaterThan(0);
    });
  }

  test('the notice of each takeover tells the gain of the liquidator', () => {
    expect(new Set(gains.map(({ kind }) => kind))).toEqual(new Set(TAKEOVERS));
    for (const { kind, told, seen } of gains) {
      // Rounded by a unit where the program rounds tokens, which of SOL are worth less.
      const off = told > seen ? told - seen : seen - told;
      expect(off, `${kind}: ${told} told, ${seen} seen`).toBeLessThanOrEqual(2n);
    }
    expect(gains.some(({ told }) => told > 1_000_000n)).toBe(true);
  });
});
