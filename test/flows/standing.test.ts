// Standing: what makes a subscriber who owes delinquent and what does not, judged by a whole daemon
// from the chain. A list too long for one run is judged in turns, and no subscriber is left out.
import {
  ACCOUNT_SIZE,
  AuthorityType,
  createApproveInstruction,
  createAssociatedTokenAccountIdempotentInstruction,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  createInitializeMintInstruction,
  createInitializePermanentDelegateInstruction,
  createMintToInstruction,
  createSetAuthorityInstruction,
  createSyncNativeInstruction,
  createTransferCheckedInstruction,
  createTransferInstruction,
  ExtensionType,
  getAssociatedTokenAddressSync,
  getMintLen,
  NATIVE_MINT,
  TOKEN_2022_PROGRAM_ID,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { inTurns } from '../../src/flows/standing.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { accountsIn, factsOf, sightingsIn } from '../support/heard-rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';
import {
  openAccount,
  SOL,
  unwrapLamports,
  usdcAccount,
  wrappedAccountOf,
  wrapSol,
} from '../support/wallet-acts.ts';

const T22 = TOKEN_2022_PROGRAM_ID;
const isFinal = async ({ database }: Street, signature: string) => {
  await expect
    .poll(
      async () =>
        (await sightingsIn(database)).find((each) => each.signature === signature)?.status,
    )
    .toBe('finalized');
};
/** A subscriber who owes and cannot pay: its agent has no SOL, and there is no sponsor. */
async function owing(street: Street, lamports = 0n) {
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  return trader;
}

test('a stranger that takes back its own token accuses nobody', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = await owing(street);
  const { agent } = trader;
  const [stranger, mint] = [Keypair.generate(), Keypair.generate()];
  driver.giveSol(stranger.publicKey, SOL);
  const accountOf = (owner: PublicKey) =>
    getAssociatedTokenAddressSync(mint.publicKey, owner, false, T22);
  const open = (owner: PublicKey) =>
    createAssociatedTokenAccountIdempotentInstruction(
      stranger.publicKey,
      accountOf(owner),
      owner,
      mint.publicKey,
      T22,
    );
  const [mine, theirs] = [accountOf(agent.publicKey), accountOf(stranger.publicKey)];
  driver.send(
    [
      SystemProgram.createAccount({
        fromPubkey: stranger.publicKey,
        newAccountPubkey: mint.publicKey,
        lamports: 10_000_000,
        space: getMintLen([ExtensionType.PermanentDelegate]),
        programId: T22,
      }),
      createInitializePermanentDelegateInstruction(mint.publicKey, stranger.publicKey, T22),
      createInitializeMintInstruction(mint.publicKey, 0, stranger.publicKey, null, T22),
      open(stranger.publicKey),
      open(agent.publicKey),
      createMintToInstruction(mint.publicKey, mine, stranger.publicKey, 7n, [], T22),
    ],
    [stranger, mint],
  );
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  const { publicKey } = stranger;
  const taken = driver.send(
    [
      createTransferCheckedInstruction(mine, mint.publicKey, theirs, publicKey, 7n, 0, [], T22),
      SystemProgram.transfer({
        fromPubkey: publicKey,
        toPubkey: agent.publicKey,
        lamports: 1_000_000,
      }),
    ],
    [stranger],
  );
  await isFinal(street, taken.signature);
  expect(await street.verdict('ana', 'allow')).toMatchObject({ standing: 'good' });
});

test('SOL that leaves by an instruction of 2026, out of the own account of wrapped SOL, makes a runaway', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = await owing(street);
  const { publicKey } = trader.agent;
  const wrapped = wrappedAccountOf(publicKey);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  const { faucet } = driver;
  driver.send(
    [
      openAccount(faucet.publicKey, publicKey, NATIVE_MINT),
      SystemProgram.transfer({
        fromPubkey: faucet.publicKey,
        toPubkey: wrapped,
        lamports: 5n * SOL,
      }),
      createSyncNativeInstruction(wrapped),
    ],
    [faucet],
  );
  const to = Keypair.generate().publicKey;
  const gone = driver.send([unwrapLamports(wrapped, to, publicKey)], [faucet, trader.agent]);
  const gate = await street.standing('ana', 'delinquent');
  expect(gate.evidence?.signature).toBe(gone.signature);
  expect(gate.reason).toContain('5.000000000 SOL');
});

