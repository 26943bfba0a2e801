// Layout: Velocity's accounts, records and instruction arguments for its stand-in, as changes of
// Drift's published interface. Offsets are those of the accounts of 2026-07: the structs of
// velocity-exchange/velocity-v1 (user.rs, spot_market.rs, perp_market.rs, state.rs,
// vlp/amm/state.rs), held against what the compiled program writes. The paths are those of Drift's
// structs, which the rules of the stand-in read.
import type { Idl, IdlDefinition, IdlField, IdlType } from '../drift/idl.ts';
import {
  type AccountLayout,
  createLayout,
  DRIFT_LAYOUT,
  idl as driftIdl,
  type Layout,
  type PlacedField,
} from '../drift/layout.ts';

const fields = (list: string): IdlField[] =>
  list
    .trim()
    .split(/\s+/)
    .map((each) => {
      const [name = '', type = ''] = each.split(':');
      return { name, type: TYPES[type] ?? type };
    });
const bytes = (count: number): IdlType => ({ array: ['u8', count] });
const defined = (name: string): IdlType => ({ defined: name });
/** Types that are not written as they are called. */
const TYPES: Readonly<Record<string, IdlType>> = {
  key: 'publicKey',
  pool: defined('PoolBalance'),
  history: defined('HistoricalOracleData'),
  index: defined('HistoricalIndexData'),
  status: defined('MarketStatus'),
  source: defined('OracleSource'),
  assetTier: defined('AssetTier'),
  contractTier: defined('ContractTier'),
  balance: defined('SpotBalanceType'),
  orderStatus: defined('OrderStatus'),
  orderType: defined('OrderType'),
  marketType: defined('MarketType'),
  direction: defined('PositionDirection'),
  trigger: defined('OrderTriggerCondition'),
  name: bytes(32),
};
const struct = (name: string, list: string): IdlDefinition => ({
  name,
  type: { kind: 'struct', fields: fields(list) },
});

/** Definitions that differ from Drift's. */
const CHANGED: readonly IdlDefinition[] = [
  {
    name: 'MarketStatus',
    type: {
      kind: 'enum',
      variants: ['Initialized', 'Active', 'ReduceOnly', 'Settlement', 'Delisted'].map((name) => ({
        name,
      })),
    },
  },
  struct(
    'PerpPosition',
    `lastCumulativeFundingRate:i64 baseAssetAmount:i64 quoteAssetAmount:i64
    quoteBreakEvenAmount:i64 quoteEntryAmount:i64 openBids:i64 openAsks:i64 settledPnl:i64
    isolatedPositionScaledBalance:u64 reserved:u16 maxMarginRatio:u16 marketIndex:u16 openOrders:u8
    positionFlag:u8`,
  ),
  struct(
    'Order',
    `slot:u64 price:u64 baseAssetAmount:u64 baseAssetAmountFilled:u64 quoteAssetAmountFilled:u64
    triggerPrice:u64 auctionStartPrice:i64 auctionEndPrice:i64 maxTs:i64 oraclePriceOffset:i64
    orderId:u32 marketIndex:u16 status:orderStatus orderType:orderType marketType:marketType
    userOrderId:u8 existingPositionDirection:direction direction:direction reduceOnly:bool
    postOnly:bool immediateOrCancel:bool triggerCondition:trigger auctionDuration:u8
    postedSlotTail:u8 bitFlags:u8 reserved1:u8 reserved2:u16 reserved3:u16`,
  ),
  struct(
    'LiquidatePerpRecord',
    `marketIndex:u16 oraclePrice:i64 baseAssetAmount:i64 quoteAssetAmount:i64 fillRecordId:u64
    userOrderId:u32 liquidatorOrderId:u32 liquidatorFee:u64 ifFee:u64 protocolFee:u64`,
  ),
  struct(
    'LiquidateSpotRecord',
    `assetMarketIndex:u16 assetPrice:i64 assetTransfer:u128 liabilityMarketIndex:u16
    liabilityPrice:i64 liabilityTransfer:u128 ifFee:u64 protocolFee:u64`,
  ),
];

/** Fields at their offsets, written as `path@offset:type`. */
const placed = (list: string): PlacedField[] =>
  list
    .trim()
    .split(/\s+/)
    .map((each) => {
      const [, path = '', at = '', type = ''] = /^(.+)@(\d+):(.+)$/.exec(each) ?? [];
      return [path, Number(at), TYPES[type] ?? type];
    });

