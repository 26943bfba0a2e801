// Withheld profit: a market does not settle the profit of an account, because its settlements are
// paused or its profit pool is empty. That excuses a debtor who lacks that profit alone.
import { createTransferInstruction, NATIVE_MINT } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { aSlotLater, openStreet, type Street } from '../support/street.ts';
import { moveDeposit, openSubAccount } from '../support/trades.ts';
import { emptyPool, pauseSettling } from '../support/venue-world.ts';
import { openAccount, usdcAccount, wrappedAccountOf, wrapSol } from '../support/wallet-acts.ts';

const MARKETS = [
  ['has paused settlements', pauseSettling],
  ['has an empty profit pool', emptyPool],
] as const;
/** The gate counts the time of the debts, which show this reason. */
const countedFor = (street: Street, code: string) =>
  expect
    .poll(async () => {
      const { owedForMs } = (await street.gate('ana')) as unknown as { owedForMs: number | null };
      const codes = (await street.shares('ana')).map(({ reason }) => reason?.code);
      return owedForMs !== null && codes.every((each) => each === code);
    })
    .toBe(true);

test.each(MARKETS)(
  'time counts where the copied market %s and another own account has the money behind a position',
  async (_, hinder) => {
    await using street = await openStreet();
    const { driver, world } = street;
    const ana = driver.createTrader({ deposit: 100_000_000n, lamports: 1_000_000_000n });
    const { agent } = ana;
    const own = openSubAccount(driver, ana, 1);
    await street.subscribe('ana', ana, Keypair.generate().publicKey, 9_000);
    const both = { id: 'ana', agentWallet: agent.publicKey.toBase58(), subAccountIds: [0, 1] };
    expect((await street.post('/v1/subscribers', both)).status).toBe(201);
    aSlotLater(street);
    driver.movePrice(0, 150_000_000n);
    driver.trade(ana, 'long', 4_000_000_000n);
    driver.movePrice(0, 160_000_000n);
    hinder(world);
    driver.trade(ana, 'short', 4_000_000_000n, { reduceOnly: true });
    moveDeposit(driver, ana, own.subAccountId, driver.depositOf(ana));
    // The margin of 12 SOL is all but three USDC of the deposit.
    driver.trade(own, 'long', 12_000_000_000n);
    await countedFor(street, 'margin_floor');
  },
);

test.each(MARKETS)(
  'time counts where a market that %s withholds a small part of what is owed',
  async (_, hinder) => {
    // From one USDC on a part is paid, as on mainnet.
    await using street = await openStreet({
      settings: (given) => ({
        ...given,
        payments: { ...given.payments, partialLeast: '1000000' },
      }),
    });
    const { driver, world } = street;
    const { deposit, withdraw, settlePnl } = driver.instructions;
    const ana = driver.createTrader({ deposit: 100_000_000n });
    const { agent } = ana;
    // Before anything is owed: ten SOL as collateral, and USDC borrowed against them.
    const friend = Keypair.generate();
    const [theirs, wrapped] = [friend, agent].map((each) => wrappedAccountOf(each.publicKey));
    if (theirs === undefined || wrapped === undefined) throw new Error('unreachable');
    driver.giveSol(friend.publicKey, 20_000_000_000n);
    driver.giveUsdc(friend.publicKey, 1n);
    driver.send(
      [
        openAccount(driver.faucet.publicKey, agent.publicKey, NATIVE_MINT),
        ...wrapSol(friend.publicKey, 10_000_000_000n),
      ],
      [driver.faucet, friend],
    );
    driver.send(
      [
        createTransferInstruction(theirs, wrapped, friend.publicKey, 10_000_000_000n),
        deposit(ana, 10_000_000_000n, 1, wrapped),
        withdraw(ana, usdcAccount(friend.publicKey), 400_000_000n, false),
      ],
      [driver.faucet, agent, friend],
    );
    await street.subscribe('ana', ana, Keypair.generate().publicKey, 9_000);
    aSlotLater(street);
    const win = (base: bigint, from: bigint, to: bigint): void => {
      driver.movePrice(0, from);
      driver.trade(ana, 'long', base);
      driver.movePrice(0, to);
      driver.trade(ana, 'short', base, { reduceOnly: true });
    };
    // The first profit is settled and lessens the borrow; two USDC stay in the market.
    win(4_000_000_000n, 150_000_000n, 160_000_000n);
    driver.send([settlePnl(ana, 0)], [driver.faucet, agent]);
    win(200_000_000n, 160_000_000n, 170_000_000n);
    hinder(world);
    street.sendSol(agent.publicKey, 1_000_000_000n);
    await countedFor(street, 'insufficient_funds');
    await street.standing('ana', 'good');
  },
);
