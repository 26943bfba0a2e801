// Conservation over random transactions: the loss of the accounts, read from the chain, equals the
// sum of the outflow facts.
import {
  AccountLayout,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  NATIVE_MINT,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import {
  Keypair,
  type PublicKey,
  SystemProgram,
  type TransactionInstruction,
} from '@solana/web3.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { TOKEN_ACCOUNT_RENT } from '../../src/core/holdings.ts';
import { least } from '../../src/core/money.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { createRandom } from '../sim/random.ts';
import {
  batch,
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
beforeEach(() => {
  stage = openStageBeside(stranger.publicKey);
  agent = stage.agent;
  own = usdcAccount(agent);
});

const send = (from: PublicKey, to: PublicKey, amount: bigint, owner = agent) =>
  sendUsdc(from, to, owner, amount);

describe('to the unit', () => {
  /** The holdings of the agent, read from the chain and not from a transaction. */
  const held = (accounts: readonly PublicKey[]) => {
    const sums = { sol: 0n, usdc: 0n };
    for (const each of accounts) {
      const account = stage.world.cluster.bank.get(each.toBase58());
      if (account === null) continue;
      const isToken = account.owner === TOKEN_PROGRAM_ID.toBase58();
      const decoded = isToken ? AccountLayout.decode(account.data) : null;
      if (decoded !== null && !decoded.owner.equals(agent)) continue;
      const isWrapped = decoded?.mint.equals(NATIVE_MINT) ?? true;
      sums.sol += isWrapped ? account.lamports : least(account.lamports, TOKEN_ACCOUNT_RENT);
      if (decoded?.mint.equals(USDC)) sums.usdc += decoded.amount;
    }
    return sums;
  };
  test('over random transactions, what is gone is exactly what was told', () => {
    const random = createRandom(7);
    const second = Keypair.generate();
    const wrapped = wrappedAccountOf(agent);
    const { driver } = stage.world;
    const rent = stage.world.cluster.bank.minimumBalance(165);
    const openSecond = [
      SystemProgram.createAccount({
        fromPubkey: agent,
        newAccountPubkey: second.publicKey,
        lamports: Number(rent),
        space: 165,
        programId: TOKEN_PROGRAM_ID,
      }),
      createInitializeAccount3Instruction(second.publicKey, USDC, agent),
    ];
    const accounts = [agent, own, wrapped, second.publicKey];
    driver.giveUsdc(stranger.publicKey, 50_000_000n);
    driver.giveSol(stranger.publicKey, 50n * SOL);
    stage.act(openSecond, [stage.trader.agent, second]);
    const some = () => BigInt(1 + random.below(400_000));
    const moves: (() => TransactionInstruction[])[] = [
      () => [paySol(agent, stranger.publicKey, some())],
      () => [paySol(stranger.publicKey, agent, some())],
      () => [send(own, theirs, some())],
      () => [send(own, second.publicKey, some())],
      () => [batch(send(own, theirs, some()), send(own, second.publicKey, some()))],
      () => [send(theirs, own, some(), stranger.publicKey)],
      () => wrapSol(agent, some()),
      () => [...wrapSol(agent, some()), unwrapLamports(wrapped, stranger.publicKey, agent)],
      () => [...wrapSol(agent, some()), createCloseAccountInstruction(wrapped, agent, agent)],
      () => [paySol(agent, own, some()), withdrawExcessLamports(own, stranger.publicKey, agent)],
      () => [paySol(agent, own, some())],
    ];
    let told = 0;
    for (let round = 0; round < 120; round++) {
      const before = held(accounts);
      const steps = Array.from({ length: 1 + random.below(3) }, () => random.pick(moves)());
      const byAgent = random.chance(0.5);
      const sign = [paySol(agent, agent, 0n), paySol(stranger.publicKey, stranger.publicKey, 0n)];
      const landed = driver.attempt(
        [...steps.flat(), ...sign],
        [byAgent ? stage.trader.agent : driver.faucet, stage.trader.agent, stranger],
      );
      if (typeof landed === 'string' || landed.execution.error !== null) continue;
      const after = held(accounts);
      const fee = byAgent ? landed.execution.fee : 0n;
      const left = stage.outflows(landed);
      const sum = (isUsdc: boolean) =>
        left
          .filter((each) => (each.mint === USDC.toBase58()) === isUsdc)
          .reduce((total, each) => total + each.amount, 0n);
      const lost = (change: bigint) => (change > 0n ? change : 0n);
      expect(sum(false)).toBe(lost(before.sol - fee - after.sol));
      expect(sum(true)).toBe(lost(before.usdc - after.usdc));
      told += left.length;
    }
    expect(told).toBeGreaterThan(50);
  });
});
