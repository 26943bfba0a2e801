// Deletion: delete_user as the program executes it. No record tells of it; the transaction is heard
// by its instruction, what the account realised is told to the unit up to its last state, and its
// rent comes back to the agent.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { describe, expect, test } from 'vitest';
import type { FactBody } from '../../src/core/fact.ts';
import { USDC, userAddress } from '../../src/local/drift/addresses.ts';
import { createWorld } from '../../src/local/world.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { createManualClock } from '../support/clock.ts';
import { hear } from '../support/hear.ts';
import { createIdentity } from '../support/identity.ts';
import { noise } from '../support/noise.ts';
import { programs, sayIfNone } from '../support/programs.ts';
import { transactionOf } from '../support/transaction.ts';

import { custom } from '../support/venue-world.ts';

sayIfNone('deletion');
const DEPOSIT = 1_000_000_000n;
const EVERYTHING = 10n ** 15n;

describe.each(programs)('on the program %s', (file) => {
  function open() {
    const world = createWorld({ programFile: file, clock: createManualClock() });
    const { driver } = world;
    const trader = driver.createTrader({ deposit: DEPOSIT });
    const identity = createIdentity(world);
    identity.watch(trader, 'ana');
    const opened = identity.take(driver.trade(trader, 'long', 2_000_000_000n), 'the opening');
    const fee = opened.reduce(
      (sum, { body }) => sum + (body.kind === 'tally' ? body.realised : 0n),
      0n,
    );
    driver.movePrice(0, 165_000_000n);
    const own = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
    const { instructions } = driver;
    const end = [
      instructions.trade(trader, {
        direction: 'short',
        base: 2_000_000_000n,
        market: 0,
        limit: 1n,
        reduceOnly: true,
      }),
      instructions.settlePnl(trader, 0),
      instructions.withdraw(trader, own, EVERYTHING),
      instructions.deleteUser(trader),
    ];
    const signers = [driver.faucet, trader.agent];
    const user = userAddress(trader.agent.publicKey, 0).toBase58();
    const kinds = (bodies: readonly FactBody[]) => bodies.map((each) => each.kind).sort();
    return { world, driver, trader, identity, fee, end, signers, user, kinds };
  }

  test('close, settle, withdraw and delete in one transaction: the close and the deletion are told, and nothing left', () => {
    const { world, driver, trader, identity, fee, end, signers, user } = open();
    const landed = driver.send(end, signers);
    expect(world.cluster.bank.get(user)).toBeNull();
    const bodies = hear(DRIFT_V2, transactionOf(landed), identity.watched)
      .filter(({ account }) => account === user)
      .map(({ body }) => body);
    const close = bodies.find((body) => body.kind === 'close');
    const tally = bodies.find((body) => body.kind === 'tally');
    const out = bodies.filter((body) => body.kind === 'outflow');
    expect(bodies).toContainEqual(
      expect.objectContaining({ kind: 'notice', what: 'user_deleted' }),
    );
    // The deposit and everything that the account realised left it: the opening's fee, and the
    // close.
    const [withdrawn] = out;
    expect(out).toHaveLength(1);
    expect(withdrawn).toMatchObject({
      internal: true,
      amount: driver.usdcOf(trader.agent.publicKey),
    });
    expect(fee).toBeLessThan(0n);
    expect(close).toMatchObject({ netPnl: (withdrawn?.amount ?? 0n) - DEPOSIT - fee });
    expect(tally).toMatchObject({ realised: close?.netPnl, withdraws: withdrawn?.amount });
    // The rent of the account is within reach before and after: no lamports are missing.
    const wallet = hear(DRIFT_V2, transactionOf(landed), identity.watched).filter(
      ({ body }) => body.kind === 'outflow' && body.mint === null,
    );
    expect(wallet).toEqual([]);
    expect(driver.lamportsOf(trader.agent.publicKey)).toBeGreaterThan(20_000_000n);
  });

  test('behind a cut log the deletion is told all the same, the rest is left to what left the account', () => {
    const { driver, identity, end, signers, user, kinds } = open();
    const landed = driver.send([...noise, ...end], signers);
    expect(landed.execution.logs).toContain('Log truncated');
    const bodies = hear(DRIFT_V2, transactionOf(landed), identity.watched)
      .filter(({ account }) => account === user)
      .map(({ body }) => body);
    expect(kinds(bodies)).toEqual(['notice', 'outflow', 'unknown']);
  });

  test('an account that holds anything cannot be deleted, and its id is never given again', () => {
    const { driver, trader, end, signers } = open();
    const { instructions } = driver;
    const refused = driver.attempt([instructions.deleteUser(trader)], signers);
    expect(typeof refused === 'string' ? refused : refused.execution.error).toEqual(custom(6152));
    driver.send(end, signers);
    const make = (id: number) => {
      const landed = driver.attempt(
        [instructions.initializeUser(trader.agent.publicKey, driver.faucet.publicKey, id)],
        signers,
      );
      return typeof landed === 'string' ? landed : landed.execution.error;
    };
    expect(make(0)).toEqual(custom(6214));
    expect(make(1)).toBeNull();
  });
});
