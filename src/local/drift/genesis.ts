// Genesis: the venue's accounts at the start of the local world: state, a USDC and a SOL spot
// market, perp markets with an AMM deep enough to fill orders, oracles, and a vault with other
// people's deposits. They are built from the layouts; the values are plausible, not copied.
import { PublicKey } from '@solana/web3.js';
import type { Account } from '../chain/account.ts';
import {
  DRIFT,
  DRIFT_SIGNER,
  DRIFT_SIGNER_BUMP,
  oracleAddress,
  perpMarketAddress,
  STATE,
  spotMarketAddress,
  USDC,
  vaultAddress,
} from './addresses.ts';
import { blankAccount, decodeAccount, encodeAccount, type Struct } from './layout.ts';
import { LOOKUP_TABLE, venueTable } from './lookup.ts';
import { priceAccount } from './oracle.ts';
import { mintAccount, tokenAccount, wrappedAccount } from './tokens.ts';

export const WRAPPED_SOL = new PublicKey('So11111111111111111111111111111111111111112');
const SOL_PERP = 0;
const BTC_PERP = 1;
const QUOTE_ORACLE = PublicKey.default.toBase58();
const INTEREST_ONE = 10_000_000_000n;

type Put = (address: PublicKey, account: Account) => void;
export type GenesisTime = { readonly slot: bigint; readonly unixTime: bigint };

const name32 = (text: string): number[] => [...Buffer.from(text.padEnd(32))];
const venueAccount = (layout: string, value: Struct): Account => ({
  lamports: 50_000_000n,
  owner: DRIFT.toBase58(),
  data: encodeAccount(layout, value),
  executable: false,
});

function state(): Struct {
  const tier = {
    feeNumerator: 100,
    feeDenominator: 100_000,
    makerRebateNumerator: 20,
    makerRebateDenominator: 100_000,
    referrerRewardNumerator: 0,
    referrerRewardDenominator: 100_000,
    refereeFeeNumerator: 0,
    refereeFeeDenominator: 100_000,
  };
  const fees = {
    feeTiers: Array.from({ length: 10 }, () => ({ ...tier })),
    fillerRewardStructure: {
      rewardNumerator: 10,
      rewardDenominator: 100,
      timeBasedRewardLowerBound: 10_000n,
    },
    referrerRewardEpochUpperBound: 4_000_000_000n,
    flatFillerFee: 10_000n,
  };
  return {
    ...blankAccount('State'),
    signer: DRIFT_SIGNER.toBase58(),
    signerNonce: DRIFT_SIGNER_BUMP,
    numberOfMarkets: 2,
    numberOfSpotMarkets: 2,
    maxNumberOfSubAccounts: 1_000,
    liquidationMarginBufferRatio: 200,
    perpFeeStructure: fees,
    spotFeeStructure: fees,
    oracleGuardRails: {
      priceDivergence: {
        markOraclePercentDivergence: 100_000n,
        oracleTwap5minPercentDivergence: 500_000n,
      },
      validity: {
        slotsBeforeStaleForAmm: 1_000_000n,
        slotsBeforeStaleForMargin: 1_000_000n,
        confidenceIntervalMaxSize: 200_000n,
        tooVolatileRatio: 5n,
      },
    },
  };
}

function priceHistory(price: bigint, now: bigint): Struct {
  return {
    lastOraclePrice: price,
    lastOracleConf: 0n,
    lastOracleDelay: 0n,
    lastOraclePriceTwap: price,
    lastOraclePriceTwap5min: price,
    lastOraclePriceTwapTs: now,
  };
}

function spotMarket(index: number, fields: Struct, price: bigint, time: GenesisTime): Struct {
  return {
    ...blankAccount('SpotMarket'),
    pubkey: spotMarketAddress(index).toBase58(),
    vault: vaultAddress(index).toBase58(),
    marketIndex: index,
    historicalOracleData: priceHistory(price, time.unixTime),
    cumulativeDepositInterest: INTEREST_ONE,
    cumulativeBorrowInterest: INTEREST_ONE,
    lastInterestTs: time.unixTime,
    lastTwapTs: time.unixTime,
    nextDepositRecordId: 1n,
    nextFillRecordId: 1n,
    optimalUtilization: 800_000,
    optimalBorrowRate: 52_500,
    maxBorrowRate: 900_000,
    status: 'active',
    ...fields,
  };
}

/** Reserves with which the AMM's price is exactly the peg: base equals quote equals sqrt(k). */
function ammAt(price: bigint, time: GenesisTime): Struct {
  const reserve = 41_000_000n * 1_000_000_000n;
  return {
    baseAssetReserve: reserve,
    quoteAssetReserve: reserve,
    sqrtK: reserve,
    terminalQuoteAssetReserve: reserve,
    minBaseAssetReserve: (reserve * 10n) / 11n,
    maxBaseAssetReserve: (reserve * 11n) / 10n,
    askBaseAssetReserve: reserve,
    askQuoteAssetReserve: reserve,
    bidBaseAssetReserve: reserve,
    bidQuoteAssetReserve: reserve,
    concentrationCoef: 1_100_000n,
    pegMultiplier: price,
    historicalOracleData: priceHistory(price, time.unixTime),
    lastMarkPriceTwap: price,
    lastMarkPriceTwap5min: price,
    lastBidPriceTwap: price,
    lastAskPriceTwap: price,
    lastMarkPriceTwapTs: time.unixTime,
    lastOracleNormalisedPrice: price,
    lastUpdateSlot: time.slot,
    lastTradeTs: time.unixTime,
    lastOracleValid: true,
    lastFundingRateTs: time.unixTime,
    lastFundingOracleTwap: price,
  };
}

