// Strangers: a token account that a stranger makes, appoints wallets over and gives to an agent, in
// a transaction that names the agent's wallet, changes neither standing nor gate of its subscriber,
// and is not followed. An account that is made in the place of a closed one makes no gap.
import {
  ACCOUNT_SIZE,
  AuthorityType,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  createInitializeMint2Instruction,
  createSetAuthorityInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  MINT_SIZE,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import { accountsIn, checksIn, factsOf, sightingsIn } from '../support/heard-rows.ts';
import { openStreet, profitableClose, type Street, unscheduled } from '../support/street.ts';

const isFinal = async ({ database }: Street, signature: string): Promise<void> => {
  const status = async () =>
    (await sightingsIn(database)).find((each) => each.signature === signature)?.status;
  await expect.poll(status).toBe('finalized');
};

/** A street on which ana owes a share that cannot be paid, and a stranger who has 1 SOL. */
async function withDebtor() {
  const street = await openStreet({ settings: unscheduled() });
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  const agent = trader.agent.publicKey;
  const [stranger, friend] = [Keypair.generate(), Keypair.generate()];
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  street.sendSol(stranger.publicKey, 1_000_000_000n);
  street.sendSol(friend.publicKey, 10_000_000n);
  /** Names the agent's wallet, so that the daemon reads the transaction. */
  const tip = (from: Keypair) =>
    SystemProgram.transfer({ fromPubkey: from.publicKey, toPubkey: agent, lamports: 0 });
  /** The stranger makes a USDC account that the friend may close, and gives it to the agent. */
  const give = (lamports: number): { account: PublicKey; signature: string } => {
    const account = Keypair.generate();
    const { publicKey } = account;
    const set = (type: AuthorityType, to: PublicKey) =>
      createSetAuthorityInstruction(publicKey, stranger.publicKey, type, to);
    const { signature } = driver.send(
      [
        SystemProgram.createAccount({
          fromPubkey: stranger.publicKey,
          newAccountPubkey: publicKey,
          lamports,
          space: ACCOUNT_SIZE,
          programId: TOKEN_PROGRAM_ID,
        }),
        createInitializeAccount3Instruction(publicKey, USDC, stranger.publicKey),
        set(AuthorityType.CloseAccount, friend.publicKey),
        set(AuthorityType.AccountOwner, agent),
        tip(stranger),
      ],
      [stranger, account],
    );
    return { account: publicKey, signature };
  };
  return { street, trader, agent, stranger, friend, tip, give };
}

test('a friend of a stranger who closes it and takes its SOL makes no runaway of a debtor', async () => {
  const { street, friend, tip, give } = await withDebtor();
  await using _ = street;
  const given = give(100_000_000);
  await isFinal(street, given.signature);
  const notices = (await factsOf(street.database, 'notice')).map(({ body }) => body.what);
  expect(notices.filter((each) => each.startsWith('token_'))).toEqual([]);
  const close = createCloseAccountInstruction(given.account, friend.publicKey, friend.publicKey);
  const taken = street.driver.send([close, tip(friend)], [friend]);
  await isFinal(street, taken.signature);
  expect(await street.verdict('ana', 'allow')).toMatchObject({ standing: 'good' });
});

test('it is not followed, so that many of them leave no account of the debtor out', async () => {
  const { street, give } = await withDebtor();
  await using _ = street;
  const followed = async () => (await accountsIn(street.database)).map(({ address }) => address);
  const before = await followed();
  const given = [give(2_039_280), give(2_039_280)];
  for (const each of given) await isFinal(street, each.signature);
  expect(before).toHaveLength(3);
  expect(await followed()).toEqual(before);
});

test('a mint in the place of a token account that the agent closed makes no gap', async () => {
  await using street = await openStreet();
  const { driver, database } = street;
  const { faucet } = driver;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  const { agent } = trader;
  const account = Keypair.generate();
  const address = account.publicKey.toBase58();
  const own = getAssociatedTokenAddressSync(USDC, agent.publicKey);
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  driver.giveUsdc(agent.publicKey, 5_000_000n);
  const made = (lamports: number, space: number) =>
    SystemProgram.createAccount({
      fromPubkey: faucet.publicKey,
      newAccountPubkey: account.publicKey,
      lamports,
      space,
      programId: TOKEN_PROGRAM_ID,
    });
  const move = (from: PublicKey, to: PublicKey) =>
    createTransferCheckedInstruction(from, USDC, to, agent.publicKey, 5_000_000n, 6);
  driver.send(
    [
      made(2_039_280, ACCOUNT_SIZE),
      createInitializeAccount3Instruction(account.publicKey, USDC, agent.publicKey),
      move(own, account.publicKey),
    ],
    [faucet, agent, account],
  );
  const check = async () => (await checksIn(database)).find((each) => each.address === address);
  await expect.poll(async () => (await check())?.baseline.hints.exists).toBe(true);
  driver.send(
    [
      move(account.publicKey, own),
      createCloseAccountInstruction(account.publicKey, agent.publicKey, agent.publicKey),
    ],
    [faucet, agent],
  );
  const { publicKey } = Keypair.generate();
  driver.send(
    [
      made(1_461_600, MINT_SIZE),
      createInitializeMint2Instruction(account.publicKey, 6, publicKey, publicKey),
    ],
    [faucet, account],
  );
  await expect.poll(async () => (await check())?.baseline.hints.exists).toBe(false);
  expect((await check())?.difference).toBeNull();
  await street.verdict('ana', 'allow');
});
