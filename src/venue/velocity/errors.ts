// Errors: the errors of Velocity that differ from those of Drift v2, whose numbers and names it
// kept. Source: error.rs of velocity-exchange/velocity-v1 at 04b0573b; the program of 2026-07
// contains the names up to 6367.
import type { ErrorRows } from '../error-rows.ts';

export const ERROR_ROWS: ErrorRows = {
  retry_soon: {
    // Not in the program of 2026-07 yet.
    '6371 SpotMarketInterestStaleForMargin': 'Interest of a borrowed market must be refreshed.',
  },
  retry_when_healthier: {
    '6358 EquityBelowFloor':
      'The account would fall below the equity floor that is set for it, or its withdrawals are stopped.',
  },
  operator: {
    '6350 SpotDlobTradingDisabled': 'Spot orders were removed.',
    '6351 InvalidAdminTier': 'Another administrator is needed.',
    '6352 WithdrawGuardThresholdNotionalTooLarge': 'The guard of withdrawals is set too high.',
    '6353 InvalidProtocolFeeRecipient': 'Protocol fees go elsewhere.',
    '6354 InsufficientProtocolFees': 'There are fewer protocol fees than were asked for.',
    '6357 IsolatedPositionDisabled': 'Isolated positions are switched off.',
    '6359 InvalidEquityFloorTransfer': 'A transfer would take value below an equity floor.',
    '6364 DailyDepositLimit': 'The limit of deposits that holds for all accounts is reached.',
    '6365 ReservedSpotMarketName': 'A name of a market is reserved.',
  },
};
