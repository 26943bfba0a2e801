// Expiry: a settlement of profit closes the position that an account holds in a market that has
// expired. Newer builds of Drift write the fill. Of older ones the account's state tells the
// profit.
import { describe, expect, test } from 'vitest';
import type { Struct } from '../../src/local/drift/layout.ts';
import { createWorld } from '../../src/local/world.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { createManualClock } from '../support/clock.ts';
import { hear } from '../support/hear.ts';
import { createIdentity } from '../support/identity.ts';
import * as madeUp from '../support/made-transaction.ts';
import { compiledPrograms, sayIfNone } from '../support/programs.ts';
import { transactionOf } from '../support/transaction.ts';
import { expireMarket } from '../support/venue-world.ts';

sayIfNone('Expiry');

const SOL = 1_000_000_000n;
const { made, user, venue, bodies, someone } = madeUp;

describe('a record of a settlement', () => {
  const settled = (value: Struct, fill: Struct | null = null) => {
    const record = {
      ts: 1n,
      user,
      marketIndex: 0,
      pnl: 20n,
      baseAssetAmount: SOL,
      settlePrice: 1n,
      quoteAssetAmountAfter: 0n,
      quoteEntryAmount: 0n,
      explanation: 'expiredPosition',
      ...value,
    };
    const emits = [{ event: 'SettlePnlRecord', value: record }];
    const told = fill === null ? [] : [{ event: 'OrderActionRecord', value: fill }];
    const call = venue('settle_pnl', { 1: user }, { emits: [...told, ...emits] });
    return bodies(made([call]));
  };
  const untold = [{ kind: 'unknown', why: 'no_record', tradedAt: 1_023 }];

  test('of an expired position without a fill makes the state tell the profit', () => {
    expect(settled({})).toEqual(untold);
    expect(settled({ baseAssetAmount: -SOL })).toEqual(untold);
  });

  test('of any other position, of none, or of a stranger changes no profit', () => {
    expect(settled({ explanation: 'none' })).toEqual([]);
    expect(settled({ baseAssetAmount: 0n })).toEqual([]);
    expect(settled({ user: someone() })).toEqual([]);
  });
});

describe.each(compiledPrograms)('the program %s', (programFile) => {
  test.each(['long', 'short'] as const)(
    'an expired %s position is told by its close, or left to the state',
    (direction) => {
      const world = createWorld({ programFile, clock: createManualClock() });
      const { driver, cluster } = world;
      const identity = createIdentity(world);
      const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
      driver.trade(ana, direction, 2n * SOL);
      identity.watch(ana, 'ana');
      expireMarket(world, direction === 'long' ? 160_000_000n : 140_000_000n);
      cluster.advance(2);
      const before = driver.depositOf(ana);
      const settled = driver.send(
        [driver.instructions.settlePnl(ana, 0)],
        [driver.faucet, ana.agent],
      );
      expect(driver.depositOf(ana) - before).toBeGreaterThan(19_000_000n);
      const facts = hear(DRIFT_V2, transactionOf(settled), identity.watched);
      const told = facts.map(({ body }) => body).filter(({ kind }) => kind !== 'tally');
      if (told.some(({ kind }) => kind === 'close')) identity.take(settled, 'expiry');
      else expect(told).toMatchObject([{ kind: 'unknown', why: 'no_record', tradedAt: 2_047 }]);
      world.release();
    },
  );
});
