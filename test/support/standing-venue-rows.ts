// Standing venue rows: rows of the table of docs/standing.md in which the venue's program moves the
// tokens, or a payment, a creator or a clearance decides.
import {
  AuthorityType,
  createCloseAccountInstruction,
  createSetAuthorityInstruction,
  NATIVE_MINT,
} from '@solana/spl-token';
import { Keypair, PublicKey } from '@solana/web3.js';
import type { Clearance } from '../../src/core/clearance.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import * as hand from './made-transaction.ts';
import { accounts, acts, away, heard, made, type Row, send } from './standing-heard.ts';
import { openAccount, SOL, wrappedAccountOf, wrapSol } from './wallet-acts.ts';

const swap = (signer: typeof hand.agent, through: typeof hand.agent, back: bigint) => [
  hand.venue(
    'begin_swap',
    { 1: hand.user, 3: signer, 5: hand.vault, 7: through },
    { inner: [hand.transfer(hand.vault, through, 1_000_000_000n)] },
  ),
  hand.venue(
    'end_swap',
    { 1: hand.user, 3: signer },
    {
      emits: [
        {
          event: 'SwapRecord',
          value: {
            ts: 1n,
            user: hand.user,
            amountOut: back,
            amountIn: 1_000_000_000n,
            outMarketIndex: 1,
            inMarketIndex: 0,
            outOraclePrice: 150_000_000n,
            inOraclePrice: 1_000_000n,
            fee: 0n,
          },
        },
      ],
    },
  ),
];
const vaultPays = hand.tokens(hand.vault, 5_000_000_000n, 4_000_000_000n);

