// Velocity's outflows: every instruction of the profile that moves value or control, as its
// compiled program executes it, or as it was recorded (velocity-tape.ts): what is heard of it with
// its log, and with a log that was cut.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  createAssociatedTokenAccountIdempotentInstruction,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { describe, expect, test } from 'vitest';
import { addresses, USDT as MINT, ORACLES } from '../../src/local/velocity/genesis.ts';
import {
  build,
  instructions,
  statsOf,
  tail,
  usdtOf,
  userOf,
} from '../../src/local/velocity/instructions.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { hear } from '../support/hear.ts';
import { transactionOf } from '../support/transaction.ts';
import {
  giveSol,
  solAccountOf,
  swapOfUsdt,
  withdrawSol,
} from '../support/velocity-liquidations.ts';
import { edit, key, meta, watchedOf } from '../support/velocity-stage.ts';
import { openTape } from '../support/velocity-tape.ts';
import {
  expectNotice,
  expectOutflow,
  heardOf,
  noticesOf,
  openPool,
  outflowsOf,
  poolOf,
  sendOf,
  some,
  u16,
  u64,
} from '../support/velocity-ways.ts';

const tape = openTape('velocity-outflows.json');
const USDT = 1_000_000n;
const SOL = 1_000_000_000n;
const STATE = key(addresses.state);
/** Net of what left: SOL at 150 USD, and USDT at its oracle price, are valued by the record. */
const worth = (amount: bigint): bigint => (amount * 999_289n) / 1_000_000n;

