// Holdings: the transaction's own balances tell the owner of a token account and the receiver of an
// outflow, and no subscriber answers for an outflow that it did not sign. Executed by the real
// token programs in LiteSVM.
import {
  AuthorityType,
  createAssociatedTokenAccountIdempotentInstruction,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  createInitializeMintInstruction,
  createInitializePermanentDelegateInstruction,
  createMintToInstruction,
  createSetAuthorityInstruction,
  createTransferCheckedInstruction,
  ExtensionType,
  getAssociatedTokenAddressSync,
  getMintLen,
  TOKEN_2022_PROGRAM_ID,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { Keypair, PublicKey, SystemProgram } from '@solana/web3.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Outflow } from '../../src/core/fact.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import {
  openAccount,
  openStageBeside,
  paySol,
  type Stage,
  sendUsdc,
  usdcAccount,
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

const usdcOf = (outflows: readonly Outflow[]): bigint[] =>
  outflows.filter((each) => each.mint === USDC.toBase58()).map((each) => each.amount);

describe('who got it', () => {
  test('several receivers, one of them the subscriber: only what really left counts', () => {
    const second = Keypair.generate();
    const mine = usdcAccount(agent);
    const landed = stage.act([
      openAccount(stage.world.driver.faucet.publicKey, second.publicKey, USDC),
      send(own, theirs, 30_000n),
      send(own, usdcAccount(second.publicKey), 20_000n),
      send(own, mine, 5_000_000n),
    ]);
    expect(
      stage.outflows(landed).map((each) => [each.destination, each.owner, each.amount]),
    ).toEqual([
      [theirs.toBase58(), stranger.publicKey.toBase58(), 30_000n],
      [usdcAccount(second.publicKey).toBase58(), second.publicKey.toBase58(), 20_000n],
    ]);
    // A relayer's fee in the token is small.
    expect(stage.standing(landed)).toBe('good');
  });
  test('a withdrawal into an account that had been given away is an outflow', () => {
    const given = stage.act([
      send(own, theirs, 100_000_000n),
      createSetAuthorityInstruction(own, agent, AuthorityType.AccountOwner, stranger.publicKey),
    ]);
    expect(usdcOf(stage.outflows(given))).toEqual([100_000_000n]);
    const { withdraw } = stage.world.driver.instructions;
    const landed = stage.act([withdraw(stage.trader, own, 900_000_000n)]);
    expect(stage.outflows(landed)).toEqual([
      expect.objectContaining({
        route: 'withdraw',
        amount: 900_000_000n,
        internal: false,
        owner: stranger.publicKey.toBase58(),
      }),
    ]);
    expect(stage.standing(landed)).toBe('delinquent');
  });
  test('given away and filled in one transaction, in whatever order', () => {
    const give = createSetAuthorityInstruction(
      own,
      agent,
      AuthorityType.AccountOwner,
      stranger.publicKey,
    );
    const { withdraw } = stage.world.driver.instructions;
    const landed = stage.act([give, withdraw(stage.trader, own, 400_000_000n)]);
    expect(stage.standing(landed)).toBe('delinquent');
    // The withdrawal into the account that is the stranger's by then, and what was in it before.
    const left = usdcOf(stage.outflows(landed).filter((each) => !each.internal));
    expect(left).toEqual([400_000_000n, 100_000_000n]);
    const after = stage.act([withdraw(stage.trader, own, 400_000_000n)]);
    expect(usdcOf(stage.outflows(after))).toEqual([400_000_000n]);
  });
  test('an empty token account given away takes nothing but its rent along, which is small', () => {
    const emptied = stage.act([send(own, theirs, 100_000_000n)]);
    const given = stage.act([
      createSetAuthorityInstruction(own, agent, AuthorityType.AccountOwner, stranger.publicKey),
    ]);
    expect(stage.standing(emptied)).toBe('delinquent');
    expect(stage.standing(given)).toBe('good');
  });
});

const T22 = TOKEN_2022_PROGRAM_ID;
/**
 * A Token-2022 mint that its issuer may take back, with 7,000,000 units in an account of the agent.
 */
function recallable(at: PublicKey | null): { taken: Landed; mint: PublicKey } {
  const { driver, cluster } = stage.world;
  const made = Keypair.generate();
  const space = getMintLen([ExtensionType.PermanentDelegate]);
  driver.send(
    [
      SystemProgram.createAccount({
        fromPubkey: stranger.publicKey,
        newAccountPubkey: made.publicKey,
        lamports: 10_000_000,
        space,
        programId: T22,
      }),
      createInitializePermanentDelegateInstruction(made.publicKey, stranger.publicKey, T22),
      createInitializeMintInstruction(made.publicKey, 6, stranger.publicKey, null, T22),
    ],
    [stranger, made],
  );
  const mint = at ?? made.publicKey;
  if (at !== null) cluster.put(at.toBase58(), cluster.bank.get(made.publicKey.toBase58()));
  const accountOf = (owner: PublicKey) => getAssociatedTokenAddressSync(mint, owner, false, T22);
  const open = (owner: PublicKey) =>
    createAssociatedTokenAccountIdempotentInstruction(
      stranger.publicKey,
      accountOf(owner),
      owner,
      mint,
      T22,
    );
  driver.send(
    [
      open(stranger.publicKey),
      open(agent),
      createMintToInstruction(mint, accountOf(agent), stranger.publicKey, 7_000_000n, [], T22),
    ],
    [stranger],
  );
  const take = createTransferCheckedInstruction(
    accountOf(agent),
    mint,
    accountOf(stranger.publicKey),
    stranger.publicKey,
    7_000_000n,
    6,
    [],
    T22,
  );
  // One lamport to the wallet makes Bailiff read it.
  return { taken: stage.act([take, paySol(stranger.publicKey, agent, 1n)], [stranger]), mint };
}

describe('strangers accuse nobody', () => {
  test('a token of a stranger’s making, taken back by its permanent delegate', () => {
    expect(stage.outflows(recallable(null).taken)).toEqual([]);
  });
  test('a token of value, taken back by its issuer: told, and not the agent’s doing', () => {
    const pyusd = new PublicKey('2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo');
    const { taken } = recallable(pyusd);
    expect(stage.outflows(taken)).toEqual([
      expect.objectContaining({ ofValue: true, consent: 'none', amount: 7_000_000n }),
    ]);
    expect(stage.standing(taken)).toBe('good');
  });
  test('a worthless token that the agent itself sends away', () => {
    const { mint } = recallable(null);
    const mine = getAssociatedTokenAddressSync(mint, agent, false, T22);
    const back = getAssociatedTokenAddressSync(mint, stranger.publicKey, false, T22);
    stage.world.driver.send(
      [createMintToInstruction(mint, mine, stranger.publicKey, 5n, [], T22)],
      [stranger],
    );
    const sent = stage.act([
      createTransferCheckedInstruction(mine, mint, back, agent, 5n, 6, [], T22),
    ]);
    expect(stage.outflows(sent)).toEqual([
      expect.objectContaining({ ofValue: false, consent: 'agent', amount: 5n }),
    ]);
    expect(stage.standing(sent)).toBe('good');
  });
  test('an account that a stranger made for the agent, and closes to get its rent back', () => {
    const made = Keypair.generate();
    const { driver, cluster } = stage.world;
    const close = createCloseAccountInstruction(
      made.publicKey,
      stranger.publicKey,
      stranger.publicKey,
    );
    const given = stage.act(
      [
        SystemProgram.createAccount({
          fromPubkey: stranger.publicKey,
          newAccountPubkey: made.publicKey,
          lamports: Number(cluster.bank.minimumBalance(165)) + 500_000_000,
          space: 165,
          programId: TOKEN_PROGRAM_ID,
        }),
        createInitializeAccount3Instruction(made.publicKey, USDC, stranger.publicKey),
        createSetAuthorityInstruction(
          made.publicKey,
          stranger.publicKey,
          AuthorityType.CloseAccount,
          stranger.publicKey,
        ),
        createSetAuthorityInstruction(
          made.publicKey,
          stranger.publicKey,
          AuthorityType.AccountOwner,
          agent,
        ),
      ],
      [stranger, made],
    );
    const closed = driver.send([close, paySol(stranger.publicKey, agent, 1n)], [stranger]);
    expect(stage.outflows(closed)).toEqual([expect.objectContaining({ consent: 'none' })]);
    expect(stage.standing(given, closed)).toBe('good');
  });
});

test('SOL put into a token account that a friend made and may close is out of reach at once', () => {
  const { driver, cluster } = stage.world;
  const friend = stranger.publicKey;
  const account = Keypair.generate();
  const set = (type: AuthorityType, to: PublicKey) =>
    createSetAuthorityInstruction(account.publicKey, friend, type, to);
  driver.send(
    [
      SystemProgram.createAccount({
        fromPubkey: friend,
        newAccountPubkey: account.publicKey,
        lamports: Number(cluster.bank.minimumBalance(165)),
        space: 165,
        programId: TOKEN_PROGRAM_ID,
      }),
      createInitializeAccount3Instruction(account.publicKey, USDC, friend),
      set(AuthorityType.CloseAccount, friend),
      set(AuthorityType.AccountOwner, agent),
    ],
    [stranger, account],
  );
  const paid = stage.act([paySol(agent, account.publicKey, 9_900_000_000n)]);
  const to = account.publicKey.toBase58();
  expect(stage.outflows(paid)).toEqual([
    expect.objectContaining({
      route: 'sol_transfer',
      amount: 9_900_000_000n,
      consent: 'agent',
      destination: to,
      owner: agent.toBase58(),
    }),
  ]);
  expect(stage.standing(paid)).toBe('delinquent');
  // The friend needs no signature of the agent.
  driver.send([createCloseAccountInstruction(account.publicKey, friend, friend)], [stranger]);
  expect(cluster.bank.get(to)?.lamports ?? 0n).toBe(0n);
});
