// Accounts: the byte offsets of the fields that Bailiff reads in Drift v2's zero-copy accounts.
// Layouts: drift program, state/user.rs, state/spot_market.rs, state/perp_market.rs and
// state/state.rs.
import type { AccountKinds } from '../profile.ts';
import { CURRENT_BUILD } from './builds.ts';

export const ACCOUNTS: AccountKinds = {
  User: {
    discriminator: '9f755fe3ef973aec',
    bytes: 4376,
    fields: {
      delegate: 40,
      spots: 104,
      perps: {
        at: 424,
        end: 1192,
        stride: 96,
        isolated: 72,
        market: 92,
        openOrders: 94,
        flags: 95,
      },
      totalDeposits: 4272,
      totalWithdraws: 4280,
      settledPerpPnl: 4296,
      perpFunding: 4312,
      status: 4348,
      openOrders: 4351,
      pulse: { offset: 4264, length: 93 },
    },
  },
  UserStats: {
    discriminator: 'b0df881b7a4f20e3',
    bytes: 240,
    fields: { subAccountsCreated: 186, referrerRewards: 104, equityBreaker: null },
  },
  SpotMarket: {
    discriminator: '64b1086ba8414127',
    bytes: 776,
    fields: {
      oracle: 40,
      mint: 72,
      cumulativeDepositInterest: 464,
      decimals: 680,
      index: 684,
      status: 688,
      paused: 690,
      // Initialized, Active, four kinds of pause, ReduceOnly, Settlement, Delisted.
      statuses: 9,
      // Active, ReduceOnly and Settlement.
      withdrawStatuses: [1, 6, 7],
      // The bit of the current build. An older build uses another bit; there the simulation of the
      // withdrawal fails with 6149 (withdrawals paused).
      withdrawPausedBit: CURRENT_BUILD.pausedBits.withdraw,
    },
  },
  PerpMarket: {
    discriminator: '0adf0c2c6bf537f7',
    bytes: 1216,
    fields: { oracle: 40, lastOraclePrice: 72 },
  },
  State: {
    discriminator: 'd8926b5e684bb6b1',
    bytes: 992,
    fields: { exchangeStatus: 974, flatFillerFee: 520 },
  },
};
