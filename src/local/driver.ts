// Driver: the acts of people on the local chain: they fund wallets, open Drift accounts, trade,
// move prices, and withdraw without the platform. Each act is an ordinary signed transaction; reads
// come from the chain.
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createMintToInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import {
  ComputeBudgetProgram,
  Keypair,
  type PublicKey,
  SystemProgram,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import type { Cluster, Landed } from './chain/cluster.ts';
import { oracleAddress, perpMarketAddress, USDC, userAddress } from './drift/addresses.ts';
import { repegged } from './drift/genesis.ts';
import { type Direction, type Trader, venueInstructions } from './drift/instructions.ts';
import { decodeAccount, type Struct } from './drift/layout.ts';
import { priceAccount } from './drift/oracle.ts';

export type Driver = {
  readonly faucet: Keypair;
  /** A key that this world has not used. */
  newKey(): Keypair;
  /** Signs and executes; throws with the program's logs when it fails. */
  send(instructions: readonly TransactionInstruction[], signers: readonly Keypair[]): Landed;
  /** Executes, also when it fails. Returns a text when an error kept it from being included. */
  attempt(
    instructions: readonly TransactionInstruction[],
    signers: readonly Keypair[],
  ): Landed | string;
  giveSol(owner: PublicKey, lamports: bigint): void;
  giveUsdc(owner: PublicKey, amount: bigint): void;
  /**
   * A new agent wallet whose Drift sub-account 0 holds `deposit`. It keeps no SOL unless `lamports`
   * says so.
   */
  createTrader(options: { deposit: bigint; lamports?: bigint; agent?: Keypair }): Trader;
  /** A market order that takes from the AMM at once; `base` is in 1e9. */
  trade(
    trader: Trader,
    direction: Direction,
    base: bigint,
    options?: { market?: number; reduceOnly?: boolean; limit?: bigint },
  ): Landed;
  movePrice(market: number, price: bigint): void;
  /**
   * Withdraws from Drift straight to a token account of `destination`, as an owner with the key
   * can.
   */
  withdrawTo(
    trader: Trader,
    destination: PublicKey,
    amount: bigint,
    options?: { reduceOnly?: boolean },
  ): Landed;
  usdcOf(owner: PublicKey): bigint | null;
  lamportsOf(owner: PublicKey): bigint;
  userOf(trader: Trader): Struct;
  readonly instructions: ReturnType<typeof venueInstructions>;
};

export function createDriver(
  cluster: Cluster,
  faucet: Keypair,
  newKey: () => Keypair = () => Keypair.generate(),
): Driver {
  const instructions = venueInstructions();
  const ata = (owner: PublicKey) => getAssociatedTokenAddressSync(USDC, owner, true);
  const giveSol = (owner: PublicKey, lamports: bigint): void => {
    const address = owner.toBase58();
    const account = cluster.bank.get(address) ?? {
      lamports: 0n,
      owner: SystemProgram.programId.toBase58(),
      data: new Uint8Array(),
      executable: false,
    };
    cluster.put(address, { ...account, lamports: account.lamports + lamports });
  };
  giveSol(faucet.publicKey, 1_000_000_000_000n);
  let nonce = 0;

  const attempt: Driver['attempt'] = (given, signers) => {
    const payer = signers[0] ?? faucet;
    // The unit limit also makes each transaction different, so two equal acts in one slot stay two
    // transactions.
    const units = ComputeBudgetProgram.setComputeUnitLimit({
      units: 1_000_000 + (nonce++ % 400_000),
    });
    const message = new TransactionMessage({
      payerKey: payer.publicKey,
      recentBlockhash: cluster.blockhash('processed').hash,
      instructions: [units, ...given],
    });
    const transaction = new VersionedTransaction(message.compileToV0Message());
    transaction.sign([
      ...new Map(signers.map((each) => [each.publicKey.toBase58(), each])).values(),
    ]);
    return cluster.submit(transaction, transaction.serialize());
  };
  const send: Driver['send'] = (given, signers) => {
    const landed = attempt(given, signers);
    if (typeof landed === 'string')
      throw new Fault('local_world_failed', `transaction refused: ${landed}`);
    if (landed.execution.error !== null) {
      throw new Fault(
        'local_world_failed',
        `transaction failed: ${JSON.stringify(landed.execution.error)}\n${landed.execution.logs.join('\n')}`,
      );
    }
    return landed;
  };
  const giveUsdc = (owner: PublicKey, amount: bigint): void => {
    send(
      [
        createAssociatedTokenAccountIdempotentInstruction(
          faucet.publicKey,
          ata(owner),
          owner,
          USDC,
        ),
        createMintToInstruction(USDC, ata(owner), faucet.publicKey, amount),
      ],
      [faucet],
    );
  };

  return {
    faucet,
    newKey,
    send,
    attempt,
    giveSol,
    giveUsdc,
    instructions,
    createTrader({ deposit, lamports = 0n, agent = newKey() }) {
      const trader = { agent, subAccountId: 0 };
      if (lamports > 0n) giveSol(agent.publicKey, lamports);
      giveUsdc(agent.publicKey, deposit);
      send(
        [
          instructions.initializeUserStats(agent.publicKey, faucet.publicKey),
          instructions.initializeUser(agent.publicKey, faucet.publicKey, 0),
        ],
        [faucet, agent],
      );
      send([instructions.deposit(trader, deposit)], [faucet, agent]);
      return trader;
    },
    trade(trader, direction, base, { market = 0, reduceOnly = false, limit } = {}) {
      const worst = direction === 'long' ? 10n ** 15n : 1n;
      return send(
        [
          instructions.trade(trader, {
            direction,
            base,
            market,
            reduceOnly,
            limit: limit ?? worst,
          }),
        ],
        [faucet, trader.agent],
      );
    },
    movePrice(market, price) {
      const time = {
        slot: BigInt(cluster.slot('processed')),
        unixTime: BigInt(cluster.blockTime(cluster.slot('processed')) ?? 0),
      };
      cluster.put(oracleAddress(market).toBase58(), priceAccount(price, time.slot));
      const address = perpMarketAddress(market).toBase58();
      const account = cluster.bank.get(address);
      if (account !== null) cluster.put(address, repegged(account, price, time));
    },
    withdrawTo(trader, destination, amount, { reduceOnly = true } = {}) {
      return send(
        [
          createAssociatedTokenAccountIdempotentInstruction(
            faucet.publicKey,
            ata(destination),
            destination,
            USDC,
          ),
          instructions.withdraw(trader, ata(destination), amount, reduceOnly),
        ],
        [faucet, trader.agent],
      );
    },
    usdcOf(owner) {
      const account = cluster.account(ata(owner).toBase58(), 'processed');
      return account === null ? null : Buffer.from(account.data).readBigUInt64LE(64);
    },
    lamportsOf: (owner) => cluster.account(owner.toBase58(), 'processed')?.lamports ?? 0n,
    userOf({ agent, subAccountId }) {
      const account = cluster.bank.get(userAddress(agent.publicKey, subAccountId).toBase58());
      if (account === null)
        throw new Fault('local_world_failed', 'that trader has no Drift account');
      return decodeAccount('User', account.data);
    },
  };
}

/** Moves USDC out of an agent's own token account. */
export function transferUsdc(driver: Driver, from: Keypair, to: PublicKey, amount: bigint): Landed {
  const source = getAssociatedTokenAddressSync(USDC, from.publicKey);
  const destination = getAssociatedTokenAddressSync(USDC, to, true);
  return driver.send(
    [
      createAssociatedTokenAccountIdempotentInstruction(
        driver.faucet.publicKey,
        destination,
        to,
        USDC,
      ),
      createTransferCheckedInstruction(source, USDC, destination, from.publicKey, amount, 6),
    ],
    [driver.faucet, from],
  );
}
