// Plan recording: payments that the product planned and built, executed by the compiled program:
// the accounts that planning read, what it made of them, the instructions, and what the program did
// with these.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { PublicKey, TransactionInstruction } from '@solana/web3.js';
import type { Chain, ChainAccount } from '../../src/core/chain-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import type { VenueFunds } from '../../src/core/preflight.ts';
import type { PaymentParts } from '../../src/core/signing-ports.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import type { Venue } from '../../src/core/venue.ts';
import { USDC, userAddress } from '../../src/local/drift/addresses.ts';
import { WRAPPED_SOL } from '../../src/local/drift/genesis.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { eventsIn } from '../../src/local/drift/log.ts';
import { wrappedAccount } from '../../src/local/drift/tokens.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { createManualClock } from './clock.ts';
import { type Recording, seededKeys } from './recording.ts';
import { profitableClose } from './trades.ts';
import { pauseWithdrawals } from './venue-world.ts';

export type RecordedPlan = {
  readonly driftUser: Address;
  readonly agent: Address;
  readonly source: Address;
  /** Every account that planning read. */
  readonly reads: readonly { readonly address: Address; readonly account: ChainAccount | null }[];
  readonly funds: VenueFunds;
  readonly settleMarkets: readonly number[];
  readonly withdraw: bigint;
  readonly instructions: readonly Instruction[];
  /** The programs of the transaction's instructions, and what it ended with. */
  readonly programs: readonly Address[];
  readonly error: unknown;
  /** Profit that the program settled, by market. */
  readonly settled: readonly { readonly market: number; readonly pnl: bigint }[];
  /** What arrived in the source account. */
  readonly paid: bigint;
};

const SOL = 1_000_000_000n;

function wrapped({ cluster, driver }: World, { agent }: Trader, amount: bigint): PublicKey {
  const { publicKey } = driver.newKey();
  cluster.put(publicKey.toBase58(), wrappedAccount(WRAPPED_SOL, agent.publicKey, amount));
  return publicKey;
}
function depositSol(world: World, trader: Trader, amount: bigint): void {
  const { driver } = world;
  driver.send(
    [driver.instructions.deposit(trader, amount, 1, wrapped(world, trader, amount))],
    [driver.faucet, trader.agent],
  );
}
/** Takes nearly all of the deposit away, so that a payment needs the profit. */
function spend({ driver }: World, trader: Trader, amount: bigint): void {
  const { publicKey } = driver.newKey();
  driver.giveSol(publicKey, 10_000_000n);
  driver.withdrawTo(trader, publicKey, amount);
}

/** What an account went through before its payment. Each has deposited 1,000 USDC. */
export const PLANNED: Record<string, (world: World, trader: Trader) => void> = {
  'a closed profit beside a deposit': ({ driver }, trader) => void profitableClose(driver, trader),
  'a closed profit that alone can pay': (world, trader) => {
    profitableClose(world.driver, trader);
    spend(world, trader, 999_000_000n);
  },
  'SOL as collateral beside USDC': (world, trader) => {
    depositSol(world, trader, 10n * SOL);
    profitableClose(world.driver, trader);
  },
  'SOL borrowed against USDC': (world, trader) => {
    const { driver } = world;
    depositSol(world, driver.createTrader({ deposit: 1_000_000n }), 100n * SOL);
    driver.send(
      [driver.instructions.withdraw(trader, wrapped(world, trader, 0n), SOL, false, 1)],
      [driver.faucet, trader.agent],
    );
    profitableClose(driver, trader);
  },
  'an order resting in another market': ({ driver }, trader) => {
    const order = { direction: 'long', base: 10_000_000n, market: 1 } as const;
    driver.send(
      [driver.instructions.rest(trader, { ...order, limit: 80_000_000_000n })],
      [driver.faucet, trader.agent],
    );
    profitableClose(driver, trader);
  },
  'profits in two markets': ({ driver }, trader) => {
    driver.trade(trader, 'long', 10_000_000n, { market: 1 });
    driver.movePrice(1, 95_000_000_000n);
    driver.trade(trader, 'short', 10_000_000n, { market: 1, reduceOnly: true });
    profitableClose(driver, trader);
  },
  'a half that is still open, with a loss since': (world, trader) => {
    const { driver } = world;
    driver.trade(trader, 'long', 2n * SOL);
    driver.movePrice(0, 180_000_000n);
    driver.trade(trader, 'short', SOL, { reduceOnly: true });
    driver.movePrice(0, 140_000_000n);
  },
  'withdrawals are paused': (world, trader) => {
    profitableClose(world.driver, trader);
    pauseWithdrawals(world);
  },
  'more than the margin of an open position lets go': ({ driver }, trader) => {
    driver.trade(trader, 'long', 80n * SOL);
  },
};