describe(tape.where, () => {
  test('withdraw: to the own wallet it stays inside, to another one it leaves', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    const send = sendOf(stage, ana);
    const own = usdtOf(ana.agent.publicKey);
    expectOutflow(
      send(instructions.withdraw(ana, own, 5n * USDT)),
      { route: 'withdraw', amount: 5n * USDT, destination: own.toBase58(), internal: true },
      worth(5n * USDT),
      ana,
    );
    const { faucet } = world;
    const away = usdtOf(faucet.publicKey);
    const landed = send(
      createAssociatedTokenAccountIdempotentInstruction(
        faucet.publicKey,
        away,
        faucet.publicKey,
        MINT,
      ),
      instructions.withdraw(ana, away, 7n * USDT),
    );
    expectOutflow(
      landed,
      { route: 'withdraw', amount: 7n * USDT, destination: away.toBase58(), internal: false },
      worth(7n * USDT),
      ana,
    );
  });

  test('withdraw of SOL: lamports, valued at the oracle', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    giveSol(
      { world, act: (given, ...by) => void world.send(given, [world.faucet, ...by]) },
      ana,
      3n * SOL,
    );
    expectOutflow(
      sendOf(stage, ana)(withdrawSol(ana, 2n * SOL, true)),
      { route: 'withdraw', amount: 2n * SOL, destination: solAccountOf(ana).toBase58() },
      300n * USDT,
      ana,
    );
  });

  test('deposit: into the own account nothing leaves', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    world.giveUsdt(ana.agent.publicKey, 9n * USDT);
    const heard = heardOf(sendOf(stage, ana)(instructions.deposit(ana, 9n * USDT)), ana);
    for (const bodies of [heard.whole, heard.cut]) expect(outflowsOf(bodies)).toEqual([]);
  });

  test('deposit: into the account of another, whose delegate the agent is, it leaves', () => {
    const stage = tape.stage();
    const { world, ana, maker } = stage;
    sendOf(stage, maker)(instructions.setDelegate(maker, ana.agent.publicKey));
    world.giveUsdt(ana.agent.publicKey, 9n * USDT);
    const deposit = instructions.deposit(maker, 9n * USDT);
    const keys = deposit.keys.map((each, at) =>
      at === 3
        ? meta(ana.agent.publicKey, false, true)
        : at === 5
          ? meta(usdtOf(ana.agent.publicKey), true)
          : each,
    );
    Object.assign(deposit, { keys });
    const heard = heardOf(sendOf(stage, ana)(deposit), ana);
    for (const bodies of [heard.whole, heard.cut])
      expect(outflowsOf(bodies)).toMatchObject([
        { route: 'foreign_deposit', amount: 9n * USDT, internal: false },
      ]);
  });

  test('transfer_deposit and transfer_deposit_by_delegate stay inside, and name where to follow', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    const other = world.createSubAccount(ana, 1);
    const delegate = { agent: world.newKey(), subAccountId: 0 };
    const to = { route: 'transfer', destination: userOf(other).toBase58(), internal: true };
    const send = sendOf(stage, ana);
    const own = send(instructions.transferDeposit(ana, 1, 11n * USDT));
    expectOutflow(own, { ...to, amount: 11n * USDT }, worth(11n * USDT), ana, other);
    const appointed = send(
      instructions.setDelegate(ana, delegate.agent.publicKey),
      instructions.setDelegate(other, delegate.agent.publicKey),
      instructions.allowDelegateTransfers(ana.agent.publicKey, true),
    );
    expect(noticesOf(heardOf(appointed, ana, other).cut)).toEqual([
      'delegate_changed',
      'delegate_changed',
      'delegate_transfers_changed',
    ]);
    const moved = sendOf(
      stage,
      delegate,
    )(instructions.transferByDelegate(ana, 1, 13n * USDT, delegate.agent.publicKey));
    expectOutflow(moved, { ...to, amount: 13n * USDT }, worth(13n * USDT), ana, other);
  });

  test('transfer_pools into another pool stays inside; only its record tells the amount', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    const other = world.createSubAccount(ana, 1);
    openPool(stage);
    sendOf(stage, ana)(poolOf(other, 1));
    const moved = build(
      'transfer_pools',
      [u16(0), u16(2), u16(1), u16(3), some(50n * USDT), some(0n)],
      [
        meta(userOf(ana), true),
        meta(userOf(other), true),
        meta(statsOf(ana.agent.publicKey), true),
        meta(ana.agent.publicKey, false, true),
        meta(STATE),
        ...[0, 2, 1, 3].map((market) => meta(key(addresses.spotVault(market)), true)),
        meta(key(addresses.signer)),
        meta(ORACLES.sol),
        meta(ORACLES.usdt),
        ...[0, 1, 2, 3].map((market) => meta(key(addresses.spotMarket(market)), true)),
        meta(TOKEN_PROGRAM_ID),
      ],
    );
    const landed = sendOf(stage, ana)(moved);
    const heard = heardOf(landed, ana, other);
    const wanted = { route: 'transfer', destination: userOf(other).toBase58(), internal: true };
    expect(outflowsOf(heard.whole)).toMatchObject([{ ...wanted, amount: 50n * USDT }]);
    expect(outflowsOf(heard.cut)).toMatchObject([{ ...wanted, amount: 0n, usd: null }]);
    // Both accounts are read again, because their deposits are not known.
    expect(heard.cut.filter(({ kind }) => kind === 'unknown')).toHaveLength(2);
  });

  test('begin_swap and end_swap that lose more than they may are a notice with the loss', () => {
    const stage = tape.stage();
    const { ana } = stage;
    const { begin, end, exchange } = swapOfUsdt(stage, ana, 150n * USDT, (9n * SOL) / 10n);
    const landed = sendOf(stage, ana)(begin, ...exchange, end);
    const { whole, cut } = heardOf(landed, ana);
    // 150 USDT at 0.999289, less 0.9 SOL at 150.
    expect(whole).toContainEqual(
      expect.objectContaining({ kind: 'notice', what: 'swap_loss', amount: 14_893_350n }),
    );
    // What the exchange took out of the wallet, and the lamports that it brought, need no record.
    for (const bodies of [whole, cut])
      expect(outflowsOf(bodies)).toMatchObject([
        { route: 'token_transfer', amount: 150n * USDT, brought: (9n * SOL) / 10n },
      ]);
  });

  test('update_user_margin_trading_enabled, update_user_pool_id and delete_user are notices', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    const send = sendOf(stage, ana);
    const other = world.createSubAccount(ana, 1);
    const owner = meta(ana.agent.publicKey, false, true);
    const enable = build(
      'update_user_margin_trading_enabled',
      [u16(0), Buffer.of(1)],
      [meta(userOf(ana), true), owner, ...tail()],
    );
    expectNotice(send(enable), 'margin_trading_changed', ana, other);
    expectNotice(send(poolOf(other, 1)), 'pool_changed', ana, other);
    const remove = build(
      'delete_user',
      [],
      [
        meta(userOf(other), true),
        meta(statsOf(ana.agent.publicKey), true),
        meta(STATE, true),
        meta(ana.agent.publicKey, true, true),
      ],
    );
    expectNotice(send(remove), 'user_deleted', ana, other);
    expect(world.cluster.bank.get(userOf(other).toBase58())).toBeNull();
  });

  test('force_cancel_orders takes its fee out of the deposit, so that no profit changes', () => {
    const stage = tape.stage();
    const { world, ana, maker } = stage;
    sendOf(stage, ana)(instructions.make(ana, 'long', 10n * SOL, 149_000_000n));
    edit(world, userOf(ana).toBase58(), (data) => data.writeBigUInt64LE(20n * SOL, 104));
    const stateOf = () => VELOCITY.states.ofUser(world.userBytes(ana));
    const before = stateOf();
    const parties = [
      meta(STATE),
      meta(maker.agent.publicKey, false, true),
      meta(userOf(maker), true),
      meta(userOf(ana), true),
    ];
    const cancel = build('force_cancel_orders', [], [...parties, ...tail()]);
    const cancelled = sendOf(stage, maker)(cancel);
    // A keeper's fee of 0.01 USDT; a deposit has nine decimals.
    expect((stateOf().quote?.scaled ?? 0n) - (before.quote?.scaled ?? 0n)).toBe(-10_000_000n);
    expect(stateOf().counters).toEqual(before.counters);
    expect(heardOf(cancelled, ana)).toEqual({
      whole: [],
      cut: [{ kind: 'unknown', why: 'log_truncated', tradedAt: null }],
    });
  });

  test('force_delete_user fails in this build, and is heard by its instruction in one that mends it', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    const { faucet } = world;
    edit(world, addresses.state, (data) => faucet.publicKey.toBuffer().copy(data, 8));
    const idle = world.createSubAccount(ana, 1);
    edit(world, userOf(idle).toBase58(), (data) => data.writeBigUInt64LE(1n, 4_448));
    const forced = build(
      'force_delete_user',
      [],
      [
        meta(userOf(idle), true),
        meta(statsOf(ana.agent.publicKey), true),
        meta(STATE, true),
        meta(ana.agent.publicKey, true),
        meta(faucet.publicKey, true, true),
        meta(key(addresses.signer)),
        ...tail(),
      ],
    );
    const landed = world.attempt([forced], [faucet]);
    if (typeof landed === 'string') throw new Error(landed);
    // It borrows its state twice (keeper/force_delete.rs says so where newer sources mend it).
    expect(landed.execution.error).toEqual({ InstructionError: [1, 'AccountBorrowFailed'] });
    const transaction = transactionOf(landed);
    const of = (error: unknown) =>
      hear(VELOCITY, { ...transaction, error }, watchedOf(ana, idle)).map(({ body }) => body);
    expect(of(transaction.error)).toEqual([]);
    expect(noticesOf(of(null))).toEqual(['user_deleted']);
  });

  test('update_user_equity_floor is a notice with its amount', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    const { faucet } = world;
    edit(world, addresses.state, (data) => faucet.publicKey.toBuffer().copy(data, 8));
    const floor = build(
      'update_user_equity_floor',
      [u64(400n * USDT), u64(0n)],
      [meta(faucet.publicKey, false, true), meta(STATE), meta(userOf(ana), true)],
    );
    const landed = world.send([floor], [faucet]);
    expectNotice(landed, 'equity_floor_changed', ana);
    expect(heardOf(landed, ana).whole).toMatchObject([{ amount: 400n * USDT }]);
    expect(Buffer.from(world.userBytes(ana)).readBigUInt64LE(4_480)).toBe(400n * USDT);
  });
});

/** Calls of the profile that no recording holds, each with its reason. */
const NOT_RECORDED: Readonly<Record<string, string>> = {
  withdraw_from_isolated_perp_position: 'the build answers 101',
  deposit_into_isolated_perp_position: 'the build answers 101',
  transfer_isolated_perp_position_deposit: 'the build answers 101',
};

test('every other instruction of the profile that moves value or control was executed in a recording', () => {
  const folder = path.join(import.meta.dirname, '../fixtures');
  const text = readdirSync(folder)
    .filter((name) => name.startsWith('velocity-'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('');
  const display = (name: string) =>
    name.replace(/(^|_)([a-z])/g, (_all, _line, letter: string) => letter.toUpperCase());
  const named: Readonly<Record<string, string>> = {
    isolated_withdraw: 'withdraw_from_isolated_perp_position',
    isolated_deposit: 'deposit_into_isolated_perp_position',
    isolated_transfer: 'transfer_isolated_perp_position_deposit',
  };
  const missing = Object.values(VELOCITY.profile.calls)
    .map(({ call }) => named[call] ?? call)
    .filter((name) => !text.includes(`Program log: Instruction: ${display(name)}"`));
  expect(missing.sort()).toEqual(Object.keys(NOT_RECORDED).sort());
});
