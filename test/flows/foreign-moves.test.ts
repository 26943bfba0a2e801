// Foreign moves: the venue moves tokens for another wallet's account there, through a token account
// that is the agent's only at the end of the transaction. Such a move is not the agent's.
import {
  ACCOUNT_SIZE,
  AuthorityType,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  createSetAuthorityInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import { factsOf, sightingsIn } from '../support/heard-rows.ts';
import { openStreet, profitableClose, type Street, unscheduled } from '../support/street.ts';

const isFinal = async ({ database }: Street, signature: string): Promise<void> => {
  const status = async () =>
    (await sightingsIn(database)).find((each) => each.signature === signature)?.status;
  await expect.poll(status).toBe('finalized');
};

/** ana owes 10 % of a profit and has no SOL to pay it; a stranger has a Drift account. */
async function debtorAndStranger() {
  const street = await openStreet({ settings: unscheduled() });
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  const { agent } = trader;
  const other = driver.createTrader({ deposit: 500_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  /** A USDC account, made in a transaction of its own. */
  const open = (owner: PublicKey): PublicKey => {
    const account = Keypair.generate();
    driver.send(
      [
        SystemProgram.createAccount({
          fromPubkey: driver.faucet.publicKey,
          newAccountPubkey: account.publicKey,
          lamports: 2_039_280,
          space: ACCOUNT_SIZE,
          programId: TOKEN_PROGRAM_ID,
        }),
        createInitializeAccount3Instruction(account.publicKey, USDC, owner),
      ],
      [driver.faucet, account],
    );
    return account.publicKey;
  };
  const own = getAssociatedTokenAddressSync(USDC, agent.publicKey);
  return { street, driver, trader, agent, other, open, own };
}
const give = (
  account: PublicKey,
  from: PublicKey,
  to: PublicKey,
  type = AuthorityType.AccountOwner,
) => createSetAuthorityInstruction(account, from, type, to);

test('a debtor who sends 500 USDC into a Drift account of another wallet is delinquent', async () => {
  const { street, driver, trader, agent, other, open, own } = await debtorAndStranger();
  await using _ = street;
  const bridge = open(other.agent.publicKey);
  const before = driver.depositOf(other);
  const taken = driver.send(
    [
      driver.instructions.withdraw(trader, own, 500_000_000n),
      createTransferCheckedInstruction(own, USDC, bridge, agent.publicKey, 500_000_000n, 6),
      driver.instructions.deposit(other, 500_000_000n, 0, bridge),
      give(bridge, other.agent.publicKey, agent.publicKey),
    ],
    [driver.faucet, agent, other.agent],
  );
  // The money is in the other wallet's Drift account now.
  expect(driver.depositOf(other) - before).toBeGreaterThanOrEqual(499_999_999n);
  await isFinal(street, taken.signature);
  expect(await street.gate('ana')).toMatchObject({ standing: 'delinquent' });
  const heard = await factsOf(street.database, 'outflow');
  expect(heard.filter((each) => !each.body.internal).map((each) => each.body.amount)).toEqual([
    500_000_000n,
  ]);
  expect(await street.verdict('ana', 'deny')).toMatchObject({ standing: 'delinquent' });
});

test('a stranger who withdraws its own USDC makes no runaway of a debtor who signs nothing', async () => {
  const { street, driver, agent, other, open } = await debtorAndStranger();
  await using _ = street;
  const stranger = other.agent;
  const loot = getAssociatedTokenAddressSync(USDC, stranger.publicKey);
  const bridge = open(stranger.publicKey);
  // An empty account that the stranger may close, given to the agent.
  const bait = open(stranger.publicKey);
  driver.send(
    [
      give(bait, stranger.publicKey, stranger.publicKey, AuthorityType.CloseAccount),
      give(bait, stranger.publicKey, agent.publicKey),
    ],
    [driver.faucet, stranger],
  );
  const played = driver.send(
    [
      driver.instructions.withdraw(other, bridge, 400_000_000n),
      createTransferCheckedInstruction(bridge, USDC, loot, stranger.publicKey, 400_000_000n, 6),
      give(bridge, stranger.publicKey, agent.publicKey),
      createCloseAccountInstruction(bait, stranger.publicKey, stranger.publicKey),
      // Names the agent, so that the daemon reads the transaction.
      SystemProgram.transfer({
        fromPubkey: stranger.publicKey,
        toPubkey: agent.publicKey,
        lamports: 0,
      }),
    ],
    [driver.faucet, stranger],
  );
  await isFinal(street, played.signature);
  expect(await street.gate('ana')).toMatchObject({ standing: 'good' });
  const heard = await factsOf(street.database, 'outflow');
  expect(heard.map((each) => [each.body.amount, each.body.consent])).toEqual([]);
  expect(await street.verdict('ana', 'allow')).toMatchObject({ standing: 'good' });
});