/**
 * Plans a payment of everything that the account can give, or of a half where other positions
 * depend on it. `read` reads accounts.
 */
export async function planPayment(
  venue: Venue,
  { driftUser, agent, source }: Pick<RecordedPlan, 'driftUser' | 'agent' | 'source'>,
  read: Chain['accounts'],
): Promise<Pick<RecordedPlan, 'funds' | 'settleMarkets' | 'withdraw' | 'instructions'>> {
  const { accounts } = await read(await venue.preflightAccounts(driftUser));
  const known = venue.read(driftUser, accounts);
  if (known === null) throw new Error('the account is gone');
  const { account } = known;
  const funds = await venue.valued(account, known.funds, read);
  const settleMarkets = funds.claimable.map(({ market }) => market);
  const whole = funds.claimable.reduce((sum, { amount }) => sum + amount, funds.deposit);
  const withdraw = funds.exposed ? whole / 2n : whole;
  const payment = { driftUser, plan: { settleMarkets, withdraw } };
  const parts = { payment, agent, source } as unknown as PaymentParts;
  const instructions = await venue.instructions(parts, account, read);
  return { funds, settleMarkets, withdraw, instructions };
}

const key = (address: Address): PublicKey => new PublicKey(address);
const sent = ({ program, accounts, data }: Instruction): TransactionInstruction =>
  new TransactionInstruction({
    programId: key(program),
    keys: accounts.map(({ address, isSigner, isWritable }) => ({
      pubkey: key(address),
      isSigner,
      isWritable,
    })),
    data: Buffer.from(data),
  });

async function record(
  programFile: string,
  seed: number,
  act: (world: World, trader: Trader) => void,
): Promise<RecordedPlan> {
  const clock = createManualClock();
  const world = createWorld({
    programFile,
    clock,
    newKey: seededKeys(seed),
    records: 'as_written',
  });
  const { driver, cluster } = world;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  act(world, trader);
  const { publicKey } = trader.agent;
  const of = (address: PublicKey): Address => address.toBase58() as Address;
  const who = {
    driftUser: of(userAddress(publicKey, 0)),
    agent: of(publicKey),
    source: of(getAssociatedTokenAddressSync(USDC, publicKey)),
  };
  const reads = new Map<Address, ChainAccount | null>();
  const planned = await planPayment(createDriftVenue(), who, async (addresses) => {
    const accounts = addresses.map((address) => {
      const found = cluster.bank.get(address);
      const account = found && { ...found, owner: found.owner as Address };
      reads.set(address, account);
      return account;
    });
    return { slot: cluster.slot('confirmed'), accounts };
  });
  const before = driver.usdcOf(publicKey) ?? 0n;
  const landed = driver.attempt(planned.instructions.map(sent), [driver.faucet, trader.agent]);
  if (typeof landed === 'string') throw new Error(landed);
  const { error, logs, message } = landed.execution;
  const settled = error === null ? eventsIn(logs) : [];
  return {
    ...who,
    reads: [...reads].map(([address, account]) => ({ address, account })),
    ...planned,
    programs: message.instructions.map(({ program }) => program as Address),
    error,
    settled: settled.flatMap(({ name, fields }) =>
      name === 'SettlePnlRecord' ? [{ market: fields.marketIndex, pnl: fields.pnl }] : [],
    ),
    paid: (driver.usdcOf(publicKey) ?? 0n) - before,
  };
}

/** Plans and executes one payment for each shape of account. */
export async function recordPlans(programFile: string): Promise<Recording<RecordedPlan>> {
  const histories: Record<string, RecordedPlan[]> = {};
  for (const [at, [name, act]] of Object.entries(PLANNED).entries())
    histories[name] = [await record(programFile, 100 + at, act)];
  const { build } = createWorld({ programFile, clock: createManualClock() });
  return { build: build.name, histories };
}