test('SOL collateral in the own account of wrapped SOL is followed: a delegate that takes it makes a runaway', async () => {
  await using street = await openStreet();
  const { driver, database } = street;
  const trader = await owing(street, 20n * SOL);
  const { agent } = trader;
  const { publicKey } = agent;
  const { deposit, withdraw } = driver.instructions;
  const wrapped = wrappedAccountOf(publicKey);
  const delegate = Keypair.generate();
  driver.giveSol(delegate.publicKey, SOL);
  driver.send(
    [...wrapSol(publicKey, 9n * SOL), deposit(trader, 9n * SOL, 1, wrapped)],
    [driver.faucet, agent],
  );
  // The wallet is emptied before anything is owed, so that nothing can be paid.
  const lamports = driver.lamportsOf(publicKey);
  const away = SystemProgram.transfer({
    fromPubkey: publicKey,
    toPubkey: Keypair.generate().publicKey,
    lamports,
  });
  driver.send([away], [driver.faucet, agent]);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  const out = driver.send(
    [
      withdraw(trader, wrapped, 8n * SOL, false, 1),
      createApproveInstruction(wrapped, delegate.publicKey, publicKey, 8n * SOL),
    ],
    [driver.faucet, agent],
  );
  await isFinal(street, out.signature);
  await street.standing('ana', 'good');
  await expect
    .poll(async () => (await accountsIn(database)).map(({ address }) => address))
    .toContain(wrapped.toBase58());
  const theirs = wrappedAccountOf(delegate.publicKey);
  const taken = driver.send(
    [
      openAccount(delegate.publicKey, delegate.publicKey, NATIVE_MINT),
      createTransferInstruction(wrapped, theirs, delegate.publicKey, 7n * SOL),
    ],
    [delegate],
  );
  const gate = await street.standing('ana', 'delinquent');
  expect(gate.evidence?.signature).toBe(taken.signature);
  expect(gate.reason).toContain('7.000000000 SOL');
});

test('a delegate of before the registration takes tokens by way of a second own account: a runaway', async () => {
  await using street = await openStreet();
  const { driver, database } = street;
  const { faucet } = driver;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  const { agent } = trader;
  const [friend, second] = [Keypair.generate(), Keypair.generate()];
  const [own, theirs] = [usdcAccount(agent.publicKey), usdcAccount(friend.publicKey)];
  const approve = (account: PublicKey) =>
    createApproveInstruction(account, friend.publicKey, agent.publicKey, 500_000_000n);
  driver.send(
    [
      openAccount(faucet.publicKey, agent.publicKey, USDC),
      openAccount(faucet.publicKey, friend.publicKey, USDC),
      SystemProgram.createAccount({
        fromPubkey: faucet.publicKey,
        newAccountPubkey: second.publicKey,
        lamports: 2_039_280,
        space: ACCOUNT_SIZE,
        programId: TOKEN_PROGRAM_ID,
      }),
      createInitializeAccount3Instruction(second.publicKey, USDC, agent.publicKey),
      approve(own),
      approve(second.publicKey),
    ],
    [faucet, second, agent],
  );
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  driver.send([driver.instructions.withdraw(trader, own, 500_000_000n)], [faucet, agent]);
  const move = (from: PublicKey, to: PublicKey) =>
    driver.send(
      [createTransferCheckedInstruction(from, USDC, to, friend.publicKey, 500_000_000n, 6)],
      [faucet, friend],
    );
  move(own, second.publicKey);
  await expect
    .poll(async () => (await accountsIn(database)).map(({ address }) => address))
    .toContain(second.publicKey.toBase58());
  await street.standing('ana', 'good');
  const taken = move(second.publicKey, theirs);
  const gate = await street.standing('ana', 'delinquent');
  expect(gate.evidence?.signature).toBe(taken.signature);
});

