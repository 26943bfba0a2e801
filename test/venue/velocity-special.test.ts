// Velocity's special transfers and builder codes: what each does to the account, and what is heard
// of it, on the compiled program, or on what it did (velocity-tape.ts).
import { PublicKey, SYSVAR_RENT_PUBKEY, SystemProgram } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { addresses, PROGRAM } from '../../src/local/velocity/genesis.ts';
import {
  build,
  instructions,
  makerAccounts,
  statsOf,
  type Trader,
  tail,
  usdtOf,
  userOf,
} from '../../src/local/velocity/instructions.ts';
import { VELOCITY_LAYOUT } from '../../src/local/velocity/layout.ts';
import type { VelocityWorld } from '../../src/local/velocity/world.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { tradeAt } from '../support/velocity-scenarios.ts';
import { edit, factsAbout, heard, key, meta } from '../support/velocity-stage.ts';
import { openTape } from '../support/velocity-tape.ts';

const tape = openTape('velocity-special.json');
const USDT = 1_000_000n;
const SOL = 1_000_000_000n;
const STATE = key(addresses.state);
/** Market 0, and the whole position. */
const WHOLE = [Buffer.alloc(2), Buffer.of(0)];
const u16 = (value: number): Buffer => Buffer.of(value & 255, value >> 8);
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};
const realised = (world: VelocityWorld, trader: Trader): bigint =>
  VELOCITY.states.ofUser(world.userBytes(trader)).counters.realised;
const done = (landed: Landed | string): Landed => {
  if (typeof landed === 'string') throw new Error(landed);
  const { error, logs } = landed.execution;
  if (error !== null) throw new Error(logs.join('\n'));
  return landed;
};

