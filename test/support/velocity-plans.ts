// Velocity plans: payments that the product planned and built for Velocity, executed by its
// compiled program, from accounts of several shapes and under states of the venue that refuse them:
// the accounts that planning read, what it made of them, the instructions, and how they ended.
import { PublicKey, TransactionInstruction } from '@solana/web3.js';
import type { ChainAccount } from '../../src/core/chain-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { Fields } from '../../src/local/velocity/genesis.ts';
import { instructions, usdtOf, userOf } from '../../src/local/velocity/instructions.ts';
import { createVelocityWorld } from '../../src/local/velocity/world.ts';
import { createVelocityVenue, VELOCITY } from '../../src/venue/velocity/venue.ts';
import { createManualClock } from './clock.ts';
import { planPayment, type RecordedPlan } from './plan-recording.ts';
import { type Recording, seededKeys } from './recording.ts';
import { openVelocityStage, type Stage, settle, tradeAt, withdraw } from './velocity-scenarios.ts';

/** A plan with the log of its transaction, which tells whose error it was. */
export type VelocityPlan = RecordedPlan & { readonly logs: readonly string[] };

const SOL = 1_000_000_000n;
const { addresses, profile } = VELOCITY;
const { SpotMarket, State, User, UserStats } = profile.accounts;

/** Changes bytes of an account, on the chain of the stage. */
function bend({ world }: Stage, address: string, change: (fields: Fields) => void): void {
  const account = world.cluster.bank.get(address);
  if (account === null) throw new Error(`there is no account ${address}`);
  const fields = new Fields(Buffer.from(account.data));
  change(fields);
  world.cluster.put(address, { ...account, data: new Uint8Array(fields.bytes) });
}
/** Two SOL bought at 150 and sold at 160: a profit of 20 USDT less fees. */
function profit(stage: Stage, sold = 2n * SOL): void {
  tradeAt(stage, stage.ana, 'long', 2n * SOL, 150_000_000n);
  stage.world.movePrice(160_000_000n);
  tradeAt(stage, stage.ana, 'short', sold, 160_000_000n, true);
}
/** A profit, and then a change of one account of the venue. */
const under =
  (addressOf: (stage: Stage) => string, change: (fields: Fields) => void) =>
  (stage: Stage): void => {
    profit(stage);
    bend(stage, addressOf(stage), change);
  };
const state = () => addresses.state;
const spotMarket = () => addresses.spotMarket(0);
const perpMarket = () => addresses.perpMarket(0);
const user = ({ ana }: Stage) => userOf(ana).toBase58();
const stats = ({ ana }: Stage) => addresses.userStats(ana.agent.publicKey.toBase58() as Address);
const tokens = ({ ana }: Stage) => usdtOf(ana.agent.publicKey).toBase58();
/** The amount and the state of an SPL token account. */
const TOKEN = { amount: 64, state: 108, frozen: 2 } as const;
/** The scaled balance of the market's pool of profits, from which profits are settled. */
const PNL_POOL = 344;
/** The least that an account must be worth after a withdrawal. */
const EQUITY_FLOOR = 4_480;

/**
 * What an account went through before its payment. Each has deposited 1,000 USDT. `null`: the
 * program pays what was planned; `clamped`: less than that, as a withdrawal that may only reduce
 * does; else the code of the trouble.
 */
export const VELOCITY_PLANNED: Record<
  string,
  { readonly ends: string | null; readonly act: (stage: Stage) => void }
