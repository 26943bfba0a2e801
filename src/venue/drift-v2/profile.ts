// Profile: Drift v2 as data. Sources: the interface that ships with SDK 2.156, and the program of
// 2026-03.
import type { Address } from '../../core/ids.ts';
import { QUOTE_SYMBOLS } from '../../core/venue-name.ts';
import { errorTable } from '../error-rows.ts';
import type { CallPlaces, Profile } from '../profile.ts';
import { ACCOUNTS } from './accounts.ts';
import { PROVEN_ON } from './builds.ts';
import { ERROR_ROWS } from './errors.ts';
import { INSTRUCTIONS } from './interface.ts';
import { PERP_NAMES } from './markets.ts';
import { RECORDS } from './records.ts';

export const PROGRAM_ID = 'dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH' as Address;
export const QUOTE_MINT = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v' as Address;
const QUOTE_DECIMALS = 6;
const QUOTE_MARKET = 0;

/**
 * The venue's instructions that move value or control, by discriminator in hex, with the index of
 * each account that Bailiff reads.
 */
export const CALLS = {
  b712469c946da122: { call: 'withdraw', user: 1, vault: 4, token: 6 },
  '255cb2958c4c9f87': { call: 'isolated_withdraw', user: 1, vault: 4, token: 6 },
  f223c68952e1f2b6: { call: 'deposit', user: 1, vault: 4, token: 5 },
  '6530ff997f79aa1a': { call: 'isolated_deposit', user: 1, vault: 4, token: 5 },
  '141493df293fcc6f': { call: 'transfer_deposit', user: 0, to: 1 },
  c5679a196b5a3c5e: { call: 'transfer_pools', user: 0, to: 1 },
  c983f2e455e246ed: { call: 'isolated_transfer', user: 0 },
  ae6de401f269e869: { call: 'begin_swap', user: 1, signer: 3, vaults: [4, 5], tokens: [6, 7] },
  b1b81bc1220dd291: { call: 'end_swap', user: 1, signer: 3, vaults: [4, 5], tokens: [6, 7] },
  '5f6f7c6956a9bb22': { call: 'liquidate_perp_with_fill', user: 4 },
  '6f11b9fa3c7a26fe': { call: 'initialize_user', user: 0, authority: 3 },
  ba5511f9dbe762fb: { call: 'delete_user', user: 0 },
  '40b5c43fde4840e8': { call: 'force_cancel_orders', user: 3 },
  '02f1c3ace318fe9e': { call: 'force_delete_user', user: 0 },
  '8bcd8d8d71245ebb': { call: 'update_user_delegate', user: 0 },
  c25cccdff6bc1fcb: { call: 'update_user_margin_trading_enabled', user: 0 },
  db56496a38da806d: { call: 'update_user_pool_id', user: 0 },
  b386d32dc305bdad: { call: 'change_approved_builder', authority: 1 },
  // Of builds in which accounts held shares of a market's AMM.
  '38d138c577febc75': { call: 'add_perp_lp_shares', user: 1 },
  d559d912a037358d: { call: 'remove_perp_lp_shares', user: 1 },
  '53fefd893b7a449c': { call: 'remove_perp_lp_shares_in_expiring_market', user: 1 },
  '9be7747161e58b8d': { call: 'settle_lp', user: 1 },
} as const satisfies Readonly<Record<string, CallPlaces>>;

/**
 * Decimals of the spot markets, by market index. A test compares them with the table that ships
 * with the SDK.
 */
export const SPOT_DECIMALS: readonly number[] = [
  6, 9, 9, 8, 8, 6, 9, 6, 9, 9, 6, 6, 8, 6, 9, 6, 9, 9, 6, 6, 9, 9, 6, 9, 9, 9, 6, 8, 6, 9, 6, 6, 5,
  6, 6, 9, 6, 6, 6, 6, 9, 9, 9, 9, 9, 8, 6, 6, 6, 9, 9, 9, 9, 6, 6, 9, 6, 6, 8, 8, 6, 6, 6,
];

/**
 * Mints of the spot markets, from the same table. Only these tokens and SOL count as value that
 * could have paid a debt.
 */