test('collateral withdrawn into a USDC account that belongs to a stranger by now makes a runaway', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = await owing(street);
  const { agent } = trader;
  const own = usdcAccount(agent.publicKey);
  const to = Keypair.generate().publicKey;
  driver.send(
    [createSetAuthorityInstruction(own, agent.publicKey, AuthorityType.AccountOwner, to)],
    [driver.faucet, agent],
  );
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason !== null);
  const fled = driver.send(
    [driver.instructions.withdraw(trader, own, 900_000_000n)],
    [driver.faucet, agent],
  );
  const gate = await street.standing('ana', 'delinquent');
  expect(gate.evidence?.signature).toBe(fled.signature);
});

test('collateral that goes through an own account of one transaction makes a runaway', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const { faucet, instructions } = driver;
  const trader = await owing(street);
  const { agent } = trader;
  const { publicKey } = agent;
  const own = usdcAccount(publicKey);
  const to = Keypair.generate().publicKey;
  driver.giveUsdc(to, 1n);
  // The own account, which is watched, is closed before anything is owed.
  const close = createCloseAccountInstruction(own, faucet.publicKey, publicKey);
  driver.send([close], [faucet, agent]);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  const fled = driver.send(
    [
      openAccount(faucet.publicKey, publicKey, USDC),
      instructions.withdraw(trader, own, 500_000_000n),
      createTransferInstruction(own, usdcAccount(to), publicKey, 500_000_000n),
      close,
    ],
    [faucet, agent],
  );
  expect(driver.usdcOf(to)).toBe(500_000_001n);
  const gate = await street.standing('ana', 'delinquent');
  expect(gate.evidence?.signature).toBe(fled.signature);
  expect(gate.reason).toContain('500.000000 USDC');
});

test('SOL that a debtor deposits and withdraws as the SDK of Drift does stays inside, and no account of it is followed', async () => {
  await using street = await openStreet();
  const { driver, database } = street;
  const trader = await owing(street, 10n * SOL);
  const { agent } = trader;
  const { publicKey } = agent;
  const { deposit, withdraw } = driver.instructions;
  const wrapped = wrappedAccountOf(publicKey);
  const close = createCloseAccountInstruction(wrapped, publicKey, publicKey);
  const put = deposit(trader, 9n * SOL, 1, wrapped);
  const into = driver.send([...wrapSol(publicKey, 9n * SOL), put, close], [driver.faucet, agent]);
  await isFinal(street, into.signature);
  const open = openAccount(publicKey, publicKey, NATIVE_MINT);
  const take = withdraw(trader, wrapped, 4n * SOL, false, 1);
  const out = driver.send([open, take, close], [driver.faucet, agent]);
  await isFinal(street, out.signature);
  const outflows = (await factsOf(database, 'outflow')).map(({ body }) => [
    body.route,
    body.internal,
  ]);
  expect(outflows).toEqual([['withdraw', true]]);
  const followed = (await accountsIn(database)).map(({ address }) => address);
  expect(followed).not.toContain(wrapped.toBase58());
});

test('everybody has a turn, whoever comes and goes meanwhile', async () => {
  let owing = ['e', 'b', 'a', 'd', 'c'];
  const next = inTurns(async () => owing, 2);
  expect(await next()).toEqual(['a', 'b']);
  expect(await next()).toEqual(['c', 'd']);
  expect(await next()).toEqual(['e']);
  expect(await next()).toEqual(['a', 'b']);
  owing = ['a', 'aa', 'e'];
  expect(await next()).toEqual(['e']);
  expect(await next()).toEqual(['a', 'aa']);
  owing = [];
  expect(await next()).toEqual([]);
  owing = ['a'];
  expect(await next()).toEqual(['a']);
});
