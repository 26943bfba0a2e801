// Conservation: the balances show value that leaves an agent's wallet by any instruction, and value
// that stays the subscriber's is no outflow. Every act is executed by the real token programs and
// the system program in LiteSVM.
import {
  AuthorityType,
  createApproveInstruction,
  createBurnInstruction,
  createCloseAccountInstruction,
  createSetAuthorityInstruction,
  createTransferInstruction,
  NATIVE_MINT,
} from '@solana/spl-token';
import {
  ComputeBudgetProgram,
  Keypair,
  type PublicKey,
  SystemProgram,
  type TransactionInstruction,
} from '@solana/web3.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { DRIFT, USDC } from '../../src/local/drift/addresses.ts';
import {
  batch,
  createAllowPrefund,
  openAccount,
  openStageBeside,
  paySol,
  SOL,
  type Stage,
  sendUsdc,
  unwrapLamports,
  usdcAccount,
  withdrawExcessLamports,
  wrappedAccountOf,
  wrapSol,
} from '../support/wallet-acts.ts';

let stage: Stage;
let agent: PublicKey;
let own: PublicKey;
const stranger = Keypair.generate();
const theirs = usdcAccount(stranger.publicKey);
afterEach(() => stage.world.release());
beforeEach(() => {
  stage = openStageBeside(stranger.publicKey);
  agent = stage.agent;
  own = usdcAccount(agent);
});

const send = (from: PublicKey, to: PublicKey, amount: bigint, owner = agent) =>
  sendUsdc(from, to, owner, amount);

type Way = () => { acts: Landed[]; amount: bigint; to?: PublicKey; usdc?: true };
const big = Keypair.generate();
const between = Keypair.generate();
/** Each act takes something from a subscriber who owes, each by another instruction. */
const WAYS: Readonly<Record<string, Way>> = {
  'a plain transfer': () => ({
    acts: [stage.act([paySol(agent, stranger.publicKey, 5n * SOL)])],
    amount: 5n * SOL,
    to: stranger.publicKey,
  }),
  'SOL put into the own account of another token': () => ({
    acts: [stage.act([paySol(agent, own, 5n * SOL)])],
    amount: 5n * SOL,
    to: own,
  }),
  'rent of a large account': () => {
    const space = 10 * 1024 * 1024;
    const lamports = stage.world.cluster.bank.minimumBalance(space);
    const create = SystemProgram.createAccount({
      fromPubkey: agent,
      newAccountPubkey: big.publicKey,
      lamports: Number(lamports),
      space,
      programId: SystemProgram.programId,
    });
    return {
      acts: [stage.act([create], [stage.trader.agent, big])],
      amount: lamports,
      to: big.publicKey,
    };
  },
  CreateAccountAllowPrefund: () => ({
    acts: [
      stage.act(
        [createAllowPrefund(agent, between.publicKey, 20n * SOL)],
        [stage.trader.agent, between],
      ),
    ],
    amount: 20n * SOL,
    to: between.publicKey,
  }),
  'fifty times a hundredth of a SOL at once': () => ({
    acts: [
      stage.act(Array.from({ length: 50 }, () => paySol(agent, stranger.publicKey, SOL / 100n))),
    ],
    amount: SOL / 2n,
    to: stranger.publicKey,
  }),
  'wrapped SOL unwrapped to somebody else': () => ({
    acts: [
      stage.act(wrapSol(agent, 7n * SOL)),
      stage.act([unwrapLamports(wrappedAccountOf(agent), stranger.publicKey, agent)]),
    ],
    amount: 7n * SOL,
    to: stranger.publicKey,
  }),
  'wrapped SOL sent as tokens': () => {
    const to = wrappedAccountOf(stranger.publicKey);
    return {
      acts: [
        stage.act(wrapSol(agent, 7n * SOL)),
        stage.act([
          openAccount(stage.world.driver.faucet.publicKey, stranger.publicKey, NATIVE_MINT),
          createTransferInstruction(wrappedAccountOf(agent), to, agent, 7n * SOL),
        ]),
      ],
      amount: 7n * SOL,
      to,
    };
  },
  'a batch that sends tokens': () => ({
    acts: [stage.act([batch(send(own, theirs, 60_000_000n))])],
    amount: 60_000_000n,
    to: theirs,
    usdc: true,
  }),
  'a token account in between': () => {
    const middle = wrappedAccountOf(between.publicKey);
    return {
      acts: [
        stage.act(
          [
            ...wrapSol(agent, 3n * SOL),
            openAccount(stage.world.driver.faucet.publicKey, between.publicKey, NATIVE_MINT),
            createTransferInstruction(wrappedAccountOf(agent), middle, agent, 3n * SOL),
            createCloseAccountInstruction(middle, stranger.publicKey, between.publicKey),
          ],
          [stage.trader.agent, between],
        ),
      ],
      // The amount includes the rent that the faucet paid for the account in between.
      amount: 3n * SOL,
      to: stranger.publicKey,
    };
  },
  'the wallet given to a program': () => ({
    acts: [stage.act([SystemProgram.assign({ accountPubkey: agent, programId: DRIFT })])],
    amount: 100n * SOL,
    to: DRIFT,
  }),
  'a delegate that the agent appointed': () => ({
    acts: [
      stage.act([createApproveInstruction(own, stranger.publicKey, agent, 60_000_000n)]),
      stage.act([send(own, theirs, 60_000_000n, stranger.publicKey)], [stranger]),
    ],
    amount: 60_000_000n,
    to: theirs,
    usdc: true,
  }),
  'a closing authority that the agent appointed': () => {
    const wrapped = wrappedAccountOf(agent);
    const { publicKey } = stranger;
    const close = createSetAuthorityInstruction(
      wrapped,
      agent,
      AuthorityType.CloseAccount,
      publicKey,
    );
    return {
      acts: [
        stage.act([...wrapSol(agent, 5n * SOL), close]),
        stage.act([createCloseAccountInstruction(wrapped, publicKey, publicKey)], [stranger]),
      ],
      amount: 5n * SOL,
      to: publicKey,
    };
  },
  'tokens burnt': () => ({
    acts: [stage.act([createBurnInstruction(own, USDC, agent, 60_000_000n)])],
    amount: 60_000_000n,
    usdc: true,
  }),
  'a token account given away': () => ({
    acts: [
      stage.act([
        createSetAuthorityInstruction(own, agent, AuthorityType.AccountOwner, stranger.publicKey),
      ]),
    ],
    amount: 100_000_000n,
    to: stranger.publicKey,
    usdc: true,
  }),
};