describe(tape.where, () => {
  test('a position that moves to another sub-account is a close there and then, to the unit', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    const other = world.createSubAccount(ana, 1);
    world.send([instructions.transferDeposit(ana, 1, 300n * USDT)], [world.faucet, ana.agent]);
    tradeAt(stage, ana, 'long', 2n * SOL, 150_000_000n);
    world.movePrice(160_000_000n);
    const before = [realised(world, ana), realised(world, other)];
    const moved = world.send(
      [
        build('transfer_perp_position', WHOLE, [
          meta(userOf(ana), true),
          meta(userOf(other), true),
          meta(statsOf(ana.agent.publicKey), true),
          meta(ana.agent.publicKey, false, true),
          meta(STATE),
          ...tail(),
        ]),
      ],
      [world.faucet, ana.agent],
    );
    const facts = factsAbout(moved, ana, other);
    const of = (trader: Trader) =>
      facts.flatMap(({ account, body }) => (account === userOf(trader).toBase58() ? [body] : []));
    expect(of(ana)).toMatchObject([
      { kind: 'close', cause: 'transfer', netPnl: 20n * USDT, fee: 0n },
      { kind: 'notice', what: 'position_transfer' },
      { kind: 'tally', realised: 20n * USDT },
    ]);
    expect(of(other)).toMatchObject([
      { kind: 'open', position: 'long', base: 2n * SOL, quote: 320n * USDT },
      { kind: 'notice', what: 'position_transfer' },
    ]);
    expect([realised(world, ana), realised(world, other)]).toEqual([
      (before[0] ?? 0n) + 20n * USDT,
      before[1],
    ]);
  });

  test('a position that moves to the AMM leaves no record: the account is unknown, and its state tells the profit', () => {
    const stage = tape.stage();
    const { world, ana, maker } = stage;
    const taker = world.createTrader(10_000n * USDT);
    const hedge = (): Landed | string =>
      world.attempt(
        [
          build('special_transfer_perp_position_to_vamm', WHOLE, [
            meta(userOf(ana), true),
            meta(ana.agent.publicKey, false, true),
            meta(STATE),
            ...tail(),
          ]),
        ],
        [world.faucet, ana.agent],
      );
    tradeAt(stage, ana, 'long', 2n * SOL, 150_000_000n);
    // The AMM sells four SOL, so that it is short and may take a long position.
    world.movePrice(150_000_000n);
    const bought = { direction: 'long', base: 4n * SOL, price: 153_000_000n } as const;
    world.send([instructions.take(taker, maker, bought)], [world.faucet, taker.agent]);
    world.movePrice(160_000_000n);
    expect(() => done(hedge())).toThrow('Error Number');
    edit(world, addresses.state, (data) => world.faucet.publicKey.toBuffer().copy(data, 8));
    const flagged = world.send(
      [
        build(
          'update_special_user_status',
          [Buffer.of(1)],
          [meta(world.faucet.publicKey, false, true), meta(STATE), meta(userOf(ana), true)],
        ),
      ],
      [world.faucet],
    );
    expect(heard(flagged, ana)).toMatchObject([{ what: 'special_status_changed' }]);
    const before = realised(world, ana);
    const moved = done(hedge());
    expect(heard(moved, ana)).toMatchObject([
      { kind: 'notice', what: 'position_transfer' },
      { kind: 'unknown', why: 'no_record' },
    ]);
    expect(realised(world, ana) - before).toBe(20n * USDT);
    expect(VELOCITY.states.ofUser(world.userBytes(ana)).positions).toEqual([]);
  });

  test('the fee of a builder is inside the taker fee of the fill; a payment needs none of its accounts', () => {
    const stage = tape.stage();
    const { world, ana, maker } = stage;
    const { agent: builder } = world.createTrader(USDT);
    const owner = ana.agent.publicKey;
    const derived = (seed: string, whose: PublicKey): PublicKey =>
      PublicKey.findProgramAddressSync([Buffer.from(seed), whose.toBuffer()], PROGRAM)[0];
    const escrow = derived('REV_ESCROW', owner);
    const rest = [meta(SYSVAR_RENT_PUBKEY), meta(SystemProgram.programId)];
    world.send(
      [
        build(
          'initialize_revenue_share',
          [],
          [
            meta(derived('REV_SHARE', builder.publicKey), true),
            meta(builder.publicKey),
            meta(builder.publicKey, true, true),
            ...rest,
          ],
        ),
      ],
      [world.faucet, builder],
    );
    world.send(
      [
        build(
          'initialize_revenue_share_escrow',
          [u16(4)],
          [
            meta(escrow, true),
            meta(owner),
            meta(statsOf(owner), true),
            meta(STATE),
            meta(owner, true, true),
            ...rest,
          ],
        ),
      ],
      [world.faucet, ana.agent],
    );
    const approved = world.send(
      [
        build(
          'change_approved_builder',
          [builder.publicKey.toBuffer(), u16(100), Buffer.of(1)],
          [
            meta(escrow, true),
            meta(owner, false, true),
            meta(owner, true, true),
            meta(SystemProgram.programId),
          ],
        ),
      ],
      [world.faucet, ana.agent],
    );
    expect(heard(approved, ana)).toMatchObject([
      { kind: 'notice', what: 'builder_approved', who: builder.publicKey.toBase58(), amount: 100n },
    ]);
    /** A fill against the maker, with the first approved builder at ten basis points. */
    const trade = (direction: 'long' | 'short', price: bigint): Landed => {
      const other = direction === 'long' ? 'short' : 'long';
      const worst = direction === 'long' ? price + 2n * USDT : price - 2n * USDT;
      world.send([instructions.make(maker, other, 2n * SOL, price)], [world.faucet, maker.agent]);
      const order = Buffer.concat([
        Buffer.of(1, 1, direction === 'long' ? 0 : 1, 0),
        u64(2n * SOL),
        u64(worst),
        u16(0),
        Buffer.alloc(3),
        Buffer.alloc(7),
        Buffer.of(1, 0),
        Buffer.of(1),
        u16(100),
      ]);
      return world.send(
        [
          build(
            'place_and_take_perp_order',
            [order, Buffer.of(0)],
            [
              meta(STATE),
              meta(userOf(ana), true),
              meta(statsOf(owner), true),
              meta(owner, false, true),
              ...tail(makerAccounts(maker)),
              meta(escrow, true),
            ],
          ),
        ],
        [world.faucet, ana.agent],
      );
    };
    const start = realised(world, ana);
    expect(heard(trade('long', 150_000_000n), ana)).toMatchObject([
      // 3.5 basis points of 300 USDT for the venue, and 10 for the builder.
      { kind: 'open', fee: 405_000n },
      { kind: 'notice', what: 'builder_fee', amount: 300_000n },
      { kind: 'tally', realised: -405_000n },
    ]);
    world.movePrice(160_000_000n);
    expect(heard(trade('short', 160_000_000n), ana)).toMatchObject([
      { kind: 'close', fee: 432_000n, netPnl: 19_568_000n },
      { kind: 'notice', what: 'builder_fee', amount: 320_000n },
      { kind: 'tally', realised: 19_568_000n },
    ]);
    expect(realised(world, ana) - start).toBe(19_568_000n - 405_000n);
    // A settlement and a withdrawal, as a payment sends them.
    world.send(
      [instructions.settle(ana, owner), instructions.withdraw(ana, usdtOf(owner), 5n * USDT)],
      [world.faucet, ana.agent],
    );
    expect(realised(world, ana) - start).toBe(19_568_000n - 405_000n);
  });

  test('scale orders are heard as other orders: they tell nothing, also of accounts behind their own', () => {
    const { world, ana, maker } = tape.stage();
    // Perp, long, market 0; two orders of the same size between 72 and 70 USDT.
    const order = [Buffer.of(1, 0), u16(0), u64(SOL / 5n), u64(72n * USDT), u64(70n * USDT)];
    const { keys } = instructions.cancelAll(maker);
    const placed = world.send(
      [
        build(
          'place_scale_orders',
          [...order, Buffer.of(2, 0, 0, 0, 0, 0)],
          [...keys, meta(userOf(ana))],
        ),
      ],
      [world.faucet, maker.agent],
    );
    expect(placed.execution.logs.join()).toContain('Instruction: PlaceScaleOrders');
    const { openOrders } = VELOCITY_LAYOUT.decodeAccount('User', world.userBytes(maker));
    expect(openOrders).toBe(2);
    expect(factsAbout(placed, ana, maker)).toEqual([]);
  });
});