function perpMarket(index: number, name: string, price: bigint, time: GenesisTime): Struct {
  const blank = blankAccount('PerpMarket');
  return {
    ...blank,
    pubkey: perpMarketAddress(index).toBase58(),
    name: name32(name),
    marketIndex: index,
    status: 'active',
    contractTier: 'b',
    marginRatioInitial: 500,
    marginRatioMaintenance: 300,
    imfFactor: 0,
    liquidatorFee: 7_500,
    ifLiquidationFee: 7_500,
    unrealizedPnlInitialAssetWeight: 0,
    unrealizedPnlMaintenanceAssetWeight: 10_000,
    nextFillRecordId: 1n,
    nextFundingRateRecordId: 1n,
    nextCurveRecordId: 1n,
    pnlPool: { ...blank.pnlPool, scaledBalance: 100_000_000_000_000n },
    amm: {
      ...blank.amm,
      ...ammAt(price, time),
      oracle: oracleAddress(index).toBase58(),
      oracleSource: 'pyth',
      feePool: { ...blank.amm.feePool, scaledBalance: 100_000_000_000_000n },
      fundingPeriod: 3_600n,
      orderStepSize: 10_000_000n,
      orderTickSize: 100n,
      minOrderSize: 10_000_000n,
      maxSpread: 20_000,
      maxFillReserveFraction: 100,
      maxSlippageRatio: 50,
      maxOpenInterest: 2_000_000_000_000_000n,
      totalFeeMinusDistributions: 100_000_000_000n,
    },
  };
}

/** Writes the venue's accounts. `mintAuthority` may mint USDC, as the world's faucet. */
export function writeGenesis(
  put: Put,
  mintAuthority: PublicKey,
  prices: readonly [bigint, bigint],
  time: GenesisTime,
): void {
  const [sol, btc] = prices;
  put(USDC, mintAccount(mintAuthority));
  put(vaultAddress(0), tokenAccount(USDC, DRIFT_SIGNER, 1_000_000_000_000n));
  put(vaultAddress(1), wrappedAccount(WRAPPED_SOL, DRIFT_SIGNER, 0n));
  put(LOOKUP_TABLE, venueTable());
  put(STATE, venueAccount('State', state()));
  put(oracleAddress(SOL_PERP), priceAccount(sol, time.slot));
  put(oracleAddress(BTC_PERP), priceAccount(btc, time.slot));
  const weights = {
    initialAssetWeight: 10_000,
    maintenanceAssetWeight: 10_000,
    initialLiabilityWeight: 10_000,
    maintenanceLiabilityWeight: 10_000,
  };
  put(
    spotMarketAddress(0),
    venueAccount(
      'SpotMarket',
      spotMarket(
        0,
        {
          ...weights,
          mint: USDC.toBase58(),
          name: name32('USDC'),
          oracle: QUOTE_ORACLE,
          oracleSource: 'quoteAsset',
          decimals: 6,
          depositBalance: 900_000_000_000_000n,
          depositTokenTwap: 900_000_000_000n,
          withdrawGuardThreshold: 1_000_000_000_000n,
        },
        1_000_000n,
        time,
      ),
    ),
  );
  put(
    spotMarketAddress(1),
    venueAccount(
      'SpotMarket',
      spotMarket(
        1,
        {
          initialAssetWeight: 8_000,
          maintenanceAssetWeight: 9_000,
          initialLiabilityWeight: 12_000,
          maintenanceLiabilityWeight: 11_000,
          mint: WRAPPED_SOL.toBase58(),
          name: name32('SOL'),
          oracle: oracleAddress(SOL_PERP).toBase58(),
          oracleSource: 'pyth',
          decimals: 9,
          withdrawGuardThreshold: 100_000_000_000_000n,
        },
        sol,
        time,
      ),
    ),
  );
  put(
    perpMarketAddress(SOL_PERP),
    venueAccount('PerpMarket', perpMarket(SOL_PERP, 'SOL-PERP', sol, time)),
  );
  put(
    perpMarketAddress(BTC_PERP),
    venueAccount('PerpMarket', perpMarket(BTC_PERP, 'BTC-PERP', btc, time)),
  );
}

/**
 * A perp market after its price moved: the AMM is repegged, so that it trades at the oracle price
 * at once. The reserves stay, because they show what the AMM holds against traders; the program
 * checks that they end where they began once that is closed.
 */
export function repegged(account: Account, price: bigint, time: GenesisTime): Account {
  const market = decodeAccount('PerpMarket', account.data);
  const { pegMultiplier, ...fresh } = ammAt(price, time);
  const marks = Object.fromEntries(
    Object.entries(fresh).filter(([name]) => !/Reserve$|^sqrtK$|^concentrationCoef$/.test(name)),
  );
  Object.assign(market.amm, marks, { pegMultiplier });
  return { ...account, data: encodeAccount('PerpMarket', market) };
}