> = {
  'a closed profit beside a deposit': { ends: null, act: profit },
  'a closed profit that alone can pay': {
    ends: null,
    act(stage) {
      profit(stage);
      withdraw(stage, stage.ana, 999_000_000n);
    },
  },
  'a profit that was settled before': {
    ends: null,
    act(stage) {
      profit(stage);
      settle(stage, stage.ana);
    },
  },
  'a half that is still open, with a loss since': {
    ends: null,
    act(stage) {
      profit(stage, SOL);
      stage.world.movePrice(140_000_000n);
    },
  },
  'an order that rests in the book': {
    ends: null,
    act(stage) {
      const { world, ana } = stage;
      profit(stage);
      const order = instructions.make(ana, 'long', SOL, 120_000_000n);
      world.send([order], [world.faucet, ana.agent]);
    },
  },
  'more than the margin of an open position lets go': {
    ends: 'clamped',
    act: (stage) => void tradeAt(stage, stage.ana, 'long', 95n * SOL, 150_000_000n),
  },
  'the exchange pauses withdrawals': {
    ends: 'venue_6024',
    act: under(state, (each) => each.u8(State.fields.exchangeStatus, profile.paused.withdraw)),
  },
  'the exchange pauses settlements': {
    ends: 'venue_6024',
    act: under(state, (each) => each.u8(State.fields.exchangeStatus, profile.paused.settlePnl)),
  },
  'the market of USDT pauses withdrawals': {
    ends: 'venue_6149',
    act: under(spotMarket, (each) =>
      each.u8(SpotMarket.fields.paused, SpotMarket.fields.withdrawPausedBit),
    ),
  },
  'the market of USDT pauses everything else': {
    ends: null,
    act: under(spotMarket, (each) =>
      each.u8(SpotMarket.fields.paused, 255 - SpotMarket.fields.withdrawPausedBit),
    ),
  },
  ...Object.fromEntries(
    ['initialized', null, 'reduce only', 'in settlement', 'delisted'].flatMap((name, status) =>
      name === null
        ? []
        : [
            [
              `the market of USDT is ${name}`,
              {
                ends: SpotMarket.fields.withdrawStatuses.includes(status) ? null : 'venue_6149',
                act: under(spotMarket, (each) => each.u8(SpotMarket.fields.status, status)),
              },
            ],
          ],
    ),
  ),
  'the account is bankrupt': {
    ends: 'venue_6125',
    act: under(user, (each) => each.u8(User.fields.status, 2)),
  },
  'the account was marked as being liquidated, and has recovered': {
    ends: null,
    act: under(user, (each) => each.u8(User.fields.status, 1)),
  },
  'the account may only reduce': {
    ends: null,
    act: under(user, (each) => each.u8(User.fields.status, 4)),
  },
  'the account would fall below its equity floor': {
    ends: 'venue_6358',
    act: under(user, (each) => each.u64(EQUITY_FLOOR, 900_000_000n)),
  },
  'the equity breaker of the wallet is tripped': {
    ends: 'venue_6358',
    act: under(stats, (each) => each.u8(UserStats.fields.equityBreaker ?? 0, 1)),
  },
  'the vault is nearly empty': {
    ends: 'venue_6173',
    act: under(
      () => addresses.spotVault(0),
      (each) => each.u64(TOKEN.amount, 1_000_000n),
    ),
  },
  'the tokens of the agent are frozen': {
    ends: 'token_17',
    act: under(tokens, (each) => each.u8(TOKEN.state, TOKEN.frozen)),
  },
  'the pool of profits is empty': {
    ends: 'venue_6260',
    act: under(perpMarket, (each) => each.u128(PNL_POOL, 0n)),
  },
};

const key = (address: Address): PublicKey => new PublicKey(address);
const sent = ({ program, accounts, data }: Instruction): TransactionInstruction =>
  new TransactionInstruction({
    programId: key(program),
    keys: accounts.map(({ address, ...flags }) => ({ pubkey: key(address), ...flags })),
    data: Buffer.from(data),
  });

async function record(
  programFile: string,
  seed: number,
  act: (stage: Stage) => void,
): Promise<VelocityPlan> {
  const world = createVelocityWorld({
    programFile,
    clock: createManualClock(),
    newKey: seededKeys(seed),
  });
  const stage = openVelocityStage(world);
  const { ana } = stage;
  act(stage);
  const { publicKey } = ana.agent;
  const who = {
    driftUser: user(stage) as Address,
    agent: publicKey.toBase58() as Address,
    source: tokens(stage) as Address,
  };
  const reads = new Map<Address, ChainAccount | null>();
  const planned = await planPayment(createVelocityVenue(), who, async (asked) => ({
    slot: world.cluster.slot('confirmed'),
    accounts: asked.map((address) => {
      const found = world.cluster.bank.get(address);
      const account = found && { ...found, owner: found.owner as Address };
      reads.set(address, account);
      return account;
    }),
  }));
  const held = (): bigint => {
    const account = world.cluster.bank.get(who.source);
    return account === null ? 0n : Buffer.from(account.data).readBigUInt64LE(TOKEN.amount);
  };
  // There is one perp market, so that the counter of the account tells what was settled in it.
  const settledOf = (): bigint =>
    Buffer.from(world.userBytes(ana)).readBigInt64LE(User.fields.settledPerpPnl);
  const [before, settledBefore] = [held(), settledOf()];
  const landed = world.attempt(planned.instructions.map(sent), [world.faucet, ana.agent]);
  if (typeof landed === 'string') throw new Error(landed);
  const { error, logs, message } = landed.execution;
  const after = settledOf();
  const paid = held() - before;
  world.release();
  return {
    ...who,
    reads: [...reads].map(([address, account]) => ({ address, account })),
    ...planned,
    programs: message.instructions.map(({ program }) => program as Address),
    error,
    // Another build of the program may need other compute units for the same.
    logs: error === null ? [] : logs.filter((line) => !line.includes(' compute units')),
    settled: planned.settleMarkets.map((market) => ({ market, pnl: after - settledBefore })),
    paid,
  };
}

/** Plans and executes one payment for each shape of account and state of the venue. */
export async function recordVelocityPlans(programFile: string): Promise<Recording<VelocityPlan>> {
  const histories: Record<string, VelocityPlan[]> = {};
  for (const [at, [name, { act }]] of Object.entries(VELOCITY_PLANNED).entries())
    histories[name] = [await record(programFile, 200 + at, act)];
  return { build: '2026-07', histories };
}
