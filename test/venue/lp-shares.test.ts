// LP shares: builds of Drift until 2025 let an account hold shares of a market's AMM. What the AMM
// traded since is settled into the account's position by calls of strangers too, and inside of
// other calls. That realises profit which no record of a fill tells, so the account's state has to
// tell it.
import { TransactionInstruction } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { DRIFT, STATE } from '../../src/local/drift/addresses.ts';
import { meta, remaining, type Trader, user } from '../../src/local/drift/instructions.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import { createWorld } from '../../src/local/world.ts';
import { instructionDiscriminator } from '../../src/venue/discriminator.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { u16, u64 } from '../support/borsh.ts';
import { createManualClock } from '../support/clock.ts';
import { hear } from '../support/hear.ts';
import * as madeUp from '../support/made-transaction.ts';
import { compiledPrograms, sayIfNone } from '../support/programs.ts';
import { transactionOf } from '../support/transaction.ts';
import { setPerpMarket } from '../support/venue-world.ts';

sayIfNone('LP shares');

const SHARES = 1_000_000_000_000n;
/** The ordinals behind the first call of a transaction, and behind the second. */
const [FIRST, SECOND] = [1_023, 2_047];
const untold = (tradedAt: number) => ({ kind: 'unknown', why: 'no_record', tradedAt });

test('a settlement marks the account at its place, in any call that records one', () => {
  const { made, user: ana, venue, bodies } = madeUp;
  const record = {
    event: 'LPRecord',
    value: {
      ts: 1n,
      user: ana,
      action: 'settleLiquidity',
      nShares: 0n,
      marketIndex: 0,
      deltaBaseAssetAmount: 5n,
      deltaQuoteAssetAmount: -1n,
      pnl: 40n,
    },
  };
  const others = { ...record, value: { ...record.value, user: madeUp.someone() } };
  expect(bodies(made([venue('settle_lp', { 1: ana })]))).toEqual([untold(FIRST)]);
  expect(bodies(made([venue('settle_lp', { 5: ana })]))).toEqual([]);
  expect(bodies(made([venue('an order', { 1: ana }, { emits: [record] })]))).toEqual([
    untold(FIRST),
  ]);
  expect(bodies(made([venue('an order', { 1: ana }, { emits: [others] })]))).toEqual([]);
  const cut = made([venue('an order', { 1: ana }), venue('settle_lp', { 1: ana })], [], 'cut');
  expect(bodies(cut)).toMatchObject([{ kind: 'unknown', tradedAt: SECOND, tradedFrom: FIRST }]);
});

describe.each(compiledPrograms)('the program %s', (programFile) => {
  test('shares realise profit in calls for shares and in others, and each makes the state tell it', () => {
    const world = createWorld({ programFile, clock: createManualClock() });
    const { driver } = world;
    const trader = () => driver.createTrader({ deposit: 50_000_000_000n });
    const [ana, bo, taker] = [trader(), trader(), trader()];
    /** A call for the shares of `ana`, with the account of `bo` behind its own accounts. */
    const call = (name: string, args: readonly Buffer[], signer?: Trader) =>
      driver.send(
        [
          new TransactionInstruction({
            programId: DRIFT,
            keys: [
              meta(STATE),
              meta(user(ana), true),
              ...(signer === undefined ? [] : [meta(signer.agent.publicKey, false, true)]),
              ...remaining({ writablePerp: [0] }),
              meta(user(bo)),
            ],
            data: Buffer.concat([Buffer.from(instructionDiscriminator(name), 'hex'), ...args]),
          }),
        ],
        [driver.faucet, ...(signer === undefined ? [] : [signer.agent])],
      );
    const realised = (): bigint => {
      const account = driver.userOf(ana);
      const positions = account.perpPositions as Struct[];
      return positions
        .map((each) => (each.quoteAssetAmount as bigint) - (each.quoteEntryAmount as bigint))
        .reduce((sum, each) => sum + each, account.settledPerpPnl as bigint);
    };
    const watched = new Map<string, Watched>(
      [ana, bo].map((each, n) => {
        const address = user(each).toBase58() as Address;
        return [address, { address, subscriberId: n === 0 ? 'ana' : 'bo', role: 'drift_user' }];
      }),
    );
    let before = realised();
    /** Whether the call realised something, and what is heard of it. */
    const shown = (landed: Landed) => {
      const [was, now] = [before, realised()];
      before = now;
      const facts = hear(DRIFT_V2, transactionOf(landed), watched);
      return [now !== was, facts.map(({ subscriberId, body }) => [subscriberId, body])];
    };
    const heard = [['ana', untold(SECOND)]];

    expect(shown(call('add_perp_lp_shares', [u64(SHARES), u16(0)], ana))).toEqual([false, heard]);
    driver.trade(taker, 'long', 50_000_000_000n);
    call('settle_lp', [u16(0)]);
    before = realised();
    driver.trade(taker, 'short', 20_000_000_000n);
    expect(shown(call('settle_lp', [u16(0)]))).toEqual([true, heard]);
    driver.trade(taker, 'short', 10_000_000_000n);
    const settled = driver.send(
      [driver.instructions.settlePnl(ana, 0)],
      [driver.faucet, ana.agent],
    );
    expect(shown(settled)).toEqual([true, heard]);
    driver.trade(taker, 'short', 5_000_000_000n);
    const some = call('remove_perp_lp_shares', [u64(SHARES / 2n), u16(0)], ana);
    expect(shown(some)).toEqual([true, heard]);
    driver.trade(taker, 'short', 5_000_000_000n);
    setPerpMarket(world, { status: 'reduceOnly' });
    const rest = call('remove_perp_lp_shares_in_expiring_market', [u64(SHARES / 2n), u16(0)]);
    expect(shown(rest)).toEqual([true, heard]);
    world.release();
  });
});
