// Velocity, passing accounts: token accounts that one transaction makes, uses and closes, as the
// venue's SDK does for SOL. No balance of the transaction names them. Its compiled program executes
// the calls, or a recording answers (velocity-tape.ts).
import {
  ACCOUNT_SIZE,
  createAssociatedTokenAccountIdempotentInstruction,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  createInitializeAccountInstruction,
  createTransferInstruction,
  getAssociatedTokenAddressSync,
  NATIVE_MINT,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import {
  type Keypair,
  PublicKey,
  SystemProgram,
  type TransactionInstruction,
} from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { USDT as MINT } from '../../src/local/velocity/genesis.ts';
import { build, instructions, type Trader, usdtOf } from '../../src/local/velocity/instructions.ts';
import { giveSol, solAccountOf, withdrawSol } from '../support/velocity-liquidations.ts';
import type { Stage } from '../support/velocity-scenarios.ts';
import { openTape } from '../support/velocity-tape.ts';
import { heardOf, noticesOf, outflowsOf, sendOf, u16, u64 } from '../support/velocity-ways.ts';

const tape = openTape('velocity-passing.json');
const USDT = 1_000_000n;
const SOL = 1_000_000_000n;
const RENT = 2_039_280n;

/** Ana with 10 SOL in her wallet and, unless she has USDT alone at the venue, 20 SOL there. */
function openAna(atVenue: 'SOL' | 'USDT') {
  const stage = tape.stage();
  const { world, ana } = stage;
  const { faucet } = world;
  const agent = ana.agent.publicKey;
  const act = (given: readonly TransactionInstruction[], ...by: Keypair[]) =>
    void world.send(given, [faucet, ...by]);
  if (atVenue === 'SOL') giveSol({ world, act }, ana, 20n * SOL);
  act([
    SystemProgram.transfer({ fromPubkey: faucet.publicKey, toPubkey: agent, lamports: 10n * SOL }),
  ]);
  return { stage, ana, agent, send: sendOf(stage, ana) };
}
/** Makes a seeded account of wrapped SOL, as Drift's SDK does, with lamports beyond its rent. */
async function seeded(agent: PublicKey, lamports: bigint, owner = agent) {
  const account = await PublicKey.createWithSeed(agent, 'passing', TOKEN_PROGRAM_ID);
  const create = SystemProgram.createAccountWithSeed({
    fromPubkey: agent,
    basePubkey: agent,
    seed: 'passing',
    newAccountPubkey: account,
    lamports: Number(RENT + lamports),
    space: ACCOUNT_SIZE,
    programId: TOKEN_PROGRAM_ID,
  });
  return {
    account,
    make: [create, createInitializeAccountInstruction(account, NATIVE_MINT, owner)],
  };
}
/** The instruction with another token account in place of the trader's account of wrapped SOL. */
function over(account: PublicKey, trader: Trader, given: TransactionInstruction) {
  const keys = given.keys.map((each) =>
    each.pubkey.equals(solAccountOf(trader)) ? { ...each, pubkey: account } : each,
  );
  return Object.assign(given, { keys });
}
const withdraw = (account: PublicKey, trader: Trader, lamports: bigint) =>
  over(account, trader, withdrawSol(trader, lamports, false));
const deposit = (account: PublicKey, trader: Trader, lamports: bigint) => {
  // A deposit takes the accounts of a withdrawal but for the program's signer, the sixth.
  const keys = withdraw(account, trader, lamports).keys.filter((_, index) => index !== 5);
  return build('deposit', [u16(1), u64(lamports), Buffer.of(0)], keys);
};
/** The tokens of the agent's own associated account go to a stranger, and the account is closed. */
function emptied({ world, ana }: Stage) {
  const { faucet } = world;
  const owner = ana.agent.publicKey;
  const theirs = usdtOf(faucet.publicKey);
  const open = (mint: PublicKey, who: PublicKey) =>
    createAssociatedTokenAccountIdempotentInstruction(
      faucet.publicKey,
      getAssociatedTokenAddressSync(mint, who),
      who,
      mint,
    );
  const close = createCloseAccountInstruction(usdtOf(owner), faucet.publicKey, owner);
  world.send([open(MINT, faucet.publicKey)], [faucet]);
  return { theirs, make: open(MINT, owner), close };
}

describe(tape.where, () => {
  test('SOL deposited over a seeded account that is closed again has not left', async () => {
    const { ana, agent, send } = openAna('SOL');
    const { account, make } = await seeded(agent, 5n * SOL);
    const close = createCloseAccountInstruction(account, agent, agent);
    const heard = heardOf(send(...make, deposit(account, ana, 5n * SOL), close), ana);
    for (const bodies of [heard.whole, heard.cut]) expect(outflowsOf(bodies)).toEqual([]);
  });

  test('SOL withdrawn over a seeded account that is closed to the wallet stays inside', async () => {
    const { ana, agent, send } = openAna('SOL');
    const { account, make } = await seeded(agent, 0n);
    const close = createCloseAccountInstruction(account, agent, agent);
    const heard = heardOf(send(...make, withdraw(account, ana, 5n * SOL), close), ana);
    const wanted = {
      route: 'withdraw',
      amount: 5n * SOL,
      mint: NATIVE_MINT.toBase58(),
      destination: account.toBase58(),
      owner: agent.toBase58(),
      internal: true,
    };
    for (const bodies of [heard.whole, heard.cut]) {
      expect(outflowsOf(bodies)).toMatchObject([wanted]);
      expect(noticesOf(bodies)).toEqual([]);
    }
  });

  test('SOL withdrawn over an own account that is closed to another wallet has left', async () => {
    const { stage, ana, agent, send } = openAna('SOL');
    const { account, make } = await seeded(agent, 0n);
    const thief = stage.world.newKey().publicKey;
    const close = createCloseAccountInstruction(account, thief, agent);
    const heard = heardOf(send(...make, withdraw(account, ana, 5n * SOL), close), ana);
    for (const bodies of [heard.whole, heard.cut])
      expect(outflowsOf(bodies).filter((each) => !each.internal)).toMatchObject([
        { route: 'sol_transfer', amount: 5n * SOL + RENT, destination: thief.toBase58() },
      ]);
  });

  test('a withdrawal into an own account that is sent on and closed has left', () => {
    const { stage, ana, agent, send } = openAna('USDT');
    const { theirs, make, close } = emptied(stage);
    const own = usdtOf(agent);
    send(close);
    const landed = send(
      make,
      instructions.withdraw(ana, own, 400n * USDT),
      createTransferInstruction(own, theirs, agent, 400n * USDT),
      close,
    );
    const heard = heardOf(landed, ana);
    for (const bodies of [heard.whole, heard.cut])
      expect(outflowsOf(bodies).filter((each) => !each.internal)).toMatchObject([
        {
          route: 'token_transfer',
          amount: 400n * USDT,
          destination: theirs.toBase58(),
          consent: 'agent',
        },
      ]);
  });

  test('a withdrawal into a passing account of another wallet has left, and names that wallet', () => {
    const { stage, ana, agent } = openAna('USDT');
    const { world } = stage;
    const { theirs } = emptied(stage);
    const [passing, thief] = [world.newKey(), world.newKey()];
    const create = SystemProgram.createAccount({
      fromPubkey: agent,
      newAccountPubkey: passing.publicKey,
      lamports: Number(RENT),
      space: ACCOUNT_SIZE,
      programId: TOKEN_PROGRAM_ID,
    });
    const landed = world.send(
      [
        create,
        createInitializeAccount3Instruction(passing.publicKey, MINT, thief.publicKey),
        instructions.withdraw(ana, passing.publicKey, 400n * USDT),
        createTransferInstruction(passing.publicKey, theirs, thief.publicKey, 400n * USDT),
        createCloseAccountInstruction(passing.publicKey, agent, thief.publicKey),
      ],
      [world.faucet, ana.agent, passing, thief],
    );
    const heard = heardOf(landed, ana);
    const wanted = {
      route: 'withdraw',
      amount: 400n * USDT,
      mint: MINT.toBase58(),
      decimals: 6,
      owner: thief.publicKey.toBase58(),
      internal: false,
    };
    for (const bodies of [heard.whole, heard.cut])
      expect(outflowsOf(bodies)).toMatchObject([wanted]);
  });
});
