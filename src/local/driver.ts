// Driver: people on the local chain: they fund wallets, open accounts at a venue, trade, move
// prices, and withdraw without the platform. This file holds what they do at either venue, and
// Drift's driver; Velocity's is in velocity/driver.ts.
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Keypair, type PublicKey } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import type { VenueName } from '../core/venue-name.ts';
import type { Cluster, Landed } from './chain/cluster.ts';
import { oracleAddress, perpMarketAddress, USDC, userAddress } from './drift/addresses.ts';
import { repegged } from './drift/genesis.ts';
import { type Direction, type Trader, venueInstructions } from './drift/instructions.ts';
import { decodeAccount, type Struct } from './drift/layout.ts';
import { priceAccount } from './drift/oracle.ts';
import { createSender, type Sender } from './sender.ts';

/** The acts of people at one venue, the same for each venue. */
export type VenueDriver = Omit<Sender, 'giveTokens' | 'tokensOf'> & {
  readonly venue: VenueName;
  readonly title: string;
  /** The token in which the venue counts profit. */
  readonly quote: { readonly mint: PublicKey; readonly symbol: string };
  giveQuote(owner: PublicKey, amount: bigint): void;
  /** The quote tokens in the owner's token account; null when there is no account. */
  quoteOf(owner: PublicKey): bigint | null;
  /**
   * A new agent wallet whose sub-account 0 at the venue holds `deposit`. It keeps no SOL unless
   * `lamports` says so.
   */
  createTrader(options: { deposit: bigint; lamports?: bigint; agent?: Keypair }): Trader;
  /** A market order that is filled at once; `base` is in 1e9. */
  trade(
    trader: Trader,
    direction: Direction,
    base: bigint,
    options?: { market?: number; reduceOnly?: boolean; limit?: bigint },
  ): Landed;
  movePrice(market: number, price: bigint): void;
  /**
   * Withdraws from the venue straight to a token account of `destination`, as an owner with the key
   * can.
   */
  withdrawTo(
    trader: Trader,
    destination: PublicKey,
    amount: bigint,
    options?: { reduceOnly?: boolean },
  ): Landed;
  /** The quote tokens that are deposited at the venue, in base units. */
  depositOf(trader: Trader): bigint;
};

export type Driver = VenueDriver & {
  giveUsdc(owner: PublicKey, amount: bigint): void;
  usdcOf(owner: PublicKey): bigint | null;
  userOf(trader: Trader): Struct;
  readonly instructions: ReturnType<typeof venueInstructions>;
};

const FAUCET_LAMPORTS = 1_000_000_000_000n;

/** Creates the driver of people at Drift. */
export function createDriver(
  cluster: Cluster,
  faucet: Keypair,
  newKey: () => Keypair = () => Keypair.generate(),
): Driver {
  const instructions = venueInstructions();
  const ata = (owner: PublicKey) => getAssociatedTokenAddressSync(USDC, owner, true);
  const { giveTokens, tokensOf, ...sender } = createSender({ cluster, faucet, newKey });
  const { send, giveSol } = sender;
  giveSol(faucet.publicKey, FAUCET_LAMPORTS);
  const giveUsdc = (owner: PublicKey, amount: bigint): void => giveTokens(USDC, owner, amount);
  const usdcOf = (owner: PublicKey): bigint | null => tokensOf(USDC, owner);
  const userOf = ({ agent, subAccountId }: Trader): Struct => {
    const account = cluster.bank.get(userAddress(agent.publicKey, subAccountId).toBase58());
    if (account === null) throw new Fault('local_world_failed', 'that trader has no Drift account');
    return decodeAccount('User', account.data);
  };

  return {
    ...sender,
    venue: 'drift-v2',
    title: 'Drift',
    quote: { mint: USDC, symbol: 'USDC' },
    giveQuote: giveUsdc,
    quoteOf: usdcOf,
    giveUsdc,
    usdcOf,
    userOf,
    instructions,
    depositOf: (trader) => (userOf(trader).spotPositions[0].scaledBalance as bigint) / 1_000n,
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
  };
}

/** Moves USDC out of an agent's own token account. */
export const transferUsdc = (
  driver: Driver,
  from: Keypair,
  to: PublicKey,
  amount: bigint,
): Landed => transferQuote(driver, from, to, amount);

/** Moves tokens of the venue's quote token out of a wallet's own token account. */
export function transferQuote(
  driver: VenueDriver,
  from: Keypair,
  to: PublicKey,
  amount: bigint,
): Landed {
  const { mint } = driver.quote;
  const source = getAssociatedTokenAddressSync(mint, from.publicKey);
  const destination = getAssociatedTokenAddressSync(mint, to, true);
  return driver.send(
    [
      createAssociatedTokenAccountIdempotentInstruction(
        driver.faucet.publicKey,
        destination,
        to,
        mint,
      ),
      createTransferCheckedInstruction(source, mint, destination, from.publicKey, amount, 6),
    ],
    [driver.faucet, from],
  );
}
