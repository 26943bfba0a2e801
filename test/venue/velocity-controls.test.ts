// Velocity's controls: what its compiled program does with equity floors, stale interest, grown
// accounts and delegates, and what this project makes of each. Without the file the recording of
// what it did is played (velocity-tape.ts).
import { SystemProgram, TransactionInstruction } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import type { Chain, ChainAccount } from '../../src/core/chain-ports.ts';
import type { Notice } from '../../src/core/fact.ts';
import type { Address } from '../../src/core/ids.ts';
import type { PaymentParts } from '../../src/core/signing-ports.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import type { SeenAccount } from '../../src/core/venue.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { addresses, ORACLES } from '../../src/local/velocity/genesis.ts';
import {
  build,
  instructions,
  statsOf,
  type Trader,
  tail,
  usdtOf,
  userOf,
} from '../../src/local/velocity/instructions.ts';
import type { VelocityWorld } from '../../src/local/velocity/world.ts';
import { classify } from '../../src/venue/errors.ts';
import { createVelocityVenue, VELOCITY } from '../../src/venue/velocity/venue.ts';
import { hear } from '../support/hear.ts';
import { transactionOf } from '../support/transaction.ts';
import { agentOf, edit, heard, key, meta, watchedOf } from '../support/velocity-stage.ts';
import { openTape } from '../support/velocity-tape.ts';

const tape = openTape('velocity-controls.json');
const USDT = 1_000_000n;
const SOL = 1_000_000_000n;
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};
const wired = ({ program, accounts, data }: Instruction) =>
  new TransactionInstruction({
    programId: key(program),
    keys: accounts.map(({ address, ...flags }) => ({ pubkey: key(address), ...flags })),
    data: Buffer.from(data),
  });

const readerOf =
  ({ cluster }: VelocityWorld): Chain['accounts'] =>
  async (asked) => ({
    slot: cluster.slot('processed'),
    accounts: asked.map((address): ChainAccount | null => {
      const found = cluster.bank.get(address);
      return found === null ? null : { ...found, owner: found.owner as Address };
    }),
  });
const venue = createVelocityVenue();

/** The account and funds of a trader, as a preflight reads them. */
async function seen(world: VelocityWorld, trader: Trader) {
  const user = userOf(trader).toBase58() as Address;
  const asked = await venue.preflightAccounts(user, agentOf(trader));
  const found = venue.read(user, (await readerOf(world)(asked)).accounts);
  if (found === null) throw new Error('the account is not there');
  return found;
}
/** A payment's instructions out of the account: no settlement, and this withdrawal. */
const paying = async (
  world: VelocityWorld,
  trader: Trader,
  account: SeenAccount,
  withdraw: bigint,
): Promise<Instruction[]> => {
  const parts = {
    agent: agentOf(trader),
    source: usdtOf(trader.agent.publicKey).toBase58(),
    payment: { driftUser: account.address, plan: { withdraw, settleMarkets: [] } },
  } as unknown as PaymentParts;
  return venue.instructions(parts, account, readerOf(world));
};
const troubleOf = (landed: Landed | string) => {
  if (typeof landed === 'string') throw new Error(landed);
  const { error, logs } = landed.execution;
  const { instructions: sent } = transactionOf(landed);
  return classify(
    VELOCITY.profile,
    error,
    sent.map(({ program }) => program),
    logs,
    String,
  );
};
const noticesOf = (bodies: ReturnType<typeof heard>): Notice['what'][] =>
  bodies.flatMap((body) => (body.kind === 'notice' ? [body.what] : []));

