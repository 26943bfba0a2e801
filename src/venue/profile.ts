// Profile: the facts of Drift v2 that would be others at its successor. Everything else of this floor reads them here.
import type { Address } from '../core/ids.ts';

export const PROGRAM_ID = 'dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH' as Address;
export const QUOTE_MINT = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v' as Address;
export const QUOTE_DECIMALS = 6;
export const QUOTE_MARKET = 0;

export const WITHDRAW_DISCRIMINATOR = 'b712469c946da122';
export const SETTLE_DISCRIMINATOR = '2b3dea2d0f5f9899';
export const SETTLE_MULTIPLE_DISCRIMINATOR = '7f4275392832987f';

/** Places of accounts in the withdraw instruction. */
export const WITHDRAW_ACCOUNTS = { user: 1, authority: 3, destination: 6 } as const;
/** Places of accounts in both settle instructions. */
export const SETTLE_ACCOUNTS = { user: 1, authority: 2 } as const;

/** Bits of the State's exchange_status. */
export const PAUSED = { withdraw: 2, settlePnl: 64 } as const;
