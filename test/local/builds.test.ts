// Builds: each entry of the table of builds is checked on the build's bytes: its instructions,
// their signers, the bits that pause a market, and the errors for an empty pool and a missing
// position.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { TransactionInstruction } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { DRIFT, USDC } from '../../src/local/drift/addresses.ts';
import { discriminatorOf, idl } from '../../src/local/drift/layout.ts';
import { EXECUTED } from '../../src/local/drift/program.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { CURRENT_BUILD, OLDER_BUILDS } from '../../src/venue/drift-v2/builds.ts';
import { CALLS } from '../../src/venue/drift-v2/profile.ts';
import { createManualClock } from '../support/clock.ts';
import { compiledPrograms, sayIfNone } from '../support/programs.ts';
import { markWorld } from '../support/rewind.ts';
import { custom, pauseSettling, pauseWithdrawals, setSpotMarket } from '../support/venue-world.ts';

sayIfNone('builds');

const endOf = (landed: Landed | string) =>
  typeof landed === 'string' ? landed : landed.execution.error;
const open = (file: string) => {
  const world = createWorld({ programFile: file, clock: createManualClock() });
  const trader = world.driver.createTrader({ deposit: 1_000_000_000n });
  return { world, driver: world.driver, trader };
};

/** Instructions that move value or control, and those that the stand-in executes. */
const USED = idl.instructions
  .map(({ name }) => name)
  .filter((name) => {
    const discriminator = Buffer.from(discriminatorOf(name)).toString('hex');
    return discriminator in CALLS || EXECUTED.includes(name);
  });

test('every build is known by its bytes, and the current one lacks nothing', () => {
  expect(new Set(OLDER_BUILDS.map(({ sha256 }) => sha256)).size).toBe(OLDER_BUILDS.length);
  expect(CURRENT_BUILD.lacks).toEqual([]);
  expect(USED.length).toBeGreaterThan(30);
});

describe.each(compiledPrograms)('the program %s', (file) => {
  test('is the build of its hash, and lacks what the table says', () => {
    const { world, driver } = open(file);
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    // Bytes that no entry lists are taken for a build by their instructions.
    const listed = OLDER_BUILDS.find((each) => each.sha256 === sha256);
    expect(world.build).toBe(listed ?? world.build);
    const lacking = USED.filter((name) => {
      const data = Buffer.from(discriminatorOf(name));
      const call = new TransactionInstruction({ programId: DRIFT, keys: [], data });
      const end = endOf(driver.attempt([call], [driver.faucet]));
      return JSON.stringify(end) === JSON.stringify(custom(101));
    });
    expect(lacking.sort()).toEqual([...world.build.lacks].sort());
  });

  test('asks the authority to sign the making of its accounts, or does not', () => {
    const { world, driver } = open(file);
    const agent = driver.newKey();
    const { keys, ...call } = driver.instructions.initializeUserStats(
      agent.publicKey,
      driver.faucet.publicKey,
    );
    const unsigned = keys.map((each) =>
      each.pubkey.equals(agent.publicKey) ? { ...each, isSigner: false } : each,
    );
    const end = endOf(
      driver.attempt([new TransactionInstruction({ ...call, keys: unsigned })], [driver.faucet]),
    );
    expect(end).toEqual(world.build.authoritySignsCreation ? custom(3010) : null);
  });

  test('pauses a market by the bits of the table, or by its status alone', () => {
    const { world, driver, trader } = open(file);
    const rewind = markWorld(world);
    const withdraw = (bend: (given: World) => void) => {
      rewind();
      bend(world);
      const to = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
      const call = driver.instructions.withdraw(trader, to, 1n);
      return endOf(driver.attempt([call], [driver.faucet, trader.agent]));
    };
    const { pausedBits } = world.build;
    expect(withdraw(pauseWithdrawals)).toEqual(custom(6149));
    for (let bit = 1; bit < 256; bit *= 2)
      expect(withdraw(() => setSpotMarket(world, { pausedOperations: bit }))).toEqual(
        bit === pausedBits?.withdraw ? custom(6149) : null,
      );
    rewind();
    driver.trade(trader, 'long', 1_000_000_000n);
    driver.movePrice(0, 160_000_000n);
    driver.trade(trader, 'short', 1_000_000_000n, { reduceOnly: true });
    pauseSettling(world);
    const call = driver.instructions.settlePnl(trader, 0);
    expect(endOf(driver.attempt([call], [driver.faucet, trader.agent]))).toEqual(custom(6158));
  });
});