const fees = (path: string, at: number): PlacedField[] => [
  [`${path}.feeTiers`, at, { array: [defined('FeeTier'), 10] }],
  ...placed(`${path}.fillerRewardStructure.timeBasedRewardLowerBound@${at + 320}:u128
    ${path}.fillerRewardStructure.rewardNumerator@${at + 336}:u32
    ${path}.fillerRewardStructure.rewardDenominator@${at + 340}:u32
    ${path}.flatFillerFee@${at + 352}:u64 ${path}.ammFeeNumerator@${at + 360}:u32
    ${path}.ifFeeNumerator@${at + 364}:u32`),
];

const ACCOUNTS: Readonly<Record<string, AccountLayout>> = {
  User: {
    bytes: 4496,
    placed: [
      ['spotPositions', 104, { array: [defined('SpotPosition'), 8] }],
      ['perpPositions', 424, { array: [defined('PerpPosition'), 8] }],
      ['orders', 1064, { array: [defined('Order'), 32] }],
      ...placed(`authority@8:key delegate@40:key name@72:name
        totalDeposits@4392:u64 totalWithdraws@4400:u64 totalSocialLoss@4408:u64
        settledPerpPnl@4416:i64 cumulativeSpotFees@4424:i64 cumulativePerpFunding@4432:i64
        liquidationMarginFreed@4440:u64 lastActiveSlot@4448:u64 nextOrderId@4456:u32
        maxMarginRatio@4460:u32 nextLiquidationId@4464:u16 subAccountId@4466:u16 status@4468:u8
        isMarginTradingEnabled@4469:bool idle@4470:bool openOrders@4471:u8 hasOpenOrder@4472:bool
        openAuctions@4473:u8 hasOpenAuction@4474:bool poolId@4475:u8 specialUserStatus@4476:u8
        equityFloor@4480:u64 equityFloorBuffer@4488:u64`),
    ],
  },
  UserStats: {
    bytes: 240,
    placed: placed(`authority@8:key referrer@40:key fees.totalFeePaid@72:u64
      fees.totalFeeRebate@80:u64 fees.totalRefereeDiscount@88:u64 fees.totalReferrerReward@96:u64
      makerVolume30d@104:u64 takerVolume30d@112:u64 fillerVolume30d@120:u64
      lastMakerVolume30dTs@128:i64 lastTakerVolume30dTs@136:i64 lastFillerVolume30dTs@144:i64
      numberOfSubAccounts@160:u16 numberOfSubAccountsCreated@162:u16 referrerStatus@164:u8
      pausedOperations@166:u8 delegatePermissions@176:u8 equityBreakerTripped@177:u8`),
  },
  State: {
    bytes: 1752,
    placed: [
      ...fees('perpFeeStructure', 552),
      ...fees('spotFeeStructure', 920),
      ...placed(`signer@488:key
        oracleGuardRails.priceDivergence.markOraclePercentDivergence@1288:u64
        oracleGuardRails.priceDivergence.oracleTwap5minPercentDivergence@1296:u64
        oracleGuardRails.validity.slotsBeforeStaleForAmm@1304:i64
        oracleGuardRails.validity.slotsBeforeStaleForMargin@1312:i64
        oracleGuardRails.validity.confidenceIntervalMaxSize@1320:u64
        oracleGuardRails.validity.tooVolatileRatio@1328:i64
        numberOfAuthorities@1336:u64 numberOfSubAccounts@1344:u64
        liquidationMarginBufferRatio@1352:u32 numberOfMarkets@1358:u16 numberOfSpotMarkets@1360:u16
        signerNonce@1362:u8 minPerpAuctionDuration@1363:u8 exchangeStatus@1366:u8
        liquidationDuration@1367:u8 initialPctToLiquidate@1368:u16 featureBitFlags@1374:u8`),
    ],
  },
  SpotMarket: {
    bytes: 808,
    placed: placed(`pubkey@8:key oracle@40:key mint@72:key vault@104:key name@136:name
      insuranceFund.vault@168:key insuranceFund.totalFactor@272:u32 totalSpotFee@280:u128
      depositBalance@296:u128 borrowBalance@312:u128 cumulativeDepositInterest@328:u128
      cumulativeBorrowInterest@344:u128 revenuePool.scaledBalance@392:u128
      spotFeePool.scaledBalance@424:u128 historicalOracleData@456:history
      historicalIndexData@504:index withdrawGuardThreshold@544:u64 maxTokenDeposits@552:u64
      depositTokenTwap@560:u64 borrowTokenTwap@568:u64 utilizationTwap@576:u64 lastInterestTs@584:u64
      lastTwapTs@592:u64 expiryTs@600:i64 orderStepSize@608:u64 orderTickSize@616:u64
      minOrderSize@624:u64 nextFillRecordId@640:u64 nextDepositRecordId@648:u64
      initialAssetWeight@656:u32 maintenanceAssetWeight@660:u32 initialLiabilityWeight@664:u32
      maintenanceLiabilityWeight@668:u32 imfFactor@672:u32 liquidatorFee@676:u32
      ifLiquidationFee@680:u32 optimalUtilization@684:u32 optimalBorrowRate@688:u32
      maxBorrowRate@692:u32 decimals@696:u32 marketIndex@700:u16 ordersEnabled@702:bool
      oracleSource@703:source status@704:status assetTier@705:assetTier pausedOperations@706:u8
      ifPausedOperations@707:u8 flashLoanAmount@712:u64 flashLoanInitialTokenAmount@720:u64
      totalSwapFee@728:u64 minBorrowRate@744:u8 poolId@746:u8`),
  },
  PerpMarket: {
    bytes: 1304,
    placed: placed(`pubkey@8:key amm.baseAssetAmountLong@40:i128 amm.baseAssetAmountShort@56:i128
      amm.quoteAssetAmount@72:i128 amm.quoteEntryAmountLong@88:i128
      amm.quoteEntryAmountShort@104:i128 amm.quoteBreakEvenAmountLong@120:i128
      amm.quoteBreakEvenAmountShort@136:i128 amm.maxOpenInterest@152:u128
      amm.totalSocialLoss@168:u128 amm.cumulativeFundingRateLong@184:i128
      amm.cumulativeFundingRateShort@200:i128 amm.totalExchangeFee@216:u128
      amm.totalLiquidationFee@232:u128 amm.oracle@312:key pnlPool.scaledBalance@344:u128
      pendingProtocolFee@248:u128 pendingIfFee@264:u128
      ammProtocolFeesReceived@280:u128 pendingAmmProvision@296:u128
      protocolFeePool@376:pool protocolLiquidationFee@408:u32 feePoolBufferTarget@416:u64
      name@424:name
      amm.lastFundingRate@496:i64 amm.lastFundingRateLong@504:i64 amm.lastFundingRateShort@512:i64
      amm.lastFundingRateTs@520:i64 amm.netUnsettledFundingPnl@528:i64
      fundingClampThreshold@536:u32 fundingRampSlope@540:u32 amm.orderStepSize@544:u64
      amm.orderTickSize@552:u64 unrealizedPnlMaxImbalance@560:u64 expiryTs@568:i64
      expiryPrice@576:i64 nextFillRecordId@584:u64 nextFundingRateRecordId@592:u64 imfFactor@600:u32
      unrealizedPnlImfFactor@604:u32 liquidatorFee@608:u32 ifLiquidationFee@612:u32
      marginRatioInitial@616:u32 marginRatioMaintenance@620:u32
      unrealizedPnlInitialAssetWeight@624:u32 unrealizedPnlMaintenanceAssetWeight@628:u32
      numberOfUsersWithBase@632:u32 numberOfUsers@636:u32 marketIndex@640:u16 status@642:status
      contractTier@644:contractTier pausedOperations@645:u8 quoteSpotMarketIndex@646:u16
      feeAdjustment@648:i16 lastFillPrice@656:u64 poolId@664:u8 amm.oracleSource@673:source
      amm.lastMarkPriceTwap@680:u64 amm.lastMarkPriceTwap5min@688:u64 amm.lastMarkPriceTwapTs@696:i64
      amm.lastBidPriceTwap@704:u64 amm.lastAskPriceTwap@712:u64 amm.markStd@720:u64
      amm.oracleStd@728:u64 amm.lastOracleConfPct@736:u64 amm.volume24h@744:u64
      amm.longIntensityVolume@752:u64 amm.shortIntensityVolume@760:u64 amm.lastTradeTs@768:i64
      amm.fundingPeriod@784:i64 amm.minOrderSize@792:u64
      amm.mmOraclePrice@800:i64 amm.mmOracleSlot@808:u64 amm.lastOracleNormalisedPrice@824:i64
      amm.lastOracleValid@836:bool amm.historicalOracleData@848:history
      amm.feePool.scaledBalance@904:u128 amm.baseAssetReserve@936:u128
      amm.quoteAssetReserve@952:u128 amm.concentrationCoef@968:u128 amm.minBaseAssetReserve@984:u128
      amm.maxBaseAssetReserve@1000:u128 amm.sqrtK@1016:u128 amm.pegMultiplier@1032:u128
      amm.terminalQuoteAssetReserve@1048:u128 amm.baseAssetAmountWithAmm@1064:i128
      amm.totalFee@1080:i128 amm.totalMmFee@1096:i128 amm.totalFeeMinusDistributions@1112:i128
      amm.totalFeeWithdrawn@1128:u128 amm.askBaseAssetReserve@1144:u128
      amm.askQuoteAssetReserve@1160:u128 amm.bidBaseAssetReserve@1176:u128
      amm.bidQuoteAssetReserve@1192:u128 amm.lastUpdateSlot@1208:u64
      amm.netRevenueSinceLastFunding@1216:i64 amm.lastOracleReservePriceSpreadPct@1240:i64
      amm.baseSpread@1256:u32 amm.maxSpread@1260:u32 amm.longSpread@1264:u32 amm.shortSpread@1268:u32
      amm.referencePriceOffset@1272:i32 amm.maxFillReserveFraction@1276:u16
      amm.maxSlippageRatio@1278:u16 amm.curveUpdateIntensity@1280:u8 amm.ammJitIntensity@1281:u8
      amm.ammSpreadAdjustment@1282:i8 amm.ammInventorySpreadAdjustment@1283:i8
      amm.referencePriceOffsetDeadbandPct@1284:u8`),
  },
};

