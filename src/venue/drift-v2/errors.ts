// Errors: every error of Drift v2 in which a settlement, withdrawal or transfer can end: its
// number, its name in the interface, its class, and the reason. A test compares the names with the
// SDK's interface.
import type { ErrorRows } from '../error-rows.ts';

/** Errors of the venue's program. A number that is not listed is of the class `unexpected`. */
export const ERROR_ROWS: ErrorRows = {
  // Passes within seconds: an oracle or a market is behind, or a keeper was faster.
  retry_soon: {
    '6010 UserHasNoPositionInMarket': 'Nothing is left to settle in this market.',
    '6019 MathError':
      'A calculation failed, as with an oracle price of zero; it passes with the next price.',
    '6021 ClockUnavailable': 'The program could not read the clock.',
    '6023 PriceBandsBreached':
      'The price of the market or its oracle is too far from its five-minute average to settle.',
    '6035 InvalidOracle': 'The oracle of a borrow or position is not valid just now.',
    '6091 SpotMarketInterestNotUpToDate':
      'The interest of the spot market was not brought up to date.',
    '6096 AMMNotUpdatedInSameSlot': 'The AMM of the market was not updated in this slot.',
    '6123 InvalidPositionLastFundingRate': 'The funding of a position was not settled first.',
    '6202 BlockchainClockInconsistency': 'The clock of the chain went back.',
    '6251 FundingWasNotUpdated': 'The funding rate of the market was not updated.',
    '6259 NoUnsettledPnl': 'The position has no profit left to settle.',
    '6261 OracleNonPositive': 'The oracle has no price above zero.',
    '6262 OracleTooVolatile': 'The oracle price moved too fast.',
    '6263 OracleTooUncertain': 'The oracle is too uncertain of its price.',
    '6264 OracleStaleForMargin': 'The oracle price is too old.',
    '6265 OracleInsufficientDataPoints': 'The oracle has too few data points.',
    '6266 OracleStaleForAMM': 'The oracle price is too old for the AMM.',
  },
  // Passes when the account recovers, or when its owner closes or reduces a position.
  retry_when_healthier: {
    '6003 InsufficientCollateral':
      'After the withdrawal too little collateral would be left for positions and borrows.',
    '6007 MarketDelisted': 'The market is delisted.',
    '6095 InsufficientCollateralForSettlingPNL':
      'The account does not meet its maintenance margin, so a loss is not settled.',
    '6117 UserIsBeingLiquidated': 'The account is being liquidated.',
    '6118 LiquidationsOngoing': 'A liquidation is under way.',
    '6150 ProtectedAssetTierViolation': 'The account borrows a token of the protected tier.',
    '6151 IsolatedAssetTierViolation':
      'Beside a position or borrow of the isolated tier there is another one, or margin trading is on.',
    '6153 ReduceOnlyWithdrawIncreasedRisk': 'The account has no deposit to withdraw.',
    '6157 MarginTradingDisabled': 'Margin trading is off, and open spot orders need the deposit.',
    '6161 PerpMarketSettlementBufferNotReached':
      'The market has expired, and its waiting time before settlement is not over.',
    '6162 PerpMarketSettlementUserHasOpenOrders':
      'Open orders in an expired market must be cancelled first.',
    '6164 UnableToSettleExpiredUserPosition': 'A position in an expired market cannot be settled.',
    '6234 UserNotFound': 'The account does not exist.',
    '6254 UserReduceOnly': 'The account is set to reduce only.',
  },
  // The venue refuses every withdrawal for now, from every account.
  venue_limited: {
    '6092 SpotMarketInsufficientDeposits': 'The deposits of the spot market are lent out.',
    '6128 DailyWithdrawLimit':
      'The limit of withdrawals that holds for all accounts is reached; it moves on with time.',
    '6173 SpotMarketVaultInvariantViolated': 'The vault of the spot market would hold too little.',
    '6180 InsufficientPerpPnlPool': 'The profit pool of the market holds too little.',
    '6260 PnlPoolCantSettleUser': 'The profit pool of the market is empty.',
    '6268 MaxBorrows': 'The spot market has lent out as much as it may.',
  },
  // The venue has paused the operation for all accounts.
  venue_paused: {
    '101 InstructionFallbackNotFound': 'The program that is deployed has no such instruction.',
    '6024 ExchangePaused': 'The exchange has paused this operation.',
    '6146 MarketActionPaused': 'The market has paused this operation.',
    '6148 MarketFillOrderPaused': 'The market has paused fills.',
    '6149 MarketWithdrawPaused': 'The market has paused withdrawals.',
    '6158 InvalidMarketStatusToSettlePnl':
      'The market has paused settlements, or its status does not allow them.',
    '6213 MarketBeingInitialized': 'The market is being set up.',
    '6250 SpotMarketReduceOnly': 'The spot market only allows balances to shrink.',
  },
  // The venue must act on the account.
  permanent: {
    '6125 UserBankrupt': 'The account is bankrupt.',
  },
  // Bailiff's accounts or encodings do not fit the venue, or an account changed since it was read.
  // The remembered oracles are dropped and read again once; after that the debts are planned anew a
  // few times, and then an operator must look.
  operator: {
    '6020 BnConversionError': 'A number is out of range.',
    '6022 UnableToLoadOracle': 'An oracle account cannot be read.',
    '6036 OracleNotFound': 'An oracle that the market names is not among the accounts.',
    '6041 CastingFailure': 'A number does not fit its type.',
    '6065 UnableToLoadAccountLoader': 'An account cannot be loaded.',
    '6077 CouldNotLoadMarketData': 'A perp market cannot be loaded.',
    '6078 PerpMarketNotFound': 'A perp market of the account is not among the accounts.',
    '6079 InvalidMarketAccount': 'An account is no perp market.',
    '6080 UnableToLoadPerpMarketAccount': 'A perp market cannot be loaded.',
    '6081 MarketWrongMutability': 'A perp market must be writable.',
    '6083 CouldNotFindSpotPosition': 'The account has no such spot position.',
    '6084 NoSpotPositionAvailable': 'The account has no free spot position.',
    '6086 CouldNotLoadSpotMarketData': 'A spot market cannot be loaded.',
    '6087 SpotMarketNotFound': 'A spot market of the account is not among the accounts.',
    '6088 InvalidSpotMarketAccount': 'An account is no spot market.',
    '6089 UnableToLoadSpotMarketAccount': 'A spot market cannot be loaded.',
    '6090 SpotMarketWrongMutability': 'A spot market must be writable.',
    '6093 UserMustSettleTheirOwnPositiveUnsettledPNL':
      'The profit pool holds no excess, and neither the owner nor the delegate signed.',
    '6129 DefaultError': 'A check of the program itself failed.',
    '6168 InvalidAmmDetected': 'The AMM of the market is inconsistent.',
    '6172 SpotMarketBalanceInvariantViolated': 'The balances of the spot market are inconsistent.',
    '6201 IncorrectSpotMarketAccountPassed':
      'The spot market is not the one that the instruction requires.',
    '6214 InvalidUserSubAccountId': 'The number of the sub-account is not the next one.',
    '6216 InvalidSpotPosition': 'A spot position is inconsistent.',
    '6223 FailedUnwrap': 'A value that the program expects is absent.',
    '6242 FailedToGetMint': 'The mint is not among the accounts.',
    '6255 InvalidMarginCalculation': 'The margin cannot be calculated.',
    '6282 NonZeroTransferFee': 'The mint takes a fee of transfers.',
    '6302 InvalidPoolId': 'The account is not in the pool of the market.',
    '6322 InvalidRevenueShareAccount':
      'The revenue share account is not the one that the instruction requires.',
    '6324 UnableToLoadRevenueShareAccount': 'The revenue share account cannot be loaded.',
    // Errors of Anchor itself: constraints, wrong programs, signers and accounts.
    '2001 ConstraintHasOne':
      'An account does not refer to the other account that was given, such as its authority.',
    '2003 ConstraintRaw': 'An account does not meet a constraint of the program.',
    '2006 ConstraintSeeds': 'An address does not derive from its seeds.',
    '2012 ConstraintAddress': 'An account is not at the address that the program requires.',
    '2014 ConstraintTokenMint': 'A token account is of another mint.',
    '2015 ConstraintTokenOwner': 'A token account has another owner.',
    '3007 AccountOwnedByWrongProgram':
      'An account is owned by another program than the instruction requires.',
    '3008 InvalidProgramId': 'A program is not the one that the instruction requires.',
    '3010 AccountNotSigner': 'A signature is missing.',
    '3012 AccountNotInitialized': 'An account does not exist yet, or no more.',
  },
};
