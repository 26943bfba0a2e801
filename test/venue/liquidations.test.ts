// Liquidations: every kind of liquidation, both bankruptcies, SOL as collateral and as a borrow,
// and a swap: the facts tell each change of the totals of victim and liquidator to the unit.
import { describe, expect, test } from 'vitest';
import { createWorld } from '../../src/local/world.ts';
import { createManualClock } from '../support/clock.ts';
import { createIdentity } from '../support/identity.ts';
import { LIQUIDATIONS } from '../support/liquidation-scenarios.ts';
import { programs, sayIfNone } from '../support/programs.ts';

sayIfNone('liquidations');

describe.each(programs)('on the program %s', (file) => {
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
          identity.take(driver.send(instructions, [driver.faucet, ...signers]), `act ${++acts}`);
        },
      });
      identity.checkAll(name);
      world.release();
      expect(acts).toBeGreaterThan(0);
    });
  }
});