describe(tape.where, () => {
  test('below an equity floor a payment rests; once the breaker is tripped it waits for an operator', async () => {
    const { world, ana } = tape.stage();
    const user = userOf(ana).toBase58();
    edit(world, user, (data) => data.writeBigUInt64LE(2_000n * USDT, 4_480));
    const { account, funds } = await seen(world, ana);
    expect(funds.blocked).toBeNull();
    const built = (await paying(world, ana, account, USDT)).map(wired);
    const signers = [world.faucet, ana.agent];
    const below = troubleOf(world.attempt(built, signers));
    expect(below).toMatchObject({ class: 'retry_when_healthier', code: 'venue_6358' });

    const keeper = world.newKey();
    const trip = build(
      'trip_equity_floor_breaker',
      [],
      [
        meta(key(addresses.state)),
        meta(keeper.publicKey, false, true),
        meta(userOf(ana)),
        meta(statsOf(ana.agent.publicKey), true),
        ...tail(),
      ],
    );
    const tripped = world.send([trip], [world.faucet, keeper]);
    expect(noticesOf(heard(tripped, ana))).toEqual(['equity_breaker_tripped']);
    // The floor is gone, and the breaker still holds: it stops every sub-account of the wallet.
    edit(world, user, (data) => data.writeBigUInt64LE(0n, 4_480));
    expect(troubleOf(world.attempt(built, signers))).toMatchObject({ code: 'venue_6358' });
    expect((await seen(world, ana)).funds.blocked).toMatchObject({
      class: 'operator',
      code: 'equity_breaker_tripped',
    });
  });

  test('interest of a borrowed market is booked before the withdrawal, by an instruction that the program takes', async () => {
    const { world, ana } = tape.stage();
    edit(world, userOf(ana).toBase58(), (data) => {
      data.writeBigUInt64LE(SOL / 10n, 144);
      data.writeUInt16LE(1, 176);
      data.writeUInt8(1, 178);
    });
    edit(world, addresses.spotMarket(1), (data) => data.writeBigUInt64LE(SOL / 10n, 312));
    world.pass(7_200);
    const { account } = await seen(world, ana);
    expect(account).toMatchObject({ spotMarkets: [0, 1], borrowed: [1] });
    // The error that asks for it is in the sources, and not in the program of 2026-07.
    const stale = classify(
      VELOCITY.profile,
      { InstructionError: [0, { Custom: 6_371 }] },
      [VELOCITY.profile.programId],
      [],
      String,
    );
    expect(stale).toMatchObject({ class: 'retry_soon', code: 'venue_6371' });
    const again = venue.refreshed(stale, account);
    if (again === null) throw new Error('no other attempt');
    expect(venue.refreshed(stale, again)).toBeNull();
    expect(venue.refreshed({ ...stale, code: 'venue_6003' }, account)).toBeNull();
    const built = await paying(world, ana, again, USDT);
    expect(built.map((each) => venue.inspect(each))).toMatchObject([
      { effect: 'refresh_interest', accounts: 4 },
      { effect: 'withdraw', amount: USDT },
    ]);
    const bookedAt = () =>
      Buffer.from(world.cluster.bank.get(addresses.spotMarket(1))?.data ?? []).readBigInt64LE(584);
    const before = bookedAt();
    world.send(built.map(wired), [world.faucet, ana.agent]);
    expect(bookedAt() - before).toBeGreaterThanOrEqual(7_200n);
  });

  test('a withdrawal without the oracle of market 0 is refused; a payment names it', async () => {
    const { world, ana } = tape.stage();
    const { account } = await seen(world, ana);
    const [withdrawal] = await paying(world, ana, account, USDT);
    if (withdrawal === undefined) throw new Error('nothing is built');
    const oracle = ORACLES.usdt.toBase58();
    expect(withdrawal.accounts.map((each) => each.address)).toContain(oracle);
    const without = {
      ...withdrawal,
      accounts: withdrawal.accounts.filter((each) => each.address !== oracle),
    };
    const signers = [world.faucet, ana.agent];
    expect(troubleOf(world.attempt([wired(without)], signers))).toMatchObject({
      class: 'operator',
      code: 'venue_6036',
    });
    world.send([wired(withdrawal)], signers);
  });

  test('an account that was never grown is refused by its length, and read once extend_account grew it', () => {
    const { world, ana } = tape.stage();
    const user = userOf(ana).toBase58();
    const { faucet } = world;
    edit(world, addresses.state, (data) => {
      faucet.publicKey.toBuffer().copy(data, 8);
    });
    edit(world, user, () => {}, 4_376);
    expect(() => VELOCITY.accounts.user(world.userBytes(ana))).toThrow(
      'it was never grown to the length',
    );
    const grown = world.send(
      [
        build(
          'extend_account',
          [],
          [
            meta(key(addresses.state)),
            meta(faucet.publicKey, true, true),
            meta(faucet.publicKey, false, true),
            meta(userOf(ana), true),
            meta(SystemProgram.programId),
          ],
        ),
      ],
      [faucet],
    );
    expect(heard(grown, ana)).toEqual([]);
    expect(VELOCITY.accounts.user(world.userBytes(ana)).spots).toHaveLength(1);
  });

  test('a delegate’s transfer is heard without its log, and isolated positions are not in the build', () => {
    const { world, ana } = tape.stage();
    const other = world.createSubAccount(ana, 1);
    const delegate = world.newKey();
    world.send(
      [
        instructions.setDelegate(ana, delegate.publicKey),
        instructions.setDelegate(other, delegate.publicKey),
        instructions.allowDelegateTransfers(ana.agent.publicKey, true),
      ],
      [world.faucet, ana.agent],
    );
    const moved = world.send(
      [instructions.transferByDelegate(ana, 1, 7n, delegate.publicKey)],
      [world.faucet, delegate],
    );
    const { logs, ...rest } = transactionOf(moved);
    const cut = { ...rest, logs: [...logs.slice(0, 1), 'Log truncated'] };
    const bodies = hear(VELOCITY, cut, watchedOf(ana, other)).map(({ body }) => body);
    expect(bodies).toContainEqual(
      expect.objectContaining({ kind: 'outflow', route: 'transfer', amount: 7n, internal: true }),
    );
    const isolated = build(
      'deposit_into_isolated_perp_position',
      [Buffer.alloc(2), u64(1n)],
      [meta(key(addresses.state)), meta(userOf(ana), true)],
    );
    const refused = world.attempt([isolated], [world.faucet]);
    expect(troubleOf(refused)).toMatchObject({ code: 'venue_101' });
  });
});
