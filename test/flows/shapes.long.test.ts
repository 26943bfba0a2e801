// Shapes: accounts that hold more than a closed profit are paid from: other collateral, a borrow, a
// resting order, open positions, several markets or fills. Each payment is one transaction that
// fits, within the compute units that it asked for. BAILIFF_TEST_FIGURES=yes prints its size.
import { Keypair, type PublicKey } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { WRAPPED_SOL } from '../../src/local/drift/genesis.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { wrappedAccount } from '../../src/local/drift/tokens.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

/** The most bytes that a transaction may have. */
const PACKET = 1_232;
const SOL = 1_000_000_000n;

/** A token account with so much wrapped SOL. */
function wrapped({ world }: Street, { agent }: Trader, amount: bigint): PublicKey {
  const { publicKey } = Keypair.generate();
  world.cluster.put(publicKey.toBase58(), wrappedAccount(WRAPPED_SOL, agent.publicKey, amount));
  return publicKey;
}

function depositSol(street: Street, trader: Trader, amount: bigint): void {
  const { driver } = street;
  const source = wrapped(street, trader, amount);
  driver.send(
    [driver.instructions.deposit(trader, amount, 1, source)],
    [driver.faucet, trader.agent],
  );
}

const closing = (trader: Trader, { driver }: Street, market: number, base: bigint) =>
  driver.instructions.trade(trader, {
    direction: 'short',
    base,
    market,
    limit: 1n,
    reduceOnly: true,
  });

type Shape = {
  readonly shareBps?: number;
  /** The agent has no SOL: the sponsor pays the fee. */
  readonly sponsored?: boolean;
  readonly act: (street: Street, trader: Trader) => void;
};

const SHAPES: Record<string, Shape> = {
  'a close of one position': { act: ({ driver }, trader) => void profitableClose(driver, trader) },
  'SOL as collateral beside USDC': {
    act(street, trader) {
      depositSol(street, trader, 10n * SOL);
      profitableClose(street.driver, trader);
    },
  },
  'SOL borrowed against USDC': {
    act(street, trader) {
      const { driver } = street;
      depositSol(street, driver.createTrader({ deposit: 1_000_000n }), 100n * SOL);
      const to = wrapped(street, trader, 0n);
      driver.send(
        [driver.instructions.withdraw(trader, to, SOL, false, 1)],
        [driver.faucet, trader.agent],
      );
      profitableClose(driver, trader);
    },
  },
  'an order resting in another market': {
    act({ driver }, trader) {
      const order = driver.instructions.rest(trader, {
        direction: 'long',
        base: 10_000_000n,
        market: 1,
        limit: 80_000_000_000n,
      });
      driver.send([order], [driver.faucet, trader.agent]);
      profitableClose(driver, trader);
    },
  },
  'the sponsor pays while a position is open in another market': {
    sponsored: true,
    act({ driver }, trader) {
      driver.trade(trader, 'long', 10_000_000n, { market: 1 });
      profitableClose(driver, trader);
    },
  },
  'four fills in one transaction': {
    act(street, trader) {
      const { driver } = street;
      driver.movePrice(0, 150_000_000n);
      driver.trade(trader, 'long', 2n * SOL);
      driver.movePrice(0, 165_000_000n);
      driver.send(
        [1, 2, 3, 4].map(() => closing(trader, street, 0, SOL / 2n)),
        [driver.faucet, trader.agent],
      );
    },
  },
  'two markets are settled, because the deposit does not suffice': {
    shareBps: 5_000,
    act(street, trader) {
      const { driver } = street;
      driver.movePrice(0, 150_000_000n);
      driver.movePrice(1, 90_000_000_000n);
      driver.trade(trader, 'long', 20n * SOL);
      driver.trade(trader, 'long', 10_000_000n, { market: 1 });
      driver.movePrice(0, 215_000_000n);
      driver.movePrice(1, 95_000_000_000n);
      driver.withdrawTo(trader, Keypair.generate().publicKey, 420_000_000n);
      driver.send(
        [closing(trader, street, 0, 20n * SOL), closing(trader, street, 1, 10_000_000n)],
        [driver.faucet, trader.agent],
      );
    },
  },
  // This shape stays the last one: the others are paid at the price at which it leaves its position
  // open.
  'the profit stands in a position that is still open, and the deposit is gone': {
    shareBps: 5_000,
    act({ driver }, trader) {
      driver.movePrice(0, 150_000_000n);
      driver.trade(trader, 'long', 2n * SOL);
      driver.movePrice(0, 180_000_000n);
      driver.withdrawTo(trader, Keypair.generate().publicKey, 978_000_000n);
      driver.trade(trader, 'short', 1_900_000_000n, { reduceOnly: true });
    },
  },
};

const only = process.env.BAILIFF_TEST_SHAPE;

type Played = { readonly id: string; readonly name: string; readonly creator: PublicKey };

/** A subscriber whose account has the shape and has closed with profit. */
async function play(street: Street, index: number, name: string, shape: Shape): Promise<Played> {
  const [id, creator] = [`s${index}`, Keypair.generate().publicKey];
  const lamports = shape.sponsored === true ? 0n : 50_000_000n;
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n, lamports });
  await street.subscribe(id, trader, creator, shape.shareBps);
  shape.act(street, trader);
  return { id, name, creator };
}

/** Waits until all that a subscriber owes is paid, and holds the payments to their limits. */
async function holdPayments(street: Street, { id, name, creator }: Played): Promise<void> {
  const { driver, world, database } = street;
  await expect
    .poll(async () => (await street.shares(id)).map(({ status }) => status), { message: name })
    .toSatisfy((all: string[]) => all.length > 0 && all.every((each) => each === 'paid'));
  const owed = (await street.shares(id)).reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  expect(driver.usdcOf(creator), name).toBe(owed);
  await street.verdict(id, 'allow');
  const payments = (await paymentsIn(database)).filter(
    ({ subscriberId, state }) => subscriberId === id && state === 'landed',
  );
  expect(payments, name).not.toHaveLength(0);
  for (const { signature } of payments) {
    const landed = world.cluster.find(signature ?? '');
    const { units, message } = landed?.execution ?? expect.fail(name);
    expect(landed?.bytes.length, name).toBeLessThanOrEqual(PACKET);
    expect(units, name).toBeLessThan(message.computeLimit);
    if (process.env.BAILIFF_TEST_FIGURES === 'yes')
      process.stdout.write(
        `${name}: ${landed?.bytes.length} bytes, ${units} of ${message.computeLimit} units\n`,
      );
  }
}

test('accounts of every shape are paid from in one transaction each, to the unit', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({ sponsor });
  street.driver.giveSol(sponsor.publicKey, 10n * SOL);
  const played: Played[] = [];
  for (const [index, [name, shape]] of Object.entries(SHAPES).entries())
    if (!only || name.startsWith(only)) played.push(await play(street, index, name, shape));
  for (const each of played) await holdPayments(street, each);
});