describe('out of reach', () => {
  test.each(Object.keys(WAYS))('%s', (name) => {
    const { acts, amount, to, usdc } = (WAYS[name] as Way)();
    expect(stage.standing(...acts)).toBe('delinquent');
    const rent = 2_039_280n;
    const found = stage
      .outflows(...acts)
      .filter((each) => (usdc === true) === (each.mint === USDC.toBase58()))
      .filter((each) => each.destination === (to?.toBase58() ?? null));
    const sum = found.reduce((total, each) => total + each.amount, 0n);
    // When the account is closed as well, its rent leaves with the tokens.
    expect([amount, amount + rent]).toContain(sum);
    expect(new Set(found.map((each) => each.ofValue))).toEqual(new Set([true]));
  });
  test('a priority fee beyond what fees may be, even when the transaction fails', () => {
    const price = (microLamports: number) =>
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports });
    const paid = stage.act([price(1_000_000_000)], [stage.trader.agent], 'first');
    const { fee } = paid.execution;
    expect(fee).toBeGreaterThan(SOL / 2n);
    expect(stage.outflows(paid)).toEqual([
      expect.objectContaining({ route: 'network_fee', amount: fee - 5_000_000n }),
    ]);
    expect(stage.standing(paid)).toBe('delinquent');
    const failed = stage.world.driver.attempt(
      [price(2_000_000_000), paySol(agent, stranger.publicKey, 10_000n * SOL)],
      [stage.trader.agent],
    ) as Landed;
    expect(failed.execution.error).not.toBeNull();
    expect(stage.outflows(failed).map((each) => each.route)).toEqual(['network_fee']);
    const ordinary = stage.act([price(1_000)], [stage.trader.agent], 'first');
    expect(stage.outflows(ordinary)).toEqual([]);
  });
});

describe('stays within reach', () => {
  const kept: Readonly<Record<string, () => TransactionInstruction[][]>> = {
    'wrapping SOL, and unwrapping it by closing': () => [
      wrapSol(agent, 3n * SOL),
      [createCloseAccountInstruction(wrappedAccountOf(agent), agent, agent)],
    ],
    'UnwrapLamports to itself': () => [
      wrapSol(agent, 3n * SOL),
      [unwrapLamports(wrappedAccountOf(agent), agent, agent)],
    ],
    'a batch that closes to itself': () => [
      wrapSol(agent, 3n * SOL),
      [batch(createCloseAccountInstruction(wrappedAccountOf(agent), agent, agent))],
    ],
    'excess lamports back to itself': () => [
      [paySol(stage.world.driver.faucet.publicKey, own, 5n * SOL), paySol(agent, agent, 0n)],
      [withdrawExcessLamports(own, agent, agent)],
    ],
    'rent of own sub-accounts and own token accounts': () => [
      [stage.world.driver.instructions.initializeUser(agent, agent, 1)],
      [openAccount(agent, agent, NATIVE_MINT)],
    ],
    'a deposit into the own account at the venue': () => [
      [stage.world.driver.instructions.deposit(stage.trader, 50_000_000n)],
    ],
    'SOL collateral on its way to the wallet': () => [
      [
        ...wrapSol(agent, 9n * SOL),
        stage.world.driver.instructions.deposit(stage.trader, 9n * SOL, 1, wrappedAccountOf(agent)),
      ],
      [
        stage.world.driver.instructions.withdraw(
          stage.trader,
          wrappedAccountOf(agent),
          4n * SOL,
          false,
          1,
        ),
      ],
      [unwrapLamports(wrappedAccountOf(agent), agent, agent)],
    ],
    'collateral withdrawn to the own token account': () => [
      [stage.world.driver.instructions.withdraw(stage.trader, own, 70_000_000n)],
    ],
  };
  test.each(Object.keys(kept))('%s', (name) => {
    const landed = (kept[name] as () => TransactionInstruction[][])().map((each) =>
      stage.act(each),
    );
    expect(stage.outflows(...landed).filter((each) => !each.internal)).toEqual([]);
    expect(stage.standing(...landed)).toBe('good');
  });
  test('SOL collateral is followed until it leaves: the last step is the outflow', () => {
    const { deposit, withdraw } = stage.world.driver.instructions;
    const wrapped = wrappedAccountOf(agent);
    const steps = [
      stage.act([...wrapSol(agent, 9n * SOL), deposit(stage.trader, 9n * SOL, 1, wrapped)]),
      stage.act([withdraw(stage.trader, wrapped, 8n * SOL, false, 1)]),
      stage.act([unwrapLamports(wrapped, agent, agent)]),
    ];
    expect(stage.standing(...steps)).toBe('good');
    const last = stage.act([paySol(agent, stranger.publicKey, 90n * SOL)]);
    expect(stage.standing(...steps, last)).toBe('delinquent');
    expect(stage.outflows(last)).toEqual([expect.objectContaining({ amount: 90n * SOL })]);
  });
});