export const MARKET_MINTS: ReadonlySet<string> = new Set([
  'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  'So11111111111111111111111111111111111111112',
  'mSoLzYCxHdYgdzU16g5QSh3i5K3z3KZK7ytfqcJm7So',
  '3NZ9JMVBmGAqocybic2c7LQCJScmgsAZ6vQqTDzcqmJh',
  '7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs',
  'Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB',
  'J1toso1uCk3RLmjorhTtrVwY9HJ7X8V9yYac6Y7kGCPn',
  'HZ1JovNiVvGrGNiiYvEozEVgZ58xaU3RKwX8eACQBCt3',
  'bSo13r4TkiE4KumL71LsHTPpL2euBYLFx6h9HP3piy1',
  'jtojtomepa8beP8AuQc6eXt5FriJwfFMwQx2v2f9mCL',
  'EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm',
  'JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN',
  'rndrizKT3MK1iimdxRdWabcF7Zg7AR5T4nud4EkHBof',
  '85VBFQZC9TZkfaptBWjvUw7YbZjy52A6mjtPGjstQAmQ',
  'TNSRxcUxoT9xBG3de7PiJyTDYu7kskLqcpddxnEJAS6',
  'DriFtupJYLTosbwoN8koMbEYSx54aFAVLddWsbksjwg7',
  '5oVNBeEEQvYi1cX3ir8Dx5n1P7pdxydbGF2X4TxVusJm',
  'Dso1bDeDjCQxTrWHqUUi63oBvV7Mdm6WaobLbQ7gnPQ',
  'A1KLoBrKBde8Ty9qtNQUtq3C2ortoC3u7twggz7sEto6',
  '27G8MtK7VtTcCHkpASjSDdkWWYfoqT6ggEuKidVJidD4',
  '7GCihgDB8fe6KNjn2MYtkzZcRjQy3t9GHdC8uHYmW2hr',
  'CLoUDKc4Ane7HeQcPpE3YHnznRxhMimJ4MyaUqyHFzAu',
  '2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo',
  'DEkqHyPN7GMRJ5cArtQFAWefqbZb33Hyf6s5iCwjEonT',
  'Eh6XEPhSwoLv5wFApukmnaVSHQ6sAnoD9BmgmwQoN2sN',
  'BNso1VUJnh4zcfpZa6986Ea66P6TCp59hvtNJ8b1X85',
  '3S8qX1MsMqRbiwKg2cQyx7nis1oHMgaCuc9c4VfvVdPN',
  'cbbtcf3aa214zXHbiAZQwf4122FBYbraNdFqgw4iMij',
  'USDSwr9ApdHk5bvJKMjzff41FfuX8bSxdKcR81vTwcA',
  'METADDFL6wWMWEoKTFJwcThTbUmtarRJZjRpzUvkxhr',
  'MEFNBXixkEbait3xn9bkm8WsJzXtVsaJEn4c8Sam21u',
  '2zMMhcVQEXDtdE6vsFS7S7D5oUodfJHE8vd1gnBouauv',
  'DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263',
  'HeLp6NuQkmYB4pYWo2zYs22mESHXPQYzXbB8n4V98jwC',
  '6p6xgHyF7AeE6TZkSmFsko444wqoP15icUSqi2jfGiPN',
  'FUAfBo2jgks6gB4Z4LfZkqSZgzNucisEHqnNebaRxM1P',
  'AUSD1jCcCyPLybk1YnvPWsHQSrZ46dxwoMniN4N2UEB9',
  '9BB6NFEcjBCtnNLFko2FqVQBq8HHM13kCyYcdQbgpump',
  '8adRViFUNTe3yexj2gbQtx929zBJtWJRM8TeTzYbQBgx',
  'FxT7bPGvkS5jKF2vgnJ16MciHqtsNqxbcWTfFg7L136h',
  '8H3tZ7WcgYPKEQ7fCCAFQuaNqKdMH1EtBp2ovUPpRK3k',
  'zBTCug3er3tLyffELcvDNrKkCymbPWysGcWihESYfLg',
  'ZEUS1aR7aX8DFFJf5QjWj2ftDDdNTroMNGo8YoQm3Gq',
  'sctmB7GPi5L2Q5G9tUSzXvhZ4YiDMEGcRov9KfArQpx',
  '59CwZq5b6drmDizgGfxECG7f16hxDpG1nXrxPoQx4y8g',
  'HzwqbKZw8HxMN6bF2yFZNrht3c2iXXzpKcFu7uBEDKtr',
  'Aby6y5DYtTrhQD8i7JXLs4H3jdUTwSXDraYqnwn5tKbt',
  'pumpCmXqMfrsAkQ5r49WcJnRayYRqmXz6ae8H7H9Dfn',
  'AvZZF1YaZDziPY2RCK4oJrRVrbN3mTD9NL24hPeaZeUj',
  'LBTCgU4b3wsFKsPwBn1rRZDx5DoFutM6RPiEt1TPDsY',
  'J6pQQ3FAcJQeWPPGppWRb4nM8jU3wLyYbRrLh7feMfvd',
  'METvsvVRapdj9cFLzq4Tr43xK4tAjQfwX76z3n6mWQL',
  'CASHx9KJUStyftLFWGvEVf59SGeG9sh5FfcnZMVPCASH',
  'USD1ttGY1N17NEEHLmELoaybftRBUSErhqYiQzvEmuB',
]);

/**
 * The venue's own lookup tables, as the SDK names them. They hold its markets, oracles, vaults,
 * mints and programs.
 */
const LOOKUP_TABLES: readonly Address[] = [
  'Fpys8GRa5RBWfyeN7AaDUwFGD1zkDCA4z3t4CJLV8dfL' as Address,
  'EiWSskK5HXnBTptiS5DH6gpAJRVNQ3cAhTKBGaiaysAb' as Address,
];

export const DRIFT_PROFILE: Profile = {
  name: 'drift-v2',
  title: 'Drift v2',
  programId: PROGRAM_ID,
  seeds: { state: 'drift_state', signer: 'drift_signer' },
  quote: {
    mint: QUOTE_MINT,
    symbol: QUOTE_SYMBOLS['drift-v2'],
    decimals: QUOTE_DECIMALS,
    market: QUOTE_MARKET,
  },
  spotDecimals: SPOT_DECIMALS,
  marketMints: MARKET_MINTS,
  perpNames: PERP_NAMES,
  lookupTables: LOOKUP_TABLES,
  accounts: ACCOUNTS,
  records: RECORDS,
  instructions: INSTRUCTIONS,
  calls: CALLS,
  paused: { withdraw: 2, settlePnl: 64 },
  liquidationFees: ['ifFee'],
  staleInterest: null,
  errors: errorTable(ERROR_ROWS),
  provenOn: PROVEN_ON,
};