export const VENUE_ROWS: Readonly<Record<string, Row>> = {
  'Withdrawal from Drift to a token account of a stranger': (stage) => {
    const { theirs } = accounts(stage);
    const { withdraw } = stage.world.driver.instructions;
    return acts(
      stage,
      [withdraw(stage.trader, theirs, 500_000_000n)],
      [withdraw(stage.trader, theirs, 1n)],
    );
  },
  'Withdrawal from Drift to an own token account, of any token': (stage) => {
    const { own, agent } = accounts(stage);
    const { withdraw, deposit } = stage.world.driver.instructions;
    const wrapped = wrappedAccountOf(agent);
    stage.act([...wrapSol(agent, 9n * SOL), deposit(stage.trader, 9n * SOL, 1, wrapped)]);
    return acts(
      stage,
      [withdraw(stage.trader, own, 70_000_000n)],
      [withdraw(stage.trader, wrapped, 4n * SOL, false, 1)],
    );
  },
  'Withdrawal into a token account that was given away, also in the same transaction': (stage) => {
    const { own, agent } = accounts(stage);
    const { withdraw } = stage.world.driver.instructions;
    const give = createSetAuthorityInstruction(own, agent, AuthorityType.AccountOwner, away);
    return acts(
      stage,
      [give, withdraw(stage.trader, own, 300_000_000n)],
      [withdraw(stage.trader, own, 200_000_000n)],
    );
  },
  'Withdrawal into an own token account that the transaction makes, sent on and closed in it': (
    stage,
  ) => {
    const { own, agent, theirs } = accounts(stage);
    const { withdraw } = stage.world.driver.instructions;
    const close = createCloseAccountInstruction(own, agent, agent);
    stage.act([send(own, theirs, agent, 100_000_000n), close]);
    const open = openAccount(agent, agent, USDC);
    const take = withdraw(stage.trader, own, 500_000_000n);
    return acts(stage, [open, take, send(own, theirs, agent, 500_000_000n), close]);
  },
  'SOL withdrawn over an own token account that the transaction makes and closes to the wallet': (
    stage,
  ) => {
    const { agent } = accounts(stage);
    const { withdraw, deposit } = stage.world.driver.instructions;
    const wrapped = wrappedAccountOf(agent);
    stage.act([
      ...wrapSol(agent, 9n * SOL),
      deposit(stage.trader, 9n * SOL, 1, wrapped),
      createCloseAccountInstruction(wrapped, agent, agent),
    ]);
    const take = withdraw(stage.trader, wrapped, 4n * SOL, false, 1);
    const close = createCloseAccountInstruction(wrapped, agent, agent);
    return acts(stage, [openAccount(agent, agent, NATIVE_MINT), take, close]);
  },
  'SOL deposited over an own token account that the transaction makes and closes': (stage) => {
    const { agent } = accounts(stage);
    const { deposit } = stage.world.driver.instructions;
    const wrapped = wrappedAccountOf(agent);
    const put = deposit(stage.trader, 9n * SOL, 1, wrapped);
    const close = createCloseAccountInstruction(wrapped, agent, agent);
    return acts(stage, [...wrapSol(agent, 9n * SOL), put, close]);
  },
  'Transfer to another own sub-account': (stage) => {
    const { agent, faucet } = accounts(stage);
    const { initializeUser, transferDeposit } = stage.world.driver.instructions;
    stage.act([initializeUser(agent, faucet.publicKey, 1)]);
    return acts(stage, [transferDeposit(stage.trader, 1, 100_000_000n)]);
  },
  "Deposit into a stranger's Drift account": () => {
    const foreign = hand.someone();
    const into = hand.venue(
      'deposit',
      { 1: foreign, 3: hand.agent, 4: hand.vault, 5: hand.agentTokens },
      { inner: [hand.transfer(hand.agentTokens, hand.vault, 90_000_000n)] },
    );
    return made(
      [into],
      [
        hand.tokens(hand.agentTokens, 90_000_000n, 0n, hand.mine),
        hand.tokens(hand.vault, 0n, 90_000_000n),
      ],
    );
  },
  'Rent of other accounts that Drift itself makes for the agent': () => {
    const account = DRIFT_V2.addresses.walletAccounts(hand.agent).at(-2) ?? hand.agent;
    const space = 8_328n;
    const u64 = (value: bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(value);
      return bytes;
    };
    const rent = (space + 128n) * 6_960n;
    const create = {
      program: hand.SYSTEM,
      accounts: [hand.agent, account],
      data: Buffer.concat([
        Buffer.alloc(4),
        u64(rent),
        u64(space),
        new PublicKey(PROGRAM_ID).toBuffer(),
      ]),
    };
    const call = hand.venue('', { 0: hand.user, 3: hand.agent }, { inner: [create] });
    return made([call]);
  },
  'Rent of an account that Drift makes for another wallet': (stage) => {
    const { agent } = accounts(stage);
    const friend = Keypair.generate();
    const { initializeUserStats, initializeUser } = stage.world.driver.instructions;
    const paid = [
      initializeUserStats(friend.publicKey, agent),
      initializeUser(friend.publicKey, agent, 0),
    ];
    return [heard(stage, stage.act(paid, [stage.trader.agent, friend]))];
  },
  'A swap outside the venue, of a token of value for any other mint': () => {
    const pool = hand.someone();
    const bought = hand.someone();
    const swapped = {
      program: hand.OTHER,
      accounts: [hand.agentTokens, bought],
      data: Buffer.from([1]),
      inner: [hand.transfer(hand.agentTokens, pool, 90_000_000n)],
    };
    return made(
      [swapped],
      [
        hand.tokens(hand.agentTokens, 90_000_000n, 0n, hand.mine),
        hand.tokens(pool, 0n, 90_000_000n),
        hand.tokens(bought, 0n, 5n, { ...hand.mine, mint: hand.someone() }),
      ],
    );
  },
  "A swap with Drift's tokens (`begin_swap`, `end_swap`) through the agent's token accounts":
    () => {
      const pool = hand.someone();
      const [begin, end] = swap(hand.agent, hand.agentTokens, 6_620_000_000n);
      const spent = {
        program: hand.OTHER,
        accounts: [hand.agentTokens],
        data: Buffer.from([1]),
        inner: [hand.transfer(hand.agentTokens, pool, 1_000_000_000n)],
      };
      return made(
        [begin as never, spent, end as never],
        [hand.tokens(hand.agentTokens, 0n, 0n, hand.mine), vaultPays],
      );
    },
  'The same through token accounts of a delegate or any other wallet': () => {
    const [delegate, theirs] = [hand.someone(), hand.someone()];
    const row = hand.tokens(theirs, 0n, 1_000_000_000n, { owner: delegate, ownerAfter: delegate });
    return made(swap(delegate, theirs, 1_000_000_000n), [row, vaultPays], { signers: [delegate] });
  },
  'A payment of the ledger': (stage) => {
    const { agent, own, theirs } = accounts(stage);
    return [heard(stage, stage.act([send(own, theirs, agent)]), { ours: true })];
  },
  'A swap of USDC for SOL that the daemon may make, and that the books lack': () => {
    const pool = hand.someone();
    const lamports = 12_000_000n;
    const swapped = {
      program: hand.OTHER,
      accounts: [hand.agentTokens],
      data: Buffer.from([1]),
      inner: [
        hand.transfer(hand.agentTokens, pool, 2_000_000n),
        hand.sendSol(pool, hand.agent, lamports),
      ],
    };
    const topUp = { amountMost: 2_000_000n, lamportsLeast: 10_000_000n, everySlots: 432_000 };
    return made(
      [swapped],
      [
        hand.tokens(hand.agentTokens, 2_000_000n, 0n, hand.mine),
        hand.tokens(hand.someone(), 0n, 2_000_000n),
      ],
      { context: { topUp } },
    );
  },
  "USDC to a creator of the subscriber's terms, from the wallet or straight from Drift": (
    stage,
  ) => {
    const { agent, own, theirs } = accounts(stage);
    const { withdraw } = stage.world.driver.instructions;
    const context = { creators: new Set([away.toBase58()]) };
    return acts(
      stage,
      [send(own, theirs, agent)],
      [withdraw(stage.trader, theirs, 90_000_000n)],
    ).map((each) => ({ ...each, context }));
  },
  'An outflow within a clearance': (stage) => {
    const { theirs } = accounts(stage);
    const { withdraw } = stage.world.driver.instructions;
    const landed = stage.act([withdraw(stage.trader, theirs, 100_000_000n)]);
    const clearance: Clearance = {
      id: 'c',
      purpose: 'withdraw',
      amount: 100_000_000n,
      trades: [],
      grantedSlot: landed.slot - 1,
      untilSlot: landed.slot + 10,
    };
    return [heard(stage, landed, { clearances: [clearance] })];
  },
};
