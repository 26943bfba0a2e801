// Profile: Velocity as data. Velocity succeeds Drift v2 and trades since 2026. The facts, their
// sources and the date of each check: docs/venues.md.
import type { Address } from '../../core/ids.ts';
import { QUOTE_SYMBOLS } from '../../core/venue-name.ts';
import { instructionDiscriminator } from '../discriminator.ts';
import { ERROR_ROWS as DRIFT_ERRORS } from '../drift-v2/errors.ts';
import { errorTable } from '../error-rows.ts';
import type { CallPlaces, Profile } from '../profile.ts';
import { ACCOUNTS } from './accounts.ts';
import { ERROR_ROWS } from './errors.ts';
import { INSTRUCTIONS } from './interface.ts';
import { RECORDS } from './records.ts';

/** Instructions whose name differs from the name of the call in facts. */
const NAMED: Readonly<Record<string, string>> = {
  isolated_withdraw: 'withdraw_from_isolated_perp_position',
  isolated_deposit: 'deposit_into_isolated_perp_position',
  isolated_transfer: 'transfer_isolated_perp_position_deposit',
};

const CALLS: readonly CallPlaces[] = [
  { call: 'withdraw', user: 1, vault: 4, token: 6 },
  { call: 'isolated_withdraw', user: 1, vault: 4, token: 6 },
  { call: 'deposit', user: 1, vault: 4, token: 5 },
  { call: 'isolated_deposit', user: 1, vault: 4, token: 5 },
  { call: 'transfer_deposit', user: 0, to: 1 },
  { call: 'transfer_deposit_by_delegate', user: 0, to: 1 },
  { call: 'transfer_pools', user: 0, to: 1 },
  { call: 'isolated_transfer', user: 0 },
  { call: 'begin_swap', user: 1, signer: 3, vaults: [4, 5], tokens: [6, 7] },
  { call: 'end_swap', user: 1, signer: 3, vaults: [4, 5], tokens: [6, 7] },
  { call: 'liquidate_perp_with_fill', user: 4 },
  { call: 'initialize_user', user: 0, authority: 3 },
  { call: 'delete_user', user: 0 },
  { call: 'force_cancel_orders', user: 3 },
  { call: 'force_delete_user', user: 0 },
  { call: 'update_user_delegate', user: 0 },
  { call: 'update_user_margin_trading_enabled', user: 0 },
  { call: 'update_user_pool_id', user: 0 },
  { call: 'change_approved_builder', authority: 1 },
  { call: 'update_user_allow_delegate_transfer', authority: 1 },
  { call: 'update_user_equity_floor', user: 2 },
  { call: 'trip_equity_floor_breaker', user: 2 },
  { call: 'special_transfer_perp_position_to_vamm', user: 0 },
  { call: 'update_special_user_status', user: 2 },
];

/**
 * The bytes that a local world without the compiled program shows as the program's. They are text,
 * which no loader deploys, so their hash never matches a program that moves money.
 */
export const STAND_IN = {
  name: 'stand-in of the local world',
  mark: 'This is no program. It marks the stand-in that executes Velocity in a local world of Bailiff.',
  deployedHash: '6ec0888e3548757a2113d712d8a265319cc8c0a6eb8931178b12a43098661987',
} as const;

export const VELOCITY_PROFILE: Profile = {
  name: 'velocity',
  title: 'Velocity',
  programId: 'vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P' as Address,
  seeds: { state: 'velocity_state', signer: 'velocity_signer' },
  quote: {
    mint: 'Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB' as Address,
    symbol: QUOTE_SYMBOLS.velocity,
    decimals: 6,
    market: 0,
  },
  // USDT, SOL, wBTC, wETH, ZEC.
  spotDecimals: [6, 9, 8, 8, 8],
  marketMints: new Set([
    'Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB',
    'So11111111111111111111111111111111111111112',
    '3NZ9JMVBmGAqocybic2c7LQCJScmgsAZ6vQqTDzcqmJh',
    '7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs',
    'A7bdiYdS5GjqGFtxf17ppRHtDKPkkRqbKtR27dxvQXaS',
  ]),
  // The markets of the relaunch: deploy-scripts/params/relaunch-perp-markets.json at 765e033e.
  perpNames: ['SOL-PERP', 'BTC-PERP', 'ETH-PERP', 'HYPE-PERP', 'ZEC-PERP'],
  lookupTables: ['4E971nER9Jn4JjT8mKEX1nvkfg8Qycp7zNEcCq2nT8ZY' as Address],
  accounts: ACCOUNTS,
  records: RECORDS,
  instructions: INSTRUCTIONS,
  calls: Object.fromEntries(
    CALLS.map((each) => [instructionDiscriminator(NAMED[each.call] ?? each.call), each]),
  ),
  paused: { withdraw: 2, settlePnl: 64 },
  // In liquidate_perp the taker's fee contains both fees; only liquidate_perp_with_fill charges
  // them in addition.
  liquidationFees: ['ifFee', 'protocolFee'],
  staleInterest: 6371,
  errors: errorTable(DRIFT_ERRORS, ERROR_ROWS),
  provenOn: new Map([
    ['90b9ba1116b0262106eb5ad36cf61fec87f33fef1233d5fe703016885d73a876', 'build of 2026-07'],
    [STAND_IN.deployedHash, STAND_IN.name],
  ]),
};
