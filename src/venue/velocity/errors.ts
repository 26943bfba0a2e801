// Errors: the errors of Velocity that differ from those of Drift v2, whose numbers and names it
// kept. Source: error.rs of velocity-exchange/velocity-v1 at 04b0573b; the program of 2026-07
// contains the names up to 6367.
import type { ErrorRows } from '../error-rows.ts';

export const ERROR_ROWS: ErrorRows = {
  retry_soon: {
    // Not in the program of 2026-07 yet.
    '6371 SpotMarketInterestStaleForMargin':
      'The interest of a borrowed market was not booked lately.',
  },
  retry_when_healthier: {
    '6358 EquityBelowFloor':
      'The account would fall below the equity floor that is set for it, or its withdrawals are stopped.',
  },
  operator: {
    '6350 SpotDlobTradingDisabled': 'This program has no spot orders.',
    '6351 InvalidAdminTier': 'The signer is not the administrator that the instruction requires.',
    '6352 WithdrawGuardThresholdNotionalTooLarge':
      'The threshold of the withdrawal guard is set too high.',
    '6353 InvalidProtocolFeeRecipient': 'The receiver of protocol fees is another account.',
    '6354 InsufficientProtocolFees':
      'The market holds fewer protocol fees than the instruction takes.',
    '6357 IsolatedPositionDisabled': 'Isolated positions are switched off in this program.',
    '6359 InvalidEquityFloorTransfer': 'A transfer would take value below an equity floor.',
    '6364 DailyDepositLimit': 'The limit of deposits that holds for all accounts is reached.',
    '6365 ReservedSpotMarketName': 'The name of the spot market is reserved.',
  },
};
