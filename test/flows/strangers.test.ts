// Strangers: a token account that a stranger makes, appoints wallets over and gives to an agent, in
// a transaction that names the agent's wallet, changes neither standing nor gate of its subscriber,
// and is not followed.
import {
  ACCOUNT_SIZE,
  AuthorityType,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  createSetAuthorityInstruction,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import { accountsIn, factsOf, sightingsIn } from '../support/heard-rows.ts';
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
