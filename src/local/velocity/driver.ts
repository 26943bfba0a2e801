// Driver: people who trade at Velocity on the local chain. A trade is filled by one maker of this
// world, who asks or bids for exactly that size at the oracle price.
import {
  createAssociatedTokenAccountIdempotentInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import { Fault } from '../../core/fault.ts';
import { VELOCITY } from '../../venue/velocity/venue.ts';
import type { Cluster } from '../chain/cluster.ts';
import type { VenueDriver } from '../driver.ts';
import { createSender } from '../sender.ts';
import {
  addresses,
  Fields,
  type GenesisTime,
  ORACLES,
  oracleAccount,
  quoteAt,
  USDT,
} from './genesis.ts';
import { instructions, type Trader, usdtOf, userOf } from './instructions.ts';

/** The prices of USDT and SOL at genesis, in PRICE precision. */
export const PRICES = { usdt: 999_289n, sol: 150_000_000n } as const;

/** The prices that the oracles publish, in PRICE precision. Drivers of one chain share them. */
export type Prices = { usdt: bigint; sol: bigint };

export type VelocityDriver = VenueDriver & {
  readonly prices: Prices;
  /** Creates the next sub-account of a wallet, which pays for it. */
  createSubAccount(trader: Trader, subAccountId: number): Trader;
  /** Publishes both oracles at the present time, as happens in every slot. */
  publish(): void;
  userBytes(trader: Trader): Uint8Array;
};

export type VelocityDriverOptions = {
  readonly cluster: Cluster;
  readonly faucet: Keypair;
  readonly newKey?: () => Keypair;
  readonly prices?: Prices;
  /**
   * The slot and time at which oracles are published before each act; when absent, those of the
   * chain, and its owner publishes in every slot.
   */
  readonly time?: () => GenesisTime;
};

const MAKER_DEPOSIT = 100_000_000_000_000n;
const FAUCET_LAMPORTS = 1_000_000_000_000_000n;
/** Lamports with which a wallet can pay for its own accounts. */
const FIRST_LAMPORTS = 1_000_000_000n;
const TICK = 1_000n;

/** Creates the driver. The accounts of the venue must be there (`writeVelocityGenesis`). */
export function createVelocityDriver(options: VelocityDriverOptions): VelocityDriver {
  const { cluster, faucet, newKey = () => Keypair.generate() } = options;
  const { prices = { ...PRICES } } = options;
  const time =
    options.time ??
    ((): GenesisTime => {
      const slot = cluster.slot('processed');
      return { slot: BigInt(slot), unixTime: BigInt(cluster.blockTime(slot) ?? 0) };
    });
  const publish = (): void => {
    const now = time();
    cluster.bank.setTime(now.slot, now.unixTime);
    cluster.put(ORACLES.usdt.toBase58(), oracleAccount(prices.usdt, now));
    cluster.put(ORACLES.sol.toBase58(), oracleAccount(prices.sol, now));
  };
  const before = options.time === undefined ? {} : { before: publish };
  const { giveTokens, tokensOf, ...sender } = createSender({ cluster, faucet, newKey, ...before });
  const { send, giveSol } = sender;
  if (sender.lamportsOf(faucet.publicKey) === 0n) giveSol(faucet.publicKey, FAUCET_LAMPORTS);
  const giveQuote = (owner: PublicKey, amount: bigint): void => giveTokens(USDT, owner, amount);
  const createSubAccount = ({ agent }: Trader, subAccountId: number): Trader => {
    const trader = { agent, subAccountId };
    send([instructions.initializeUser(trader, agent.publicKey)], [faucet, agent]);
    return trader;
  };
  const userBytes = (trader: Trader): Uint8Array => {
    const account = cluster.bank.get(userOf(trader).toBase58());
    if (account === null)
      throw new Fault('local_world_failed', 'that trader has no Velocity account');
    return account.data;
  };
  const createTrader: VenueDriver['createTrader'] = ({
    deposit,
    lamports = 0n,
    agent = newKey(),
  }) => {
    // Under this program only a wallet itself may pay for its first accounts.
    giveSol(agent.publicKey, FIRST_LAMPORTS);
    giveQuote(agent.publicKey, deposit);
    send([instructions.initializeUserStats(agent.publicKey, agent.publicKey)], [faucet, agent]);
    const trader = createSubAccount({ agent, subAccountId: 0 }, 0);
    send([instructions.deposit(trader, deposit)], [faucet, agent]);
    cluster.put(
      agent.publicKey.toBase58(),
      lamports === 0n
        ? null
        : {
            lamports,
            owner: SystemProgram.programId.toBase58(),
            data: new Uint8Array(),
            executable: false,
          },
    );
    return trader;
  };
  let maker: Trader | null = null;

  return {
    ...sender,
    venue: 'velocity',
    prices,
    title: VELOCITY.profile.title,
    quote: { mint: USDT, symbol: VELOCITY.profile.quote.symbol },
    giveQuote,
    quoteOf: (owner) => tokensOf(USDT, owner),
    createTrader,
    createSubAccount,
    publish,
    userBytes,
    trade(trader, direction, base, { reduceOnly = false, limit } = {}) {
      maker ??= createTrader({ deposit: MAKER_DEPOSIT });
      const price = prices.sol - (prices.sol % TICK);
      const worst = direction === 'long' ? price + price / 50n : price - price / 50n;
      const other = direction === 'long' ? 'short' : 'long';
      // The rest of an earlier order must not fill this one.
      send(
        [instructions.cancelAll(maker), instructions.make(maker, other, base, price)],
        [faucet, maker.agent],
      );
      const order = { direction, base, price: limit ?? worst - (worst % TICK), reduceOnly };
      return send([instructions.take(trader, maker, order)], [faucet, trader.agent]);
    },
    movePrice(market, price) {
      if (market !== 0)
        throw new Fault('local_world_failed', `Velocity has no market ${market} in this world.`);
      prices.sol = price;
      publish();
      const address = addresses.perpMarket(0);
      const account = cluster.bank.get(address);
      if (account === null) throw new Fault('local_world_failed', 'the perp market is gone');
      const moved = quoteAt(new Fields(Buffer.from(account.data)), price, time());
      cluster.put(address, { ...account, data: new Uint8Array(moved.bytes) });
    },
    withdrawTo(trader, destination, amount) {
      return send(
        [
          createAssociatedTokenAccountIdempotentInstruction(
            faucet.publicKey,
            usdtOf(destination),
            destination,
            USDT,
          ),
          instructions.withdraw(
            trader,
            getAssociatedTokenAddressSync(USDT, destination, true),
            amount,
          ),
        ],
        [faucet, trader.agent],
      );
    },
    depositOf(trader) {
      const { spots } = VELOCITY.accounts.user(userBytes(trader));
      const { market } = VELOCITY.profile.quote;
      return (spots.find((each) => each.market === market)?.scaledBalance ?? 0n) / 1_000n;
    },
  };
}
