// Velocity's liquidations: every kind of liquidation with its fees, both bankruptcies, SOL as
// collateral and as a borrow, and a swap, on the compiled program or on what it did
// (velocity-tape.ts): the facts tell each change of the totals of every account to the unit.
import { describe, expect, test } from 'vitest';
import { most } from '../../src/core/money.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { createIdentity } from '../support/identity.ts';
import { VELOCITY_LIQUIDATIONS } from '../support/velocity-liquidations.ts';
import { openTape } from '../support/velocity-tape.ts';

const tape = openTape('velocity-liquidations.json');
/** The largest fee of the protocol that a record tells, by the kind of the liquidation. */
const told = new Map<string, bigint>();

function note({ execution: { logs } }: Landed): void {
  const { records, profile } = VELOCITY;
  for (const { event } of readLogs(records, logs, profile.programId) ?? []) {
    if (event.event !== 'LiquidationRecord') continue;
    const { liquidationType: kind, liquidatePerp, liquidateSpot } = event;
    const parts = { liquidatePerp, liquidateSpot } as Readonly<Record<string, object>>;
    const { protocolFee = 0n } = (parts[kind] ?? {}) as { protocolFee?: bigint };
    told.set(kind, most(protocolFee, told.get(kind) ?? 0n));
  }
}

describe(tape.where, () => {
  test.each(Object.keys(VELOCITY_LIQUIDATIONS))('%s', (name) => {
    const stage = tape.stage();
    const { world, ana, maker } = stage;
    const liquidator = world.createTrader(100_000_000_000n);
    const identity = createIdentity(world, 10_000n, VELOCITY);
    const settled = () => {
      identity.watch(ana, 'ana');
      identity.watch(maker, 'maker');
      identity.watch(liquidator, 'liquidator');
    };
    settled();
    let acts = 0;
    VELOCITY_LIQUIDATIONS[name]?.({
      ...stage,
      liquidator,
      settled,
      act(given, ...signers) {
        const landed = world.send(given, [world.faucet, ...signers]);
        identity.take(landed, `act ${++acts}`);
        note(landed);
      },
    });
    identity.checkAll(name);
    expect(acts).toBeGreaterThan(0);
  });

  test('each kind was done, perp and spot with a fee of the protocol', () => {
    expect([...told.keys()].sort()).toEqual([
      'liquidateBorrowForPerpPnl',
      'liquidatePerp',
      'liquidatePerpPnlForDeposit',
      'liquidateSpot',
      'perpBankruptcy',
      'spotBankruptcy',
    ]);
    expect(told.get('liquidatePerp')).toBeGreaterThan(0n);
    expect(told.get('liquidateSpot')).toBeGreaterThan(0n);
  });
});