type Instruction = Idl['instructions'][number];
/** Instructions that Drift lacks, or has with other arguments. `w` is writable, `s` signs. */
const instruction = (name: string, accounts: string, args: IdlField[]): Instruction => ({
  name,
  accounts: accounts.split(' ').map((each) => {
    const [account = '', flags = ''] = each.split(':');
    return { name: account, isMut: flags.includes('w'), isSigner: flags.includes('s') };
  }),
  args,
});
const TRANSFER = 'fromUser:w toUser:w userStats:w authority:s state spotMarketVault';
const INSTRUCTIONS: readonly Instruction[] = [
  instruction(
    'transferDepositByDelegate',
    TRANSFER,
    fields('marketIndex:u16 amount:u64 equityFloorDelta:u64'),
  ),
  instruction(
    'updateUserAllowDelegateTransfer',
    'userStats:w authority:s',
    fields('allowDelegateTransfer:bool'),
  ),
];

/** The parameters of an order: Drift's, with an offset of eight bytes and a builder. */
function orderParams(): IdlDefinition {
  const found = driftIdl.types.find(({ name }) => name === 'OrderParams');
  if (found?.type.kind !== 'struct') throw new Error('layout: no parameters of orders');
  const changed = found.type.fields.map((each) =>
    each.name === 'oraclePriceOffset' ? { ...each, type: { option: 'i64' } } : each,
  );
  const more = [
    { name: 'builderIdx', type: { option: 'u8' } },
    { name: 'builderFeeTenthBps', type: { option: 'u16' } },
  ];
  return { name: 'OrderParams', type: { kind: 'struct', fields: [...changed, ...more] } };
}

/** Errors that Drift lacks. */
const ERRORS = [
  { code: 6358, name: 'EquityBelowFloor', msg: 'Equity below floor' },
  { code: 6371, name: 'SpotMarketInterestStaleForMargin', msg: 'Spot market interest is stale' },
  { code: 6359, name: 'InvalidEquityFloorTransfer', msg: 'Invalid equity floor transfer' },
];

function replaced<T extends { readonly name: string }>(all: readonly T[], by: readonly T[]): T[] {
  const names = new Set(by.map(({ name }) => name));
  return [...all.filter(({ name }) => !names.has(name)), ...by];
}

/** Drift's interface with Velocity's changes. */
const VELOCITY_IDL: Idl = {
  ...driftIdl,
  types: replaced(driftIdl.types, [...CHANGED, orderParams()]),
  instructions: replaced(driftIdl.instructions, INSTRUCTIONS),
  errors: [...driftIdl.errors.filter(({ code }) => code < 6350), ...ERRORS],
};

/** Velocity's layout. Fields that only Drift's accounts have are zero. */
export const VELOCITY_LAYOUT: Layout = createLayout(
  VELOCITY_IDL,
  ACCOUNTS,
  DRIFT_LAYOUT.blankAccount,
);
