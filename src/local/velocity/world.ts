// World: a Solana chain with Velocity's compiled program, and people who trade on it. Nothing
// listens, and slots pass only when a caller says so. It needs the compiled program, because
// Velocity has no stand-in yet.
import { existsSync, readFileSync } from 'node:fs';
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createMintToInstruction,
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
import { Fault } from '../../core/fault.ts';
import type { Clock } from '../../core/ports.ts';
import { createBank } from '../chain/bank.ts';
import { type Cluster, createCluster, FAST_CLUSTER, type Landed } from '../chain/cluster.ts';
import { programAccounts } from '../chain/loader.ts';
import {
  addresses,
  Fields,
  type GenesisTime,
  ORACLES,
  oracleAccount,
  PROGRAM,
  quoteAt,
  USDT,
  writeVelocityGenesis,
} from './genesis.ts';
import { instructions, type Trader, usdtOf, userOf } from './instructions.ts';

/** The prices of USDT and SOL at genesis, in PRICE precision. */
export const PRICES = { usdt: 999_289n, sol: 150_000_000n } as const;

export type VelocityWorld = {
  readonly cluster: Cluster;
  readonly faucet: Keypair;
  newKey(): Keypair;
  /** Signs and executes; throws with the program's logs when it fails. */
  send(given: readonly TransactionInstruction[], signers: readonly Keypair[]): Landed;
  /** Executes, also when it fails. Returns a text when an error kept it from being included. */
  attempt(given: readonly TransactionInstruction[], signers: readonly Keypair[]): Landed | string;
  giveUsdt(owner: PublicKey, amount: bigint): void;
  /** A wallet whose sub-account 0 holds `deposit` USDT. */
  createTrader(deposit: bigint): Trader;
  /** Creates the next sub-account of a wallet. */
  createSubAccount(trader: Trader, subAccountId: number): Trader;
  /** Moves the price of SOL, in the oracle and in the market's own marks. */
  movePrice(price: bigint): void;
  /** Lets time pass: slots are made, and oracles are published again. */
  pass(seconds: number): void;
  userBytes(trader: Trader): Uint8Array;
};

/**
 * Creates a world on the compiled program in that file. Throws `local_world_failed` when there is
 * no such file.
 */
export function createVelocityWorld(options: {
  readonly programFile: string;
  readonly clock: Clock;
  readonly newKey?: () => Keypair;
}): VelocityWorld {
  const { programFile, clock, newKey = () => Keypair.generate() } = options;
  if (!existsSync(programFile))
    throw new Fault(
      'local_world_failed',
      `There is no compiled Velocity program at ${programFile}.`,
    );
  const program = new Uint8Array(readFileSync(programFile));
  const bank = createBank({ standIns: [] });
  const genesisUnixTime = Math.floor(clock.nowMs() / 1000);
  const cluster = createCluster(bank, { ...FAST_CLUSTER, genesisUnixTime });
  const faucet = newKey();
  const prices: { usdt: bigint; sol: bigint } = { ...PRICES };
  let later = 0n;
  const time = (): GenesisTime => ({
    slot: BigInt(cluster.slot('processed')),
    unixTime: BigInt(genesisUnixTime) + later,
  });
  const put = (address: string, account: Parameters<Cluster['put']>[1]): void =>
    cluster.put(address, account);
  writeVelocityGenesis(put, faucet.publicKey, prices, time());
  for (const { address, account } of programAccounts(PROGRAM.toBase58(), program, time().slot))
    put(address, account);
  const giveSol = (owner: PublicKey, lamports: bigint): void =>
    put(owner.toBase58(), {
      lamports,
      owner: SystemProgram.programId.toBase58(),
      data: new Uint8Array(),
      executable: false,
    });
  giveSol(faucet.publicKey, 1_000_000_000_000_000n);
  /** Publishes the oracles, as happens in every slot. */
  const publish = (): void => {
    bank.setTime(time().slot, time().unixTime);
    put(ORACLES.usdt.toBase58(), oracleAccount(prices.usdt, time()));
    put(ORACLES.sol.toBase58(), oracleAccount(prices.sol, time()));
  };
  let nonce = 0;
  const attempt: VelocityWorld['attempt'] = (given, signers) => {
    publish();
    // The unit limit also makes each transaction different, so two equal acts in one slot stay two
    // transactions.
    const units = ComputeBudgetProgram.setComputeUnitLimit({
      units: 1_000_000 + (nonce++ % 400_000),
    });
    const message = new TransactionMessage({
      payerKey: (signers[0] ?? faucet).publicKey,
      recentBlockhash: cluster.blockhash('processed').hash,
      instructions: [units, ...given],
    });
    const transaction = new VersionedTransaction(message.compileToV0Message());
    transaction.sign([
      ...new Map(signers.map((each) => [each.publicKey.toBase58(), each])).values(),
    ]);
    return cluster.submit(transaction, transaction.serialize());
  };
  const send: VelocityWorld['send'] = (given, signers) => {
    const landed = attempt(given, signers);
    if (typeof landed === 'string')
      throw new Fault('local_world_failed', `transaction refused: ${landed}`);
    if (landed.execution.error !== null)
      throw new Fault(
        'local_world_failed',
        `transaction failed: ${JSON.stringify(landed.execution.error)}\n${landed.execution.logs.join('\n')}`,
      );
    return landed;
  };
  const giveUsdt = (owner: PublicKey, amount: bigint): void => {
    send(
      [
        createAssociatedTokenAccountIdempotentInstruction(
          faucet.publicKey,
          usdtOf(owner),
          owner,
          USDT,
        ),
        createMintToInstruction(USDT, usdtOf(owner), faucet.publicKey, amount),
      ],
      [faucet],
    );
  };
  const createSubAccount = ({ agent }: Trader, subAccountId: number): Trader => {
    const trader = { agent, subAccountId };
    send([instructions.initializeUser(trader, agent.publicKey)], [faucet, agent]);
    return trader;
  };
  cluster.advance(20);
  return {
    cluster,
    faucet,
    newKey,
    send,
    attempt,
    giveUsdt,
    createSubAccount,
    createTrader(deposit) {
      const agent = newKey();
      // Under this program only a wallet itself may pay for its first accounts.
      giveSol(agent.publicKey, 1_000_000_000n);
      giveUsdt(agent.publicKey, deposit);
      send([instructions.initializeUserStats(agent.publicKey, agent.publicKey)], [faucet, agent]);
      const trader = createSubAccount({ agent, subAccountId: 0 }, 0);
      send([instructions.deposit(trader, deposit)], [faucet, agent]);
      return trader;
    },
    movePrice(price) {
      prices.sol = price;
      publish();
      const address = addresses.perpMarket(0);
      const market = bank.get(address);
      if (market === null) throw new Fault('local_world_failed', 'the perp market is gone');
      const moved = quoteAt(new Fields(Buffer.from(market.data)), price, time());
      put(address, { ...market, data: new Uint8Array(moved.bytes) });
    },
    pass(seconds) {
      later += BigInt(seconds);
      cluster.advance(2);
      publish();
    },
    userBytes(trader) {
      const account = bank.get(userOf(trader).toBase58());
      if (account === null)
        throw new Fault('local_world_failed', 'that trader has no Velocity account');
      return account.data;
    },
  };
}
