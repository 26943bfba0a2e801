// Accounts: the byte offsets of the fields that Bailiff reads in Velocity's zero-copy accounts.
// Sources: the structs of velocity-exchange/velocity-v1 (user.rs, spot_market.rs, perp_market.rs,
// state.rs), compared with accounts that the real program of 2026-07 wrote.
import type { AccountKinds } from '../profile.ts';

export const ACCOUNTS: AccountKinds = {
  User: {
    discriminator: '9f755fe3ef973aec',
    bytes: 4496,
    fields: {
      delegate: 40,
      spots: 104,
      perps: {
        at: 424,
        end: 1064,
        stride: 80,
        isolated: 64,
        market: 76,
        openOrders: 78,
        flags: 79,
      },
      totalDeposits: 4392,
      totalWithdraws: 4400,
      settledPerpPnl: 4416,
      perpFunding: 4432,
      status: 4468,
      openOrders: 4471,
      pulse: { offset: 4392, length: 104 },
    },
    refused: {
      4376: 'it was never grown to the length that the program of 2026-07 reads',
      4560: 'it is of the coming program, whose positions have 88 bytes instead of 80',
    },
  },
  UserStats: {
    discriminator: 'b0df881b7a4f20e3',
    bytes: 240,
    fields: { subAccountsCreated: 162, referrerRewards: 96, equityBreaker: 177 },
  },
  SpotMarket: {
    discriminator: '64b1086ba8414127',
    bytes: 808,
    fields: {
      oracle: 40,
      mint: 72,
      cumulativeDepositInterest: 328,
      decimals: 696,
      index: 700,
      status: 704,
      paused: 706,
      // Initialized, Active, ReduceOnly, Settlement, Delisted.
      statuses: 5,
      withdrawStatuses: [1, 2, 3],
      withdrawPausedBit: 8,
    },
  },
  PerpMarket: {
    discriminator: '0adf0c2c6bf537f7',
    bytes: 1304,
    fields: { oracle: 312, lastOraclePrice: 848 },
  },
  State: {
    discriminator: 'd8926b5e684bb6b1',
    bytes: 1752,
    fields: { exchangeStatus: 1366, flatFillerFee: 904 },
  },
};
