// Profile: the facts of Drift v2 that would be others at its successor. Everything else of this floor reads them here.
import type { Address } from '../core/ids.ts';

export const PROGRAM_ID = 'dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH' as Address;
export const QUOTE_MINT = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v' as Address;
export const QUOTE_DECIMALS = 6;
export const QUOTE_MARKET = 0;

export const WITHDRAW_DISCRIMINATOR = 'b712469c946da122';
export const SETTLE_DISCRIMINATOR = '2b3dea2d0f5f9899';
export const SETTLE_MULTIPLE_DISCRIMINATOR = '7f4275392832987f';

/** The venue's instructions that move value or control, by discriminator, with the places of their accounts. */
export const CALLS = {
  b712469c946da122: { call: 'withdraw', user: 1, vault: 4, token: 6 },
  '255cb2958c4c9f87': { call: 'isolated_withdraw', user: 1, vault: 4, token: 6 },
  f223c68952e1f2b6: { call: 'deposit', user: 1, vault: 4, token: 5 },
  '6530ff997f79aa1a': { call: 'isolated_deposit', user: 1, vault: 4, token: 5 },
  '141493df293fcc6f': { call: 'transfer_deposit', user: 0, to: 1 },
  c5679a196b5a3c5e: { call: 'transfer_pools', user: 0, to: 1 },
  c983f2e455e246ed: { call: 'isolated_transfer', user: 0 },
  ae6de401f269e869: { call: 'begin_swap', user: 1, signer: 3 },
  b1b81bc1220dd291: { call: 'end_swap', user: 1, signer: 3 },
  '5f6f7c6956a9bb22': { call: 'liquidate_perp_with_fill', user: 4 },
  '6f11b9fa3c7a26fe': { call: 'initialize_user', user: 0, authority: 3 },
  ba5511f9dbe762fb: { call: 'delete_user', user: 0 },
  '02f1c3ace318fe9e': { call: 'force_delete_user', user: 0 },
  '8bcd8d8d71245ebb': { call: 'update_user_delegate', user: 0 },
  c25cccdff6bc1fcb: { call: 'update_user_margin_trading_enabled', user: 0 },
  db56496a38da806d: { call: 'update_user_pool_id', user: 0 },
  b386d32dc305bdad: { call: 'change_approved_builder', authority: 1 },
} as const;

/** Decimals of the spot markets, by index: the table that ships with the SDK, which a test holds it to. */
export const SPOT_DECIMALS: readonly number[] = [
  6, 9, 9, 8, 8, 6, 9, 6, 9, 9, 6, 6, 8, 6, 9, 6, 9, 9, 6, 6, 9, 9, 6, 9, 9, 9, 6, 8, 6, 9, 6, 6, 5,
  6, 6, 9, 6, 6, 6, 6, 9, 9, 9, 9, 9, 8, 6, 6, 6, 9, 9, 9, 9, 6, 6, 9, 6, 6, 8, 8, 6, 6, 6,
];

/** Places of accounts in the withdraw instruction. */
export const WITHDRAW_ACCOUNTS = { user: 1, authority: 3, destination: 6 } as const;
/** Places of accounts in both settle instructions. */
export const SETTLE_ACCOUNTS = { user: 1, authority: 2 } as const;

/** Bits of the State's exchange_status. */
export const PAUSED = { withdraw: 2, settlePnl: 64 } as const;
